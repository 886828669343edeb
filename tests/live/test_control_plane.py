"""Level api is a real API server: admission, RBAC, garbage collection, tokens."""

from __future__ import annotations

import base64
import json

import pytest

from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until


def config_map(namespace: str, name: str, **metadata: object) -> Object:
    """A small object to own or be owned."""
    meta = {"name": name, "namespace": namespace, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def test_server_says_the_pinned_version(lab_api: Lab) -> None:
    """Clients parse the version; an unstamped build says v0.0.0-master."""
    version = lab_api.kube.send("GET", "/version").body

    assert version["gitVersion"] == "v1.34.2"
    assert (version["major"], version["minor"]) == ("1", "34")


def test_owned_object_is_collected_with_its_owner(lab_api: Lab, namespace: str) -> None:
    """Both stay while the owner stays, so that the deletion is what removes the second."""
    owner = lab_api.kube.create(config_map(namespace, "owner"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
    }
    lab_api.kube.create(config_map(namespace, "owned", ownerReferences=[reference]))
    lab_api.kube.create(config_map(namespace, "free"))

    lab_api.kube.delete("v1", "ConfigMap", "owner", namespace)

    wait_until(
        lambda: lab_api.kube.find("v1", "ConfigMap", "owned", namespace) is None,
        what="the owned object is gone",
    )
    assert lab_api.kube.find("v1", "ConfigMap", "free", namespace)


def test_service_account_without_role_may_not_read_secrets(lab_api: Lab, namespace: str) -> None:
    """RBAC is on, and a RoleBinding is what lifts it."""
    token = lab_api.kube.request_token(namespace, "default")
    account = lab_api.kube.with_token(token)

    with pytest.raises(ApiError) as refused:
        account.list("v1", "Secret", namespace)
    lab_api.kube.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "view", "namespace": namespace},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "admin",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
        }
    )

    def can_read() -> bool:
        try:
            account.list("v1", "Secret", namespace)
        except ApiError:
            return False
        return True

    assert refused.value.status == 403
    wait_until(can_read, what="the binding is obeyed")


def test_requested_token_names_its_account_and_audience(lab_api: Lab, namespace: str) -> None:
    """TokenRequest signs what Vault's auth methods look at."""
    token = lab_api.kube.request_token(namespace, "default", audiences=("vault",))

    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert claims["sub"] == f"system:serviceaccount:{namespace}:default"
    assert claims["aud"] == ["vault"]


def test_pod_gets_its_token_volume_from_admission(lab_api: Lab, namespace: str) -> None:
    """The injector refuses a pod without one, so the plug-in must be on."""
    pod = lab_api.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": namespace},
            "spec": {"containers": [{"name": "app", "image": "app"}]},
        }
    )

    (mount,) = pod["spec"]["containers"][0]["volumeMounts"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"


def test_deployment_becomes_a_pod(lab_api: Lab, namespace: str) -> None:
    """The workload controllers run."""
    labels = {"app": "d"}
    lab_api.kube.create(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d", "namespace": namespace},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "app", "image": "app"}]},
                },
            },
        }
    )

    pods = wait_until(lambda: lab_api.kube.list("v1", "Pod", namespace), what="a pod exists")

    assert pods[0]["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
