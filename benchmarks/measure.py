"""Runs a command and says what it took: wall seconds, processor seconds and memory, of it and of all that it starts."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_INTERVAL_S: Final = 0.02
"""How often memory is looked at: a peak that is shorter is not seen."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took.

    Attributes:
        wall_s: from start to end.
        cpu_s: user and system time of the command and of the processes that it waited for.
        sum_bytes: largest sum of resident memory of all its processes at one moment. Pages that they share count several
            times. 0 where there is no /proc.
        largest_bytes: resident memory of the largest single process at its peak.
    """

    wall_s: float
    cpu_s: float
    sum_bytes: int
    largest_bytes: int


def measure(command: Sequence[str]) -> Run:
    """Run a command; what it writes is thrown away.

    Raises:
        RuntimeError: it could not answer (exit codes 0 and 1 are answers).
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = _Watch(process.pid)
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.is_over.set()
    watch.join()
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    largest = usage.ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)
    return Run(wall, usage.ru_utime + usage.ru_stime, watch.peak, largest)


def measure_in_turn(commands: Sequence[Sequence[str]], runs: int) -> list[list[Run]]:
    """Run several commands in turn, so that a machine that slows down slows all of them; one warm-up is not counted."""
    made: list[list[Run]] = [[] for _ in commands]
    for number in range(runs + 1):
        for index, command in enumerate(commands):
            run = measure(command)
            if number:
                made[index].append(run)
    return made


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


class _Watch(threading.Thread):
    """Looks at the memory of a process and of those that it started."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(_INTERVAL_S):
            self.peak = max(self.peak, sum(_resident_bytes(pid) for pid in _family(self.pid)))


def _family(pid: int) -> list[int]:
    """Return a process and everything below it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):  # it has ended, or there is no /proc
        return 0
