"""What stands in a pod spec and bears on the agent: who it runs as, who reads before the app, how it logs in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from injector.config.model import AuthMethod
from injector.migration.model import Auth, ContainerReads, SecretMigration
from injector.pod.model import Json, Settings
from injector.pod.mutate import mutate_pod
from tests.unit.delivery.releases import planned, workload_of
from tests.unit.pod.making import VAULT, app, migration, mounted, pod, volume, volume_read
from tests.unit.stages.moving import CONFIG, VOLUME, deployment, shop


def notes_of(body: dict[str, Json], decided: SecretMigration, settings: Settings | None = None) -> dict[str, str]:
    change = mutate_pod(body, "shop", [decided], settings)
    metadata = cast("dict[str, dict[str, str]]", change.pod["metadata"])
    return {key.removeprefix(f"{VAULT}/"): value for key, value in metadata.get("annotations", {}).items()}


@pytest.mark.parametrize(
    ("context", "identity"),
    [
        ("", (None, None)),
        ("        securityContext: {runAsNonRoot: true}\n", (None, None)),
        ("        securityContext: {runAsUser: 7, runAsGroup: 8}\n", (7, 8)),
        ("        securityContext: {runAsUser: 7}\n", (7, None)),
        ("        securityContext: {runAsUser: 0, runAsGroup: 0}\n", (None, None)),
    ],
)
def test_the_agent_runs_as_the_pod_says_never_as_root_and_nothing_is_guessed(
    context: str, identity: tuple[int | None, int | None], tmp_path: Path
) -> None:
    workload = workload_of(planned(tmp_path, shop(web__yaml=deployment(reads=context + VOLUME))))

    assert (workload.run_as_user, workload.run_as_group) == identity


def test_containers_that_disagree_say_nothing_together(tmp_path: Path) -> None:
    second = "      - name: side\n        image: x\n        securityContext: {runAsUser: 9}\n        volumeMounts: [{name: login, mountPath: /l}]\n"
    reads = "        securityContext: {runAsUser: 7}\n" + VOLUME.replace(
        "      volumes:\n", f"{second}      volumes:\n"
    )
    workload = workload_of(planned(tmp_path, shop(web__yaml=deployment(reads=reads))))

    assert (workload.run_as_user, workload.run_as_group) == (None, None)


def test_a_person_may_say_what_the_manifest_does_not(tmp_path: Path) -> None:
    config = f"{CONFIG}workloads:\n  - {{namespace: shop, runAsUser: 5, runAsGroup: 6}}\n"
    workload = workload_of(planned(tmp_path, shop(web__yaml=deployment(reads=VOLUME), phase2__yaml=config)))

    assert (workload.run_as_user, workload.run_as_group) == (5, 6)


def test_the_agent_starts_before_an_init_container_that_reads() -> None:
    decided = migration(container="prepare")
    reads = ContainerReads(name="prepare", reads=(volume_read(),), is_init=True)
    decided = replace(decided, workloads=(replace(decided.workloads[0], containers=(reads,)),))
    body = pod(app(), volumes=[volume()], initContainers=[{**mounted(), "name": "prepare"}])

    assert notes_of(body, decided)["agent-init-first"] == "true"


def test_the_agent_does_not_hurry_for_init_containers_that_read_nothing() -> None:
    body = pod(mounted(), volumes=[volume()], initContainers=[{"name": "other", "image": "x"}])

    assert "agent-init-first" not in notes_of(body, migration())


def test_a_sidecar_among_the_init_containers_gets_its_files_before_it_starts() -> None:
    sidecar: Json = {**mounted(), "name": "app", "restartPolicy": "Always"}
    body = pod({"name": "main", "image": "x"}, volumes=[volume()], initContainers=[sidecar])

    notes = notes_of(body, migration())

    assert notes["agent-init-first"] == "true"
    assert {value for key, value in notes.items() if key.startswith("secret-volume-path")} == {"/etc/db"}


@pytest.mark.parametrize(
    ("audience", "path"),
    [
        ("", "/var/run/secrets/kubernetes.io/serviceaccount/token"),
        ("vault", "/var/run/secrets/vault.hashicorp.com/serviceaccount/token"),
    ],
)
def test_a_jwt_login_always_names_its_token_and_leaves_it_there(audience: str, path: str) -> None:
    """vault-k8s #660."""
    notes = notes_of(pod(mounted(), volumes=[volume()]), migration(), Settings(audience=audience))

    assert (notes["auth-config-path"], notes["auth-config-remove-jwt-after-reading"]) == (path, "false")


def test_a_kubernetes_login_needs_neither() -> None:
    decided = replace(migration(), auth=Auth(method=AuthMethod.KUBERNETES, mount="kubernetes"))

    assert not [one for one in notes_of(pod(mounted(), volumes=[volume()]), decided) if one.startswith("auth-config")]
