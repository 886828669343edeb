"""Pods and what becomes of them."""

from __future__ import annotations

import copy
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.config.model import AuthMethod
from injector.migration.model import Auth, Delivery, Mode, Read, RenderedFile, Rotation, RotationAction, Stage
from injector.pod.model import Json, PodChange, Settings
from injector.pod.mutate import mutate_pod
from injector.pod.names import LONGEST_SUFFIX, suffix_of
from tests.unit.pod.making import (
    VAULT,
    app,
    file_read,
    from_secret,
    migration,
    mounted,
    pod,
    template,
    volume,
    volume_read,
    with_workload,
    wrapped_read,
)


def _annotations(change: PodChange) -> dict[str, str]:
    metadata = cast("dict[str, dict[str, str]]", change.pod["metadata"])
    return metadata.get("annotations", {})


def _container(change: PodChange, index: int = 0) -> dict[str, Json]:
    spec = cast("dict[str, list[dict[str, Json]]]", change.pod["spec"])
    return spec["containers"][index]


def _of(change: PodChange, name: str) -> dict[str, str]:
    """Return what the annotations of a kind say: suffix -> value."""
    head = f"{VAULT}/{name}-"
    return {key.removeprefix(head): value for key, value in _annotations(change).items() if key.startswith(head)}


def test_pod_without_the_label_is_the_same_object_without_a_word() -> None:
    body = pod(mounted(), volumes=[volume()], labels={})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert change.warnings == ()


@pytest.mark.parametrize("value", ["false", "True", "yes", ""])
def test_only_the_word_true_opts_in(value: str) -> None:
    body = pod(mounted(), volumes=[volume()], labels={"phase2.tazlab.net/inject": value})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body


def test_volume_is_replaced_by_files_at_the_same_paths() -> None:
    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [migration()])

    assert set(_of(change, "secret-volume-path").values()) == {"/etc/db"}
    assert sorted(_of(change, "agent-inject-file").values()) == ["password", "user"]
    assert sorted(_of(change, "agent-inject-template").values()) == [template("password"), template("username")]
    assert _container(change)["volumeMounts"] == []
    assert cast("dict[str, Json]", change.pod["spec"])["volumes"] == []


def test_volume_that_another_container_still_mounts_stays() -> None:
    other: dict[str, Json] = {"name": "other", "volumeMounts": [{"name": "creds", "mountPath": "/x"}]}

    change = mutate_pod(pod(mounted(), other, volumes=[volume()]), "shop", [migration()])

    assert cast("dict[str, Json]", change.pod["spec"])["volumes"] == [volume()]
    assert _annotations(change)[f"{VAULT}/agent-inject-containers"] == "app"


def test_items_keep_their_paths() -> None:
    items: Json = [{"key": "password", "path": "pw/secret.txt"}]

    change = mutate_pod(pod(mounted(), volumes=[volume(items=items)]), "shop", [migration()])

    assert list(_of(change, "secret-volume-path").values()) == ["/etc/db/pw"]
    assert list(_of(change, "agent-inject-file").values()) == ["secret.txt"]


def test_single_file_mount_keeps_its_path_by_a_mount_of_the_injectors_volume() -> None:
    change = mutate_pod(
        pod(mounted("/app/db.pw", subPath="password"), volumes=[volume()]),
        "shop",
        [migration(file_read("password", "X"))],
    )

    assert _container(change)["volumeMounts"] == [
        {"name": "vault-secrets", "mountPath": "/app/db.pw", "subPath": "db/password", "readOnly": True}
    ]


def test_a_single_file_stays_beside_its_neighbours_when_the_manifest_names_the_secret_no_more() -> None:
    read = Read(key="password", delivery=Delivery.FILE, path="/app/db.pw", is_single=True)

    change = mutate_pod(pod(app(), annotations={"phase2.tazlab.net/secrets": "db"}), "shop", [migration(read)])

    assert _container(change)["volumeMounts"] == [
        {"name": "vault-secrets", "mountPath": "/app/db.pw", "subPath": "db/password", "readOnly": True}
    ]
    assert not _of(change, "secret-volume-path")


def test_mode_of_the_volume_is_kept_when_the_agent_runs_as_the_app() -> None:
    body = pod(mounted(), volumes=[volume(defaultMode=0o400)], securityContext={"runAsUser": 1000, "runAsGroup": 3000})

    change = mutate_pod(body, "shop", [migration()])

    assert set(_of(change, "agent-inject-perms").values()) == {"0400"}
    assert _annotations(change)[f"{VAULT}/agent-run-as-user"] == "1000"
    assert _annotations(change)[f"{VAULT}/agent-run-as-group"] == "3000"


def test_mode_is_given_up_with_a_warning_where_nobody_knows_whom_the_app_runs_as() -> None:
    change = mutate_pod(pod(mounted(), volumes=[volume(defaultMode=0o400)]), "shop", [migration()])

    assert not _of(change, "agent-inject-perms")
    assert "runAsUser" in change.warnings[0]


def test_agent_never_runs_as_root() -> None:
    body = pod(mounted(), volumes=[volume()], securityContext={"runAsUser": 0})

    change = mutate_pod(body, "shop", [migration()])

    assert f"{VAULT}/agent-run-as-user" not in _annotations(change)


def test_variable_becomes_the_apps_variable_for_a_file() -> None:
    body = pod(app(env=[{"name": "A", "value": "1"}, from_secret("PW", "password"), {"name": "Z", "value": "2"}]))

    change = mutate_pod(body, "shop", [migration(file_read("password", "PW"))])

    assert _container(change)["env"] == [
        {"name": "A", "value": "1"},
        {"name": "PW_FILE", "value": "/vault/secrets/db/password"},
        {"name": "Z", "value": "2"},
    ]


def test_whole_secret_that_is_read_by_environment_stays_when_only_files_are_spoken_of() -> None:
    body = pod(app(envFrom=[{"secretRef": {"name": "db"}}]))

    change = mutate_pod(body, "shop", [migration(volume_read())])

    assert change.pod is body
    assert "by envFrom, of which SecretMigration db does not speak" in change.warnings[0]


@pytest.mark.parametrize("name", [["app"], {"app": 1}, None, 7])
def test_container_whose_name_is_no_text_breaks_nothing(name: Json) -> None:
    body = pod(mounted(), {"name": name, "image": "x"}, volumes=[volume()])

    change = mutate_pod(body, "shop", [migration()])

    assert change.released == ("db",)


def test_variable_from_a_whole_secret_is_emptied_beside_its_file() -> None:
    body = pod(app(envFrom=[{"secretRef": {"name": "db"}}]))

    reads = [file_read(key, key) for key in ("password", "user")]

    change = mutate_pod(body, "shop", [migration(*reads)])

    assert _container(change)["env"] == [
        {"name": "password_FILE", "value": "/vault/secrets/db/password"},
        {"name": "password", "value": ""},
        {"name": "user_FILE", "value": "/vault/secrets/db/user"},
        {"name": "user", "value": ""},
    ]


def test_command_is_wrapped_and_arguments_stay() -> None:
    body = pod(app(command=["/run", "--x"], args=["a b"], env=[from_secret("PW", "password")]))

    change = mutate_pod(body, "shop", [migration(wrapped_read("password", "PW"))])

    command = cast("list[str]", _container(change)["command"])
    assert command[:2] == ["/bin/sh", "-ec"]
    assert command[3:] == ["phase2", "/run", "--x"]
    assert _container(change)["args"] == ["a b"]
    assert _container(change)["env"] == []


def test_wrapped_command_really_sets_the_variable(tmp_path: Path) -> None:
    secret = tmp_path / "it's a file"
    secret.write_text('a\'b "c" $d\n\n')
    read = replace(wrapped_read("password", "PW"), path=str(secret))
    body = pod(
        app(
            command=["sh", "-c", 'printf %s "$PW"; printf %s "$1"', "x"],
            args=["last"],
            env=[from_secret("PW", "password")],
        )
    )
    container = _container(mutate_pod(body, "shop", [migration(read)]))

    words = [*cast("list[str]", container["command"]), *cast("list[str]", container["args"])]
    out = subprocess.run(words, capture_output=True, check=True).stdout

    assert out == b'a\'b "c" $d\n\nlast'


def test_wrapped_command_does_not_start_the_app_without_the_file(tmp_path: Path) -> None:
    read = replace(wrapped_read("password", "PW"), path=str(tmp_path / "missing"))
    body = pod(app(command=["echo", "started"], env=[from_secret("PW", "password")]))
    container = _container(mutate_pod(body, "shop", [migration(read)]))

    done = subprocess.run(cast("list[str]", container["command"]), capture_output=True, check=False)

    assert done.returncode != 0
    assert b"started" not in done.stdout


def test_command_of_the_migration_serves_a_container_that_names_none() -> None:
    body = pod(app(env=[from_secret("PW", "password")]))

    change = mutate_pod(body, "shop", [migration(wrapped_read("password", "PW"), command=("/app/run",))])

    assert cast("list[str]", _container(change)["command"])[-1] == "/app/run"


def test_container_without_any_command_is_left_alone_in_words() -> None:
    body = pod(app(env=[from_secret("PW", "password")]))

    change = mutate_pod(body, "shop", [migration(wrapped_read("password", "PW"))])

    assert change.pod is body
    assert change.warnings == (
        "phase2: Secret db stays: container app names no command that could be wrapped to set PW",
    )


def test_pod_is_flagged_with_what_it_reads_no_longer() -> None:
    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [migration()])

    labels = cast("dict[str, dict[str, str]]", change.pod["metadata"])["labels"]
    assert labels["phase2.tazlab.net/eso"] == "skip"
    assert _annotations(change)["phase2.tazlab.net/released-secrets"] == "db"
    assert _annotations(change)["phase2.tazlab.net/migration-revision"] == change.revision


def test_revision_changes_with_the_migration() -> None:
    body = pod(mounted(), volumes=[volume()])
    other = replace(
        migration(), files=(RenderedFile(key="password", template="x"), RenderedFile(key="user", template="y"))
    )

    assert mutate_pod(body, "shop", [migration()]).revision != mutate_pod(body, "shop", [other]).revision


def test_jwt_has_its_work_around_and_kubernetes_needs_none() -> None:
    body = pod(mounted(), volumes=[volume()])
    kubernetes = replace(migration(), auth=Auth(method=AuthMethod.KUBERNETES, mount="kubernetes"))

    jwt, plain = mutate_pod(body, "shop", [migration()]), mutate_pod(body, "shop", [kubernetes])

    assert _annotations(jwt)[f"{VAULT}/auth-config-path"].endswith("/token")
    assert _annotations(jwt)[f"{VAULT}/auth-config-remove-jwt-after-reading"] == "false"
    assert not _of(plain, "auth-config")
    assert _annotations(plain)[f"{VAULT}/auth-path"] == "auth/kubernetes"


def test_audience_gives_the_agent_a_token_of_its_own() -> None:
    body = pod(mounted(), volumes=[volume()], automountServiceAccountToken=False)

    change = mutate_pod(body, "shop", [migration()], Settings(audience="vault"))

    volumes = cast("dict[str, list[dict[str, Json]]]", change.pod["spec"])["volumes"]
    assert volumes[0]["name"] == "phase2-vault-token"
    assert _annotations(change)[f"{VAULT}/agent-service-account-token-volume-name"] == "phase2-vault-token"


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        (Mode.INIT, {"agent-pre-populate-only": "true"}),
        (Mode.NATIVE_SIDECAR, {"agent-pre-populate-only": "true", "agent-init-first": "true"}),
    ],
)
def test_mode_is_said_to_the_injector(mode: Mode, names: dict[str, str]) -> None:
    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [with_workload(migration(), mode=mode)])

    found = _annotations(change)
    assert {name: found[f"{VAULT}/{name}"] for name in names} == names


def test_native_sidecar_waits_for_every_file() -> None:
    change = mutate_pod(
        pod(mounted(), volumes=[volume()]), "shop", [with_workload(migration(), mode=Mode.NATIVE_SIDECAR)]
    )

    patch = json.loads(_annotations(change)[f"{VAULT}/agent-init-json-patch"])

    assert patch[0] == {"op": "add", "path": "/restartPolicy", "value": "Always"}
    assert patch[2]["value"]["exec"]["command"][2] == "test -f /etc/db/password && test -f /etc/db/user"


def test_signal_command_never_fails() -> None:
    rotation = Rotation(action=RotationAction.SIGNAL, signal="HUP", process="nginx")

    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [with_workload(migration(), rotation=rotation)])

    assert set(_of(change, "agent-inject-command").values()) == {"/bin/sh -c 'pkill -HUP -x nginx || true'"}
    assert _annotations(change)[f"{VAULT}/agent-share-process-namespace"] == "true"


def test_restricted_pod_gets_a_seccomp_profile_for_the_agent_only_when_the_pod_has_none() -> None:
    profile: Json = {"seccompProfile": {"type": "RuntimeDefault"}}
    inner = pod({**mounted(), "securityContext": profile}, volumes=[volume()])
    outer = pod(mounted(), volumes=[volume()], securityContext=profile)

    with_own, with_shared = mutate_pod(inner, "shop", [migration()]), mutate_pod(outer, "shop", [migration()])

    assert "seccompProfile" in _annotations(with_own)[f"{VAULT}/agent-json-patch"]
    assert f"{VAULT}/agent-json-patch" not in _annotations(with_shared)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"annotations": {f"{VAULT}/agent-inject-status": "injected"}}, "injected before"),
        ({"annotations": {f"{VAULT}/agent-inject": "true"}}, "annotated by hand"),
        ({"automountServiceAccountToken": False}, "has no token to log in with"),
    ],
)
def test_pod_that_cannot_be_injected_is_left_alone_in_words(changes: dict[str, Json], said: str) -> None:
    body = pod(mounted(), volumes=[volume()], **changes)  # type: ignore[arg-type]

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert said in change.warnings[-1]


@pytest.mark.parametrize("name", ["vault-secrets", "home-init", "vault-secrets-custom-0"])
def test_volume_name_of_the_injector_is_refused_in_words(name: str) -> None:
    body = pod(mounted(), volumes=[volume(), {"name": name, "emptyDir": {}}])

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert name in change.warnings[-1]


def test_mount_at_the_agents_folder_is_refused_in_words() -> None:
    body = pod(app(volumeMounts=[{"name": "creds", "mountPath": "/vault/secrets/"}]), volumes=[volume()])

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "/vault/secrets" in change.warnings[-1]


def test_kube_system_is_refused_in_words() -> None:
    change = mutate_pod(pod(mounted(), volumes=[volume()]), "kube-system", [migration()])

    assert "refuses pods in kube-system" in change.warnings[-1]


def test_agent_container_is_no_app() -> None:
    body = pod(mounted(), {"name": "vault-agent"}, volumes=[volume()])

    assert mutate_pod(body, "shop", [migration()]).pod is body


def test_secret_without_a_decision_stays_and_is_named() -> None:
    body = pod(app(env=[from_secret("T", "token", "api")]))

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert change.warnings == ("phase2: Secret api stays: no SecretMigration decides that it moves",)


def test_stage_prepare_does_not_count_yet() -> None:
    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [migration(stage=Stage.PREPARE)])

    assert change.warnings == ("phase2: Secret db stays for now: its SecretMigration is at stage prepare",)


def test_another_service_account_gets_nothing() -> None:
    body = pod(mounted(), volumes=[volume()])

    change = mutate_pod(body, "shop", [migration(account="other")])

    assert change.pod is body
    assert "does not speak of ServiceAccount web" in change.warnings[0]


def test_two_roles_cannot_share_a_pod() -> None:
    body = pod(app(env=[from_secret("A", "password"), from_secret("B", "password", "queue")]))
    first, second = (
        migration(file_read("password", "A")),
        migration(file_read("password", "B"), name="queue", role="other"),
    )

    change = mutate_pod(body, "shop", [first, second])

    assert change.released == ("db",)
    assert "want different roles" in change.warnings[0]


def test_pod_may_narrow_what_it_gets_by_annotation() -> None:
    body = pod(
        app(env=[from_secret("A", "password"), from_secret("B", "password", "queue")]),
        annotations={"phase2.tazlab.net/secrets": "queue"},
    )
    first, second = migration(file_read("password", "A")), migration(file_read("password", "B"), name="queue")

    change = mutate_pod(body, "shop", [first, second])

    assert change.released == ("queue",)


def test_pod_whose_manifest_names_the_secret_no_more_gets_its_files_by_annotation() -> None:
    body = pod(annotations={"phase2.tazlab.net/secrets": "db"})

    change = mutate_pod(body, "shop", [migration(volume_read(), stage=Stage.RETIRE)])

    assert set(_of(change, "secret-volume-path").values()) == {"/etc/db"}


def test_unknown_name_in_the_annotation_is_said() -> None:
    change = mutate_pod(pod(annotations={"phase2.tazlab.net/secrets": "nope"}), "shop", [migration()])

    assert change.warnings == ("phase2: there is no SecretMigration nope in this namespace",)


def test_volume_with_other_sources_is_refused_in_words() -> None:
    projected: Json = {
        "name": "creds",
        "projected": {"sources": [{"secret": {"name": "db"}}, {"configMap": {"name": "c"}}]},
    }

    change = mutate_pod(pod(mounted(), volumes=[projected]), "shop", [migration()])

    assert "joins Secret db with other sources" in change.warnings[0]


def test_key_that_stays_in_the_same_volume_is_refused_in_words() -> None:
    items: Json = [{"key": "password", "path": "p"}, {"key": "token", "path": "t"}]

    change = mutate_pod(pod(mounted(), volumes=[volume(items=items)]), "shop", [migration()])

    assert "also holds token, which stays" in change.warnings[0]


def test_variable_that_the_migration_does_not_speak_of_is_refused_in_words() -> None:
    body = pod(app(env=[from_secret("PW", "password"), from_secret("AGAIN", "password")]))

    change = mutate_pod(body, "shop", [migration(file_read("password", "PW"))])

    assert change.pod is body
    assert "reads password as AGAIN" in change.warnings[0]


def test_templates_too_large_for_the_agent_are_refused_in_words() -> None:
    files = tuple(RenderedFile(key=key, template="x" * 60_000) for key in ("password", "user"))

    change = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [replace(migration(), files=files)])

    assert "too large" in change.warnings[0]


def test_second_time_changes_nothing() -> None:
    first = mutate_pod(pod(mounted(), volumes=[volume()]), "shop", [migration()])

    second = mutate_pod(first.pod, "shop", [migration()])

    assert second.pod is first.pod
    assert second.warnings == ()


def test_label_prefix_is_the_users() -> None:
    body = pod(mounted(), volumes=[volume()], labels={"acme.example/inject": "true"})

    change = mutate_pod(body, "shop", [migration()], Settings(label_prefix="acme.example"))

    assert "acme.example/released-secrets" in _annotations(change)


@pytest.mark.parametrize(
    "secret", ["db", "a-secret-with-quite-a-long-name-that-goes-on", "UPPER.case", "file-x", "x" * 253]
)
@pytest.mark.parametrize("key", ["password", "A_KEY", "tls.crt", "-", "y" * 100])
def test_suffix_fits_the_injector_and_is_unique(secret: str, key: str) -> None:
    made = {suffix_of(secret, key, folder) for folder in ("", "/a", "/b")}

    assert len(made) == 3
    for one in made:
        assert len(one) <= LONGEST_SUFFIX
        assert one == one.lower()
        assert not one.startswith("file-")


_shapes = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["db", "app", "web", "password", "creds", "/etc/db", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata",
                    "spec",
                    "containers",
                    "initContainers",
                    "volumes",
                    "name",
                    "secret",
                    "secretName",
                    "items",
                    "key",
                    "path",
                    "env",
                    "envFrom",
                    "valueFrom",
                    "secretKeyRef",
                    "secretRef",
                    "volumeMounts",
                    "mountPath",
                    "subPath",
                    "command",
                    "args",
                    "securityContext",
                    "annotations",
                    "projected",
                    "sources",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(_shapes, st.sampled_from([volume_read(), file_read("password", "PW"), wrapped_read("password", "PW")]))
@settings(max_examples=300)
def test_no_shape_of_a_pod_raises_and_what_was_sent_is_never_changed(spec: Json, read: object) -> None:
    body = pod()
    body["spec"] = spec
    before = copy.deepcopy(body)

    change = mutate_pod(body, "shop", [migration(read)])  # type: ignore[arg-type]

    assert body == before
    assert (change.pod is body) or change.released == ("db",)


def test_files_stand_where_the_pod_mounts_them_and_nowhere_else() -> None:
    change = mutate_pod(pod(mounted("/moved/to"), volumes=[volume()]), "shop", [migration(volume_read("/etc/db"))])

    assert set(_of(change, "secret-volume-path").values()) == {"/moved/to"}


def test_pod_for_windows_is_left_alone_in_words() -> None:
    body = pod(mounted(), volumes=[volume()], os={"name": "windows"})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "Linux only" in change.warnings[0]
