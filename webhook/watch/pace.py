"""How long to wait before the next attempt: longer and longer, and never at the same moment as all the other replicas."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from typing import Final

FIRST_S: Final = 0.25
LONGEST_S: Final = 30.0
"""As client-go's reflector has it. Source: k8s.io/client-go/tools/cache/reflector.go@v0.34.2, NewReflectorWithOptions."""
_STEEPEST: Final = 10
_CHANCE: Final = SystemRandom().random


class Pace:
    """Counts attempts that came to nothing.

    Args:
        chance: yields a number from 0 to 1.
        longest_s: the longest pause in seconds.
    """

    def __init__(self, chance: Callable[[], float] = _CHANCE, longest_s: float = LONGEST_S) -> None:
        self._chance = chance
        self._longest_s = longest_s
        self._failed = 0

    def pause_s(self) -> float:
        """Return seconds to wait after one more failure: from half of 0.25 s, 0.5 s, 1 s ... up to the longest, to the whole."""
        most_s = min(FIRST_S * (1 << min(self._failed, _STEEPEST)), self._longest_s)
        self._failed += 1
        return most_s * (1 + self._chance()) / 2

    def between_s(self, least_s: float, most_s: float) -> float:
        """Return seconds by chance."""
        return least_s + (most_s - least_s) * self._chance()

    def reset(self) -> None:
        """Forget all failures: something went well."""
        self._failed = 0
