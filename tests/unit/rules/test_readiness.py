"""What a consumer needs before its credential can move."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.model import ConsumerReport, Readiness
from injector.rules.example import document, external_secret, file, manifests, workload
from tests.unit.rules.judging import credential_of, judge

APP = "ghcr.io/acme/web:1.4"
KEY = "POSTGRES_PASSWORD"
SECRET = external_secret("shop/web", {KEY: "shop/web#password"})
CLIENT = workload("shop/client", APP, volume="web:/secrets")


def reader(*parts: str, name: str = "web", folder: Path | None = None) -> ConsumerReport:
    """Return what is said of one reader of the Secret."""
    report = judge(manifests(*parts), folder)
    found = [one for one in credential_of(report, KEY).consumers if one.consumer.ref.name == name]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_plain_volume_mount_is_ready(kind: str) -> None:
    found = reader(SECRET, workload("shop/web", APP, volume="web:/secrets", kind=kind))

    assert (found.readiness, found.obstacles) == (Readiness.READY, ())


def test_a_volume_that_joins_the_secret_with_others_needs_one_of_its_own() -> None:
    pod = workload("shop/web", APP, volume="web:/secrets").replace(
        "secret: {secretName: web}",
        "projected: {sources: [{secret: {name: web}}, {serviceAccountToken: {path: t}}, {secret: {name: other}}]}",
    )
    assert "projected" in pod

    found = reader(SECRET, pod)

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert found.obstacles == (
        "its volume joins the Secret with serviceAccountToken, Secret other: the Secret needs a volume of its own",
    )


def test_a_pod_without_a_token_needs_one() -> None:
    pod = workload("shop/web", APP, volume="web:/secrets").replace(
        "    spec:\n", "    spec:\n      automountServiceAccountToken: false\n"
    )

    found = reader(SECRET, pod)

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert found.obstacles == (
        "automountServiceAccountToken is false: the Vault Agent needs a projected token to log in with",
    )


@pytest.mark.parametrize(
    ("image", "variable", "obstacle"),
    [
        ("bitnami/keycloak:26", "KEYCLOAK_DATABASE_PASSWORD", "KEYCLOAK_DATABASE_PASSWORD_FILE names a file to read"),
        (
            "ghcr.io/goauthentik/server:2026.8",
            "AUTHENTIK_POSTGRESQL__PASSWORD",
            "its command must be written in the manifest",
        ),
        (
            "ghcr.io/goauthentik/authentik:2026.8",
            "AUTHENTIK_POSTGRESQL__PASSWORD",
            "AUTHENTIK_POSTGRESQL__PASSWORD=file://<file> reads it from a file",
        ),
        (APP, "PGPASSWORD", "PGPASSFILE names a file to read instead"),
        (APP, "DB_PASSWORD", "its command must be written in the manifest, wrapped"),
    ],
)
def test_a_variable_needs_what_the_app_can_do(image: str, variable: str, obstacle: str) -> None:
    env = {variable: f"web#{KEY}", "DB_TYPE": "=postgres"}

    found = reader(SECRET, workload("shop/web", image, env=env))

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert found.obstacles[0].startswith(f"reads {variable} from the environment; ")
    assert obstacle in found.obstacles[0]


@pytest.mark.parametrize(
    ("image", "variable"),
    [
        ("grafana/grafana:11", "GF_DATABASE_PASSWORD"),
        ("ghcr.io/immich-app/immich-server:v1", "DB_PASSWORD"),
        ("lscr.io/linuxserver/bookstack:24", "DB_PASSWORD"),
        ("vaultwarden/server:1", "DATABASE_PASSWORD"),
    ],
)
def test_a_variable_that_the_app_reads_from_a_file_as_well_is_the_webhooks_own_business(
    image: str, variable: str
) -> None:
    env = {variable: f"web#{KEY}", "DB_TYPE": "=postgres"}

    found = reader(SECRET, workload("shop/web", image, env=env))

    assert found.readiness is Readiness.READY
    assert found.obstacles == ()


def test_a_command_in_the_place_of_an_entrypoint_reads_no_file() -> None:
    env = {"GF_DATABASE_PASSWORD": f"web#{KEY}", "GF_DATABASE_TYPE": "=postgres"}

    found = reader(SECRET, workload("shop/web", "grafana/grafana:11", env=env, command="exec grafana server"))

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert "GF_DATABASE_PASSWORD__FILE names a file to read instead" in found.obstacles[0]


def test_an_app_that_refuses_both_variables_must_not_read_the_whole_secret() -> None:
    found = reader(SECRET, workload("shop/web", "vaultwarden/server:1", env_from="web"))

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert "POSTGRES_PASSWORD_FILE names a file to read instead" in found.obstacles[0]


def test_a_command_in_the_manifest_can_be_wrapped() -> None:
    found = reader(SECRET, workload("shop/web", APP, env={KEY: f"web#{KEY}"}, command="exec web"))

    assert found.obstacles == (
        f"reads {KEY} from the environment; its command can be wrapped so that it sources a rendered file",
    )


def test_env_from_is_told_by_the_variables_it_becomes() -> None:
    found = reader(SECRET, workload("shop/web", APP, env_from="web"))

    assert found.obstacles[0].startswith(f"reads {KEY} from the environment; ")


def test_what_phase2_yaml_says_of_an_app_wins(tmp_path: Path) -> None:
    config = file("phase2.yaml", f"apps: [{{image: web, fileEnv: {{{KEY}: PW_PATH}}}}]\n")
    manifest = file("app.yaml", SECRET, workload("shop/web", APP, env={KEY: f"web#{KEY}"}))

    found = reader(config, manifest, folder=tmp_path)

    assert found.readiness is Readiness.READY
    assert found.obstacles == ()


def test_a_chart_must_pass_on_the_annotations() -> None:
    env = f"env: {{{KEY}: {{valueFrom: {{secretKeyRef: {{name: web, key: {KEY}}}}}}}}}"
    container = f"{{image: {{repository: x/web}}, {env}}}"
    body = (
        f"spec: {{chart: {{spec: {{chart: web}}}}, values: {{controllers: {{m: {{containers: {{m: {container}}}}}}}}}}}"
    )

    found = reader(SECRET, document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "shop/web", body))

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert any("podAnnotations" in text for text in found.obstacles)


def test_a_field_of_chart_values_must_be_changed() -> None:
    body = "spec: {chart: {spec: {chart: web}}, values: {postgresql: {auth: {existingSecret: web}}}}"
    release = document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "shop/web", body)

    found = reader(SECRET, CLIENT, release)

    assert found.readiness in (Readiness.NEEDS_CHANGE, Readiness.BLOCKED)
    assert found.obstacles


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            document("networking.k8s.io/v1", "Ingress", "shop/web", "spec: {tls: [{secretName: web}]}"),
            "an ingress controller reads the Secret object",
        ),
        (
            document(
                "kustomize.toolkit.fluxcd.io/v1",
                "Kustomization",
                "shop/web",
                "spec: {path: ./nowhere, postBuild: {substituteFrom: [{kind: Secret, name: web}]}}",
            ),
            "variables are read from the Secret object before anything is deployed",
        ),
        (
            document(
                "helm.toolkit.fluxcd.io/v2",
                "HelmRelease",
                "shop/web",
                "spec: {chart: {spec: {chart: x}}, valuesFrom: [{kind: Secret, name: web, valuesKey: POSTGRES_PASSWORD}]}",
            ),
            "values are read from the Secret object when the release is made",
        ),
        (
            document(
                "keycloak.org/v1",
                "Keycloak",
                "shop/web",
                "spec: {db: {passwordSecret: {name: web, key: POSTGRES_PASSWORD}}}",
            ),
            "the operator of Keycloak reads the Secret object that spec.db.passwordSecret",
        ),
    ],
)
def test_who_needs_the_object_is_blocked_and_told_what_would_help(other: str, why: str) -> None:
    found = reader(SECRET, CLIENT, other)

    assert found.readiness is Readiness.BLOCKED
    assert found.obstacles[0].startswith(why)
    assert found.obstacles[0].endswith("it needs a Secret of its own that stays with the External Secrets Operator")


def test_a_server_keeps_its_password() -> None:
    server = workload("shop/web", "postgres:17", env={KEY: f"web#{KEY}"}, kind="StatefulSet")

    found = reader(SECRET, CLIENT, server)

    assert (found.readiness, found.obstacles) == (
        Readiness.BLOCKED,
        ("it is the postgresql server itself: it keeps this password, and its clients get logins of their own",),
    )


def test_a_role_making_init_container_goes_when_the_app_moves() -> None:
    init = workload("shop/web", "postgres-init:17", env={"APP_PASS": f"web#{KEY}"}, is_init=True)
    client = workload("shop/client", APP, env={KEY: f"web#{KEY}"})

    found = reader(SECRET, client, init)

    assert found.obstacles == ("it makes the role that Vault will make: remove this container when the app moves",)


def test_an_operators_pods_need_it_to_pass_on_the_annotations() -> None:
    monitor = document("monitoring.coreos.com/v1", "Prometheus", "shop/web", "spec: {secrets: [web]}")

    found = reader(SECRET, CLIENT, monitor)

    assert found.readiness is Readiness.NEEDS_CHANGE
    assert found.obstacles == ("an operator makes the pods of Prometheus: it must pass on the annotations",)


def test_a_volume_that_no_container_mounts_is_to_be_removed() -> None:
    pod = workload("shop/web", APP, volume="web:/secrets").replace("volumeMounts", "unused")

    found = reader(SECRET, CLIENT, pod)

    assert found.obstacles == (
        "no container mounts the volume, and the pod does not start without its Secret: remove it",
    )
