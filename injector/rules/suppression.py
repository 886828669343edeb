"""Findings that somebody has looked at and decided to live with.

The decision stands at the object itself, as the annotation ``<prefix>/ignore.<rule id>`` whose value is the reason. An
empty reason suppresses nothing, and is a finding of its own (`injector.rules.findings`).
"""

from __future__ import annotations

from collections.abc import Iterable

from injector.model import Finding, SecretSource, Suppressed


def split_suppressed(
    source: SecretSource, findings: Iterable[Finding], *, prefix: str
) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...]]:
    """Return the findings of a source that count, and those that its annotations suppress.

    Args:
        source: what makes the Secret.
        findings: all of its own.
        prefix: before the slash of phase2's annotations.
    """
    active: list[Finding] = []
    suppressed: list[Suppressed] = []
    for one in findings:
        reason = source.annotations.get(f"{prefix}/ignore.{one.rule}", "").strip()
        if reason:
            suppressed.append(Suppressed(one, reason))
        else:
            active.append(one)
    return tuple(active), tuple(suppressed)
