"""What a plan proposes for releases of the bjw-s app-template: its values say nearly all that a pod spec would."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.migration.model import Delivery
from tests.unit.delivery.releases import ENV, app, charted, planned, workload_of

COMMAND = 'command: ["/shop", "serve"]\n'


@pytest.mark.parametrize("command", [COMMAND, "command: /shop\n"])
def test_a_command_in_the_values_is_wrapped(command: str, tmp_path: Path) -> None:
    workload = workload_of(planned(tmp_path, charted(app(command + ENV))))

    (container,) = workload.containers
    assert container.name == "app"
    assert {one.delivery for one in container.reads} == {Delivery.ENV_WRAPPED}
    assert container.command == (), "the pod has the words"


def test_a_command_among_the_defaults_is_the_containers(tmp_path: Path) -> None:
    defaults = f"defaultContainerOptions:\n  {COMMAND}"
    workload = workload_of(planned(tmp_path, charted(app(ENV, values=defaults))))

    assert {one.delivery for one in workload.containers[0].reads} == {Delivery.ENV_WRAPPED}


@pytest.mark.parametrize("own", ["", 'args: ["serve"]\n', "command: []\n"])
def test_arguments_alone_name_no_command(own: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, charted(app(own + ENV)))

    assert [one.why.split(";")[0] for one in plan.blocked] == [
        "HelmRelease/shop/web: container app reads PGUSER from the environment"
    ]


@pytest.mark.parametrize(
    ("values", "account"),
    [
        ("", "default"),
        ("serviceAccount: {}\n", "default"),
        ("serviceAccount: {create: false, name: shop}\n", "shop"),
        ("serviceAccount: {create: true, name: shop}\n", "shop"),
        ("serviceAccount: {shop: {enabled: false}}\n", "default"),
    ],
)
def test_the_values_name_the_service_account(values: str, account: str, tmp_path: Path) -> None:
    workload = workload_of(planned(tmp_path, charted(app(COMMAND + ENV, values=values))))

    assert (workload.service_account, workload.role) == (account, f"shop-{account}")


def test_a_controller_may_have_a_service_account_of_its_own(tmp_path: Path) -> None:
    values = app(COMMAND + ENV, controller="serviceAccount: {name: own}\n", values="serviceAccount: {a: {}, b: {}}\n")
    workload = workload_of(planned(tmp_path, charted(values)))

    assert workload.service_account == "own"


@pytest.mark.parametrize("values", ["serviceAccount: {shop: {}}\n", "serviceAccount: {create: true}\n"])
def test_a_service_account_that_the_chart_names_is_asked_for(values: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, charted(app(COMMAND + ENV, values=values)))

    assert [one.what for one in plan.undecided] == [
        "which ServiceAccount the pods of HelmRelease web have: its chart decides it"
    ]


@pytest.mark.parametrize(
    ("container", "controller", "values", "identity"),
    [
        ("", "", "", (None, None)),
        ("securityContext: {runAsUser: 7, runAsGroup: 8}\n", "", "", (7, 8)),
        ("", "pod: {securityContext: {runAsUser: 7, runAsGroup: 8}}\n", "", (7, 8)),
        ("", "", "defaultPodOptions: {securityContext: {runAsUser: 7, runAsGroup: 8}}\n", (7, 8)),
        (
            "",
            "pod: {securityContext: {fsGroup: 9}}\n",
            "defaultPodOptions: {securityContext: {runAsUser: 7}}\n",
            (None, None),
        ),
        (
            "",
            "pod: {securityContext: {runAsUser: 9}}\n",
            "defaultPodOptionsStrategy: merge\ndefaultPodOptions: {securityContext: {runAsGroup: 7}}\n",
            (9, 7),
        ),
    ],
)
def test_the_agent_runs_as_the_values_say(
    container: str, controller: str, values: str, identity: tuple[int | None, int | None], tmp_path: Path
) -> None:
    tree = charted(app(COMMAND + container + ENV, controller=controller, values=values))
    workload = workload_of(planned(tmp_path, tree))

    assert (workload.run_as_user, workload.run_as_group) == identity


def test_a_pod_without_a_token_is_named_as_in_the_way(tmp_path: Path) -> None:
    values = app(COMMAND + ENV, values="defaultPodOptions: {automountServiceAccountToken: false}\n")
    (proposal,) = planned(tmp_path, charted(values)).proposals

    assert proposal.item is not None
    obstacles = [word for one in proposal.item.credentials for reader in one.consumers for word in reader.obstacles]
    assert any(one.startswith("automountServiceAccountToken is false") for one in obstacles)
