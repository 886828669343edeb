"""Free loopback ports that two labs on one machine never both take.

Asking the kernel for port 0 and closing the socket again leaves a gap in which another process
may be given the same port. So a port is drawn from below the ephemeral range, checked by binding
it, and held by a lock file for as long as the lab lives.
"""

from __future__ import annotations

import os
import random
import socket

from tests.lab.errors import LabError
from tests.lab.holding import hold

#: Below Linux's default ephemeral range (32768 up), so that no outgoing connection takes one.
FIRST_PORT = 20000
LAST_PORT = 32000


class PortPool:
    """Loopback ports held by one lab until ``close``."""

    def __init__(self) -> None:
        self._locks: dict[int, int] = {}
        self._random = random.SystemRandom()

    def take(self) -> int:
        """A port on which nothing listens, and which no other lab will be given.

        Raises:
            LabError: No port was free in a thousand draws.
        """
        for _ in range(1000):
            port = self._random.randrange(FIRST_PORT, LAST_PORT)
            if port in self._locks:
                continue
            lock = hold("ports", port)
            if lock is None:
                continue
            if _can_bind(port):
                self._locks[port] = lock
                return port
            os.close(lock)
        msg = f"no free port between {FIRST_PORT} and {LAST_PORT}; end other labs"
        raise LabError(msg)

    def close(self) -> None:
        """Give all ports back."""
        for lock in self._locks.values():
            os.close(lock)
        self._locks.clear()


def _can_bind(port: int) -> bool:
    # The wildcard address too: a program listening on 0.0.0.0 would answer for ours.
    for address in ("127.0.0.1", ""):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def is_listening(port: int) -> bool:
    """True when something accepts connections on that loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
