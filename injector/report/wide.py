"""The table with its reasons, and all that stands beside the items: orphans, findings, files that could not be read."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from injector.model import Item, ObjectRef, Report
from injector.report.columns import Color, paint
from injector.report.figures import deployers_of
from injector.report.options import PLAIN, Options
from injector.report.plaintext import printable
from injector.report.prose import describe_credential, describe_diagnostic, describe_reader, describe_reason
from injector.report.table import iter_groups

_NARROW = 60
"""Below this width wrapping makes reasons unreadable; then lines are as long as they are."""


def render_wide(report: Report, options: Options = PLAIN) -> str:
    """Return items and orphans with their reasons, each with file and line, then everything else that was seen."""
    return "".join(f"{text}\n" for text in _lines(report, options))


def _lines(report: Report, options: Options) -> Iterator[str]:
    twins = _twins(report.items)
    yield from iter_groups(
        report.items, options, lambda item: iter_details(item, options, is_twin=item.source.ref in twins)
    )
    if report.orphans:
        yield from _heading(f"orphans, which nothing deploys ({len(report.orphans)})", options)
        yield from iter_groups(report.orphans, options, lambda item: iter_details(item, options))
    yield from _section("findings", (describe_reason(one) for one in report.findings), options)
    suppressed = (
        f"{describe_reason(one.finding)} (suppressed: {one.reason})" for item in report.items for one in item.suppressed
    )
    yield from _section("suppressed findings", suppressed, options)
    yield from _section("unreadable", (describe_diagnostic(one) for one in report.unreadable), options)
    yield from _section("templated", (describe_diagnostic(one) for one in report.templated), options)
    yield from _section("unresolved", (describe_diagnostic(one) for one in report.unresolved), options)


def _twins(items: Iterable[Item]) -> frozenset[ObjectRef]:
    """Return the objects that several clusters have: their rows look alike."""
    counts = Counter(item.source.ref for item in items)
    return frozenset(ref for ref, count in counts.items() if count > 1)


def iter_details(item: Item, options: Options, *, is_twin: bool = False) -> Iterator[str]:
    """Yield the reasons of an item's credentials, who reads them, and the item's findings; of twins, who deploys it."""
    if is_twin and deployers_of(item):
        yield from wrap(f"deployed by {deployers_of(item)[0]}", 4, options)
    for credential in item.credentials:
        yield from wrap(describe_credential(credential), 4, options)
        for reason in credential.reasons:
            yield from wrap(describe_reason(reason), 6, options)
        for reader in credential.consumers:
            yield from wrap(describe_reader(reader), 6, options)
            for obstacle in reader.obstacles:
                yield from wrap(f"- {obstacle}", 8, options)
    for finding in item.findings:
        yield from wrap(f"finding {describe_reason(finding)}", 4, options)


def wrap(text: str, indent: int, options: Options) -> list[str]:
    """Return the text in lines that fit the terminal, all but the first indented by two more."""
    blanks = " " * indent
    shown = printable(text)
    if options.width is None or options.width < _NARROW:
        return [blanks + shown]
    return textwrap.wrap(
        shown,
        options.width,
        initial_indent=blanks,
        subsequent_indent=f"{blanks}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _section(title: str, texts: Iterable[str], options: Options) -> Iterator[str]:
    lines = list(texts)
    if lines:
        yield from _heading(f"{title} ({len(lines)})", options)
        for text in lines:
            yield from wrap(text, 2, options)


def _heading(text: str, options: Options) -> Iterator[str]:
    if options.has_headers:
        yield ""
        yield paint(text, Color.BOLD, has_color=options.has_color)
