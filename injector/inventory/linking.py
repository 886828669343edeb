"""Secrets, with who makes them and who reads them.

Sources and consumers meet by namespace and name within one cluster. A namespace that the tree does not tell (an
orphan whose overlay is missing) matches any, when the two manifests stand near each other.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from injector.inventory.facts import Facts, Inventory
from injector.model import WORKLOAD_WAYS, Consumer, How, ObjectRef, Origin, SecretSource, SourceKind


@dataclass(frozen=True, slots=True)
class Secret:
    """One Secret of one cluster.

    Attributes:
        sources: who makes it; several are a finding, none is `SourceKind.UNKNOWN`.
        consumers: who reads it, sorted by place.
        is_orphan: nothing that a root deploys makes or reads it.
    """

    namespace: str
    name: str
    sources: tuple[SecretSource, ...]
    consumers: tuple[Consumer, ...]
    is_orphan: bool


def link(inventory: Inventory) -> list[Secret]:
    """Return every Secret that something makes, and every other one that a workload reads."""
    clusters = {own: root.cluster for own, root in inventory.roots.items()}
    found = list(_link(inventory.deployed, clusters, is_orphan=False))
    return found + list(_link(inventory.orphaned, clusters, is_orphan=True, others=inventory.deployed.consumers))


def _link(
    facts: Facts, clusters: dict[str, str], *, is_orphan: bool, others: Iterable[Consumer] = ()
) -> Iterator[Secret]:
    readers = _Readers((*facts.consumers, *others), clusters)
    taken: set[int] = set()
    makers: dict[tuple[str, str, str, str], list[SecretSource]] = defaultdict(list)
    for source in facts.sources:
        namespace = source.ref.namespace
        place = "" if namespace else _place_of(source.origin)
        makers[clusters.get(source.origin.root, ""), namespace, source.target, place].append(source)
    for (cluster, namespace, name, _), unordered in sorted(makers.items()):
        # By what they are, not by where they stand: the first one's keys decide when there are several.
        sources = sorted(unordered, key=lambda one: (one.kind, one.ref, one.origin.location, one.origin.root))
        consumers = readers.find(cluster, namespace, name, sources[0].origin)
        taken.update(id(one) for one in consumers)
        yield Secret(namespace, name, tuple(sources), _sorted(consumers), is_orphan)
    if is_orphan:
        return
    unmade: dict[tuple[str, str, str], list[Consumer]] = defaultdict(list)
    for consumer in facts.consumers:
        if id(consumer) not in taken and consumer.secret:
            unmade[clusters.get(consumer.origin.root, ""), namespace_of(consumer), consumer.secret].append(consumer)
    for (_, namespace, name), consumers in sorted(unmade.items()):
        if any(one.how in WORKLOAD_WAYS for one in consumers):
            first = _sorted(consumers)[0]
            source = SecretSource(
                SourceKind.UNKNOWN,
                ObjectRef("Secret", namespace, name),
                name,
                Origin(first.location, 0, first.origin.root),
            )
            yield Secret(namespace, name, (source,), _sorted(consumers), is_orphan)


def _place_of(origin: Origin) -> str:
    """Return what tells two Secrets of one name apart whose namespaces the tree does not tell.

    Roots are other deployments; loose files of other folders are mostly those of other apps.
    """
    is_loose = origin.root.startswith("files") or not origin.root
    return posixpath.dirname(origin.location.path) if is_loose else origin.root


class _Readers:
    """Consumers by the Secret that they read: a name that every namespace has must cost no more than another."""

    def __init__(self, consumers: Iterable[Consumer], clusters: dict[str, str]) -> None:
        self._by_name: dict[tuple[str, str], dict[str, list[Consumer]]] = defaultdict(lambda: defaultdict(list))
        for one in consumers:
            self._by_name[clusters.get(one.origin.root, ""), one.secret][namespace_of(one)].append(one)

    def find(self, cluster: str, namespace: str, name: str, origin: Origin) -> list[Consumer]:
        """Return who reads a Secret; where either namespace is not known, who stands near its manifest."""
        spaces = self._by_name.get((cluster, name))
        if not spaces:
            return []
        if namespace:
            found = list(spaces.get(namespace, ()))
            loose: Iterable[Consumer] = spaces.get("", ())
        else:
            found = []
            loose = (one for own in spaces.values() for one in own)
        path = origin.location.path
        near = [one for one in loose if one.how is not How.COPY and _are_near(path, one.origin.location.path)]
        if any(one.origin.root != origin.root for one in near):
            # What this root deploys itself, another one deploys for a Secret of its own.
            own = {one.location for some in spaces.values() for one in some if one.origin.root == origin.root}
            near = [one for one in near if one.origin.root == origin.root or one.location not in own]
        return found + near


def namespace_of(consumer: Consumer) -> str:
    """Return the namespace of the Secret that a consumer reads."""
    return consumer.secret_namespace or consumer.ref.namespace


def _are_near(left: str, right: str) -> bool:
    """Tell whether two files belong to one app: one's folder holds the other's, or they share the parent folder."""
    one, other = posixpath.dirname(left), posixpath.dirname(right)
    return one.startswith(other) or other.startswith(one) or one.split("/")[:2] == other.split("/")[:2]


def _sorted(consumers: Iterable[Consumer]) -> tuple[Consumer, ...]:
    return tuple(
        sorted(
            consumers,
            # By what they are, not by where they stand: the first one is the evidence that is told.
            key=lambda one: (one.ref, one.how, one.container.name if one.container else "", one.key, one.location),
        )
    )
