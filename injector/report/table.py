"""The table that `phase2 classify` prints by default: one line per Secret, grouped by verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from injector.model import Item, Readiness, Report, Verdict
from injector.report.columns import Color, Column, cell, fit, line, paint
from injector.report.figures import engines_of, kinds_of, source_name, worst_readiness
from injector.report.options import PLAIN, Options

Details = Callable[[Item], Iterator[str]]
"""Yields the lines below an item's row."""

COLUMNS: Final = (
    Column("NAMESPACE"),
    Column("NAME"),
    Column("SOURCE", narrowest=8, spare=3),
    Column("KIND", narrowest=12),
    Column("ENGINE", narrowest=10, spare=1),
    Column("READINESS"),
    Column("CONFIDENCE", spare=2),
)
"""Names are never cut: somebody will copy them."""

GROUPS: Final = (Verdict.DYNAMIC, Verdict.MIXED, Verdict.STATIC)
"""What can move comes first: that is what somebody runs the command for."""

VERDICT_COLORS: Final = {Verdict.DYNAMIC: Color.GREEN, Verdict.MIXED: Color.YELLOW, Verdict.STATIC: Color.NONE}
READINESS_COLORS: Final = {
    Readiness.READY: Color.GREEN,
    Readiness.NEEDS_CHANGE: Color.YELLOW,
    Readiness.BLOCKED: Color.RED,
}


def render_table(report: Report, options: Options = PLAIN) -> str:
    """Return the items by verdict, each group with its count; nothing at all when there are no items.

    Without headers there are only rows, each beginning with its verdict, for scripts.
    """
    if not options.has_headers:
        return _bare(report, options)
    return "".join(f"{text}\n" for text in iter_groups(report.items, options, _no_details))


def iter_groups(items: Sequence[Item], options: Options, details: Details) -> Iterator[str]:
    """Yield the header, then for every verdict its count and rows, each row followed by its details."""
    if not items:
        return
    rows = {id(item): cells(item) for item in items}
    widths = fit(COLUMNS, list(rows.values()), options.width)
    yield line([column.title for column in COLUMNS], widths)
    for verdict in GROUPS:
        group = [item for item in items if item.verdict is verdict]
        if not group:
            continue
        yield ""
        heading = paint(verdict.value, VERDICT_COLORS[verdict], has_color=options.has_color)
        yield f"{heading} ({len(group)})"
        for item in group:
            yield line(rows[id(item)], widths, _colors(item), has_color=options.has_color)
            yield from details(item)


def cells(item: Item) -> tuple[str, ...]:
    """Return the cells of an item's row, in the order of `COLUMNS`."""
    return (
        cell(item.source.ref.namespace),
        cell(item.source.ref.name),
        cell(source_name(item)),
        cell(*kinds_of(item)),
        cell(*engines_of(item)),
        cell(worst_readiness(item.credentials) or ""),
        cell(item.confidence),
    )


def _colors(item: Item) -> tuple[Color, ...]:
    readiness = worst_readiness(item.credentials)
    none = Color.NONE
    return (none, none, none, none, none, READINESS_COLORS[readiness] if readiness else none)


def _bare(report: Report, options: Options) -> str:
    rows = [
        (item.verdict.value, *cells(item)) for verdict in GROUPS for item in report.items if item.verdict is verdict
    ]
    widths = fit((Column(""), *(replace(column, title="") for column in COLUMNS)), rows, options.width)
    return "".join(f"{line(row, widths)}\n" for row in rows)


def _no_details(_item: Item) -> Iterator[str]:
    return iter(())
