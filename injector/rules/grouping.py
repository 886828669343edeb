"""From judged values to credentials: what belongs together, and what an ExternalSecret comes to as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from injector.knowledge import words as w
from injector.model import Confidence, Consumer, ConsumerReport, Credential, Verdict
from injector.rules.fold import RANK, Judgement
from injector.rules.naming import Part
from injector.rules.readiness import readiness_of

_CONFIGURATION: Final = "configuration"
_PARTS: Final = w.USER | w.PASSWORD | w.DSN | {"id", "key", "secret", "access", "keyid", "name", "client"}
_USER_IS_HALF: Final = frozenset({"oauth-client", "unsupported-login"})
"""Kinds whose user or id, alone, is still a part of the credential."""


def group(judged: Sequence[Judgement]) -> Iterator[Credential]:
    """Put the parts of one credential together: same kind, engine and verdict, same name without the part."""
    groups: dict[tuple[str, ...], list[Judgement]] = {}
    for one in judged:
        stem = _stem(one.unit.label) if one.kind != _CONFIGURATION else ""
        groups.setdefault((one.verdict, one.kind, one.engine, stem), []).append(one)
    for _, members in sorted(groups.items()):
        yield _credential(members, is_alone=len(members) == len(judged))


def _credential(members: Sequence[Judgement], *, is_alone: bool) -> Credential:
    first = members[0]
    units = [one.unit for one in members]
    is_user = all(unit.hint.part is Part.USER for unit in units) and first.kind not in _USER_IS_HALF
    is_configuration = is_user and not is_alone
    verdict = Verdict.STATIC if is_configuration else first.verdict
    consumers = _unique(consumer for unit in units for consumer in unit.consumers)
    return Credential(
        keys=tuple(sorted({unit.key.name for unit in units})),
        vault_paths=tuple(sorted({remote.path for unit in units for remote in unit.remotes if remote.path})),
        kind=_CONFIGURATION if is_configuration else first.kind,
        engine="" if is_configuration else first.engine,
        verdict=verdict,
        confidence=max((one.confidence for one in members), key=RANK.__getitem__),
        reasons=tuple(dict.fromkeys(reason for one in members for reason in one.reasons)),
        consumers=tuple(_report(one, first.kind, verdict) for one in consumers),
        near_misses=tuple(dict.fromkeys(reason for one in members for reason in one.near_misses)),
    )


def sum_up(credentials: Sequence[Credential]) -> tuple[Verdict, Confidence]:
    """Return the verdict of a Secret as a whole; configuration makes nothing mixed."""
    real = [one for one in credentials if one.kind != _CONFIGURATION]
    dynamic = [one for one in real if one.verdict is Verdict.DYNAMIC]
    confidence = min((one.confidence for one in real or credentials), key=RANK.__getitem__, default=Confidence.LOW)
    if not dynamic:
        return Verdict.STATIC, confidence
    return (Verdict.MIXED if len(dynamic) < len(real) else Verdict.DYNAMIC), confidence


def _stem(name: str) -> str:
    return "-".join(word for word in w.words(name) if word not in _PARTS)


def _unique(consumers: Iterable[Consumer]) -> list[Consumer]:
    found = {
        (one.location, one.ref, one.container.name if one.container else "", one.how, one.key): one for one in consumers
    }
    return [found[own] for own in sorted(found)]


def _report(consumer: Consumer, kind: str, verdict: Verdict) -> ConsumerReport:
    if verdict is not Verdict.DYNAMIC:
        return ConsumerReport(consumer, None)
    readiness, obstacles = readiness_of(consumer, kind)
    return ConsumerReport(consumer, readiness, obstacles)
