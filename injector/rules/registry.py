"""Every rule, in the order in which they are asked: what `phase2 rules` lists and what reports name.

A rule stands in its family's file with its text and its function; a new rule is a new entry there.
"""

from __future__ import annotations

from typing import Final

from injector.rules import bootstrap, configuration, consumers, engines, findings, kinds, overrides, reported, server
from injector.rules.rule import FindingRule, LimitRule, Rule, VerdictRule

VERDICTS: Final[tuple[VerdictRule, ...]] = (
    *overrides.RULES,
    *configuration.RULES,
    *server.RULES,
    *bootstrap.RULES,
    *kinds.RULES,
    *consumers.RULES,
    *engines.RULES,
    *kinds.LAST,
)
"""The first decisive rule counts. No value passes all of them: every kind has a row in `kinds` or `engines`."""

LIMITS: Final[tuple[LimitRule, ...]] = consumers.LIMITS

FINDINGS: Final[tuple[FindingRule, ...]] = findings.RULES

REGISTRY: Final[tuple[Rule, ...]] = (*VERDICTS, *LIMITS, *FINDINGS, *reported.RULES)

BY_ID: Final = {rule.id: rule for rule in REGISTRY}
