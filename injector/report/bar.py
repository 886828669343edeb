"""The bar of ``--fail-on``: what in a report makes the exit code 1."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from injector.model import Readiness, Report, Verdict
from injector.report.figures import count_findings


class Bar(StrEnum):
    """What ``--fail-on`` takes."""

    NEVER = "never"
    DYNAMIC = "dynamic-capable"
    NEEDS_CHANGE = "needs-change"
    BLOCKED = "blocked"
    ORPHANED = "orphaned"
    FINDING = "finding"


def find_reached(report: Report, bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Return those of the bars that something in the report reaches, in their own order.

    Only what is deployed counts, except for `Bar.ORPHANED`, which is about nothing else.
    """
    asked = set(bars)
    return tuple(bar for bar in Bar if bar in asked and _is_reached(report, bar))


def _is_reached(report: Report, bar: Bar) -> bool:
    match bar:
        case Bar.NEVER:
            return False
        case Bar.DYNAMIC:
            return any(one.verdict is Verdict.DYNAMIC for item in report.items for one in item.credentials)
        case Bar.NEEDS_CHANGE:
            return _has_readiness(report, Readiness.NEEDS_CHANGE)
        case Bar.BLOCKED:
            return _has_readiness(report, Readiness.BLOCKED)
        case Bar.ORPHANED:
            return bool(report.orphans)
        case Bar.FINDING:
            return count_findings(report) > 0
    assert_never(bar)


def _has_readiness(report: Report, readiness: Readiness) -> bool:
    return any(
        reader.readiness is readiness for item in report.items for one in item.credentials for reader in one.consumers
    )
