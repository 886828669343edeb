"""Shapes of pods that the injector, or the API server behind it, would refuse: said before, in words, never produced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from injector.migration.model import Rotation, RotationAction
from injector.pod.model import Json, Settings
from injector.pod.mutate import mutate_pod
from tests.unit.pod.making import app, migration, mounted, pod, volume, with_workload

TOKEN: Json = {"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
SIGNAL = with_workload(migration(), rotation=Rotation(action=RotationAction.SIGNAL, signal="HUP", process="shop"))


def test_init_container_with_a_mount_where_the_agent_renders_is_said() -> None:
    init: Json = {"name": "wait", "volumeMounts": [{"name": "other", "mountPath": "/etc/db/"}]}
    body = pod(mounted(), volumes=[volume()], initContainers=[init])

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "container wait mounts something of its own at /etc/db, where the agent renders" in change.warnings[-1]


def test_container_that_gets_no_files_may_mount_what_it_likes() -> None:
    other: dict[str, Json] = {"name": "side", "volumeMounts": [{"name": "other", "mountPath": "/etc/db"}]}

    change = mutate_pod(pod(mounted(), other, volumes=[volume()]), "shop", [migration()])

    assert change.released == ("db",)


def test_signal_needs_processes_that_see_each_other() -> None:
    body = pod(mounted(), volumes=[volume()], shareProcessNamespace=False)

    change = mutate_pod(body, "shop", [SIGNAL])

    assert change.pod is body
    assert "shareProcessNamespace is false" in change.warnings[-1]


@pytest.mark.parametrize("shared", [True, None])
def test_signal_goes_where_nobody_forbids_it(shared: bool | None) -> None:  # noqa: FBT001 - a case
    change = mutate_pod(pod(mounted(), volumes=[volume()], shareProcessNamespace=shared), "shop", [SIGNAL])

    assert change.released == ("db",)


def admitted(*mounts: Json) -> dict[str, Json]:
    """A pod as the API server sends it: both names of the account, and the token's mount where there is one."""
    body = pod(app(volumeMounts=[{"name": "creds", "mountPath": "/etc/db"}, *mounts]), volumes=[volume()])
    body["spec"] = {**body["spec"], "serviceAccount": "web"}  # type: ignore[dict-item]
    return body


def test_pod_whose_service_account_mounts_no_token_is_said() -> None:
    body = admitted()

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "no container mounts the ServiceAccount's token" in change.warnings[-1]


def test_pod_with_its_token_or_one_for_the_agent_moves() -> None:
    own = mutate_pod(admitted(TOKEN), "shop", [migration()])
    projected = mutate_pod(admitted(), "shop", [migration()], Settings(audience="vault"))

    assert (own.released, projected.released) == (("db",), ("db",))


def test_annotations_of_the_pod_count_as_well() -> None:
    body = pod(mounted(), volumes=[volume()], annotations={"note": "x" * 261_000})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "256 KiB" in change.warnings[-1]


def test_no_annotation_has_a_quantity_or_a_number_of_the_pod() -> None:
    """What the injector parses, and refuses a pod by, is never taken from anywhere but the migration."""
    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [replace(SIGNAL)])

    names = {one.partition("/")[2] for one in change.pod["metadata"]["annotations"]}  # type: ignore[index,call-overload,union-attr]
    assert not [one for one in names if one.startswith(("agent-limits", "agent-requests", "auth-m", "template-"))]
