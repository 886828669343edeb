"""What this replica serves: files that the server takes up, and a look at its own port to see that it did."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import Final

from cryptography import x509

from webhook.certs.material import CA, LEAF, LEAF_KEY, Material, issuer_id, write_material

_WAIT_S: Final = 2.0
_LOOKS: Final = 2
"""Looks per worker in one round: the kernel chooses which of them answers."""


class ServedFiles:
    """A folder of this replica alone, in memory where that can be had.

    Args:
        folder: holds ``tls.crt``, ``tls.key`` and ``ca.crt``; made when it is not there.
        port: where the server listens on this machine; None when nobody looks.
        workers: processes that answer there.
    """

    def __init__(self, folder: Path, address: tuple[str, int] | None, *, workers: int = 1) -> None:
        self.folder = folder
        self._address = address
        self._workers = workers
        self._last = ""

    def install(self, material: Material) -> None:
        """Write a leaf and what it is trusted by, where that is not what stands there."""
        if material.leaf is None:
            return
        data = write_material(material)
        for name in (CA, LEAF_KEY, LEAF):  # the certificate last: the server waits until both fit
            path = self.folder / name
            if _read(path) != data[name]:
                _replace(path, data[name])

    def find_served_issuer(self) -> str:
        """Return who issued what new connections get, when all looks of two rounds agree."""
        if self._address is None:
            return ""
        found = {self._look(self._address) for _ in range(_LOOKS * self._workers)}
        now = found.pop() if len(found) == 1 else ""
        before, self._last = self._last, now
        return now if now == before else ""

    def _look(self, address: tuple[str, int]) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # nothing is sent: only the certificate is looked at
        context.verify_mode = ssl.CERT_NONE
        try:
            with (
                socket.create_connection(address, _WAIT_S) as plain,
                context.wrap_socket(plain) as wrapped,
            ):
                der = wrapped.getpeercert(binary_form=True) or b""
            return issuer_id(x509.load_der_x509_certificate(der))
        except (OSError, ValueError):
            return ""


def make_folder(folder: Path) -> None:
    """Make the folder, for this user only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
    beside.replace(path)
