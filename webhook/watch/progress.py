"""How the watch of one kind goes: what metrics and logs tell of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """The watch of one kind. One thread writes it, others read it.

    Attributes:
        kind: what is watched.
        is_synced: everything was read at least once, or the cluster is known to have no such kind and can do without.
        is_absent: the API server does not know the kind.
        heard_at_s: when the API server last said something about it, in seconds of the monotonic clock; 0 for never.
        lists: how often everything was read.
        connections: how often a watch was opened.
        failure: why the last attempt came to nothing; empty when it did not.
    """

    kind: str
    is_synced: bool = False
    is_absent: bool = False
    heard_at_s: float = 0.0
    lists: int = 0
    connections: int = 0
    failure: str = ""
