"""Objects of a cluster to an `Inventory`, as if they stood in a tree of their own. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from injector.cluster import Body, Json
from injector.inventory.consumers import read_consumers
from injector.inventory.eso import StoreIndex, read_external_secret, read_store, resolve
from injector.inventory.facts import Facts, Inventory
from injector.manifests.document import Resource
from injector.manifests.roots import Root, RootKind
from injector.manifests.yamldoc import Map, Seq, Value

ROOT: Final = "cluster"
"""Id of the only root, and what stands for a file in the places of facts."""


def read_objects(bodies: Iterable[Body]) -> Inventory:
    """Return the facts of ExternalSecrets, stores and workloads, the same for the same objects; never raises.

    Args:
        bodies: objects as an API server has them, or as manifests do; what is of another kind is no source and no consumer.
    """
    facts = Facts()
    for body in bodies:
        document = as_document(body)
        resource = Resource(body=document, location=document.at(), document=0)
        store = read_store(resource, ROOT)
        if store is not None:
            facts.stores.append(store)
        sources, _ = read_external_secret(resource, ROOT, StoreIndex.empty())
        facts.sources += sources
        facts.consumers += read_consumers(resource, ROOT)
    stores = StoreIndex.of(facts.stores)
    facts.sources = [resolve(one, stores)[0] for one in facts.sources]
    root = Root(id=ROOT, kind=RootKind.FILES)
    return Inventory(
        deployed=facts,
        orphaned=Facts(),
        roots={ROOT: root},
        unreadable=(),
        templated=(),
        unresolved=(),
        files=0,
    )


_DEEPEST: Final = 64
"""Nothing that is asked about stands deeper; somebody may nest an object until Python gives up."""


def as_document(body: Body) -> Map:
    """Return an object as a document; every mapping in it has a line of its own, since places tell readers apart.

    What is nested beyond reason is left out.
    """
    return _Numbered().document(body)


class _Numbered:
    """Turns JSON into a document, counting lines as if each mapping began one."""

    def __init__(self) -> None:
        self._line = 0

    def document(self, body: Body, depth: int = 0) -> Map:
        self._line += 1
        made = Map(ROOT, self._line)
        for key, value in body.items():
            made[key] = self._value(value, depth + 1)
        return made

    def _value(self, value: Json, depth: int) -> Value:
        if depth > _DEEPEST:
            return None
        if isinstance(value, dict):
            return self.document(value, depth)
        if isinstance(value, list):
            self._line += 1
            made = Seq(ROOT, self._line)
            for one in value:
                made.append(self._value(one, depth + 1))
                made.lines.append(self._line)
            return made
        return value
