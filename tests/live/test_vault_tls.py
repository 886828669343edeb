"""How our client trusts a server: real certificates, on loopback; needs no level of the lab."""

from __future__ import annotations

import contextlib
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


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of a client that shows no certificate."""


@contextlib.contextmanager
def serving(certs: Certificates, *, is_asking: bool = False) -> Iterator[int]:
    """The port of a server with that certificate, which may ask for the client's."""
    server = _Quiet(("127.0.0.1", 0), _Server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs.server_cert, certs.server_key)
    if is_asking:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certs.ca)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def port(certs: Certificates) -> Iterator[int]:
    """A server with that certificate."""
    with serving(certs) as made:
        yield made


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


def test_folder_of_authorities_needs_no_hashed_names(
    certs: Certificates, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the ``vault`` program reads VAULT_CAPATH: every file of the folder counts, and nothing but these."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, source in (("ours", certs.ca), ("others", create_certificates(tmp_path / "other").ca)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "authority.pem").write_bytes(source.read_bytes())
    ours, others = (
        VaultClient(Address(url=f"https://127.0.0.1:{port}", ca=str(tmp_path / name)), Login(secret=certs.ca.name))
        for name in ("ours", "others")
    )

    assert ours.read("a/b") == {"is_read": True}
    with pytest.raises(VaultError, match="its certificate is not trusted"):
        others.read("a/b")


def test_file_that_is_no_certificate_in_a_folder_of_authorities_is_told(certs: Certificates, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "note.txt").write_text("no certificate", encoding="utf-8")

    with pytest.raises(VaultError, match=r"note\.txt: holds no certificate"):
        VaultClient(Address(url="https://127.0.0.1:1", ca=str(tmp_path / "folder")), Login(secret=certs.ca.name))


@pytest.mark.parametrize("has_certificate", [True, False])
def test_server_that_asks_who_is_there_is_shown_a_certificate(
    certs: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    has_certificate: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    certificate, key = (str(certs.server_cert), str(certs.server_key)) if has_certificate else ("", "")
    with serving(certs, is_asking=True) as asking:
        client = VaultClient(
            Address(url=f"https://127.0.0.1:{asking}", ca=str(certs.ca), certificate=certificate, key=key),
            Login(secret=certs.ca.name),
        )

        if has_certificate:
            assert client.read("a/b") == {"is_read": True}
        else:
            with pytest.raises(VaultError, match="cannot read a/b"):
                client.read("a/b")
