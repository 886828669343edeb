"""Whether an occurrence is a new Event, one more of the same, or one too many. Pure: the time is given.

Source for the rules and all numbers: k8s.io/client-go/tools/record/events_cache.go@v0.34.2.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from webhook.events.occurrences import Occurrence, Regarding

_REMEMBERED: Final = 4096
_SIMILAR: Final = 10
"""So many different messages of one reason about one object in `_WINDOW_S` seconds; more become one Event."""
_WINDOW_S: Final = 600.0
_BURST: Final = 25
_REFILL_S: Final = 300.0
"""One more Event about an object every five minutes, beyond the first 25."""
_COMBINED: Final = "(combined from similar events): "

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Write:
    """What is to be written.

    Attributes:
        name: of the Event.
        count: how often it happened; more than once changes the Event that is there.
        first_s, last_s: when, in seconds since 1970.
    """

    occurrence: Occurrence
    name: str
    count: int
    first_s: float
    last_s: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


@dataclass(slots=True)
class _Similar:
    began_s: float
    messages: set[str] = field(default_factory=set)


class Correlator:
    """Remembers what was told lately; at most 4,096 of each kind of thing, the least recent is forgotten first.

    Args:
        seed: part of the names of Events, unlike that of every other process.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._made = 0
        self._buckets: OrderedDict[Regarding, _Bucket] = OrderedDict()
        self._similar: OrderedDict[tuple[Regarding, str, str], _Similar] = OrderedDict()
        self._written: OrderedDict[Occurrence, Write] = OrderedDict()

    def take(self, occurrence: Occurrence, now_s: float) -> Write | None:
        """Return what is to be written; None when it is one too many.

        Args:
            occurrence: what happened.
            now_s: when, in seconds since 1970.
        """
        same = self._aggregate(occurrence, now_s)
        if not self._spend(same.regarding, now_s):
            return None
        before = self._written.get(same)
        if before is None:
            self._made += 1
            name = f"{same.regarding.name[:200]}.{self._seed}{self._made:x}"
            made = Write(same, name, 1, now_s, now_s)
        else:
            made = replace(before, count=before.count + 1, last_s=now_s)
        _remember(self._written, same, made)
        return made

    def forget(self, occurrence: Occurrence) -> None:
        """Make the next one of the same a new Event: the old one is gone."""
        self._written.pop(occurrence, None)

    def _aggregate(self, occurrence: Occurrence, now_s: float) -> Occurrence:
        own = (occurrence.regarding, occurrence.type, occurrence.reason)
        found = self._similar.get(own)
        if found is None or now_s - found.began_s > _WINDOW_S:
            found = _Similar(now_s)
        if len(found.messages) < _SIMILAR:
            found.messages.add(occurrence.message)
        _remember(self._similar, own, found)
        if occurrence.message in found.messages:
            return occurrence
        # One text for all of them, so that they are one Event.
        return replace(occurrence, message=f"{_COMBINED}{min(found.messages)}")

    def _spend(self, regarding: Regarding, now_s: float) -> bool:
        found = self._buckets.get(regarding) or _Bucket(_BURST, now_s)
        gained = max(now_s - found.at_s, 0.0) / _REFILL_S
        found.tokens = min(found.tokens + gained, _BURST)
        found.at_s = now_s
        _remember(self._buckets, regarding, found)
        if found.tokens < 1:
            return False
        found.tokens -= 1
        return True


def _remember(held: OrderedDict[K, V], key: K, value: V) -> None:
    held[key] = value
    held.move_to_end(key)
    if len(held) > _REMEMBERED:
        held.popitem(last=False)
