"""API server, our webhook, the real injector, the real agent, and a login with what it rendered."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from injector.config.model import AuthMethod
from injector.migration.model import Delivery, Mode, Read, Stage
from tests.lab import eso
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.podrunner import INIT, SIDECAR, PodRun
from tests.lab.waiting import wait_until
from tests.live.registered import (
    ACCOUNT,
    OPT_IN,
    REVISION,
    Shop,
    agents,
    environment,
    pod,
    shop,
    volume_spec,
)
from tests.live.test_external_secrets import find_secret, has_owner, ready_reason
from tests.live.workloads import unique, wait_for_pod
from tests.webhook.reviews import review

VOLUME = Read(key="*", delivery=Delivery.FILE, path="/etc/db")
BOTH = {SIDECAR, INIT}


@pytest.fixture
def web(lab_agent: Lab, namespace: str, tmp_path: Path) -> Iterator[Shop]:
    with shop(lab_agent, namespace, tmp_path) as made:
        yield made


def deploy(web: Shop, spec: Object) -> Object:
    """Make a Deployment as a person writes it, and return the pod that the controllers made of it."""
    name = unique("web")
    labels = {"app": name}
    template = {"metadata": {"labels": labels | OPT_IN}, "spec": {"serviceAccountName": ACCOUNT, **spec}}
    web.lab.kube.create(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": web.namespace},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        }
    )
    return wait_for_pod(web.lab, web.namespace, name)


def render(web: Shop, body: Object) -> PodRun:
    return web.lab.run_pod(web.namespace, body["metadata"]["name"])


def log_in(web: Shop, user: str, password: str) -> None:
    """Show that the database lets these in, and that they are no static ones."""
    with web.lab.services.postgres.connect(user, password) as connection:
        found = connection.execute("SELECT current_user").fetchone()
    assert found == (user,)
    assert user.startswith("v-")


@pytest.mark.parametrize("method", AuthMethod)
def test_deployment_with_a_volume_gets_files_that_log_in(web: Shop, method: AuthMethod) -> None:
    web.decide(VOLUME, method=method)
    web.register()

    body = deploy(web, volume_spec())

    assert agents(body) == BOTH
    assert REVISION in body["metadata"]["annotations"]
    assert "creds" not in [one["name"] for one in body["spec"]["volumes"]]
    with render(web, body) as run:
        run.run_init()
        log_in(web, run.read("/etc/db/username", INIT), run.read("/etc/db/password", INIT))
        assert run.file("/etc/db/password", "app").is_file()


def test_sidecar_renews_what_a_deployment_got(web: Shop) -> None:
    web.decide(VOLUME)
    web.register()

    body = deploy(web, volume_spec())

    with render(web, body) as run:
        run.start(SIDECAR)
        log_in(web, run.read("/etc/db/username"), run.read("/etc/db/password"))


def test_deployment_with_file_variables_gets_their_files(web: Shop) -> None:
    web.decide(
        *(
            Read(key=key, delivery=Delivery.ENV_FILE, env=env, file_env=f"{env}_FILE", path=f"/vault/secrets/db/{key}")
            for key, env in (("username", "PGUSER"), ("password", "PGPASSWORD"))
        )
    )
    web.register()
    spec = {"containers": [{"name": "app", "image": "x", "env": environment(PGUSER="username", PGPASSWORD="password")}]}

    body = deploy(web, spec)

    with render(web, body) as run:
        run.run_init()
        paths = {one["name"]: one["value"] for one in run.container("app")["env"]}
        assert set(paths) == {"PGUSER_FILE", "PGPASSWORD_FILE"}
        log_in(web, run.read(paths["PGUSER_FILE"], INIT), run.read(paths["PGPASSWORD_FILE"], INIT))


def test_wrapped_command_has_the_credentials_in_its_environment(web: Shop) -> None:
    """The app's own container runs here: what it is given is what it writes down."""
    web.decide(
        Read(key="username", delivery=Delivery.ENV_WRAPPED, env="PGUSER"),
        Read(key="password", delivery=Delivery.ENV_WRAPPED, env="PGPASSWORD"),
    )
    web.register()
    app = {
        "name": "app",
        "image": "x",
        "command": ["/bin/sh", "-c", 'printf "%s %s %s" "$PGUSER" "$PGPASSWORD" "$0" > /out/login', "a b"],
        "env": environment(PGUSER="username", PGPASSWORD="password"),
        "volumeMounts": [{"name": "out", "mountPath": "/out"}],
    }

    body = deploy(web, {"containers": [app], "volumes": [{"name": "out", "emptyDir": {}}]})

    with render(web, body) as run:
        run.run_init()
        assert run.start("app").wait_for_exit() == 0
        user, password, argument = run.file("/out/login", "app").read_text(encoding="utf-8").split(" ", 2)
        log_in(web, user, password)
        assert argument == "a b"


def test_cron_job_gets_files_and_no_sidecar_that_would_keep_it_alive(web: Shop) -> None:
    web.decide(VOLUME, mode=Mode.INIT)
    web.register()
    name = unique("nightly")
    pod_spec = {"serviceAccountName": ACCOUNT, "restartPolicy": "Never", **volume_spec()}
    job = {"spec": {"template": {"metadata": {"labels": OPT_IN}, "spec": pod_spec}}}
    meta = {"name": name, "namespace": web.namespace}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta}
    stored = web.lab.kube.create({**cron, "spec": {"schedule": "0 0 30 2 *", "jobTemplate": job}})
    # as `kubectl create job --from=cronjob/…` does: the schedule is a minute at least
    template = stored["spec"]["jobTemplate"]
    web.lab.kube.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": template["spec"]})

    body = wait_for_pod(web.lab, web.namespace, name)

    assert agents(body) == {INIT}
    with render(web, body) as run:
        run.run_init()
        log_in(web, run.read("/etc/db/username", INIT), run.read("/etc/db/password", INIT))


def test_pod_in_a_restricted_namespace_is_let_in(web: Shop) -> None:
    web.decide(VOLUME)
    web.register()
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    web.lab.kube.merge("v1", "Namespace", web.namespace, {"metadata": {"labels": labels}})
    spec = volume_spec()
    spec["containers"][0]["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }

    body = web.create_pod(spec)

    assert agents(body) == BOTH


@pytest.mark.parametrize("labels", [{}, {"phase2.tazlab.net/inject": "false"}, {"app": "web"}])
def test_pod_that_did_not_opt_in_is_untouched(web: Shop, labels: dict[str, str]) -> None:
    web.decide(VOLUME)
    web.register()

    body = web.create_pod(volume_spec(), labels=labels)

    assert "annotations" not in body["metadata"]
    assert agents(body) == set()
    assert "creds" in [one["name"] for one in body["spec"]["volumes"]]


def test_dry_run_shows_the_same_and_stores_nothing(web: Shop) -> None:
    web.decide(VOLUME)
    web.register()

    shown = web.lab.kube.create(pod(web.namespace, "dry", volume_spec()), dry_run=True)

    assert agents(shown) == BOTH
    assert web.lab.kube.find("v1", "Pod", "dry", web.namespace) is None


def test_second_call_changes_nothing(web: Shop) -> None:
    """By reinvocation, and by sending the stored pod again."""
    web.decide(VOLUME)
    web.register(reinvocation="IfNeeded")

    body = web.create_pod(volume_spec())

    assert agents(body) == BOTH
    again = web.webhook.post("/mutate/pods", review(body, namespace=web.namespace))
    assert json.loads(again.data)["response"] == {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": True}
    names = [one["name"] for one in body["spec"]["containers"]]
    assert names == ["app", "vault-agent"]


def test_warning_reaches_the_person_who_makes_the_pod(web: Shop) -> None:
    web.decide(VOLUME, stage=Stage.PREPARE)
    web.register()

    made = web.lab.kube.create_with_warnings(pod(web.namespace, "early", volume_spec()))

    assert any("Secret db stays for now: its SecretMigration is at stage prepare" in one for one in made.warnings)
    assert agents(made.body) == set()


def test_name_behind_the_injectors_is_told_by_validation_and_mended_by_its_policy(web: Shop) -> None:
    """vault-k8s #40: annotated, not injected, and the API server says nothing. The validating webhook does."""
    web.decide(VOLUME)
    web.register("zz-phase2")
    web.register_validation()
    chart = web.lab.services.injector.configuration()

    missed = web.lab.kube.create_with_warnings(pod(web.namespace, "missed", volume_spec()))
    chart["webhooks"][0]["reinvocationPolicy"] = "IfNeeded"
    web.lab.kube.apply(chart)

    def is_seen() -> set[str]:
        return agents(web.lab.kube.create(pod(web.namespace, unique("x"), volume_spec()), dry_run=True))

    try:
        mended = wait_until(is_seen, what="the injector is asked again")
    finally:
        web.lab.kube.apply(web.lab.services.injector.configuration())
        wait_until(lambda: not is_seen(), what="the chart's own policy is in force again")

    assert agents(missed.body) == set()
    assert any("asks for a Vault Agent and has none" in one for one in missed.warnings)
    assert mended == BOTH


def test_released_external_secret_lets_go_whatever_its_manifest_says(web: Shop) -> None:
    """The Secret outlives its ExternalSecret, although nobody changed the manifest."""
    web.lab.kube.delete("v1", "Secret", "db", web.namespace)
    data = {"username": "static", "password": "from-kv"}
    web.lab.services.vault.write(f"secret/data/{web.namespace}", {"data": data})
    manifest: Object = {
        "apiVersion": eso.API,
        "kind": "ExternalSecret",
        "metadata": {"name": "db", "namespace": web.namespace},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": eso.STORE},
            "target": {"name": "db"},
            "data": [{"secretKey": key, "remoteRef": {"key": web.namespace, "property": key}} for key in sorted(data)],
        },
    }
    web.lab.kube.apply(manifest)
    wait_until(lambda: ready_reason(web.lab, web.namespace, "db") == "SecretSynced", what="it synced")
    assert has_owner(web.lab, web.namespace, "db")
    web.decide(VOLUME, stage=Stage.RELEASE)
    web.register_external_secrets()

    def is_changed() -> bool:
        applied = web.lab.kube.apply(manifest)
        return bool(applied["spec"]["target"]["creationPolicy"] == "Orphan")

    wait_until(is_changed, what="the webhook is asked and makes it let go")
    wait_until(lambda: not has_owner(web.lab, web.namespace, "db"), what="the ownerReference is gone")
    web.lab.kube.delete(eso.API, "ExternalSecret", "db", web.namespace)
    wait_until(lambda: not web.lab.kube.list(eso.API, "ExternalSecret", web.namespace), what="it is gone")

    secret = find_secret(web.lab, web.namespace, "db")
    assert secret is not None
    assert base64.b64decode(secret["data"]["password"]) == b"from-kv"
