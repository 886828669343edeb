"""What a pod goes on reading: the flag is set only when it is true."""

from __future__ import annotations

from typing import cast

import pytest

from injector.pod.model import Json, PodChange
from injector.pod.mutate import mutate_pod
from tests.unit.pod.making import app, from_secret, migration, mounted, pod, volume, wrapped_read

SIDE: dict[str, Json] = {"name": "side", "image": "x"}


def flag_of(change: PodChange) -> tuple[str | None, str | None]:
    metadata = cast("dict[str, dict[str, str]]", change.pod["metadata"])
    prefix = "phase2.tazlab.net"
    return metadata["labels"].get(f"{prefix}/eso"), metadata["annotations"].get(f"{prefix}/released-secrets")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("containers", {"volumeMounts": [{"name": "creds", "mountPath": "/x"}]}),
        ("containers", {"env": [{"name": "A", "value": "1"}, from_secret("PW", "password")]}),
        ("containers", {"envFrom": [{"secretRef": {"name": "db"}}]}),
        ("initContainers", {"env": [from_secret("PW", "password")]}),
    ],
)
def test_a_container_that_goes_on_reading_the_secret_is_named_and_the_pod_is_not_flagged(
    kind: str, more: dict[str, Json]
) -> None:
    body = pod(mounted(), volumes=[volume()])
    spec = cast("dict[str, list[Json]]", body["spec"])
    spec[kind] = [*spec.get(kind, []), {**SIDE, **more}]

    change = mutate_pod(body, "shop", [migration()])

    assert (change.moved, change.released) == (("db",), ())
    assert flag_of(change) == (None, None)
    assert change.warnings == (
        "phase2: Secret db moved, and container side goes on reading it: SecretMigration db does not speak of it",
    )


CSI: Json = {"name": "x", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "db"}}}
AZURE: Json = {"name": "x", "azureFile": {"secretName": "db", "shareName": "s"}}


@pytest.mark.parametrize(
    "more",
    [
        {"imagePullSecrets": [{"name": "db"}]},
        {"volumes": [volume(), CSI]},
        {"volumes": [volume(), AZURE]},
    ],
)
def test_a_pod_that_names_the_secret_elsewhere_is_not_flagged(more: dict[str, Json]) -> None:
    body = pod(mounted(), **{"volumes": [volume()], **more})  # type: ignore[arg-type]

    change = mutate_pod(body, "shop", [migration()])

    assert (change.moved, flag_of(change), change.warnings) == (("db",), (None, None), ())


def test_a_key_that_stays_keeps_the_pod_from_being_flagged() -> None:
    body = pod(app(command=["/r"], env=[from_secret("PW", "password"), from_secret("API", "token")]))

    change = mutate_pod(body, "shop", [migration(wrapped_read("password", "PW"))])

    assert (change.moved, flag_of(change), change.warnings) == (("db",), (None, None), ())


def test_a_secret_named_as_a_whole_in_the_environment_is_not_let_go() -> None:
    body = pod(app(command=["/r"], envFrom=[{"secretRef": {"name": "db"}}]))

    change = mutate_pod(body, "shop", [migration(*(wrapped_read(one, one) for one in ("password", "user")))])

    assert (change.moved, flag_of(change), change.warnings) == (("db",), (None, None), ())
