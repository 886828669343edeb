"""From judged values to credentials: what belongs together, and what an ExternalSecret comes to as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from injector.config.model import Config
from injector.knowledge import words as w
from injector.model import Confidence, Consumer, ConsumerReport, Credential, Reason, Verdict
from injector.rules.fold import RANK, Judgement
from injector.rules.naming import Part
from injector.rules.readiness import Need, readiness_of

_CONFIGURATION: Final = "configuration"
_PARTS: Final = (
    w.USER | w.PASSWORD | w.DSN | {"id", "key", "secret", "access", "keyid", "name", "client", "ids", "keys"}
)
_MORE_PARTS: Final = {"aws-access-key": frozenset({"session", "token"})}
"""Kind -> further words of its parts: temporary keys of AWS have a session token besides."""
_ALWAYS_ONE: Final = frozenset({_CONFIGURATION, "private-certificate", "tls-certificate"})
"""Kinds of which a Secret has one only, whatever its keys are called."""
_USER_IS_HALF: Final = frozenset({"oauth-client", "unsupported-login"})
"""Kinds whose user or id, alone, is still a part of the credential."""


def group(judged: Sequence[Judgement], config: Config, *, is_open: bool = False) -> Iterator[Credential]:
    """Put the parts of one credential together: same kind, engine and verdict, same name without the part.

    Args:
        judged: the values of one Secret.
        config: what the user knows.
        is_open: the Secret may hold keys that nobody names.
    """
    groups: dict[tuple[str, ...], list[Judgement]] = {}
    for one in judged:
        stem = "" if one.kind in _ALWAYS_ONE else _stem(one.unit.label, one.kind)
        groups.setdefault((one.verdict, one.kind, one.engine, stem), []).append(one)
    outlines: dict[tuple[object, ...], list[Judgement]] = {}
    for own, members in sorted(groups.items()):
        outlines.setdefault(_outline(own, members), []).extend(members)
    for members in outlines.values():
        yield _credential(members, config, is_alone=len(members) == len(judged), is_open=is_open)


def _outline(own: tuple[str, ...], members: Sequence[Judgement]) -> tuple[object, ...]:
    """Return what tells a credential from others; pieces of one static value, as a web address has, do not."""
    if members[0].verdict is Verdict.DYNAMIC:
        return own
    keys = frozenset(one.unit.key.name for one in members)
    return (*own[:-1], keys, frozenset(remote.path for one in members for remote in one.unit.remotes))


def _credential(members: Sequence[Judgement], config: Config, *, is_alone: bool, is_open: bool) -> Credential:
    first = members[0]
    units = [one.unit for one in members]
    is_user = all(unit.hint.part is Part.USER for unit in units) and first.kind not in _USER_IS_HALF
    is_configuration = is_user and not is_alone
    verdict = Verdict.STATIC if is_configuration else first.verdict
    consumers = _unique(consumer for unit in units for consumer in unit.consumers)
    keys = tuple(sorted({unit.key.name for unit in units}))
    has_user = any(unit.hint.part in (Part.USER, Part.DSN) for unit in units)
    need = Need(keys, lacks_user=first.engine == "database/redis" and not has_user, is_open=is_open)
    return Credential(
        keys=keys,
        vault_paths=tuple(sorted({remote.path for unit in units for remote in unit.remotes if remote.path})),
        kind=_CONFIGURATION if is_configuration else first.kind,
        engine="" if is_configuration else first.engine,
        verdict=verdict,
        confidence=max((one.confidence for one in members), key=RANK.__getitem__),
        reasons=_only_users(members) if is_configuration else _unique_reasons(one.reasons for one in members),
        consumers=tuple(_report(one, verdict, need, config) for one in consumers),
        near_misses=_unique_reasons(one.near_misses for one in members),
    )


def _unique_reasons(reasons: Iterable[tuple[Reason, ...]]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for some in reasons for reason in some))


def _only_users(members: Sequence[Judgement]) -> tuple[Reason, ...]:
    units = [one.unit for one in members]
    return tuple(
        Reason("configuration", f"{unit.label} is a name, no secret by itself", unit.location) for unit in units
    )


def sum_up(credentials: Sequence[Credential]) -> tuple[Verdict, Confidence]:
    """Return the verdict of a Secret as a whole; configuration makes nothing mixed."""
    real = [one for one in credentials if one.kind != _CONFIGURATION]
    dynamic = [one for one in real if one.verdict is Verdict.DYNAMIC]
    confidence = min((one.confidence for one in real or credentials), key=RANK.__getitem__, default=Confidence.LOW)
    if not dynamic:
        return Verdict.STATIC, confidence
    return (Verdict.MIXED if len(dynamic) < len(real) else Verdict.DYNAMIC), confidence


def _stem(name: str, kind: str) -> str:
    parts = _PARTS | _MORE_PARTS.get(kind, frozenset())
    return "-".join(word for word in w.words(name) if word not in parts)


def _unique(consumers: Iterable[Consumer]) -> list[Consumer]:
    found = {
        (one.location, one.ref, one.container.name if one.container else "", one.how, one.key): one for one in consumers
    }
    return [found[own] for own in sorted(found)]


def _report(consumer: Consumer, verdict: Verdict, need: Need, config: Config) -> ConsumerReport:
    if verdict is not Verdict.DYNAMIC:
        return ConsumerReport(consumer, None)
    readiness, obstacles = readiness_of(consumer, need, config)
    return ConsumerReport(consumer, readiness, obstacles)
