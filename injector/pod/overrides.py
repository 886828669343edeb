"""What a pod asks for by annotations of its own. They can only narrow: never another role, path or Secret than it has anyway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from injector.migration.model import Delivery, Workload
from injector.pod.model import Body, Settings
from injector.pod.names import DELIVERY, ROLE, SECRETS
from injector.pod.reading import metadata_of

_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
"""Source: RFC 1123 subdomain, https://kubernetes.io/docs/concepts/overview/working-with-objects/names/."""
_ROLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_MOST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a pod asks for.

    Attributes:
        secrets: names of the migrations that it wants; empty for those of all Secrets that it reads.
        role: the auth role that it wants to log in with; empty for what its migration says.
        deliveries: ways by which it wants its values; empty for whatever its migration says.
    """

    secrets: frozenset[str] = frozenset()
    role: str = ""
    deliveries: frozenset[Delivery] = frozenset()

    def why_not(self, workload: Workload) -> str:
        """Return in words why a migration's workload is not what the pod asks for; empty when it is. No word of the pod's."""
        if self.role and workload.role != self.role:
            return f"the pod asks for another role than {workload.role}, which its ServiceAccount has"
        ways = {read.delivery for container in workload.containers for read in container.reads}
        if self.deliveries and not ways <= self.deliveries:
            others = ", ".join(sorted(ways - self.deliveries))
            return f"it would be delivered by {others}, which the pod does not ask for"
        return ""


def read_overrides(pod: Body, settings: Settings) -> Overrides | str:
    """Return what a pod's annotations ask for, or in words what is wrong with one, without its text."""
    annotations = metadata_of(pod, "annotations")
    prefix = settings.label_prefix
    found: dict[str, frozenset[str]] = {}
    for name, what in ((SECRETS, "names of SecretMigrations"), (DELIVERY, f"words of {', '.join(Delivery)}")):
        text = annotations.get(f"{prefix}/{name}")
        if text is None:
            continue
        words = [one.strip() for one in text.split(",", _MOST + 1)]
        is_known = all(one in list(Delivery) if name == DELIVERY else _NAME.fullmatch(one) for one in words)
        if not is_known or len(words) > _MOST:
            return f"annotation {prefix}/{name} is no list of {what} with commas between; correct it or take it out"
        found[name] = frozenset(words)
    role = annotations.get(f"{prefix}/{ROLE}")
    if role is not None and not _ROLE.fullmatch(role):
        return f"annotation {prefix}/{ROLE} is no name of a role; correct it or take it out"
    return Overrides(
        secrets=found.get(SECRETS, frozenset()),
        role=role or "",
        deliveries=frozenset(map(Delivery, found.get(DELIVERY, ()))),
    )
