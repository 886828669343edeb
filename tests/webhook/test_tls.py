"""TLS of the real server: versions, silence in the handshake, clients with and without a certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from injector.migration.write import write_migration
from tests.lab.certs import Certificates, create_certificates
from tests.unit.pod.making import migration, mounted, pod, volume
from tests.webhook.processes import Running, running
from tests.webhook.reviews import review

REVIEW = review(pod(mounted(), volumes=[volume()]))
_HANDSHAKE_S = 30
"""What is asserted is that it ends at all: granian gives a handshake ten seconds."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    (made / "policies").mkdir()
    (made / "policies" / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def certs(folder: Path) -> Certificates:
    return create_certificates(folder / "pki")


@pytest.fixture(scope="module")
def server(folder: Path, certs: Certificates) -> Iterator[Running]:
    with running(folder / "policies", folder / "log", certs=certs) as made:
        yield made


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), _HANDSHAKE_S)


def shake(server: Running, context: ssl.SSLContext) -> str:
    with connect(server) as plain, context.wrap_socket(plain, server_hostname="localhost") as wrapped:
        return str(wrapped.version())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_tls_of_today_is_spoken_and_that_of_yesterday_is_not(server: Running, certs: Certificates) -> None:
    context = ssl.create_default_context(cafile=str(certs.ca))
    spoken = []
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        spoken.append(shake(server, context))
    old = ssl.create_default_context(cafile=str(certs.ca))
    old.set_ciphers("ALL:@SECLEVEL=0")  # or this client would not even ask
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError, match="alert"):
        shake(server, old)

    assert spoken == ["TLSv1.2", "TLSv1.3"]
    assert server.post("/mutate/pods", REVIEW).status == 200


def test_handshakes_that_do_not_go_on_are_ended(server: Running) -> None:
    slow = [connect(server) for _ in range(3)]
    for one, said in zip(slow, (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"), strict=True):
        one.sendall(said)

    rests = []
    for one in slow:
        with one:
            try:
                rests.append(one.recv(1024))
            except ConnectionResetError:
                rests.append(b"")

    assert {one[:1] for one in rests} <= {b"", b"\x15"}  # nothing, or an alert
    assert server.post("/mutate/pods", REVIEW).status == 200


def test_many_silent_handshakes_keep_nobody_waiting(server: Running) -> None:
    silent = [connect(server) for _ in range(300)]
    try:
        server.http.clear()

        answers = {server.post("/mutate/pods", REVIEW).status for _ in range(5)}
    finally:
        for one in silent:
            one.close()

    assert answers == {200}


def test_only_clients_of_the_ca_are_let_in(folder: Path, certs: Certificates, tmp_path: Path) -> None:
    """The lab's server certificate says nothing of what it is for: it serves as a client's as well."""
    clients, others = create_certificates(tmp_path / "clients"), create_certificates(tmp_path / "others")
    flags = ("--client-ca-file", str(clients.ca))

    def client(of: Certificates | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(certs.ca))
        if of is not None:
            context.load_cert_chain(of.server_cert, of.server_key)
        return context

    def ask(server: Running, of: Certificates | None) -> bytes:
        with connect(server) as plain, closing(client(of).wrap_socket(plain, server_hostname="localhost")) as wrapped:
            wrapped.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            return wrapped.recv(64)

    with running(folder / "policies", tmp_path / "log", *flags, certs=certs, client=clients) as server:
        assert ask(server, clients).startswith(b"HTTP/1.1 200")
        for of in (None, others):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(server, of)
