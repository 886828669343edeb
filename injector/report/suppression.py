"""Findings that somebody has looked at and decided to live with.

The decision stands at the object itself, as the annotation ``<prefix>/ignore.<rule id>`` whose value is the reason.
An empty reason suppresses nothing. The prefix is the user's to configure, and a rule id after ``ignore.`` is telling
enough, so any prefix counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from injector.model import Finding, Item


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that does not count, and why."""

    finding: Finding
    reason: str


def active_findings(item: Item) -> tuple[Finding, ...]:
    """Return the findings of an item that count."""
    return tuple(one for one in item.findings if not _reason(item, one))


def suppressed_findings(item: Item) -> tuple[Suppressed, ...]:
    """Return the findings of an item that are suppressed."""
    return tuple(Suppressed(one, reason) for one in item.findings if (reason := _reason(item, one)))


def _reason(item: Item, finding: Finding) -> str:
    annotations = item.source.annotations
    wanted = f"/ignore.{finding.rule}"
    return next((annotations[name].strip() for name in sorted(annotations) if name.endswith(wanted)), "")
