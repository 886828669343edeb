"""What the webhook is told at its start, and ``phase2 webhook --check``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from injector.errors import UsageError
from injector.migration.write import write_migration
from tests.cli.conftest import Run, clean_environment, run
from tests.lab.certs import create_certificates
from tests.unit.pod.making import migration
from webhook.settings import Listen, parse_listen

__all__ = ["clean_environment", "run"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8443", Listen("127.0.0.1", 8443)),
        (":8443", Listen("0.0.0.0", 8443)),  # noqa: S104 - what it means
        ("[::1]:1", Listen("::1", 1)),
        ("10.0.0.1:65535", Listen("10.0.0.1", 65535)),
    ],
)
def test_address_and_port_are_read(text: str, expected: Listen) -> None:
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text", ["", "8443", "localhost:8443", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1", "1:²"]
)
def test_what_is_no_address_and_port_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no address and port; write it as in"):
        parse_listen(text)


def test_ipv6_is_shown_in_brackets() -> None:
    assert str(Listen("::1", 8443)) == "[::1]:8443"


@pytest.fixture
def policies(tmp_path: Path) -> str:
    (tmp_path / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    return str(tmp_path)


def test_check_says_what_would_be_served(run: Run, policies: str) -> None:
    ran = run("webhook", "--policy-dir", policies, "--check")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"would serve 1 SecretMigrations of {policies} on http://127.0.0.1:8443\n"


def test_check_names_what_is_broken(run: Run, policies: str) -> None:
    (Path(policies) / "x.yaml").write_text("a: [", encoding="utf-8")

    ran = run("webhook", "--policy-dir", policies, "--check")

    assert ran.code == 2
    assert "x.yaml:2: is no YAML" in ran.err


def test_check_takes_a_pair_of_files(run: Run, policies: str, tmp_path: Path) -> None:
    certs = create_certificates(tmp_path / "pki")
    files = ("--tls-cert-file", str(certs.server_cert), "--tls-key-file", str(certs.server_key))

    ran = run("webhook", "--policy-dir", policies, *files, "--listen", ":9443", "--check")

    assert (ran.code, ran.out.rpartition(" ")[2]) == (0, "https://0.0.0.0:9443\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--listen", "0.0.0.0:8443"), "this is plain HTTP; give --tls-cert-file"),
        (("--tls-cert-file", "x"), "belong together"),
        (("--tls-cert-file", "no.pem", "--tls-key-file", "no.pem"), "no.pem: no such file"),
        (("--workers", "0"), "workers"),
        (("--on-error", "ignore"), "on-error"),
        (("--policy-dir", "no/such"), "no/such: no such file or folder"),
        (("--config", "no/such"), "cannot be read"),
    ],
)
def test_mistakes_are_told_before_anything_is_served(
    run: Run,
    policies: str,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    ran = run("webhook", "--policy-dir", policies, *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_files_that_are_no_pair_are_refused(run: Run, policies: str, tmp_path: Path) -> None:
    one, other = create_certificates(tmp_path / "one"), create_certificates(tmp_path / "other")
    files = ("--tls-cert-file", str(one.server_cert), "--tls-key-file", str(other.server_key))

    ran = run("webhook", "--policy-dir", policies, *files, "--check")

    assert ran.code == 2
    assert "does not fit the key" in ran.err


def test_what_is_not_installed_is_told_with_the_remedy(
    run: Run, policies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "webhook.server", raising=False)
    monkeypatch.setitem(sys.modules, "granian.constants", None)

    ran = run("webhook", "--policy-dir", policies)

    assert ran.code == 2
    assert "granian.constants is not installed; install vault-phase2[webhook]" in ran.err
