"""The addresses of a node's pods: a range of its own for each lab, since all bridges are this machine's."""

from __future__ import annotations

import os
import socket

from tests.lab.errors import LabError
from tests.lab.holding import hold

_PREFIX = "10.88"


class PodNetwork:
    """A range of addresses held by one lab until ``close``."""

    def __init__(self) -> None:
        for number in range(1, 255):
            lock = hold("networks", number)
            if lock is None:
                continue
            if _is_ours(f"{_PREFIX}.{number}.1"):
                # the bridge of a lab that is just being swept, or of somebody else
                os.close(lock)
                continue
            self._lock: int | None = lock
            self.range = f"{_PREFIX}.{number}.0/24"
            self.gateway = f"{_PREFIX}.{number}.1"
            """Where pods reach the host."""
            return
        msg = f"every network below {_PREFIX}.0.0/16 is in use; end other labs"
        raise LabError(msg)

    def close(self) -> None:
        """Give the range back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _is_ours(address: str) -> bool:
    """True for an address that an interface of this machine has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
