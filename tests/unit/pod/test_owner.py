"""Workloads that share a ServiceAccount: a pod obeys what is said of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from injector.migration.model import ContainerReads, Mode, SecretMigration
from injector.pod.model import Json
from injector.pod.mutate import mutate_pod
from tests.unit.pod.making import VAULT, app, migration, mounted, pod, volume, volume_read


def two(*, kind: str = "CronJob", container: str = "app") -> SecretMigration:
    """A migration of a Deployment ``web`` and of another workload before it, of one ServiceAccount."""
    one = migration()
    web = one.workloads[0]
    other = replace(
        web,
        kind=kind,
        name="backup",
        mode=Mode.INIT,
        containers=(ContainerReads(name=container, reads=(volume_read(),)),),
    )
    return replace(one, workloads=(other, web))


def owned(kind: str, name: str) -> dict[str, Json]:
    """A pod that something made."""
    made = pod(mounted(), volumes=[volume()])
    metadata = made["metadata"]
    assert isinstance(metadata, dict)
    metadata["ownerReferences"] = [{"kind": kind, "name": name, "controller": True}]
    return made


def runs_once(body: dict[str, Json], decided: SecretMigration) -> bool:
    change = mutate_pod(body, "shop", [decided])
    metadata = change.pod["metadata"]
    assert isinstance(metadata, dict)
    notes = metadata["annotations"]
    assert isinstance(notes, dict)
    return f"{VAULT}/agent-pre-populate-only" in notes


@pytest.mark.parametrize(
    ("kind", "name", "once"),
    [
        ("ReplicaSet", "web-5d7f9c", False),
        ("Job", "backup-29384", True),
        ("ReplicaSet", "backup-5d7f9c", True),  # nobody's: the first that fits
        ("StatefulSet", "web", True),
    ],
)
def test_a_pod_obeys_what_is_said_of_its_maker(kind: str, name: str, once: bool) -> None:  # noqa: FBT001
    assert runs_once(owned(kind, name), two()) is once


def test_a_name_that_only_begins_alike_is_another_maker() -> None:
    assert not runs_once(owned("ReplicaSet", "web-5d7f9c"), two(kind="Deployment"))


def test_where_a_chart_makes_the_pods_the_containers_tell() -> None:
    decided = two(kind="HelmRelease", container="backup")
    backup = pod({**mounted(), "name": "backup"}, volumes=[volume()])

    assert not runs_once(owned("ReplicaSet", "whatever-123"), decided)
    assert runs_once(backup, decided)


def test_a_pod_without_a_maker_obeys_the_first_that_has_its_containers() -> None:
    assert not runs_once(pod(mounted(), volumes=[volume()]), two(container="backup"))
    assert mutate_pod(pod(app()), "shop", [two()]).pod == pod(app())


def test_a_sidecar_among_the_init_containers_tells_whose_pod_it_is() -> None:
    proxy: dict[str, Json] = {**mounted(), "name": "proxy", "restartPolicy": "Always"}
    backup, web = two(container="backup").workloads
    reads = (ContainerReads(name="proxy", reads=(volume_read(),)),)

    body = pod(app(), volumes=[volume()], initContainers=[proxy])

    assert not runs_once(body, replace(two(), workloads=(backup, replace(web, containers=reads))))
