"""What only a person knows wins over every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.model import Confidence, Credential, Verdict
from injector.rules.example import external_secret, file, manifests, workload
from tests.unit.rules.judging import credential_of, item_of, judge, near_misses_of

APP = "ghcr.io/acme/web:1.4"


def judged(config: str, folder: Path, *, key: str = "POSTGRES_PASSWORD", image: str = APP) -> Credential:
    secret = external_secret("shop/web", {key: "shop/web#pw"})
    app = file("app.yaml", secret, workload("shop/web", image, env={key: f"web#{key}"}))
    return credential_of(judge(manifests(file("phase2.yaml", config), app), folder), key)


@pytest.mark.parametrize(
    "where",
    [
        "namespace: shop",
        "name: web",
        "vaultPath: shop/*",
        "name: web\n    key: POSTGRES_*",
        "namespace: sh*\n    name: w*",
    ],
)
def test_a_person_makes_static_what_the_rules_would_move(where: str, tmp_path: Path) -> None:
    config = f"overrides:\n  - {where}\n    verdict: static\n    reason: frozen until May\n"

    found = judged(config, tmp_path)

    assert (found.verdict, found.confidence, found.engine) == (Verdict.STATIC, Confidence.HIGH, "")
    assert found.kind == "database-login"
    [reason] = found.reasons
    assert (reason.rule, reason.message) == ("override-verdict", "phase2.yaml says so: frozen until May")
    assert (reason.location.path, reason.location.line) == ("phase2.yaml", 2)


def test_what_the_rules_would_have_said_is_a_near_miss(tmp_path: Path) -> None:
    found = judged("overrides: [{namespace: shop, verdict: static, reason: frozen}]\n", tmp_path)

    assert [near.rule for near in found.near_misses] == ["engine-database"]


def test_a_person_names_the_engine_of_what_nothing_tells(tmp_path: Path) -> None:
    config = "overrides: [{name: web, verdict: dynamic-capable, engine: database/oracle, reason: behind a proxy}]\n"

    found = judged(config, tmp_path, key="APP_PASSWORD")

    assert (found.verdict, found.engine, found.kind) == (Verdict.DYNAMIC, "database/oracle", "database-login")


def test_the_host_beside_it_does_not_move_with_the_whole_secret(tmp_path: Path) -> None:
    config = "overrides: [{name: web, verdict: dynamic-capable, engine: database/oracle, reason: behind a proxy}]\n"
    secret = external_secret("shop/web", {"APP_PASSWORD": "a#p", "APP_HOST": "a#h"})

    report = judge(manifests(file("phase2.yaml", config), file("app.yaml", secret)), tmp_path)

    assert item_of(report, "web").verdict is Verdict.DYNAMIC
    assert credential_of(report, "APP_HOST").kind == "configuration"


def test_a_namespace_that_a_person_calls_infrastructure_is_bootstrap(tmp_path: Path) -> None:
    found = judged("bootstrap: {namespaces: [sh*]}\n", tmp_path)

    assert [reason.rule for reason in found.reasons] == ["bootstrap-namespace"]
    assert found.reasons[0].message == "namespace shop holds infrastructure, says phase2.yaml"


@pytest.mark.parametrize(
    ("app", "rule"),
    [
        ("{image: web, is: infrastructure}", "bootstrap-infrastructure"),
        ("{image: web, is: server, system: postgresql}", "server-own-password"),
        ("{image: web, is: web-tool}", "web-login"),
        ("{image: web, is: client, system: mysql}", "engine-database"),
    ],
)
def test_a_person_says_what_an_app_is(app: str, rule: str, tmp_path: Path) -> None:
    found = judged(f"apps: [{app}]\n", tmp_path)

    assert found.reasons[0].rule == rule


def test_an_app_that_a_person_calls_a_client_is_no_server(tmp_path: Path) -> None:
    found = judged("apps: [{image: postgres, is: client, system: postgresql}]\n", tmp_path, image="postgres:17")

    assert found.verdict is Verdict.DYNAMIC


@pytest.mark.parametrize(("system", "engine"), [("mysql", "database/mysql"), ("rabbitmq", "rabbitmq"), ("other", "")])
def test_a_client_logs_in_to_what_a_person_says_when_nothing_else_tells(
    system: str, engine: str, tmp_path: Path
) -> None:
    found = judged(f"apps: [{{image: web, is: client, system: {system}}}]\n", tmp_path, key="APP_PASSWORD")

    assert found.engine == engine


def test_what_the_tree_tells_wins_over_what_an_app_mostly_logs_in_to(tmp_path: Path) -> None:
    found = judged("apps: [{image: web, is: client, system: mysql}]\n", tmp_path, key="REDIS_PASSWORD")

    assert found.engine == "database/redis"


def test_the_evidence_of_an_app_is_its_entry(tmp_path: Path) -> None:
    found = judged("apps: [{image: web, is: client, system: mysql}]\n", tmp_path, key="DB_PASSWORD")

    assert "phase2.yaml says what Deployment/shop/web logs in to" in {reason.message for reason in found.reasons}
    assert near_misses_of(judge(external_secret("shop/web", {"a": "b"}))) == set()
