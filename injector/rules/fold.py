"""From a case to its judgement: the first decisive rule counts, the others that nearly did are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from injector.inventory.linking import Secret
from injector.model import Confidence, Reason, Verdict
from injector.rules.context import Context
from injector.rules.nature import nature_of
from injector.rules.readers import is_client
from injector.rules.registry import LIMITS, VERDICTS
from injector.rules.rule import Case, Decision, NearMiss, VerdictRule
from injector.rules.units import Unit

RANK = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One value, judged."""

    unit: Unit
    kind: str
    engine: str
    verdict: Verdict
    confidence: Confidence
    reasons: tuple[Reason, ...]
    near_misses: tuple[Reason, ...]


def case_of(unit: Unit, secret: Secret, context: Context) -> Case:
    """Gather what bears on the verdict of one value."""
    clients = tuple(one for one in unit.consumers if is_client(one))
    others = tuple(one for one in unit.consumers if not is_client(one))
    return Case(unit, secret, context, nature_of(unit, secret, context.config), clients, others)


@lru_cache(maxsize=256)
def _rules_for(kind: str) -> tuple[VerdictRule, ...]:
    return tuple(rule for rule in VERDICTS if not rule.kinds or kind in rule.kinds)


def judge(case: Case) -> Judgement:
    """Ask the rules in their order."""
    decided: tuple[VerdictRule, Decision] | None = None
    near: list[Reason] = []
    for rule in _rules_for(case.nature.kind):
        if decided is not None and rule.is_fallback:
            continue
        answer = rule.decide(case)
        if answer is None:
            continue
        if isinstance(answer, NearMiss):
            near.append(Reason(rule.id, answer.message, answer.location))
        elif decided is None:
            decided = rule, answer
        else:
            near.append(Reason(rule.id, f"{answer.message}; overruled by {decided[0].id}", answer.location))
    assert decided is not None, "the last rule has an answer to everything"  # noqa: S101
    rule, decision = decided
    reasons = [Reason(rule.id, decision.message, decision.location)]
    reasons += [Reason(rule.id, message, location) for message, location in decision.more]
    confidence = decision.confidence
    for one in LIMITS:
        limited = one.limit(case, decision)
        if limited:
            confidence = min(confidence, limited[0], key=RANK.__getitem__)
            reasons.append(limited[1])
    kind = decision.kind or case.nature.kind
    return Judgement(case.unit, kind, decision.engine, decision.verdict, confidence, tuple(reasons), tuple(near))
