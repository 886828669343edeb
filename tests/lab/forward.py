"""A door from the pods' network to a server on loopback, since this node has no kube-proxy."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Final, Self

#: Linux: bind an address that no interface has yet; the pods' bridge comes with the first pod.
_IP_FREEBIND: Final = 15


class Forwarder:
    """Listens on an address and hands each connection on to the same port of 127.0.0.1."""

    def __init__(self, address: str, port: int) -> None:
        self._port = port
        self._server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
        self._server.bind((address, port))
        self._server.listen(64)
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening, and end what is connected."""
        for one in (self._server, *tuple(self._open)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> Self:
        """The open door."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._server.accept()
            except OSError:
                return
            try:
                outer = socket.create_connection(("127.0.0.1", self._port), timeout=5)
            except OSError:
                inner.close()
                continue
            outer.settimeout(None)
            self._open |= {inner, outer}
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        self._open.discard(source)
        source.close()
