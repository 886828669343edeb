"""What ``phase2.yaml`` changes in an answer: read from a tree, by the program itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

TREE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec: {provider: {vault: {server: https://vault.example, path: secret, version: v2}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app, namespace: web, annotations: {acme.example/ignore.two-writers: it is only for a week}}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - {secretKey: POSTGRES_PASSWORD, remoteRef: {key: apps/web, property: password}}
    - {secretKey: API_TOKEN, remoteRef: {key: third/party, property: token}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: other, namespace: web}
spec:
  target: {name: app}
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - {secretKey: API_TOKEN, remoteRef: {key: third/party, property: token}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  template:
    spec:
      containers:
        - {name: app, image: ghcr.io/acme/app:1, envFrom: [{secretRef: {name: app}}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.yaml").write_text(TREE, encoding="utf-8")
    return tmp_path


def judge(run: Run, folder: Path, config: str) -> dict[str, dict[str, Any]]:
    """Return key -> its credential, of the ExternalSecret ``app``."""
    return {key: one for one in item(run, folder, config)["credentials"] for key in one["keys"]}


def item(run: Run, folder: Path, config: str) -> dict[str, Any]:
    (folder / "phase2.yaml").write_text(config, encoding="utf-8")
    ran = run("classify", str(folder), "-o", "json")
    assert ran.err == ""
    found: dict[str, Any] = next(one for one in json.loads(ran.out)["items"] if one["name"] == "app")
    return found


def test_without_a_word_in_the_file_the_rules_decide(run: Run, folder: Path) -> None:
    judged = judge(run, folder, "")

    assert judged["POSTGRES_PASSWORD"]["verdict"] == "dynamic-capable"
    assert judged["API_TOKEN"]["verdict"] == "static"


def test_override_of_a_namespace_flips_the_verdict_with_its_line_as_evidence(run: Run, folder: Path) -> None:
    config = "overrides:\n  # frozen\n  - namespace: we*\n    verdict: static\n    reason: frozen until May\n"

    judged = judge(run, folder, config)

    assert judged["POSTGRES_PASSWORD"]["verdict"] == "static"
    assert judged["POSTGRES_PASSWORD"]["engine"] == ""
    (reason,) = judged["POSTGRES_PASSWORD"]["reasons"]
    assert (reason["file"], reason["line"], reason["rule"]) == ("phase2.yaml", 3, "override-verdict")
    assert "frozen until May" in reason["message"]


def test_override_of_a_vault_path_takes_one_credential_only(run: Run, folder: Path) -> None:
    config = "overrides: [{vaultPath: secret/third/*, verdict: dynamic-capable, engine: consul, reason: it is a Consul token}]"

    judged = judge(run, folder, config)

    assert (judged["API_TOKEN"]["verdict"], judged["API_TOKEN"]["engine"]) == ("dynamic-capable", "consul")
    assert judged["POSTGRES_PASSWORD"]["engine"] == "database/postgresql"


def test_evidence_names_a_file_above_the_tree_from_the_tree(run: Run, folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "app.yaml").rename(folder / "inner" / "app.yaml")
    (folder / "phase2.yaml").write_text("overrides: [{namespace: web, verdict: static, reason: r}]", encoding="utf-8")

    document = json.loads(run("classify", str(folder / "inner"), "-o", "json").out)

    files = {reason["file"] for one in document["items"][0]["credentials"] for reason in one["reasons"]}
    assert files == {"../phase2.yaml"}


def test_namespace_of_bootstrap_keeps_all_static(run: Run, folder: Path) -> None:
    judged = judge(run, folder, "bootstrap: {namespaces: [w?b]}")

    assert judged["POSTGRES_PASSWORD"]["verdict"] == "static"
    assert judged["POSTGRES_PASSWORD"]["reasons"][0]["rule"] == "bootstrap-namespace"


@pytest.mark.parametrize(
    ("entry", "verdict", "kind"),
    [
        ("{image: ghcr.io/acme/*, is: server, system: postgresql}", "static", "server-own"),
        ("{image: app, is: infrastructure}", "static", "database-login"),
        ("{image: other, is: server, system: postgresql}", "dynamic-capable", "database-login"),
    ],
)
def test_what_an_app_is_decides_of_what_it_reads(run: Run, folder: Path, entry: str, verdict: str, kind: str) -> None:
    judged = judge(run, folder, f"apps: [{entry}]")

    assert (judged["POSTGRES_PASSWORD"]["verdict"], judged["POSTGRES_PASSWORD"]["kind"]) == (verdict, kind)


def test_variable_of_an_app_that_reads_a_file_makes_it_ready(run: Run, folder: Path) -> None:
    text = (folder / "app.yaml").read_text(encoding="utf-8")
    env = "env: [{name: DB_PASS, valueFrom: {secretKeyRef: {name: app, key: POSTGRES_PASSWORD}}}]"
    (folder / "app.yaml").write_text(text.replace("envFrom: [{secretRef: {name: app}}]", env), encoding="utf-8")

    unknown = judge(run, folder, "")
    judged = judge(run, folder, "apps: [{image: app, fileEnv: {DB_PASS: DB_PASS_PATH}}]")

    assert [one["readiness"] for one in unknown["POSTGRES_PASSWORD"]["consumers"]] == ["needs-change"]
    assert [one["readiness"] for one in judged["POSTGRES_PASSWORD"]["consumers"]] == ["ready"]


def test_suppression_counts_under_the_label_prefix_of_the_file_only(run: Run, folder: Path) -> None:
    loud = item(run, folder, "")
    quiet = item(run, folder, "labelPrefix: acme.example")

    assert "two-writers" in {one["rule"] for one in loud["findings"]}
    assert loud["suppressed"] == []
    assert [one["reason"] for one in quiet["suppressed"]] == ["it is only for a week"]
    assert "two-writers" not in {one["rule"] for one in quiet["findings"]}


def test_override_that_decides_nothing_is_warned_about(run: Run, folder: Path) -> None:
    config = """overrides:
- {namespace: web, verdict: static, reason: all of it}
- {namespace: wbe, verdict: static, reason: a slip}
- {name: app, verdict: static, reason: the first entry comes before it}
"""
    (folder / "phase2.yaml").write_text(config, encoding="utf-8")

    told = run("classify", str(folder), "-o", "name").err.splitlines()

    end = "this override decides nothing here; correct its globs or remove it"
    assert told == [f"phase2: warning: phase2.yaml:{line}: {end}" for line in (3, 4)]
    assert run("classify", str(folder), "-o", "name", "-q").err == ""
