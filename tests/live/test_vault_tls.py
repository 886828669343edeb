"""How our client trusts a server: real certificates, on loopback; needs no level of the lab."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from injector.errors import VaultError
from injector.vault.client import VaultClient
from injector.vault.login import Address, Login
from tests.lab.certs import Certificates, create_certificates


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer every read."""
        body = json.dumps({"data": {"is_read": True}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def certs(tmp_path: Path) -> Certificates:
    """A CA, and a certificate for loopback and for kubernetes.default.svc."""
    return create_certificates(tmp_path / "pki")


@pytest.fixture
def port(certs: Certificates) -> Iterator[int]:
    """A server with that certificate."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs.server_cert, certs.server_key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("settings", "is_trusted"),
    [
        ({"has_ca": True}, True),
        ({}, False),
        ({"is_unverified": True}, True),
        ({"has_ca": True, "server_name": "kubernetes.default.svc"}, True),
        ({"has_ca": True, "server_name": "other.example"}, False),
        ({"server_name": "kubernetes.default.svc"}, False),
    ],
)
def test_server_is_trusted_as_asked_for(
    certs: Certificates,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    is_trusted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    given = dict(settings)
    ca = str(certs.ca) if given.pop("has_ca", False) else ""
    client = VaultClient(Address(url=f"https://127.0.0.1:{port}", ca=ca, **given), Login(secret=certs.ca.name))

    if is_trusted:
        assert client.read("a/b") == {"is_read": True}
    else:
        with pytest.raises(VaultError, match="its certificate is not trusted"):
            client.read("a/b")
