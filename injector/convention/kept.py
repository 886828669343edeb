"""What was computed before, kept as long as what it was computed of is the very same: one mechanism for all that is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

V = TypeVar("V")
Sources: TypeAlias = "tuple[object, ...]"
"""Objects that never change and are replaced when what they say does, such as `injector.cluster.Group`."""
UNLIMITED: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    sources: Sources
    value: V
    size_bytes: int


class Kept(Generic[V]):
    """Values by key, each with its sources: it counts only while these are the same objects. What was not asked for longest goes first.

    Bounded, and no state: when it forgets everything the answers are the same, only later. Not for several threads.

    Args:
        most: how many are kept.
        most_bytes: how large all of them are at most, by what `keep` is told.
    """

    __slots__ = ("_entries", "_most", "_most_bytes", "_size_bytes")

    def __init__(self, most: int, *, most_bytes: int = UNLIMITED) -> None:
        self._entries: OrderedDict[Hashable, _Entry[V]] = OrderedDict()
        self._most, self._most_bytes = most, most_bytes
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Hashable, sources: Sources) -> V | None:
        """Return what is kept under a key, or None when there is nothing, or it was made of other sources."""
        entry = self._entries.get(key)
        if entry is None or len(entry.sources) != len(sources):
            return None
        for one, now in zip(entry.sources, sources, strict=True):
            if one is not now:
                return None
        self._entries.move_to_end(key)
        return entry.value

    def keep(self, key: Hashable, sources: Sources, value: V, *, size_bytes: int = 0) -> None:
        """Keep a value that was made of the sources."""
        before = self._entries.pop(key, None)
        self._size_bytes += size_bytes - (before.size_bytes if before else 0)
        self._entries[key] = _Entry(sources, value, size_bytes)
        while len(self._entries) > self._most or self._size_bytes > self._most_bytes:
            _, gone = self._entries.popitem(last=False)
            self._size_bytes -= gone.size_bytes
