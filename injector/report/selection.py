"""Which part of a report somebody asked for.

A filter takes whole items: a Secret is shown with all its credentials or not at all. Files that could not be read
are never filtered, because nobody knows what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from injector.knowledge.engines import ENGINES
from injector.model import Item, Report, Verdict
from injector.report.figures import engines_of, stores_of
from injector.report.labels import Requirement
from injector.report.options import NOTHING, Hidden
from injector.report.plaintext import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What must hold for an item to be shown; an empty field asks for nothing.

    Attributes:
        namespaces: of the item.
        verdicts: of the item as a whole.
        engines: ``database/postgresql``, or one of its halves.
        stores: ``<kind>/<name>`` or ``<name>`` of any store the item reads.
        labels: on the source.
    """

    namespaces: frozenset[str] = frozenset()
    verdicts: frozenset[Verdict] = frozenset()
    engines: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    labels: tuple[Requirement, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is asked for."""
        return bool(self.namespaces or self.verdicts or self.engines or self.stores or self.labels)

    def matches(self, item: Item) -> bool:
        """Return whether an item is asked for."""
        return (
            (not self.namespaces or not self.namespaces.isdisjoint(_namespaces(item)))
            and (not self.verdicts or item.verdict in self.verdicts)
            and (not self.engines or not self.engines.isdisjoint(_engines(item)))
            and (not self.stores or not self.stores.isdisjoint(_stores(item)))
            and all(one.matches(item.source.labels) for one in self.labels)
        )


def select(report: Report, selection: Selection) -> tuple[Report, Hidden]:
    """Return the part of a report that is asked for, and how much is left out.

    Findings that belong to no item are left out as soon as anything is asked for: nobody can tell whether they are
    part of it.
    """
    if not selection:
        return report, NOTHING
    items = tuple(item for item in report.items if selection.matches(item))
    orphans = tuple(item for item in report.orphans if selection.matches(item))
    hidden = Hidden(
        items=len(report.items) - len(items),
        orphans=len(report.orphans) - len(orphans),
        findings=len(report.findings),
    )
    return replace(report, items=items, orphans=orphans, findings=()), hidden


def iter_unknown(report: Report, selection: Selection) -> Iterator[tuple[str, str, str]]:
    """Yield (flag, value, why) of every value that a whole report does not know, so that a slip is no silent nothing.

    An engine that is one but that nothing needs is known.
    """
    everything = (*report.items, *report.orphans)
    namespaces = {one for item in everything for one in _namespaces(item)}
    for value in sorted(selection.namespaces - namespaces):
        yield "--namespace", value, f"no Secret of the tree is in it; {_guess(value, namespaces)}"
    engines = {part for engine in ENGINES for part in (engine, *engine.split("/"))}
    for value in sorted(selection.engines - engines):
        yield "--engine", value, f"is no secrets engine; {_guess(value, engines)}"
    stores = {one for item in everything for one in _stores(item)}
    for value in sorted(selection.stores - stores):
        yield "--store", value, f"no Secret of the tree is read from it; {_guess(value, stores)}"


def _guess(value: str, known: Iterable[str]) -> str:
    close = get_close_matches(value, sorted(known), n=1)
    return f"did you mean {printable(close[0])}?" if close else "check its name"


def _namespaces(item: Item) -> Iterable[str]:
    return (item.source.ref.namespace, *item.source.namespaces)


def _engines(item: Item) -> Iterable[str]:
    return (part for engine in engines_of(item) for part in (engine, *engine.split("/")))


def _stores(item: Item) -> Iterable[str]:
    return (form for kind, name in stores_of(item) for form in (name, f"{kind}/{name}"))
