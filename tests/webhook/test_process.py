"""The real server: TLS, several workers, a certificate that changes, the end."""

from __future__ import annotations

import shutil
import signal
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from injector.migration.model import Stage
from injector.migration.write import write_migration
from tests.lab.certs import Certificates, create_certificates
from tests.lab.waiting import wait_until
from tests.unit.pod.making import migration, mounted, pod, volume
from tests.webhook.processes import Running, running
from tests.webhook.reviews import review

REVIEW = review(pod(mounted(), volumes=[volume()]))
MUTATED = 'phase2_admission_requests_total{endpoint="pods",outcome="mutated"}'


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    return folder


@pytest.fixture
def certs(tmp_path: Path) -> Certificates:
    return create_certificates(tmp_path / "pki")


def serial(server: Running, certs: Certificates) -> int:
    """Return the serial number of the certificate that a new connection gets."""
    port = int(server.url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(certs.ca))
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        found = wrapped.getpeercert()
    assert found is not None
    return int(str(found["serialNumber"]), 16)


def test_it_serves_over_tls_and_takes_up_what_changes_in_its_folder(
    policies: Path, certs: Certificates, tmp_path: Path
) -> None:
    with running(policies, tmp_path / "log", certs=certs) as server:
        first = server.post("/mutate/pods", REVIEW)
        (policies / "db.yaml").write_text(write_migration(migration(stage=Stage.PREPARE)), encoding="utf-8")
        wait_until(lambda: b"patch" not in server.post("/mutate/pods", REVIEW).data, what="the change is taken up")
        (policies / "db.yaml").write_text("a: [", encoding="utf-8")
        wait_until(lambda: server.metric("phase2_policy_problems"), what="the broken file is told")

        assert b"JSONPatch" in first.data
        assert server.is_ready()
        assert server.metric("phase2_secretmigrations") == 1
        assert server.metric("phase2_certificate_expiry_timestamp_seconds") > 1.7e9

    assert server.popen.returncode == 0
    assert {"answered", "SecretMigrations read"} <= {str(one["message"]) for one in server.lines()}


def test_several_workers_answer_with_one_sum_of_numbers(policies: Path, tmp_path: Path) -> None:
    with running(policies, tmp_path / "log", "--workers", "2") as server:
        wait_until(lambda: _started(server) == {"Started worker-1", "Started worker-2"}, what="both workers answer")
        for _ in range(20):
            server.http.clear()  # a new connection may reach the other worker
            assert server.post("/mutate/pods", REVIEW).status == 200

        assert {server.metric(MUTATED) for _ in range(5)} == {20.0}


def _started(server: Running) -> set[str]:
    return {text for one in server.lines() if (text := str(one["message"])).startswith("Started ")}


def test_a_certificate_that_changes_is_taken_up_without_a_failed_request(
    policies: Path, certs: Certificates, tmp_path: Path
) -> None:
    other = create_certificates(tmp_path / "other")
    with running(policies, tmp_path / "log", certs=certs) as server:
        before = serial(server, certs)
        # half of a change: it must not be taken up
        shutil.copy(other.server_key, certs.server_key)
        assert serial(server, certs) == before
        shutil.copy(other.server_cert, certs.server_cert)
        bundle = tmp_path / "both.pem"
        bundle.write_bytes(certs.ca.read_bytes() + other.ca.read_bytes())
        both = replace(certs, ca=bundle)
        server.http.connection_pool_kw["ssl_context"] = ssl.create_default_context(cafile=str(bundle))
        server.http.clear()

        def is_new() -> bool:
            assert server.post("/mutate/pods", REVIEW).status == 200
            server.http.clear()
            return serial(server, both) != before

        wait_until(is_new, what="the new certificate is served", timeout_s=40)
        assert server.is_ready()


def test_after_sigterm_it_answers_for_a_while_and_then_ends(policies: Path, tmp_path: Path) -> None:
    with running(policies, tmp_path / "log", "--drain", "2") as server:
        server.popen.send_signal(signal.SIGTERM)

        assert server.post("/mutate/pods", REVIEW).status == 200
        assert server.popen.wait(30) == 0


def test_a_client_that_sends_no_headers_is_dropped(policies: Path, tmp_path: Path) -> None:
    with running(policies, tmp_path / "log") as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 30) as slow:
            slow.sendall(b"POST /mutate/pods HTTP/1.1\r\nhost: x\r\n")
            try:
                answer = slow.recv(1024)
            except ConnectionResetError:
                answer = b""

        assert not answer or answer.startswith(b"HTTP/1.1 408")
        # not at once: the connection that was kept from starting up is dropped for the same silence
        assert wait_until(server.is_ready, what="the webhook goes on answering", timeout_s=10)


def test_garbage_on_a_tls_port_hurts_nobody(policies: Path, certs: Certificates, tmp_path: Path) -> None:
    with running(policies, tmp_path / "log", certs=certs) as server:
        port = int(server.url.rpartition(":")[2])
        for garbage in (b"\x00" * 4096, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\xff" * 600):
            with socket.create_connection(("127.0.0.1", port), 10) as plain:
                plain.sendall(garbage)
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(4096):
                    pass

        assert server.post("/mutate/pods", REVIEW).status == 200
