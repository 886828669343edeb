"""The label alone, a namespace's default, and what a tenant tries: API server, our webhook, the real injector, the real agent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from injector.migration.model import Delivery, Read, Stage
from tests.lab.errors import LabError
from tests.lab.kube import ApiError, Object, Response
from tests.lab.lab import Lab
from tests.lab.podrunner import INIT, SIDECAR
from tests.lab.waiting import wait_until
from tests.live.registered import ACCOUNT, OPT_IN, Shop, agents, migration, pod, shop, volume_spec
from tests.live.watching import install, kubeconfig, store
from tests.live.workloads import unique, wait_for_pod
from tests.unit.convention.deciding import external_secret
from tests.unit.convention.deciding import namespace as labelled
from tests.webhook.processes import running
from tests.webhook.reviews import review

BOTH = {SIDECAR, INIT}
VOLUME = Read(key="*", delivery=Delivery.FILE, path="/etc/db")
LOGIN = {"url": "postgres://{{ .user }}:{{ .password }}@pg.shop.svc:5432/shop"}
STORE: Object = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ClusterSecretStore",
    "metadata": {"name": "vault"},
    "spec": {"provider": {"vault": {"server": "https://vault:8200", "path": "secret", "version": "v2"}}},
}
CONVENTION = """\
vault:
  mounts: {database: database}
  auth: {method: jwt, mount: jwt}
  names: {authRole: "{namespace}-{serviceAccount}", engineRole: "{namespace}-{name}"}
  labelAlone: [OWN]
webhook:
  enforce: deny
"""


@pytest.fixture
def web(lab_agent: Lab, namespace: str, tmp_path: Path) -> Iterator[Shop]:
    """A namespace where the label is enough, with the roles of the convention for ServiceAccount web."""
    with shop(lab_agent, namespace, tmp_path, config=CONVENTION.replace("OWN", namespace)) as made:
        lab_agent.services.create_database_role(f"{namespace}-db")
        lab_agent.services.create_auth_roles(f"{namespace}-{ACCOUNT}", namespace, ACCOUNT, [f"{namespace}-db"])
        yield made


def tell(web: Shop, *more: Object) -> None:
    web.tell(STORE, external_secret(template=LOGIN, namespace=web.namespace), *more)


def send(web: Shop, asks: Mapping[str, str] | None = None, *, labels: dict[str, str] | None = None) -> Response:
    """Make a pod that mounts the Secret, with annotations of ours."""
    notes = {f"phase2.tazlab.net/{key}": value for key, value in (asks or {}).items()}
    body = pod(web.namespace, unique("pod"), volume_spec(), labels=labels, annotations=notes)
    return web.lab.kube.create_with_warnings(body)


def is_untouched(body: Object) -> bool:
    return not agents(body) and "creds" in [one["name"] for one in body["spec"]["volumes"]]


def check_login(web: Shop, body: Object, path: str) -> None:
    """Let a pod's agent render, and show that the URL in a file is a login at PostgreSQL."""
    with web.lab.run_pod(web.namespace, body["metadata"]["name"]) as run:
        run.run_init()
        url = urlsplit(run.read(path, INIT))
        assert url.username is not None
        assert url.password is not None
        with web.lab.services.postgres.connect(url.username, url.password) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (url.username,)


def test_deployment_with_nothing_but_the_label_gets_a_login(web: Shop) -> None:
    tell(web)
    web.register_shipped()
    name = unique("web")
    template = {
        "metadata": {"labels": {"app": name} | OPT_IN},
        "spec": {"serviceAccountName": ACCOUNT, **volume_spec()},
    }
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    meta = {"name": name, "namespace": web.namespace}
    web.lab.kube.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})

    body = wait_for_pod(web.lab, web.namespace, name)

    assert agents(body) == BOTH
    assert body["metadata"]["annotations"]["vault.hashicorp.com/role"] == f"{web.namespace}-{ACCOUNT}"
    check_login(web, body, "/etc/db/url")


def test_variable_of_an_app_that_reads_files_as_well_needs_nothing_but_the_label(web: Shop) -> None:
    secret = external_secret(template={"GF_DATABASE_URL": LOGIN["url"]}, namespace=web.namespace)
    web.tell(STORE, secret)
    web.register_shipped()
    ref = {"secretKeyRef": {"name": "db", "key": "GF_DATABASE_URL"}}
    grafana = {"name": "app", "image": "grafana/grafana:11", "env": [{"name": "GF_DATABASE_URL", "valueFrom": ref}]}

    body = web.lab.kube.create(pod(web.namespace, unique("grafana"), {"containers": [grafana]}))

    assert agents(body) == BOTH
    env = next(one["env"] for one in body["spec"]["containers"] if one["name"] == "app")
    assert env == [{"name": "GF_DATABASE_URL__FILE", "value": "/vault/secrets/db/GF_DATABASE_URL"}]
    check_login(web, body, "/vault/secrets/db/GF_DATABASE_URL")


def test_namespace_that_opts_in_takes_its_pods_along_and_no_pod_that_opts_out(web: Shop) -> None:
    own = labelled(web.namespace, inject="enabled")
    web.lab.kube.merge("v1", "Namespace", web.namespace, {"metadata": {"labels": own["metadata"]["labels"]}})
    tell(web, own)
    web.register_shipped()

    by_default, opted_out = send(web, labels={}), send(web, labels={"phase2.tazlab.net/inject": "false"})

    assert agents(by_default.body) == BOTH
    assert by_default.body["metadata"]["labels"]["phase2.tazlab.net/inject"] == "true"
    assert is_untouched(opted_out.body)
    assert opted_out.warnings == ()


def test_namespace_that_does_not_opt_in_is_not_asked_about(web: Shop) -> None:
    tell(web, labelled(web.namespace))
    web.register_shipped()
    asked = web.webhook.metric('phase2_admission_duration_seconds_count{endpoint="pods"}')

    made = send(web, labels={})

    assert is_untouched(made.body)
    assert web.webhook.metric('phase2_admission_duration_seconds_count{endpoint="pods"}') == asked


def test_pod_that_asks_for_what_is_static_is_denied(web: Shop) -> None:
    web.tell(STORE, external_secret(data=("API_TOKEN",), namespace=web.namespace))
    web.register_shipped()

    with pytest.raises(ApiError, match="asks for dynamic credentials of Secret db: it is static") as refused:
        send(web)

    assert refused.value.status == 403


ATTACKS = {
    "another workload's role": ({"role": "{namespace}-admin"}, "asks for another role"),
    "a role of another namespace": ({"role": "kube-system-web"}, "asks for another role"),
    "another namespace's migration": ({"secrets": "theirs"}, "there is no SecretMigration theirs in this namespace"),
    "a path in a name": ({"secrets": "../../theirs/db"}, "is no list of names"),
    "a template in a name": ({"secrets": '{{ file "/etc/passwd" }}'}, "is no list of names"),
    "a template in a role": ({"role": '{{ env "HOME" }}'}, "is no name of a role"),
    "a second annotation in a delivery": ({"delivery": "file\nvault.hashicorp.com/role: admin"}, "is no list of words"),
    "forged marks": ({"released-secrets": "db"}, "which only the webhook sets"),
    "a forged revision": ({"migration-revision": "0123456789abcdef"}, "which only the webhook sets"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_annotation_of_a_tenant_gets_him_nothing(web: Shop, attack: str) -> None:
    annotations, said = ATTACKS[attack]
    theirs = external_secret("theirs", template=LOGIN, namespace="other")
    tell(web, theirs)
    web.register_shipped()

    made = send(web, {key: value.replace("{namespace}", web.namespace) for key, value in annotations.items()})

    assert is_untouched(made.body)
    assert any(said in one for one in made.warnings), made.warnings
    assert not any("/etc/passwd" in one for one in made.warnings)


def test_forged_skip_flag_gets_nothing(web: Shop) -> None:
    tell(web)
    web.register_shipped()

    made = send(web, labels=OPT_IN | {"phase2.tazlab.net/eso": "skip"})

    assert is_untouched(made.body)
    assert any("which only the webhook sets" in one for one in made.warnings)


def test_forged_injection_status_gets_no_agent(web: Shop) -> None:
    tell(web)
    web.register_shipped()
    body = pod(web.namespace, unique("pod"), volume_spec())
    body["metadata"]["annotations"] = {"vault.hashicorp.com/agent-inject-status": "injected"}

    made = web.lab.kube.create_with_warnings(body)

    assert is_untouched(made.body)
    assert any("agent-inject-status" in one for one in made.warnings)


def test_template_of_an_external_secret_does_not_call_the_agents_functions(web: Shop) -> None:
    template = {"url": LOGIN["url"] + '{{ file "/var/run/secrets/kubernetes.io/serviceaccount/token" }}'}
    web.tell(STORE, external_secret(template=template, namespace=web.namespace))
    web.register_shipped()

    made = send(web)

    assert is_untouched(made.body)
    assert any("function file" in one for one in made.warnings)


def test_another_service_account_gets_a_role_that_vault_does_not_give_him(web: Shop) -> None:
    """The role follows the account: what the label gives is his own, and it may read nothing."""
    tell(web)
    web.register_shipped()
    meta = {"name": "mallory", "namespace": web.namespace}
    web.lab.kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    body = pod(web.namespace, unique("pod"), volume_spec())
    body["spec"]["serviceAccountName"] = "mallory"

    made = web.lab.kube.create(body)

    assert made["metadata"]["annotations"]["vault.hashicorp.com/role"] == f"{web.namespace}-mallory"
    with web.lab.run_pod(web.namespace, made["metadata"]["name"]) as run, pytest.raises(LabError, match="role"):
        run.run_init()


def test_objects_of_the_api_server_make_the_label_enough_as_they_come_and_go(
    lab_agent: Lab, namespace: str, tmp_path: Path
) -> None:
    """The same by watches, without a folder: a Namespace's label, an ExternalSecret, a committed migration at prepare."""
    kube = lab_agent.kube
    install(lab_agent)
    config = tmp_path / "phase2.yaml"
    config.write_text(CONVENTION.replace("OWN", namespace), encoding="utf-8")
    own = pod(namespace, "x", volume_spec(), labels={})
    flags = ("--kubeconfig", str(kubeconfig(lab_agent, tmp_path)), "--config", str(config))

    with running(None, tmp_path / "log", *flags) as webhook:

        def has_patch() -> bool:
            answer = webhook.post("/mutate/pods", review(own, namespace=namespace))
            return "patch" in json.loads(answer.data)["response"]

        before = has_patch()
        kube.merge("v1", "Namespace", namespace, {"metadata": {"labels": {"phase2.tazlab.net/inject": "enabled"}}})
        kube.apply(external_secret(template=LOGIN, namespace=namespace))
        wait_until(has_patch, what="the label of the namespace and the ExternalSecret decide")
        store(kube, replace(migration(namespace, "x", VOLUME), stage=Stage.PREPARE), namespace)
        wait_until(lambda: not has_patch(), what="the committed migration holds it back")
        kube.delete("phase2.tazlab.net/v1alpha1", "SecretMigration", "db", namespace)
        wait_until(has_patch, what="the label decides again")
        kube.apply(external_secret(data=("API_TOKEN",), namespace=namespace))
        wait_until(lambda: not has_patch(), what="what is static now does not move")

    assert not before
