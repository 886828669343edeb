"""What was judged before, kept as long as what it was made of has not changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson

from injector.cluster import Body, ClusterState, Group
from injector.config.model import Config, Enforce
from injector.convention.kept import Kept
from injector.convention.propose import Judged, propose
from injector.convention.workload import Owner, build_workload

_TEMPLATES: Final = 2048
"""Pod templates whose answers are kept: about 4 KB each. All pods of a ReplicaSet have one."""
_NAMESPACES: Final = 1024
_MOST: Final = 64
"""ExternalSecrets that one pod is judged for: about 0.6 ms each, in which no other request is answered."""


class Proposer:
    """Judges pods by their label alone, for one configuration.

    What it keeps is bounded and no state: with an empty memory the answers are the same, only later. Not for several threads.
    """

    __slots__ = ("_config", "_kept", "_targets")

    def __init__(self, config: Config) -> None:
        self._config = config
        self._kept: Kept[tuple[Judged, ...]] = Kept(_TEMPLATES)
        self._targets: Kept[Mapping[str, tuple[str, ...]]] = Kept(_NAMESPACES)

    @property
    def enforce(self) -> Enforce:
        """Return what becomes of a pod that asks for what is static."""
        return self._config.webhook.enforce

    @property
    def size(self) -> tuple[int, int]:
        """Return how much is kept: pod templates, namespaces."""
        return len(self._kept), len(self._targets)

    def judge(
        self,
        pod: Body,
        namespace: str,
        secrets: Iterable[str],
        *,
        cluster: ClusterState,
        owner: Owner | None = None,
    ) -> tuple[Judged, ...]:
        """Return what is known of the ExternalSecrets that make a pod's Secrets, by their names.

        Args:
            pod: as it is sent to admission.
            namespace: where it is made.
            secrets: those that its containers read.
            cluster: what the cluster holds.
            owner: whose pod it is, when that is known otherwise than by the pod's ownerReferences.
        """
        group = cluster.external_secrets.in_namespace(namespace)
        if not group:
            return ()
        targets = self._find_targets(namespace, group)
        names = sorted({name for secret in secrets for name in targets.get(secret, ())})
        if not names:
            return ()
        if len(names) > _MOST:
            why = f"the pod reads more than {_MOST} Secrets of ExternalSecrets; commit a SecretMigration"
            return tuple(Judged(name=name, secret=_target(group[name]), why=why) for name in names)
        workload = build_workload(pod, namespace, owner=owner)
        if isinstance(workload, str):
            why = f"the pod is made by {workload}, whose manifest is not known; commit a SecretMigration"
            return tuple(Judged(name=name, secret=_target(group[name]), why=why) for name in names)
        sources = (
            group,
            cluster.secret_stores.in_namespace(namespace),
            cluster.cluster_secret_stores.in_namespace(""),
        )
        text = orjson.dumps([names, workload], option=orjson.OPT_SORT_KEYS)
        key = hashlib.blake2b(text, digest_size=20).digest()
        kept = self._kept.find(key, sources)
        if kept is not None:
            return kept
        bodies = [group[name] for name in names]
        wanted = {name for body in bodies for name in _iter_stores(body)}
        stores = [held[name] for held in sources[1:] for name in sorted(wanted & held.keys())]
        judged = propose(workload, bodies, stores, self._config)
        self._kept.keep(key, sources, judged)
        return judged

    def _find_targets(self, namespace: str, group: Group) -> Mapping[str, tuple[str, ...]]:
        """Return Secret -> the ExternalSecrets that make it."""
        known = self._targets.find(namespace, (group,))
        if known is not None:
            return known
        found: dict[str, tuple[str, ...]] = {}
        for name, body in group.items():
            target = _target(body)
            found[target] = (*found.get(target, ()), name)
        self._targets.keep(namespace, (group,), found)
        return found


def _target(external_secret: Body) -> str:
    """Return the Secret that an ExternalSecret makes: the one it names, else one of its own name."""
    spec, metadata = external_secret.get("spec"), external_secret.get("metadata")
    target = spec.get("target") if isinstance(spec, dict) else None
    name = target.get("name") if isinstance(target, dict) else None
    own = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name else own if isinstance(own, str) else ""


def _iter_stores(value: object) -> Iterator[str]:
    """Yield the names of the stores that an ExternalSecret refers to, here and there.

    Source: external-secrets apis/externalsecrets/v1/externalsecret_types.go@v2.9.0, SecretStoreRef and StoreSourceRef.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("secretStoreRef", "storeRef") and isinstance(inner, dict) and isinstance(inner.get("name"), str):
                yield str(inner["name"])
            else:
                yield from _iter_stores(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _iter_stores(one)
