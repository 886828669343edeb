"""deploy/base as the API server takes it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from injector.cli.tree import root
from injector.migration.model import SecretMigration
from injector.migration.write import write_migration
from tests.lab.kube import APPLY_PATCH, ApiError, Cluster, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.packaging.conftest import REPOSITORY
from tests.unit.migration.strategies import migrations

CRD = "apiextensions.k8s.io/v1"
VALID = """\
apiVersion: phase2.tazlab.net/v1alpha1
kind: SecretMigration
metadata: {name: shop-db}
spec:
  stage: inject
  source: {kind: ExternalSecret, name: shop-db}
  secret: shop-db
  auth: {method: jwt, mount: jwt}
  credentials:
    - {name: shop, keys: [password], engine: database/postgresql, path: database/creds/shop}
  files:
    - {key: password, template: '{{ with secret "database/creds/shop" }}{{ .Data.password }}{{ end }}'}
  workloads: []
"""


BASE = REPOSITORY / "deploy" / "base"
NAMESPACE = "phase2-system"
ADMISSION = "admissionregistration.k8s.io/v1"


def base_objects() -> list[Object]:
    """Every object of the base, in the order of its kustomization."""
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [one for name in listed for one in yaml.safe_load_all((BASE / name).read_text(encoding="utf-8"))]


def apply_definition(kube: Cluster) -> str:
    """Apply the definition of the base, wait until it is served, and return its name."""
    (definition,) = [one for one in base_objects() if one["kind"] == "CustomResourceDefinition"]
    name = str(kube.apply(definition)["metadata"]["name"])
    wait_until(lambda: conditions(kube, name).get("Established") == "True", what=f"{name} is served")
    return name


@pytest.fixture
def base(lab_api: Lab) -> Iterator[Cluster]:
    """An API server that took the whole base; its webhooks are taken back at once, for other tests' sake."""
    kube = lab_api.kube
    for one in base_objects():
        kube.apply(deepcopy(one))
    wait_until(lambda: kube.find("v1", "ServiceAccount", "default", NAMESPACE), what="the namespace is ready")
    try:
        yield kube
    finally:
        kube.delete(ADMISSION, "MutatingWebhookConfiguration", "00-phase2")
        kube.delete(ADMISSION, "ValidatingWebhookConfiguration", "phase2")
        kube.delete("apps/v1", "Deployment", "phase2-webhook", NAMESPACE)


def pods_of_webhook(kube: Cluster) -> list[Object]:
    return kube.list("v1", "Pod", NAMESPACE, "app.kubernetes.io/name=phase2-webhook")


def conditions(kube: Cluster, name: str) -> dict[str, str]:
    found = kube.get(CRD, "CustomResourceDefinition", name)
    return {one["type"]: one["status"] for one in found.get("status", {}).get("conditions") or []}


def in_cluster(migration: SecretMigration, namespace: str) -> Object:
    made: dict[str, Any] = yaml.safe_load(write_migration(migration))
    made["metadata"] |= {"namespace": namespace, "name": "one"}
    return made


def test_definition_is_accepted_and_structural(lab_api: Lab) -> None:
    name = apply_definition(lab_api.kube)

    assert conditions(lab_api.kube, name).get("NonStructuralSchema", "False") == "False"


def test_server_keeps_every_field_that_is_written(lab_api: Lab, namespace: str) -> None:
    """A field that the definition does not know would be dropped without a word."""
    apply_definition(lab_api.kube)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(migration=migrations())
    def check(migration: SecretMigration) -> None:
        written = in_cluster(migration, namespace)

        stored = lab_api.kube.create(deepcopy(written), dry_run=True)

        assert stored["spec"] == written["spec"]

    check()


@pytest.mark.parametrize(
    ("field", "value"),
    [("stage", "someday"), ("secret", None), ("credentials", "all"), ("workloads", [{"kind": "Pod"}])],
)
def test_server_refuses_what_our_reader_would_refuse(lab_api: Lab, namespace: str, field: str, value: object) -> None:
    apply_definition(lab_api.kube)
    wrong = yaml.safe_load(VALID)
    wrong["metadata"]["namespace"] = namespace
    lab_api.kube.create(deepcopy(wrong), dry_run=True)
    wrong["spec"][field] = value

    with pytest.raises(ApiError, match=rf"spec\.{field}") as refused:
        lab_api.kube.create(wrong, dry_run=True)

    assert refused.value.status == 422


def test_server_refuses_a_moved_key_without_a_file(lab_api: Lab, namespace: str) -> None:
    """What the fields alone do not say stands in the definition as CEL."""
    apply_definition(lab_api.kube)
    wrong = yaml.safe_load(VALID)
    wrong["metadata"]["namespace"] = namespace
    wrong["spec"]["credentials"][0]["keys"].append("username")

    with pytest.raises(ApiError, match="each moved key needs one file"):
        lab_api.kube.create(wrong, dry_run=True)


def test_two_replicas_are_let_into_the_restricted_namespace(base: Cluster) -> None:
    """Their own webhook, which does not answer yet, does not keep them out."""
    found = wait_until(lambda: len(pods_of_webhook(base)) >= 2, what="both replicas were made", timeout_s=30)

    assert found
    assert {one["spec"]["serviceAccountName"] for one in pods_of_webhook(base)} == {"phase2-webhook"}


def test_webhook_has_a_token_and_may_read_no_secret(base: Cluster) -> None:
    wait_until(lambda: pods_of_webhook(base), what="a replica was made")

    def is_allowed(verb: str, resource: str, group: str = "") -> bool:
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": NAMESPACE}
        user = f"system:serviceaccount:{NAMESPACE}:phase2-webhook"
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": user, "resourceAttributes": asked},
        }
        answer = base.send("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review).body
        return bool(answer["status"]["allowed"])

    wait_until(lambda: is_allowed("watch", "namespaces"), what="its ClusterRole is in force")
    assert [is_allowed(verb, "secrets") for verb in ("get", "list", "watch")] == [False, False, False]
    assert not is_allowed("update", "secretmigrations", "phase2.tazlab.net")
    assert [one for one in pods_of_webhook(base)[0]["spec"]["volumes"] if "projected" in one]


def test_while_nobody_answers_only_opted_in_pods_are_refused(base: Cluster, namespace: str) -> None:
    """The fail-closed drill: the label is what makes a pod depend on the webhook."""

    def why_refused(labels: dict[str, str], where: str) -> str:
        meta = {"generateName": "x-", "namespace": where, "labels": labels}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": meta}
        spec = {"containers": [{"name": "x", "image": "x"}]}
        try:
            base.create({**body, "spec": spec}, dry_run=True)
        except ApiError as err:
            return err.message
        return ""

    opted_in = {"phase2.tazlab.net/inject": "true"}
    message = wait_until(lambda: why_refused(opted_in, namespace), what="the configuration is in force")

    assert "pods.phase2.tazlab.net" in message
    assert why_refused({}, namespace) == ""
    assert why_refused({"phase2.tazlab.net/inject": "false"}, namespace) == ""
    assert why_refused(opted_in, "kube-system") == ""


def test_our_configuration_is_called_before_the_injectors(base: Cluster) -> None:
    """The server sorts them by name, byte by byte."""
    names = [one["metadata"]["name"] for one in base.list(ADMISSION, "MutatingWebhookConfiguration")]

    assert min([*names, "vault-agent-injector-cfg"]) == "00-phase2"


def test_arguments_of_the_deployment_are_the_commands(base: Cluster) -> None:
    """Every flag is one that phase2 webhook has."""
    stored = base.get("apps/v1", "Deployment", "phase2-webhook", NAMESPACE)
    (container,) = stored["spec"]["template"]["spec"]["containers"]
    name, *flags = container["args"]
    command = root.commands[name]

    known = {option for param in command.params for option in param.opts}

    assert {one.partition("=")[0] for one in flags} <= known


@pytest.mark.parametrize("overlay", ["cert-manager", "first-user"])
def test_overlays_are_accepted_as_far_as_their_kinds_are_there(base: Cluster, overlay: str) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on PATH")
    built = subprocess.check_output(["kubectl", "kustomize", f"deploy/overlays/{overlay}"], cwd=REPOSITORY, text=True)
    unknown = set()

    for one in yaml.safe_load_all(built):
        try:
            path = base.path(
                one["apiVersion"], one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", "")
            )
        except ApiError:
            unknown.add(one["kind"])
            continue
        query = {"fieldManager": "lab", "force": "true", "dryRun": "All"}
        base.send("PATCH", path, one, content_type=APPLY_PATCH, query=query)

    assert unknown == ({"Certificate", "Issuer"} if overlay == "cert-manager" else set())
