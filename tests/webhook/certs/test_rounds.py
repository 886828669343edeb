"""The keeper's rounds beside a server, and the files that it leaves."""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.certs import Certificates, create_certificates
from webhook.certs import rounds as rounds_module
from webhook.certs.issuing import make_ca
from webhook.certs.keeper import Keeper
from webhook.certs.local import ServedFiles
from webhook.certs.material import Material, issuer_id, parse_bundle
from webhook.certs.rounds import Rounds
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


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger(LOGGER), "propagate", True)
    return caplog


def test_an_api_server_that_is_not_there_is_told_once(keeping: Keeping, logged: pytest.LogCaptureFixture) -> None:
    rounds = Rounds(keeping)

    for _ in range(3):
        rounds.do_round()

    assert [one.getMessage().partition(":")[0] for one in logged.records] == ["the certificates cannot be kept"]
    assert keeping.folder.stat().st_mode & 0o077 == 0


def test_a_bug_is_told_without_its_text_and_does_not_end_it(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    def fail(_: Keeper) -> None:
        raise ValueError("of a value")

    rounds = Rounds(keeping)
    monkeypatch.setattr(Keeper, "keep", fail)

    for _ in range(2):
        rounds.do_round()

    assert logged.messages == ["a bug: ValueError while keeping the certificates"] * 2


def test_a_kubeconfig_that_is_none_is_told(keeping: Keeping, logged: pytest.LogCaptureFixture) -> None:
    Rounds(replace(keeping, cluster=Target(os.devnull))).do_round()

    assert len(logged.messages) == 1
    assert os.devnull in logged.messages[0]


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], None]]:
    """What is asked before and after a fork."""
    found: dict[str, Callable[[], None]] = {}
    monkeypatch.setattr("webhook.certs.rounds.os.register_at_fork", found.update)
    return found


def test_a_process_is_forked_between_two_rounds(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, hooks: dict[str, Callable[[], None]]
) -> None:
    begun, ends, seen = threading.Event(), threading.Event(), []

    def keep(_: Keeper) -> None:
        begun.set()
        ends.wait(10)
        seen.append("round")

    monkeypatch.setattr(Keeper, "keep", keep)
    rounds = Rounds(keeping)
    rounds.start()
    assert begun.wait(10)
    threading.Timer(0.05, ends.set).start()

    hooks["before"]()
    seen.append("fork")
    found = [*seen]
    hooks["after_in_parent"]()
    rounds.stop()

    assert found[-1] == "fork"
    assert found.count("round") >= 1


def test_a_round_that_waits_for_the_api_server_holds_no_fork_up(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, hooks: dict[str, Callable[[], None]]
) -> None:
    begun, ends = threading.Event(), threading.Event()

    def keep(_: Keeper) -> None:
        begun.set()
        ends.wait(10)

    monkeypatch.setattr("webhook.certs.rounds._FORK_S", 0.05)
    monkeypatch.setattr(Keeper, "keep", keep)
    rounds = Rounds(keeping)
    rounds.start()
    assert begun.wait(10)

    hooks["before"]()
    hooks["after_in_parent"]()
    is_under_way = not ends.is_set()
    ends.set()
    rounds.stop()

    assert is_under_way
    assert not rounds._thread.is_alive()


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
    ca = make_ca(rounds_module._now(), Terms().ca)

    ServedFiles(tmp_path, None).install(Material(ca=ca))

    assert list(tmp_path.iterdir()) == []
