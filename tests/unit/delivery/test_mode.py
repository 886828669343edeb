"""Jobs: rendered once, or the agent as a native sidecar where the nodes can do that; a person may choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.config.model import MODES
from injector.migration.model import Mode, RotationAction
from tests.unit.delivery.releases import ENV, app, charted, planned, workload_of
from tests.unit.stages.moving import CONFIG, deployment, shop

COMMAND = 'command: ["/shop", "serve"]\n'
NODES = "cluster: {{kubernetes: '{version}'}}\n"
CHOICE = "workloads:\n  - {{namespace: shop, mode: {mode}}}\n"


def job(kind: str = "Job") -> str:
    made = deployment().replace("apps/v1", "batch/v1").replace("kind: Deployment", f"kind: {kind}")
    if kind == "Job":
        return made
    head, _, tail = made.partition("spec:\n")
    indented = "".join(f"    {line}\n" if line else "" for line in tail.splitlines())
    return f"{head}spec:\n  jobTemplate:\n    spec:\n{indented}"


def test_the_modes_of_phase2_yaml_are_those_of_a_migration() -> None:
    assert tuple(MODES) == tuple(one.value for one in Mode)


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
@pytest.mark.parametrize(
    ("more", "mode"),
    [
        ("", Mode.INIT),
        (NODES.format(version="1.28"), Mode.INIT),
        (NODES.format(version="1.28.9"), Mode.INIT),
        (NODES.format(version="1.29"), Mode.NATIVE_SIDECAR),
        (NODES.format(version="1.34.2"), Mode.NATIVE_SIDECAR),
        (NODES.format(version="1.34") + CHOICE.format(mode="init"), Mode.INIT),
        (CHOICE.format(mode="native-sidecar"), Mode.NATIVE_SIDECAR),
    ],
)
def test_a_job_gets_what_its_nodes_can_do_or_a_person_says(kind: str, more: str, mode: Mode, tmp_path: Path) -> None:
    workload = workload_of(planned(tmp_path, shop(web__yaml=job(kind), phase2__yaml=CONFIG + more)))

    assert (workload.mode, workload.rotation.action) == (mode, RotationAction.NONE)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "nobody renews the login, so it ends 1 h after"),
        ("    ttl: 5h\n", "so it ends 5 h after"),
        (NODES.format(version="1.31"), "it renews the login up to 24 h (maxTtl)"),
        ("    ttl: 30m\n    maxTtl: 2h\n" + NODES.format(version="1.31"), "up to 2 h (maxTtl)"),
    ],
)
def test_a_reviewer_is_told_how_long_a_jobs_login_lasts(more: str, told: str, tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, shop(web__yaml=job(), phase2__yaml=CONFIG + more)).proposals

    assert told in proposal.comments["spec.workloads[0].mode"][0]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (CHOICE.format(mode="sidecar"), "a plain sidecar keeps it from ending"),
        (
            NODES.format(version="1.27") + CHOICE.format(mode="native-sidecar"),
            "native-sidecar needs Kubernetes 1.29 or newer, and cluster.kubernetes says 1.27; choose init",
        ),
    ],
)
def test_a_mode_that_cannot_work_is_refused(more: str, why: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, shop(web__yaml=job(), phase2__yaml=CONFIG + more))

    assert [why in one.why for one in plan.blocked] == [True]


@pytest.mark.parametrize("kind", ["cronjob", "job"])
def test_a_chart_makes_jobs_as_well(kind: str, tmp_path: Path) -> None:
    workload = workload_of(planned(tmp_path, charted(app(COMMAND + ENV, controller=f"type: {kind}\n"))))

    assert workload.mode is Mode.INIT


@pytest.mark.parametrize(("version", "mode"), [("1.28", None), ("1.29", Mode.NATIVE_SIDECAR)])
def test_a_release_with_a_job_and_a_server_needs_what_suits_both(
    version: str, mode: Mode | None, tmp_path: Path
) -> None:
    tidy = app(COMMAND + ENV, controller="type: cronjob\n").replace("  web:\n", "  tidy:\n")
    values = app(COMMAND + ENV) + tidy.removeprefix("controllers:\n")
    plan = planned(tmp_path, charted(values, config=CONFIG + NODES.format(version=version)))

    if mode is None:
        assert "some of its pods end and others live on" in plan.blocked[0].why
    else:
        workload = workload_of(plan)
        assert (workload.mode, workload.rotation.action) == (mode, RotationAction.RESTART)
