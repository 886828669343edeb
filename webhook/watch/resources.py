"""Which kinds are watched, and where the API server has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from injector.cluster import WatchedKind
from injector.migration.model import API_VERSION, KIND


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind that is watched.

    Attributes:
        kind: in the spelling of manifests, and the label of metrics.
        group: of its API; empty for the core.
        plural: in URLs.
        versions: of its API, the one to try first first. A cluster that knows none of them does not have the kind.
        is_required: the webhook waits for it. Without the others it goes on as if there were no such objects, and looks
            for them from time to time.
    """

    kind: str
    group: str
    plural: str
    versions: tuple[str, ...]
    is_required: bool

    def path(self, version: str) -> str:
        """Return the path of all objects of the kind."""
        return f"/apis/{self.group}/{version}/{self.plural}" if self.group else f"/api/{version}/{self.plural}"

    def api_version(self, version: str) -> str:
        """Return the apiVersion of its objects."""
        return f"{self.group}/{version}" if self.group else version


_PLURALS: Final = {
    WatchedKind.EXTERNAL_SECRET: "externalsecrets",
    WatchedKind.CLUSTER_EXTERNAL_SECRET: "clusterexternalsecrets",
    WatchedKind.SECRET_STORE: "secretstores",
    WatchedKind.CLUSTER_SECRET_STORE: "clustersecretstores",
    WatchedKind.NAMESPACE: "namespaces",
}
_GROUP, _, _VERSION = API_VERSION.partition("/")
MIGRATIONS: Final = Resource(KIND, _GROUP, "secretmigrations", (_VERSION,), is_required=True)
RESOURCES: Final = (
    MIGRATIONS,
    *(
        Resource(
            kind.value,
            kind.group,
            plural,
            ("v1", "v1beta1") if kind.group else ("v1",),
            is_required=not kind.group,
        )
        for kind, plural in _PLURALS.items()
    ),
)
"""Every kind that is watched; deploy/base grants list and watch of exactly these."""
