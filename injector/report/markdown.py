"""The report as Markdown, for pull requests and wikis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from injector.model import Item, Report, Verdict
from injector.report.figures import count_findings, engines_of, kinds_of, source_name, worst_readiness
from injector.report.options import PLAIN, Options
from injector.report.plaintext import encodable, printable
from injector.report.prose import describe_credential, describe_diagnostic, describe_reader, describe_reason
from injector.report.table import GROUPS

_ACTIVE: Final = re.compile(r"([\\`*_{}\[\]<>#|~&@])")
"""Characters that mean something to Markdown or HTML, or call somebody (``@name``)."""


def render_markdown(report: Report, options: Options = PLAIN) -> str:
    """Return a page with a count per verdict, a table per verdict, and the reasons of every item."""
    return encodable("".join(f"{text}\n" for text in _lines(report, options)))


def _lines(report: Report, options: Options) -> Iterator[str]:
    yield "# Which secrets can become dynamic"
    yield ""
    yield from _rows(("verdict", "items"), [(verdict.value, str(_count(report.items, verdict))) for verdict in GROUPS])
    yield ""
    yield (
        f"{_plural(len(report.items), 'item')}, {_plural(len(report.orphans), 'orphan')}, "
        f"{_plural(count_findings(report), 'finding')}, {len(report.unreadable)} unreadable."
    )
    if options.hidden:
        hidden = options.hidden
        yield f"Filtered out: {hidden.items} items, {hidden.orphans} orphans, {hidden.findings} findings."
    for verdict in GROUPS:
        yield from _group(verdict.value, [item for item in report.items if item.verdict is verdict])
    yield from _group("orphans, which nothing deploys", report.orphans)
    yield from _list("Findings", (describe_reason(one) for one in report.findings))
    suppressed = (
        f"{describe_reason(one.finding)} (suppressed: {one.reason})" for item in report.items for one in item.suppressed
    )
    yield from _list("Suppressed findings", suppressed)
    yield from _list("Unreadable", (describe_diagnostic(one) for one in report.unreadable))
    yield from _list("Templated", (describe_diagnostic(one) for one in report.templated))
    yield from _list("Unresolved", (describe_diagnostic(one) for one in report.unresolved))


def _group(title: str, items: Sequence[Item]) -> Iterator[str]:
    if not items:
        return
    yield ""
    yield f"## {title} ({len(items)})"
    yield ""
    columns = ("namespace", "name", "source", "kind", "engine", "readiness", "confidence", "where")
    yield from _rows(columns, [_row(item) for item in items])
    for item in items:
        yield ""
        yield f"### {_escape('/'.join(part for part in (item.source.ref.namespace, item.source.ref.name) if part))}"
        for credential in item.credentials:
            yield f"- {_escape(describe_credential(credential))}"
            for reason in credential.reasons:
                yield f"  - {_escape(describe_reason(reason))}"
            for reader in credential.consumers:
                yield f"  - {_escape(describe_reader(reader))}"
                for obstacle in reader.obstacles:
                    yield f"    - {_escape(obstacle)}"
        for finding in item.findings:
            yield f"- finding: {_escape(describe_reason(finding))}"


def _row(item: Item) -> tuple[str, ...]:
    source = item.source
    return (
        source.ref.namespace,
        source.ref.name,
        source_name(item),
        ", ".join(kinds_of(item)),
        ", ".join(engines_of(item)),
        worst_readiness(item.credentials) or "",
        item.confidence,
        str(source.origin.location),
    )


def _rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_escape(one) for one in row)} |"


def _list(title: str, texts: Iterable[str]) -> Iterator[str]:
    lines = list(texts)
    if lines:
        yield ""
        yield f"## {title} ({len(lines)})"
        yield ""
        for text in lines:
            yield f"- {_escape(text)}"


def _count(items: Iterable[Item], verdict: Verdict) -> int:
    return sum(item.verdict is verdict for item in items)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _escape(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", printable(text))
