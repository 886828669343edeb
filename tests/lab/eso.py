"""The real External Secrets Operator with its CRDs and one ClusterSecretStore on the lab's Vault."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab.controlplane import ControlPlane
from tests.lab.incluster import create_account, start_in_cluster
from tests.lab.kube import APPLY_PATCH, Object
from tests.lab.ports import PortPool, is_listening
from tests.lab.process import Launcher, wait_ready
from tests.lab.programs import get_binary, get_file
from tests.lab.waiting import wait_until

NAMESPACE = "external-secrets"
ACCOUNT = "external-secrets"
API = "external-secrets.io/v1"
STORE = "vault"
#: The Vault role that the store logs in with.
VAULT_ROLE = "external-secrets"


def install_crds(plane: ControlPlane) -> None:
    """Apply the CRDs that came with the operator's source and wait until they are served."""
    text = get_file("external-secrets", "deploy/crds/bundle.yaml").read_text(encoding="utf-8")
    documents = [part for part in text.split("\n---") if "kind: CustomResourceDefinition" in part]
    # 700 kB of YAML go to the server as they are: parsing them in Python takes seconds
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda part: _apply_crd(plane, part), documents))
    wait_until(lambda: all(_is_established(plane, name) for name in names), what="all CRDs are served")


def start_operator(launcher: Launcher, plane: ControlPlane, ports: PortPool, data: Path, vault_address: str) -> None:
    """Start it and make the store; returns when the store has logged in to Vault."""
    # The chart lists its rights one by one; what matters here is that they suffice.
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    create_account(plane, NAMESPACE, ACCOUNT, [everything])
    metrics = ports.take()
    program = start_in_cluster(
        launcher,
        plane,
        data,
        argv=[
            str(get_binary("external-secrets")),
            f"--metrics-addr=127.0.0.1:{metrics}",
            "--enable-leader-election=false",
            "--concurrent=4",
        ],
        namespace=NAMESPACE,
        account=ACCOUNT,
        env={},
    )
    wait_ready(program, lambda: is_listening(metrics))
    plane.cluster.create(store(vault_address))
    wait_until(lambda: _is_store_ready(plane), what="the ClusterSecretStore is Ready")


def store(vault_address: str) -> Object:
    """A ClusterSecretStore that logs in to Vault by the operator's own service account."""
    vault = {
        "server": vault_address,
        "path": "secret",
        "version": "v2",
        "auth": {
            "kubernetes": {
                "mountPath": "kubernetes",
                "role": VAULT_ROLE,
                "serviceAccountRef": {"name": ACCOUNT, "namespace": NAMESPACE},
            }
        },
    }
    return {
        "apiVersion": API,
        "kind": "ClusterSecretStore",
        "metadata": {"name": STORE},
        "spec": {"provider": {"vault": vault}},
    }


def _apply_crd(plane: ControlPlane, text: str) -> str:
    # metadata is the only mapping of two spaces' depth that has a `name` in these files
    name = next(line.split()[1] for line in text.splitlines() if line.startswith("  name: "))
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    query = {"fieldManager": "lab", "force": "true"}
    plane.cluster.send("PATCH", path, text.encode(), content_type=APPLY_PATCH, query=query)
    return name


def _is_established(plane: ControlPlane, name: str) -> bool:
    crd = plane.cluster.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
    return _has_condition(crd, "Established")


def _is_store_ready(plane: ControlPlane) -> bool:
    return _has_condition(plane.cluster.get(API, "ClusterSecretStore", STORE), "Ready")


def _has_condition(obj: Object, kind: str) -> bool:
    # the bundle's CRDs carry an empty status of their own: conditions may be null at first
    conditions = obj.get("status", {}).get("conditions") or []
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)
