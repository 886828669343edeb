"""The command line: streams and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from injector.cli.main import main

MANIFEST = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app, namespace: web}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - secretKey: POSTGRES_PASSWORD
      remoteRef: {key: apps/web, property: password}
"""


def test_stdout_carries_the_json_document_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.yaml").write_text(MANIFEST, encoding="utf-8")

    code = main(["classify", "-o", "json", str(tmp_path)])

    [item] = json.loads(capsys.readouterr().out)["items"]
    assert code == 0
    assert (item["namespace"], item["name"], item["verdict"]) == ("web", "app", "dynamic-capable")
    assert (item["file"], item["line"]) == ("app.yaml", 1)
    assert item["credentials"][0]["reasons"][0]["line"] == 7


def test_a_deployed_file_that_cannot_be_read_ends_with_two_and_the_rest_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("a: 1\nb: [\n", encoding="utf-8")

    code = main(["classify", "-o", "json", str(tmp_path)])

    streams = capsys.readouterr()
    report = json.loads(streams.out)
    assert code == 2
    assert [(one["file"], one["code"]) for one in report["unreadable"]] == [("broken.yaml", "yaml-syntax")]
    assert len(report["items"]) == 1
    assert "broken.yaml:3" in streams.err


def test_an_empty_folder_is_answered_with_an_empty_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["classify", "-o", "json", str(tmp_path)])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_a_path_that_does_not_exist_is_one_line_and_two(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["classify", "no/such/path"])

    streams = capsys.readouterr()
    assert code == 2
    assert streams.out == ""
    assert streams.err.startswith("phase2: error: no/such/path: no such file or folder")


def test_a_wrong_format_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "-o", "xml", "."]) == 2
    assert "xml" in capsys.readouterr().err
