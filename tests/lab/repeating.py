"""Work that threads do again and again while something else is tried."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Self


class Repeating:
    """Calls each step again and again, in a thread of its own, from entering to leaving.

    Args:
        steps: what is done; each returns soon.
        pause_s: seconds between two calls of a step.
    """

    def __init__(self, steps: Sequence[Callable[[], object]], *, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(one,), daemon=True) for one in steps]

    def __enter__(self) -> Self:
        """Running."""
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stopped, once each thread has done what it was at."""
        self._stop.set()
        for one in self._threads:
            one.join(60)

    def _repeat(self, step: Callable[[], object]) -> None:
        while not self._stop.wait(self._pause_s):
            step()
