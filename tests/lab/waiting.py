"""Polling with a deadline: the only way in which the lab and its tests wait.

A fixed sleep is either too short on a busy machine or too long on an idle one, so nothing here
ever sleeps for an estimated time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.lab.errors import LabTimeoutError

T = TypeVar("T")

#: Pause between two looks; short against everything that is waited for (10 ms to 60 s).
POLL_INTERVAL_S = 0.05


def wait_until(
    probe: Callable[[], T | None],
    *,
    what: str,
    timeout_s: float = 30,
    interval_s: float = POLL_INTERVAL_S,
) -> T:
    """The first truthy value of ``probe``.

    Args:
        probe: Called until it yields something truthy; its exceptions are not swallowed.
        what: The condition in words, for the error message.
        timeout_s: The deadline in seconds.
        interval_s: Pause between two calls in seconds.

    Raises:
        LabTimeoutError: The deadline passed first.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            msg = f"{what}: not true after {timeout_s:g} s; last seen: {value!r}"
            raise LabTimeoutError(msg)
        time.sleep(interval_s)


def hold_for(probe: Callable[[], object], *, what: str, seconds: float) -> None:
    """Show that ``probe`` stays truthy, for statements of the kind "it is left alone".

    Raises:
        LabError: It became falsy within the time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not probe():
            msg = f"{what}: held for less than {seconds:g} s"
            raise LabTimeoutError(msg)
        time.sleep(POLL_INTERVAL_S)
