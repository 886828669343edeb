"""The door to an API server, without one: what is told when it cannot be opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from injector.errors import ClusterError
from webhook.api.client import connect
from webhook.settings import Target


def config(folder: Path, server: str = "https://127.0.0.1:1") -> Path:
    file = folder / "kubeconfig"
    made = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": server}}],
        "users": [{"name": "x", "user": {"token": "a-token"}}],
    }
    file.write_text(json.dumps(made), encoding="utf-8")
    return file


@pytest.mark.parametrize("text", ["", "a: [", "[]", "contexts: 1\ncurrent-context: x", "{}"])
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ClusterError, match="no kubeconfig that can be used"):
        connect(Target(str(file)))


def test_a_context_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="name another context"):
        connect(Target(str(config(tmp_path)), "other"))


def test_outside_of_a_pod_a_source_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(ClusterError, match="name a --kubeconfig, or a --policy-dir"):
        connect(Target())


def test_no_answer_is_told_without_the_librarys_own_text(tmp_path: Path) -> None:
    api = connect(Target(str(config(tmp_path))))

    with pytest.raises(ClusterError) as told:
        api.send("GET", "/api/v1/namespaces")

    assert str(told.value) == ("GET /api/v1/namespaces: no answer (NewConnectionError); is the API server there?")
    assert (told.value.status, told.value.reason) == (0, "")
