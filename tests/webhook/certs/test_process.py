"""The keeper as a process, and the files that it leaves."""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.certs import Certificates, create_certificates
from tests.lab.waiting import wait_until
from webhook.certs import process
from webhook.certs.issuing import make_ca
from webhook.certs.keeper import Keeper
from webhook.certs.local import ServedFiles
from webhook.certs.material import Material, issuer_id, parse_bundle
from webhook.certs.process import KeeperProcess, run
from webhook.certs.terms import Places, Terms
from webhook.logs import LOGGER
from webhook.settings import Keeping, Listen, Target


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    """What leads to an API server that is not there."""
    kubeconfig = tmp_path / "kubeconfig"
    named = [
        {
            "name": "a",
            "cluster": {"server": "https://127.0.0.1:1"},
            "user": {},
            "context": {"cluster": "a", "user": "a"},
        }
    ]
    kubeconfig.write_text(
        json.dumps({"current-context": "a", "clusters": named, "users": named, "contexts": named}), encoding="utf-8"
    )
    return Keeping(
        cluster=Target(str(kubeconfig)),
        places=Places(namespace="ns", secret="tls", mutating="m", validating="v"),  # noqa: S106 - a name
        names=frozenset({"x.example"}),
        folder=tmp_path / "tls",
        listen=Listen("0.0.0.0", 8443),  # noqa: S104 - nothing listens
        terms=Terms(settle_s=0.06),
    )


def test_it_is_started_once_and_again_when_it_has_ended(keeping: Keeping) -> None:
    kept = KeeperProcess(keeping)
    kept.ensure()
    first = kept._process
    kept.ensure()
    assert kept._process is first
    assert first is not None

    first.kill()
    wait_until(lambda: not first.is_alive(), what="it has ended")
    kept.ensure()

    assert kept._process is not first
    kept.stop()
    assert kept._process is not None
    assert not kept._process.is_alive()
    KeeperProcess(keeping).stop()  # of what was never started


class Parent:
    """A parent that is there for some rounds."""

    def __init__(self, rounds: int) -> None:
        self._left = rounds

    def __call__(self) -> int:
        self._left -= 1
        return 1 if self._left >= 0 else 2


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    monkeypatch.setattr("webhook.certs.process.signal.signal", lambda *_: None)
    monkeypatch.setattr(process, "make_config", lambda: {"version": 1, "disable_existing_loggers": False})
    monkeypatch.setattr(logging.getLogger(LOGGER), "propagate", True)
    return caplog


def test_an_api_server_that_is_not_there_is_told_once(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("webhook.certs.process.os.getppid", Parent(3))

    run(keeping, 1)

    assert [one.getMessage().partition(":")[0] for one in logged.records] == ["the certificates cannot be kept"]
    assert keeping.folder.stat().st_mode & 0o077 == 0


def test_a_bug_is_told_without_its_text_and_does_not_end_it(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    def fail(_: Keeper) -> None:
        raise ValueError("of a value")

    monkeypatch.setattr("webhook.certs.process.os.getppid", Parent(2))
    monkeypatch.setattr(Keeper, "keep", fail)

    run(keeping, 1)

    assert logged.messages == ["a bug: ValueError while keeping the certificates"] * 2


def test_a_kubeconfig_that_is_none_is_told(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("webhook.certs.process.os.getppid", Parent(1))

    run(replace(keeping, cluster=Target(os.devnull)), 1)

    assert len(logged.messages) == 1
    assert os.devnull in logged.messages[0]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Certificates, int]]:
    """A server that does nothing but shake hands."""
    certs = create_certificates(tmp_path / "pki")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs.server_cert, certs.server_key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def shake() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    plain.close()

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        yield certs, listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_what_is_served_is_believed_when_two_rounds_agree(tmp_path: Path, served: tuple[Certificates, int]) -> None:
    certs, port = served
    (ca,) = parse_bundle(certs.server_cert.read_bytes())
    files = ServedFiles(tmp_path, ("127.0.0.1", port))

    found = [files.find_served_issuer() for _ in range(3)]

    assert found == ["", issuer_id(ca), issuer_id(ca)]


def test_where_nobody_answers_nothing_is_known(tmp_path: Path) -> None:
    assert ServedFiles(tmp_path, ("127.0.0.1", 1)).find_served_issuer() == ""
    assert ServedFiles(tmp_path, None).find_served_issuer() == ""


def test_without_a_leaf_nothing_is_written(tmp_path: Path) -> None:
    ca = make_ca(process._now(), Terms().ca)

    ServedFiles(tmp_path, None).install(Material(ca=ca))

    assert list(tmp_path.iterdir()) == []
