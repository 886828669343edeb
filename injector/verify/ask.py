"""One source of a Secret held to the rules: what a tree and the webhook have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from injector.config.verify import Level
from injector.model import SecretSource
from injector.verify.model import Case, Known, SuppressedViolation, Violation
from injector.verify.rules import SOURCE_RULES


def ask_rules(
    source: SecretSource, known: Known, *, level: Callable[[str], Level], prefix: str, is_deployed: bool = True
) -> Iterator[Violation | SuppressedViolation]:
    """Yield what is wrong with a source, in the order of the rules.

    Args:
        source: what makes a Secret.
        known: what the rules ask beside it.
        level: what a rule does; one that is off is not asked.
        prefix: before the slash of phase2's annotations.
        is_deployed: a root reaches it.
    """
    case = Case(source, known)
    for rule in SOURCE_RULES:
        own = level(rule.id)
        if own is Level.OFF or not (is_deployed or rule.is_for_orphans):
            continue
        reason = source.annotations.get(f"{prefix}/ignore.{rule.id}", "").strip()
        for message, location in rule.find(case):
            found = Violation(
                rule=rule.id,
                level=own,
                message=message,
                location=location,
                subject=source.ref,
                is_deployed=is_deployed,
            )
            yield SuppressedViolation(found, reason) if reason else found
