"""What a pod goes on reading is never flagged as read no longer, and what it would lose by the move keeps it from moving."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from injector.migration.model import Delivery, Read, Rotation, RotationAction
from injector.pod.model import Json, PodChange
from injector.pod.mutate import mutate_pod
from tests.unit.pod.making import (
    app,
    file_read,
    from_secret,
    migration,
    mounted,
    pod,
    volume,
    with_workload,
    wrapped_read,
)

OURS = "phase2.tazlab.net"
VAULT = "vault.hashicorp.com"


def notes(change: PodChange, prefix: str = "") -> dict[str, str]:
    found = cast("dict[str, dict[str, str]]", change.pod["metadata"]).get("annotations", {})
    return {name: value for name, value in found.items() if name.startswith(prefix)}


def labels(change: PodChange) -> dict[str, str]:
    return cast("dict[str, dict[str, str]]", change.pod["metadata"])["labels"]


def test_secret_that_another_container_still_mounts_is_not_flagged_as_let_go() -> None:
    side: dict[str, Json] = {"name": "side", "volumeMounts": [{"name": "creds", "mountPath": "/x"}]}

    change = mutate_pod(pod(mounted(), side, volumes=[volume()]), "shop", [migration()])

    assert (change.moved, change.released) == (("db",), ())
    assert f"{OURS}/eso" not in labels(change)
    assert f"{OURS}/released-secrets" not in notes(change)
    assert "Secret db moved, and container side goes on reading it" in change.warnings[0]


@pytest.mark.parametrize("text", ["$$(PW)", "$(PWD)", "PW", "$(PW", "$PWD ${PW_X}", "$$$$(PW)"])
def test_text_that_only_looks_like_the_variable_keeps_nothing(text: str) -> None:
    probe: Json = {"exec": {"command": ["sh", "-c", text]}}
    body = pod(app(command=["/app"], args=[text], env=[from_secret("PW", "password")], livenessProbe=probe))

    assert mutate_pod(body, "shop", [migration(wrapped_read("password", "PW"))]).released == ("db",)


def test_a_shell_in_the_command_line_has_what_a_wrapper_sets_and_not_what_stands_in_a_file() -> None:
    body = pod(app(command=["sh", "-c", "app --pw $PW"], env=[from_secret("PW", "password")]))

    wrapped = mutate_pod(body, "shop", [migration(wrapped_read("password", "PW"))])
    file = mutate_pod(body, "shop", [migration(file_read("password", "PW"))])

    assert wrapped.released == ("db",)
    assert file.pod is body
    assert "reads it in its command line" in file.warnings[0]


def test_variable_that_no_shell_can_set_stays() -> None:
    body = pod(app(command=["/app"], env=[from_secret("db.pass-word", "password")]))

    change = mutate_pod(body, "shop", [migration(wrapped_read("password", "db.pass-word"))])

    assert change.pod is body
    assert "reads db.pass-word, a name that no shell can set" in change.warnings[0]


def test_key_that_stands_at_two_paths_is_rendered_at_both_with_their_own_permissions() -> None:
    items: Json = [{"key": "password", "path": "a", "mode": 0o400}, {"key": "password", "path": "b"}]
    body = pod(mounted(), volumes=[volume(items=items)], securityContext={"runAsUser": 1000})

    change = mutate_pod(body, "shop", [migration()])

    files = {
        value: notes(change).get(name.replace("-file-", "-perms-"))
        for name, value in notes(change, f"{VAULT}/agent-inject-file-").items()
    }
    assert files == {"a": "0400", "b": None}


@pytest.mark.parametrize("delivery", [Delivery.ENV_FILE, Delivery.ENV_WRAPPED])
def test_folder_of_all_keys_has_a_file_for_each(delivery: Delivery) -> None:
    read = Read(key="*", delivery=delivery, path="/run/db", env="PG_", file_env="PG__FILE")
    body = pod(app(command=["/app"], env=[from_secret("PG_password", "password"), from_secret("PG_user", "user")]))

    change = mutate_pod(body, "shop", [migration(read)])

    assert sorted(notes(change, f"{VAULT}/agent-inject-file-").values()) == ["password", "user"]
    assert set(notes(change, f"{VAULT}/secret-volume-path-").values()) == {"/run/db"}


def test_two_secrets_at_one_path_are_said() -> None:
    other: dict[str, Json] = {"name": "other", "volumeMounts": [{"name": "mq", "mountPath": "/etc/db"}]}
    mq: Json = {"name": "mq", "secret": {"secretName": "mq"}}
    body = pod(mounted(), other, volumes=[volume(), mq])

    change = mutate_pod(body, "shop", [migration(), migration(name="mq", container="other")])

    assert change.pod is body
    assert "Secrets db and mq would be rendered at one path, /etc/db/password" in change.warnings[-1]


def test_nothing_is_rendered_over_the_root_folder() -> None:
    body = pod(mounted("/"), volumes=[volume()])

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "a file in the root folder would be rendered, /password" in change.warnings[-1]


def test_signal_does_not_go_with_the_hosts_processes() -> None:
    told = with_workload(migration(), rotation=Rotation(action=RotationAction.SIGNAL, signal="HUP", process="shop"))
    body = pod(mounted(), volumes=[volume()], hostPID=True)

    change = mutate_pod(body, "shop", [told])

    assert change.pod is body
    assert "hostPID is true" in change.warnings[-1]


def test_of_a_charts_containers_only_those_that_read_the_secret_get_it() -> None:
    proxy: dict[str, Json] = {"name": "istio-proxy", "image": "x"}
    body = pod(mounted(), proxy, volumes=[volume()])

    change = mutate_pod(body, "shop", [migration(container="*")])

    assert notes(change)[f"{VAULT}/agent-inject-containers"] == "app"


def test_a_charts_containers_all_get_it_where_the_manifest_names_the_secret_no_more() -> None:
    body = pod(app(), {"name": "more"}, annotations={f"{OURS}/secrets": "db"})

    change = mutate_pod(body, "shop", [migration(container="*")])

    assert notes(change)[f"{VAULT}/agent-inject-containers"] == "app,more"


def test_role_of_a_migration_that_cannot_be_obeyed_keeps_no_other_out() -> None:
    first = migration(name="a", container="nobody", role="other")
    mount: Json = {"name": "a", "secret": {"secretName": "a"}}
    body = pod(mounted(), volumes=[volume(), mount], annotations={f"{OURS}/secrets": "a,db"})

    change = mutate_pod(body, "shop", [first, replace(migration(), name="db")])

    assert change.released == ("db",)
    assert [one for one in change.warnings if "different roles" in one] == []


def test_variable_that_the_container_sets_itself_is_not_joined_by_its_file() -> None:
    body = pod(app(env=[from_secret("PW", "password"), {"name": "PW", "value": "mine"}]))

    change = mutate_pod(body, "shop", [migration(file_read("password", "PW"))])

    assert change.pod is body
    assert "container app sets PW otherwise than by password of it" in change.warnings[0]


def test_empty_variable_beside_its_file_is_no_other_value() -> None:
    body = pod(
        app(env=[{"name": "PW_FILE", "value": "/old"}, {"name": "PW", "value": ""}]),
        annotations={f"{OURS}/secrets": "db"},
    )

    assert mutate_pod(body, "shop", [migration(file_read("password", "PW"))]).moved == ("db",)
