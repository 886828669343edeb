"""Pod specs: which container reads which Secret, and how."""

from __future__ import annotations

import pytest

from injector.inventory.consumers import read_consumers
from injector.inventory.consumers_reader import Reader
from injector.inventory.podspec import read_pod_spec
from injector.location import Location
from injector.model import How, ObjectRef, Origin, PodFacts
from tests.unit.inventory.reading import consumers_of, only, parse, resource_of, shown


def _pod(spec: str, kind: str = "Deployment") -> str:
    body = "\n".join(f"      {line}" for line in spec.strip("\n").splitlines())
    return f"""\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: web, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
{body}
"""


def test_env_from_a_secret_key_names_variable_and_key() -> None:
    found = only(
        consumers_of(
            _pod("""
containers:
- name: app
  image: shop:1
  env:
  - name: DB_PASSWORD
    valueFrom:
      secretKeyRef:
        name: db
        key: password
""")
        )
    )

    assert (found.how, found.secret, found.key, found.env) == (
        How.ENV,
        "db",
        "password",
        "DB_PASSWORD",
    )


def test_location_is_the_line_that_names_the_secret() -> None:
    found = only(
        consumers_of(
            _pod("""
containers:
- name: app
  envFrom:
  - secretRef:
      name: db
""")
        )
    )

    assert (found.location.path, found.location.line) == ("app.yaml", 12)


def test_env_from_reads_all_keys_with_the_prefix() -> None:
    found = only(consumers_of(_pod("containers: [{name: a, envFrom: [{prefix: P_, secretRef: {name: db}}]}]")))

    assert (found.how, found.key, found.env) == (How.ENV_FROM, "", "P_")


def test_optional_references_are_marked() -> None:
    found = consumers_of(
        _pod("""
containers:
- name: a
  envFrom: [{secretRef: {name: e, optional: true}}]
  env: [{name: X, valueFrom: {secretKeyRef: {name: f, key: k, optional: true}}}]
  volumeMounts: [{name: v, mountPath: /v}]
volumes: [{name: v, secret: {secretName: g, optional: true}}]
""")
    )

    assert [(one.secret, one.is_optional) for one in found] == [
        ("f", True),
        ("e", True),
        ("g", True),
    ]


def test_siblings_are_the_other_secrets_of_the_same_container() -> None:
    found = consumers_of(
        _pod("""
containers:
- name: a
  envFrom: [{secretRef: {name: one}}, {secretRef: {name: two}}]
- name: b
  envFrom: [{secretRef: {name: three}}]
""")
    )

    assert [one.sibling_secrets for one in found] == [("two",), ("one",), ()]


def test_container_facts_keep_image_literals_names_and_command() -> None:
    found = only(
        consumers_of(
            _pod("""
containers:
- name: a
  image: ghcr.io/x/app:1
  command: [sh, -c]
  args: ["run --now"]
  env:
  - {name: DB_HOST, value: pg}
  - {name: PORT, value: 5432}
  - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: PW, valueFrom: {secretKeyRef: {name: db, key: pw}}}
""")
        )
    )

    assert found.container is not None
    assert found.container.image == "ghcr.io/x/app:1"
    assert found.container.env == {"DB_HOST": "pg", "PORT": "5432"}
    assert found.container.env_names == ("DB_HOST", "PORT", "POD", "PW")
    assert found.container.command == "sh -c run --now"


def test_command_keeps_programs_and_flags_and_no_values() -> None:
    found = only(
        consumers_of(
            _pod("""
containers:
- name: a
  command: [sh, -c, "pg_dump --host pg.db.svc -U app --password=CANARY7x | gzip > /out/dump.gz"]
  envFrom: [{secretRef: {name: s}}]
""")
        )
    )

    assert found.container is not None
    assert (
        found.container.command == "sh -c pg_dump --host pg.db.svc -U app --password=<redacted> | gzip > /out/dump.gz"
    )


def test_command_is_at_most_five_hundred_characters() -> None:
    found = only(
        consumers_of(
            _pod(f"""
containers: [{{name: a, args: ["{"word " * 300}"], envFrom: [{{secretRef: {{name: s}}}}]}}]
""")
        )
    )

    assert found.container is not None
    assert len(found.container.command) == 500


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("DB_PASSWORD", "hunter2", "<redacted>"),
        ("API_TOKEN", "abc", "<redacted>"),
        ("NOTE", "CANARY-4f9a8b7c6d5e4f3a2b1c", "<redacted>"),
        ("DATABASE_URL", "postgres://u:CANARY@pg:5432/app", "postgres://<redacted>@pg:5432/app"),
        ("DB_PASSWORD_FILE", "/run/pw", "/run/pw"),
        ("DB_PASSWORD", "$(OTHER)", "$(OTHER)"),
        ("DB_PASSWORD", "", ""),
    ],
)
def test_literals_that_are_secret_values_are_not_kept(name: str, value: str, kept: str) -> None:
    found = only(
        consumers_of(
            _pod(f"""
containers:
- name: a
  env: [{{name: {name}, value: "{value}"}}]
  envFrom: [{{secretRef: {{name: s}}}}]
""")
        )
    )

    assert found.container is not None
    assert found.container.env == {name: kept}


def test_config_maps_of_the_build_are_literals() -> None:
    found = only(
        consumers_of(
            _pod("""
containers:
- name: a
  env: [{name: HOST, valueFrom: {configMapKeyRef: {name: cfg, key: host}}}]
  envFrom: [{secretRef: {name: s}}, {prefix: A_, configMapRef: {name: cfg}}]
"""),
            {"cfg": {"host": "pg", "port": 5432}},
        )
    )

    assert found.container is not None
    assert found.container.env == {"HOST": "pg", "A_host": "pg", "A_port": "5432"}


def test_unknown_config_map_leaves_the_name_only() -> None:
    found = only(
        consumers_of(
            _pod("""
containers:
- name: a
  env: [{name: HOST, valueFrom: {configMapKeyRef: {name: cfg, key: host}}}]
  envFrom: [{secretRef: {name: s}}]
""")
        )
    )

    assert found.container is not None
    assert (found.container.env, found.container.env_names) == ({}, ("HOST",))


def test_at_most_two_hundred_literals_are_kept() -> None:
    env = ", ".join(f"{{name: V{number}, value: x}}" for number in range(300))
    found = only(consumers_of(_pod(f"containers: [{{name: a, env: [{env}], envFrom: [{{secretRef: {{name: s}}}}]}}]")))

    assert found.container is not None
    assert (len(found.container.env), len(found.container.env_names)) == (200, 300)


_MOUNTS = [
    ("secret: {secretName: s}", "mountPath: /m", ["volume /m <- s in a"]),
    (
        "secret: {secretName: s}",
        "mountPath: /m/f, subPath: tls.key",
        ["volume /m/f <- s[tls.key] in a"],
    ),
    (
        "secret: {secretName: s, items: [{key: k, path: p/q}]}",
        "mountPath: /m/",
        ["volume /m/p/q <- s[k] in a"],
    ),
    (
        "secret: {secretName: s, items: [{key: k, path: p}, {key: l, path: q}]}",
        "mountPath: /m",
        ["volume /m/p <- s[k] in a", "volume /m/q <- s[l] in a"],
    ),
    (
        "secret: {secretName: s, items: [{key: k, path: p}, {key: l, path: q}]}",
        "mountPath: /f, subPath: q",
        ["volume /f <- s[l] in a"],
    ),
    (
        "projected: {sources: [{secret: {name: s}}, {configMap: {name: c}}, {secret: {name: t, items: [{key: k, path: k}]}}]}",
        "mountPath: /m",
        ["volume /m <- s in a", "volume /m/k <- t[k] in a"],
    ),
]


@pytest.mark.parametrize(("volume", "mount", "expected"), _MOUNTS)
def test_mounts_say_path_and_pinned_key(volume: str, mount: str, expected: list[str]) -> None:
    found = consumers_of(
        _pod(f"""
containers: [{{name: a, volumeMounts: [{{name: v, {mount}}}]}}]
volumes: [{{name: v, {volume}}}]
""")
    )

    assert shown(found) == expected


def test_volume_that_nobody_mounts_is_still_read() -> None:
    found = only(consumers_of(_pod("containers: [{name: a}]\nvolumes: [{name: v, secret: {secretName: s}}]")))

    assert (found.how, found.path, found.container) == (How.VOLUME, "", None)


def test_one_volume_in_two_containers_is_read_twice() -> None:
    found = consumers_of(
        _pod("""
initContainers: [{name: i, volumeMounts: [{name: v, mountPath: /i}]}]
containers: [{name: a, volumeMounts: [{name: v, mountPath: /a}]}]
volumes: [{name: v, secret: {secretName: s}}]
""")
    )

    assert sorted(shown(found)) == ["volume /a <- s in a", "volume /i <- s in i"]


@pytest.mark.parametrize(
    ("group", "restart", "expected"),
    [
        ("containers", "", False),
        ("initContainers", "", True),
        ("initContainers", "restartPolicy: Always, ", False),
        ("ephemeralContainers", "", False),
    ],
)
def test_init_containers_are_told_from_sidecars(group: str, restart: str, *, expected: bool) -> None:
    found = only(consumers_of(_pod(f"{group}: [{{name: a, {restart}envFrom: [{{secretRef: {{name: s}}}}]}}]")))

    assert found.container is not None
    assert found.container.is_init is expected


@pytest.mark.parametrize(
    ("volume", "path"),
    [
        ("csi: {driver: d, nodePublishSecretRef: {name: s}}", "volumes.csi.nodePublishSecretRef"),
        ("flexVolume: {driver: d, secretRef: {name: s}}", "volumes.flexVolume.secretRef"),
        ("cephfs: {monitors: [m], secretRef: {name: s}}", "volumes.cephfs.secretRef"),
        ("azureFile: {secretName: s, shareName: x}", "volumes.azureFile.secretName"),
    ],
)
def test_what_a_storage_driver_reads_is_not_the_containers(volume: str, path: str) -> None:
    found = only(
        consumers_of(
            _pod(
                f"containers: [{{name: a, volumeMounts: [{{name: v, mountPath: /v}}]}}]\nvolumes: [{{name: v, {volume}}}]"
            )
        )
    )

    assert (found.how, found.secret, found.path) == (How.CUSTOM_RESOURCE, "s", path)


def test_image_pull_secrets_are_read() -> None:
    found = only(consumers_of(_pod("containers: [{name: a}]\nimagePullSecrets: [{name: regcred}, {}]")))

    assert (found.how, found.secret) == (How.IMAGE_PULL, "regcred")


def test_labels_are_those_of_the_pod() -> None:
    found = only(consumers_of(_pod("containers: [{name: a, envFrom: [{secretRef: {name: s}}]}]")))

    assert found.labels == {"app": "web"}


@pytest.mark.parametrize("name", ["{{ .Values.x }}", "a b", "a/b", "", "<TOKEN>", "x" * 254])
def test_what_cannot_be_a_name_is_no_consumer(name: str) -> None:
    assert consumers_of(_pod(f"containers: [{{name: a, envFrom: [{{secretRef: {{name: '{name}'}}}}]}}]")) == []


def test_unresolved_substitution_in_a_name_is_kept() -> None:
    found = only(consumers_of(_pod("containers: [{name: a, envFrom: [{secretRef: {name: '${APP}-secret'}}]}]")))

    assert found.secret == "${APP}-secret"  # noqa: S105 - a name


def test_one_reference_repeated_by_an_anchor_is_one_consumer() -> None:
    found = consumers_of(
        _pod("""
containers:
- name: a
  envFrom: [&e {secretRef: {name: s}}, *e]
""")
    )

    assert shown(found) == ["envFrom <- s in a"]


def _reader() -> Reader:
    return Reader(ref=ObjectRef("Pod", "n", "p"), origin=Origin(Location("app.yaml", 1), 0), redact=str)


def test_a_pod_spec_alone_is_read_like_one_in_a_workload() -> None:
    spec = """
containers: [{name: a, envFrom: [{secretRef: {name: e}}], volumeMounts: [{name: v, mountPath: /v}, 5]}, 7]
initContainers: [{name: i, env: [{name: X, valueFrom: {secretKeyRef: {name: f, key: k}}}]}]
volumes:
- {name: v, secret: {secretName: s}}
- {name: unused, secret: {secretName: u, items: [{key: k, path: k}]}}
- {name: d, csi: {nodePublishSecretRef: {name: d}}}
imagePullSecrets: [{name: regcred}]
"""

    alone = read_pod_spec(parse(spec), _reader())

    assert sorted(shown(alone)) == sorted(shown(consumers_of(_pod(spec))))
    assert len(alone) == 6


def test_literals_are_redacted_by_the_products_own_redaction_by_default() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, "
    text += "env: [{name: URL, value: 'http://u:hunter2@host/x'}], envFrom: [{secretRef: {name: s}}]}]}\n"
    found = only(read_consumers(resource_of(text), ""))

    assert found.container is not None
    assert "hunter2" not in found.container.env["URL"]


def test_misshapen_references_are_no_consumers() -> None:
    assert (
        consumers_of(
            _pod("""
containers:
- name: a
  env: [5, {value: x}, {name: A, valueFrom: {secretKeyRef: {key: k}}}, {name: B, valueFrom: {configMapKeyRef: {name: c, key: k}}}]
  envFrom: [5, {}, {secretRef: {}}]
  volumeMounts: [5, {name: nowhere, mountPath: /x}]
volumes: [5, {name: v, secret: {}}, {name: w, projected: {sources: [5, {secret: {}}]}}, {name: x, csi: {}}]
imagePullSecrets: [5, '']
""")
        )
        == []
    )


def test_pod_facts_come_with_every_consumer_of_a_pod() -> None:
    found = only(
        consumers_of(
            _pod("""
serviceAccountName: web
automountServiceAccountToken: false
hostNetwork: true
securityContext: {runAsUser: 1000, runAsGroup: 3000}
containers:
- name: app
  command: [/app]
  securityContext: {runAsUser: 2000}
  envFrom: [{secretRef: {name: db}}]
""")
        )
    )

    assert found.pod == PodFacts(service_account="web", has_token=False, is_host_network=True)
    assert found.container is not None
    assert (found.container.run_as_user, found.container.run_as_group) == (2000, 3000)
    assert found.container.has_command


def test_pod_without_service_account_runs_as_default() -> None:
    found = only(consumers_of(_pod("containers: [{name: app, args: [run], envFrom: [{secretRef: {name: db}}]}]")))

    assert found.pod == PodFacts()
    assert found.container is not None
    assert not found.container.has_command
