"""Variables that name files: the table, and how a plan uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.knowledge.filevariables import _ROWS, find_file_variable
from injector.migration.model import Delivery
from tests.unit.delivery.releases import planned
from tests.unit.stages.moving import CONFIG, EXTERNAL_SECRET, deployment, shop


def test_the_table_knows_at_least_25_apps() -> None:
    assert len({app for app, _, _ in _ROWS}) >= 25


@pytest.mark.parametrize(
    ("image", "chart", "env", "named"),
    [
        ("grafana/grafana:11", "", "GF_DATABASE_PASSWORD", "GF_DATABASE_PASSWORD__FILE"),
        ("", "kube-prometheus-stack", "GF_DATABASE_USER", "GF_DATABASE_USER__FILE"),
        ("docker.gitea.com/gitea:1", "", "GITEA__database__PASSWD", "GITEA__database__PASSWD__FILE"),
        ("codeberg.org/forgejo/forgejo:9", "", "FORGEJO__database__PASSWD", "FORGEJO__database__PASSWD__FILE"),
        ("vaultwarden/server:1", "", "DATABASE_URL", "DATABASE_URL_FILE"),
        ("neosmemo/memos:0.24", "", "MEMOS_DSN", "MEMOS_DSN_FILE"),
        ("semaphoreui/semaphore:v2", "", "SEMAPHORE_DB_PASS", "SEMAPHORE_DB_PASS_FILE"),
        ("lscr.io/linuxserver/bookstack:1", "", "DB_PASSWORD", "FILE__DB_PASSWORD"),
        ("docker.io/bitnami/wordpress:6", "", "WORDPRESS_DATABASE_PASSWORD", "WORDPRESS_DATABASE_PASSWORD_FILE"),
        ("quay.io/prometheuscommunity/postgres-exporter:1", "", "DATA_SOURCE_PASS", "DATA_SOURCE_PASS_FILE"),
        ("ghcr.io/acme/any:1", "", "PGPASSWORD", "PGPASSFILE"),
    ],
)
def test_an_app_is_known_by_image_or_chart(image: str, chart: str, env: str, named: str) -> None:
    found = find_file_variable(image, chart, env)

    assert found is not None
    assert found.name == named


@pytest.mark.parametrize(
    ("image", "env"), [("ghcr.io/acme/any:1", "DB_PASSWORD"), ("neosmemo/memos:0.24", "MEMOS_PORT"), ("", "X")]
)
def test_what_is_not_known_is_not_guessed(image: str, env: str) -> None:
    assert find_file_variable(image, "", env) is None


def test_a_variable_in_a_form_of_its_own_is_not_written_as_a_value(tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, shop()).proposals

    reads = proposal.migration.workloads[0].containers[0].reads
    assert {one.delivery for one in reads} == {Delivery.ENV_WRAPPED}, "PGPASSFILE holds more than the password"


def test_an_app_that_refuses_both_variables_is_not_left_with_both(tmp_path: Path) -> None:
    secret = EXTERNAL_SECRET.replace("PGUSER", "DATABASE_USER").replace("PGPASSWORD", "DATABASE_PASSWORD")
    reads = "        env: [{name: PGHOST, value: db.example.org}]\n        envFrom: [{secretRef: {name: db}}]\n"
    manifest = deployment(reads=reads).replace("ghcr.io/acme/shop:1", "vaultwarden/server:1")
    config = (
        f"{CONFIG}overrides:\n  - {{name: db, verdict: dynamic-capable, engine: database/postgresql, reason: it is}}\n"
    )
    plan = planned(tmp_path, shop(db__yaml=secret, web__yaml=manifest, phase2__yaml=config))

    (why,) = [one.why for one in plan.blocked]
    assert "refuses to start with DATABASE_PASSWORD beside its variable for a file; name the keys under env" in why
