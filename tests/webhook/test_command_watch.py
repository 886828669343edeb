"""``phase2 webhook``: where it takes from what it decides by."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from injector.cli.main import main
from tests.webhook.processes import REPOSITORY


def test_two_sources_are_a_contradiction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["webhook", "--watch", "--policy-dir", str(tmp_path), "--check"])

    assert code == 2
    assert "--watch and --policy-dir are two sources of the same" in capsys.readouterr().err


def test_without_any_source_it_says_what_to_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    code = main(["webhook", "--check"])

    assert code == 2
    assert "name a --kubeconfig, or a --policy-dir" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--policy-dir", ".", "--tls-self-managed", "--tls-secret", "a/b"]])
def test_nothing_is_started_without_an_api_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: list[str]
) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    code = main(["webhook", *flags])

    assert code == 2
    assert capsys.readouterr().err.startswith("phase2: error: no API server: this is no pod")


def test_nothing_is_started_with_a_kubeconfig_that_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    code = main(["webhook", "--kubeconfig", "not-there"])

    assert code == 2
    assert capsys.readouterr().err.startswith("phase2: error: not-there: ")


def test_port_that_somebody_has_is_told_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "injector.cli", "webhook", "--policy-dir", str(tmp_path), "--listen", where]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert f"phase2: error: --listen {where}: cannot be listened on: Address already in use; " in done.stderr


def test_check_of_an_api_server_that_does_not_answer_names_each_kind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "{current-context: x, contexts: [{name: x, context: {cluster: x, user: x}}], "
        "clusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: x, user: {}}]}",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)

    code = main(["webhook", "--check", "--kubeconfig", str(config)])

    told = capsys.readouterr()
    assert code == 2
    assert told.out == "would serve 0 SecretMigrations of the API server on http://127.0.0.1:8443\n"
    assert "Namespace: GET /api/v1/namespaces: no answer" in told.err
