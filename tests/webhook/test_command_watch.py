"""``phase2 webhook``: where it takes from what it decides by."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.cli.main import main


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
