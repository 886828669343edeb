"""Finding the one Secret that `phase2 explain` is asked about."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from injector.errors import NotFoundError, UsageError
from injector.model import Item, Report
from injector.report.figures import source_name
from injector.report.plaintext import printable


def get_items(report: Report, wanted: str) -> tuple[Item, ...]:
    """Return the items and orphans that go by a name; several when several objects write one Secret.

    Args:
        report: where to look.
        wanted: ``[KIND/]NAMESPACE/NAME``, with the name of the source or of its Secret; without a namespace for
            what has none. The kind is what the report calls the source, or ``Secret``, in any case.

    Raises:
        UsageError: `wanted` has no such form.
        NotFoundError: nothing goes by that name.
    """
    parts = wanted.split("/")
    everything = (*report.items, *report.orphans)
    if not all(parts) or len(parts) not in (2, 3):
        raise UsageError(
            f"{printable(wanted)!r} names no Secret; write [KIND/]NAMESPACE/NAME{_elsewhere(wanted, everything)}"
        )
    found = tuple(item for item in everything if wanted.casefold() in {name.casefold() for name in _names(item)})
    if not found:
        known = {printable(name) for item in everything for name in _names(item) if name.count("/") == len(parts) - 1}
        close = get_close_matches(wanted, sorted(known), n=1)
        hint = f"did you mean {close[0]}?" if close else "list what there is with `phase2 classify -o name`"
        raise NotFoundError(f"{wanted}: no such Secret is made or read in the tree; {hint}")
    return found


def _elsewhere(name: str, everything: Iterable[Item]) -> str:
    """Return how a bare name is written out, when there is one of that name."""
    found = sorted({full for item in everything for full in _names(item) if full.split("/")[1:] == [name]})
    return f", as in {', '.join(printable(one) for one in found[:3])}" if found else ", as `-o name` lists them"


def _names(item: Item) -> Iterable[str]:
    source = item.source
    kinds = ("", source_name(item), source.kind.value, source.ref.kind)
    for namespace in (source.ref.namespace, *source.namespaces):
        for name in dict.fromkeys((source.ref.name, source.target)):
            for kind in dict.fromkeys((*kinds, "Secret")):
                yield "/".join(part for part in (kind, namespace, name) if part)
