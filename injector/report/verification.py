"""What `phase2 verify` found, as a table and as the document of the public contract.

``verify.schema.json`` beside this file says the same to machines. Keys never vanish. No line of a file is ever shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from injector.config.verify import Level
from injector.model import Diagnostic, ObjectRef
from injector.report.columns import Color, Column, cell, fit, line, paint
from injector.report.contract import API_VERSION
from injector.report.options import PLAIN, Options
from injector.report.prose import describe_diagnostic
from injector.report.wide import wrap
from injector.verify.model import Verification, Violation
from injector.verify.rules import RULES

Json = dict[str, object]

_COLUMNS: Final = (
    Column("LEVEL"),
    Column("RULE"),
    Column("WHERE"),
    Column("OBJECT", spare=1),
    Column("WHAT", narrowest=20),
)
_COLORS: Final = {Level.DENY: Color.RED, Level.WARN: Color.YELLOW, Level.OFF: Color.NONE}
_NOBODY: Final = ObjectRef("", "", "")


class VerifyBar(StrEnum):
    """What ``--fail-on`` of `phase2 verify` takes."""

    NEVER = "never"
    WARN = "warn"
    DENY = "deny"


def find_reached(found: Verification, bars: Sequence[VerifyBar]) -> tuple[VerifyBar, ...]:
    """Return those of the bars that something reaches; what is denied is also worth a warning."""
    levels = {one.level for one in found.violations}
    reached = {
        VerifyBar.NEVER: False,
        VerifyBar.WARN: bool(levels),
        VerifyBar.DENY: Level.DENY in levels,
    }
    return tuple(bar for bar in VerifyBar if bar in bars and reached[bar])


def count(found: Verification) -> dict[str, int]:
    """Return how much was found."""
    return {
        "deny": sum(one.level is Level.DENY for one in found.violations),
        "warn": sum(one.level is Level.WARN for one in found.violations),
        "suppressed": len(found.suppressed),
        "unreadable": len(found.unreadable),
        "templated": len(found.templated),
        "files": found.files,
    }


def build_document(found: Verification) -> Json:
    """Return the document in plain values."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Verification",
        "summary": dict[str, object](count(found)),
        "items": [_item(one) for one in found.violations],
        "suppressed": [{**_item(one.violation), "reason": one.reason} for one in found.suppressed],
        "unreadable": [_diagnostic(one) for one in found.unreadable],
        "templated": [_diagnostic(one) for one in found.templated],
    }


def _item(one: Violation) -> Json:
    subject = one.subject or _NOBODY
    return {
        "rule": one.rule,
        "level": one.level.value,
        "message": one.message,
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": subject.name,
        "file": one.location.path,
        "line": one.location.line,
        "isDeployed": one.is_deployed,
    }


def _diagnostic(one: Diagnostic) -> Json:
    return {
        "file": one.location.path,
        "line": one.location.line,
        "code": one.code,
        "message": one.message,
        "isDeployed": one.is_deployed,
    }


def render_table(found: Verification, options: Options = PLAIN) -> str:
    """Return one line for each violation; nothing at all when there are none."""
    return "".join(f"{text}\n" for text in _rows(found, options))


def render_wide(found: Verification, options: Options = PLAIN) -> str:
    """Return the table, then what to do about each rule, what is suppressed, and what could not be read."""
    return "".join(f"{text}\n" for text in _wide(found, options))


def _rows(found: Verification, options: Options) -> Iterator[str]:
    rows = [
        (one.level.value, one.rule, cell(str(one.location)), cell(str(one.subject or "")), cell(one.message))
        for one in found.violations
    ]
    if not rows:
        return
    widths = fit(_COLUMNS, rows, options.width)
    if options.has_headers:
        yield line([column.title for column in _COLUMNS], widths)
    for one, row in zip(found.violations, rows, strict=True):
        yield line(row, widths, (_COLORS[one.level],), has_color=options.has_color)


def _wide(found: Verification, options: Options) -> Iterator[str]:
    yield from _rows(found, options)
    broken = {one.rule for one in found.violations}
    remedies = [f"{rule.id}: {rule.remedy}" for rule in RULES if rule.id in broken]
    suppressed = [
        f"{one.violation.location}: {one.violation.rule}: {one.violation.message} (suppressed: {one.reason})"
        for one in found.suppressed
    ]
    for title, texts in (
        ("what to do", remedies),
        ("suppressed", suppressed),
        ("unreadable", [describe_diagnostic(one) for one in found.unreadable]),
        ("templated", [describe_diagnostic(one) for one in found.templated]),
    ):
        if texts and options.has_headers:
            yield ""
            yield paint(f"{title} ({len(texts)})", Color.BOLD, has_color=options.has_color)
        for text in texts:
            yield from wrap(text, 2, options)
