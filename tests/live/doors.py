"""A TCP door in front of a server: it can be shut, or left open with nothing passing through."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

_PIECE = 65536
_IP_FREEBIND = 15
"""Linux: bind an address that no interface has yet; the bridge of a node's pods comes with the first pod."""
_POLL_S = 0.02


class Door:
    """Listens on a port, of loopback unless told otherwise, and passes bytes on to another on loopback.

    While it is `stalled` connections stay open and new ones are taken, but nothing passes: a half-open connection, as a
    firewall makes one that forgot it.
    """

    def __init__(self, port: int, target: int, *, address: str = "127.0.0.1") -> None:
        self.port = port
        self.taken = 0
        self._target = target
        self._moving = threading.Event()
        self._moving.set()
        self._is_shut = False
        self._is_closed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
        self._listener.bind((address, port))
        self._listener.listen()
        self._listener.settimeout(_POLL_S)
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Let nothing pass."""
        self._moving.clear()

    def shut(self) -> None:
        """Break all connections, and every new one."""
        self._is_shut = True
        self._break()

    def open(self) -> None:
        """Let everything pass again."""
        self._is_shut = False
        self._moving.set()

    def __enter__(self) -> Self:
        """The open door."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all connections."""
        self._is_closed = True
        self._moving.set()
        self._break()
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.taken += 1
            if self._is_shut:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._sockets += [near, far]
            for one, other in ((near, far), (far, near)):
                one.settimeout(None)
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                self._moving.wait()
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _break(self) -> None:
        with self._lock:
            doomed, self._sockets = self._sockets, []
        for one in doomed:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
