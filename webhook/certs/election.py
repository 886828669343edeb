"""Which replica writes: the holder of one Lease, as client-go's leader election has it.

A clock is asked only for how long this replica has seen the Lease unchanged, never for what another one wrote into it.
Source: k8s.io/client-go/tools/leaderelection/leaderelection.go, kubernetes.io/docs/concepts/architecture/leases/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_LONGEST: Final = 10
"""How many times our own term a Lease may ask us to wait: whoever took it for a year by mistake does not stop us for one."""


class Turn(StrEnum):
    """What a replica is to do."""

    FOLLOW = "follow"
    CLAIM = "claim"
    """Write the Lease with itself as the holder, and lead when that succeeds."""
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class Held:
    """What a Lease says.

    Attributes:
        holder: empty when nobody holds it.
        renewed: changes whenever it is renewed; never compared with a clock.
        duration_s: after how many seconds without a change it is free.
    """

    holder: str
    renewed: str
    duration_s: float


class Election:
    """One replica's view of the Lease.

    Args:
        identity: the replica's name, unlike all others'.
        duration_s: how long a Lease that we hold counts without being renewed.
        renew_s: after how long we renew it.
    """

    def __init__(self, identity: str, *, duration_s: float, renew_s: float) -> None:
        self.identity = identity
        self.duration_s = duration_s
        self._renew_s = renew_s
        self._won_at: float | None = None
        self._seen: Held | None = None
        self._seen_at = 0.0

    def take_turn(self, lease: Held | None, monotonic_s: float) -> Turn:
        """Return what to do about a Lease as it was just read; None when there is none."""
        if lease != self._seen:
            self._seen, self._seen_at = lease, monotonic_s
        if lease is None or not lease.holder:
            self._won_at = None
            return Turn.CLAIM
        if lease.holder == self.identity:
            return Turn.LEAD if self.is_leading(monotonic_s, within_s=self._renew_s) else Turn.CLAIM
        self._won_at = None
        wait_s = min(max(lease.duration_s, self.duration_s), _LONGEST * self.duration_s)
        return Turn.CLAIM if monotonic_s - self._seen_at > wait_s else Turn.FOLLOW

    def win(self, asked_at_s: float) -> None:
        """Take note that a claim was stored; `asked_at_s` is when it was sent."""
        self._won_at = asked_at_s

    def is_leading(self, monotonic_s: float, *, within_s: float | None = None) -> bool:
        """Tell whether our claim still counts."""
        limit_s = self.duration_s if within_s is None else within_s
        return self._won_at is not None and monotonic_s - self._won_at < limit_s
