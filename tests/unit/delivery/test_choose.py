"""Who reads by the environment as a whole, or by a field of a chart: what is chosen, and what is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.migration.model import Delivery
from tests.unit.delivery.releases import charted, planned, workload_of
from tests.unit.stages.moving import CONFIG, deployment, shop

ENV_FROM = (
    "        env: [{name: PGHOST, value: db.example.org}]\n        envFrom: [{prefix: X_, secretRef: {name: db}}]\n"
)
FIELD = "externalDatabase: {host: db.example.org, existingSecret: db}\n"
PLACES = "workloads:\n  - {namespace: shop, serviceAccount: shop, container: shop, labelsPath: podLabels, annotationsPath: podAnnotations}\n"
DYNAMIC = "overrides:\n  - {name: db, verdict: dynamic-capable, engine: database/postgresql, reason: it is}\n"


def test_env_from_is_every_moved_key_behind_its_prefix(tmp_path: Path) -> None:
    workload = workload_of(planned(tmp_path, shop(web__yaml=deployment(reads=ENV_FROM), phase2__yaml=CONFIG + DYNAMIC)))

    found = [(one.key, one.env, one.delivery) for one in workload.containers[0].reads]
    assert found == [
        ("PGPASSWORD", "X_PGPASSWORD", Delivery.ENV_WRAPPED),
        ("PGUSER", "X_PGUSER", Delivery.ENV_WRAPPED),
    ]


def test_env_from_without_a_command_is_blocked_as_one_variable_is(tmp_path: Path) -> None:
    manifest = deployment(reads=ENV_FROM, command="")
    plan = planned(tmp_path, shop(web__yaml=manifest, phase2__yaml=CONFIG + DYNAMIC))

    assert [one.why.split(";")[0] for one in plan.blocked] == [
        "Deployment/shop/web: container app reads X_PGPASSWORD from the environment"
    ]


@pytest.mark.parametrize("command", ["", "apps:\n  - {chart: shop, command: [/shop]}\n"])
def test_what_a_chart_makes_of_a_field_is_asked_for(command: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, charted(FIELD, "shop", CONFIG + DYNAMIC + PLACES + command))

    if command:
        (container,) = workload_of(plan).containers
        assert container.command == ("/shop",)
        assert {one.env for one in container.reads} == {"PGUSER", "PGPASSWORD"}
    else:
        assert "what the chart makes of it stands in the chart" in plan.blocked[0].why
