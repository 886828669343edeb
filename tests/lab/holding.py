"""Numbers of which each lab on a machine has its own, held by a lock file for as long as the lab lives."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


def hold(kind: str, number: int) -> int | None:
    """A descriptor that holds the number until it is closed, or None when another lab holds it.

    The lock ends with the process too, however that ends.
    """
    folder = Path(tempfile.gettempdir()) / f"phase2-lab-{kind}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
