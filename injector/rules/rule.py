"""What a rule is: its text for people, and the function that decides.

Nothing here knows a single rule, and nothing here decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from injector.inventory.linking import Secret
from injector.location import Location
from injector.model import Confidence, Consumer, Credential, Reason, SecretSource, Verdict
from injector.rules.context import Context
from injector.rules.nature import Nature
from injector.rules.units import Unit


@dataclass(frozen=True, slots=True)
class Case:
    """One value of a Secret with everything that bears on its verdict.

    Attributes:
        unit: the value, with what its names tell.
        nature: what it is by its names and surroundings.
        clients: its readers that are containers of workloads.
        others: its readers that need the Secret object itself.
    """

    unit: Unit
    secret: Secret
    context: Context
    nature: Nature
    clients: tuple[Consumer, ...]
    others: tuple[Consumer, ...]

    @property
    def what(self) -> str:
        """Return the name that tells most, for messages."""
        return self.unit.evidence or self.unit.label


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on one value, by one rule.

    Attributes:
        message: why, in words.
        location: the line that is the evidence.
        kind: what it is, when the rule knows better than its nature.
        engine: the secrets engine that could issue it; only of `Verdict.DYNAMIC`.
        more: further evidence of the same rule.
    """

    verdict: Verdict
    confidence: Confidence
    message: str
    location: Location
    kind: str = ""
    engine: str = ""
    more: tuple[tuple[str, Location], ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What a rule that came close says: why it nearly decided, and what stopped it."""

    message: str
    location: Location


Answer = Decision | NearMiss | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule, as `phase2 rules` and ``docs/rules.md`` show it.

    Attributes:
        id: stable for ever, kebab-case, never reused.
        statement: what it says, one line.
        remedy: what a person can do about it.
        example: manifests for which it fires; a test proves it. See `injector.rules.example`.
    """

    id: str
    statement: str
    remedy: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRule(Rule):
    """A rule that decides: the first decisive one of the registry counts.

    Attributes:
        kinds: the natures it speaks of, by kind; empty for all.
        is_fallback: it decides where nothing is known: overruled, it is no news.
    """

    decide: Callable[[Case], Answer]
    kinds: frozenset[str] = frozenset()
    is_fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule(Rule):
    """A rule that keeps a verdict's confidence down: it yields the most that is left and why, or nothing."""

    limit: Callable[[Case, Decision], tuple[Confidence, Reason] | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """One deployed source of a Secret, judged: what a rule about findings looks at."""

    secret: Secret
    source: SecretSource
    credentials: tuple[Credential, ...]
    context: Context

    @property
    def is_moving(self) -> bool:
        """Tell whether a part of the Secret can become dynamic."""
        return any(one.verdict is Verdict.DYNAMIC for one in self.credentials)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRule(Rule):
    """A rule about one deployed source of a Secret that is no verdict: yields messages and their evidence."""

    find: Callable[[Subject], Iterable[tuple[str, Location]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRule(Rule):
    """A finding that the reader of a manifest makes: only its text stands here."""


def stays(message: str, location: Location, confidence: Confidence, kind: str = "") -> Decision:
    """Return the decision that a value stays static."""
    return Decision(Verdict.STATIC, confidence, message, location, kind)
