"""deploy/base as it is shipped, its image on a real node: two replicas, and people's workloads through them."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from injector.migration.model import Delivery, Mode, Read, Stage
from injector.migration.write import write_migration
from tests.lab.certs import GATEWAY
from tests.lab.images import BUSYBOX_IMAGE
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.doors import Door
from tests.live.registered import ACCOUNT, OPT_IN, REVISION, environment, migration, volume_spec
from tests.live.test_deploy import ADMISSION, NAMESPACE, base_objects
from tests.live.workloads import unique, wait_for_pod

NAME = "phase2-webhook"
SERVICE = f"{NAME}.{NAMESPACE}.svc"
VOLUME = Read(key="*", delivery=Delivery.FILE, path="/etc/db")
CONFIGURATIONS = (("MutatingWebhookConfiguration", "00-phase2"), ("ValidatingWebhookConfiguration", "phase2"))
READY_S = 90.0


def make_certificate() -> tuple[str, str]:
    """A certificate of the Service, signed by itself, and its key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SERVICE)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVICE)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


@dataclass(slots=True, kw_only=True)
class Installed:
    """The base in a cluster whose node runs it."""

    lab: Lab
    namespace: str
    role: str

    def decide(self, *reads: Read, mode: Mode = Mode.SIDECAR, kind: str = "Deployment") -> None:
        """Make the SecretMigration of Secret db as a custom resource, and wait until both replicas obey it."""
        made = migration(self.namespace, self.role, *reads, stage=Stage.INJECT, mode=mode)
        made = replace(made, workloads=tuple(replace(one, kind=kind) for one in made.workloads))
        written: Object = yaml.safe_load(write_migration(made))
        self.lab.kube.apply(written)
        body: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": unique("probe"), "namespace": self.namespace, "labels": OPT_IN},
            "spec": {"serviceAccountName": ACCOUNT, **volume_spec()},
        }
        # the API server spreads its requests over the replicas by chance
        wait_until(
            lambda: all(self._is_obeyed(body) for _ in range(10)),
            what="both replicas know the migration",
            timeout_s=30,
        )

    def _is_obeyed(self, body: Object) -> bool:
        try:
            shown = self.lab.kube.create(deepcopy(body), dry_run=True)
        except ApiError:
            return False
        return REVISION in shown["metadata"].get("annotations", {})

    def create(self, api: str, kind: str, name: str, spec: Object) -> Object:
        """Make a workload as a person writes it."""
        meta = {"name": name, "namespace": self.namespace}
        return self.lab.kube.create({"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec})

    def pod_of(self, name: str) -> Object:
        """The pod that the controllers made."""
        return wait_for_pod(self.lab, self.namespace, name)


def ready_replicas(lab: Lab) -> int:
    status = lab.kube.get("apps/v1", "Deployment", NAME, NAMESPACE).get("status", {})
    return int(status.get("readyReplicas", 0))


def apply_base(lab: Lab, gateway_port: int) -> None:
    """Apply the base; only what this node lacks is added: a way to the API server, and the certificate of an overlay."""
    certificate, key = make_certificate()
    bundle = base64.b64encode(certificate.encode()).decode()
    for one in base_objects():
        made: dict[str, Any] = deepcopy(one)
        if made["kind"] == "Deployment":
            (container,) = made["spec"]["template"]["spec"]["containers"]
            # there is no kube-proxy that would lead the Service's address there
            container["env"] = [
                *container.get("env", []),
                {"name": "KUBERNETES_SERVICE_HOST", "value": GATEWAY},
                {"name": "KUBERNETES_SERVICE_PORT", "value": str(gateway_port)},
            ]
        for webhook in made.get("webhooks", []):
            webhook["clientConfig"]["caBundle"] = bundle
        lab.kube.apply(made)
        if made["kind"] == "Namespace":
            meta = {"name": f"{NAME}-tls", "namespace": NAMESPACE}
            data = {"tls.crt": certificate, "tls.key": key}
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/tls"}
            lab.kube.apply({**secret, "stringData": data})


@pytest.fixture
def installed(lab_node: Lab, product_image: str, namespace: str) -> Iterator[Installed]:
    assert product_image
    kube = lab_node.kube
    role = unique("shop")
    lab_node.services.create_database_role(role)
    lab_node.services.create_auth_roles(role, namespace, ACCOUNT, [role])
    kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": namespace}})
    meta = {"name": "db", "namespace": namespace}
    data = {"username": "static", "password": "from-kv"}
    kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
    port = lab_node.control_plane.port
    with Door(port, port, address=GATEWAY):
        apply_base(lab_node, port)
        try:
            wait_until(lambda: ready_replicas(lab_node) == 2, what="both replicas are ready", timeout_s=READY_S)
            yield Installed(lab=lab_node, namespace=namespace, role=role)
        finally:
            for kind, name in CONFIGURATIONS:
                kube.delete(ADMISSION, kind, name)
            kube.delete("apps/v1", "Deployment", NAME, NAMESPACE)


def app(command: str, **more: object) -> Object:
    """A container that a person writes, which has the Secret at /etc/db."""
    mount = {"name": "creds", "mountPath": "/etc/db", "readOnly": True}
    return {
        "name": "app",
        "image": BUSYBOX_IMAGE,
        "command": ["/bin/sh", "-c", command],
        "volumeMounts": [mount],
        **more,
    }


def template(container: Object, **more: object) -> Object:
    """A pod template with the label; in the host's network, where the lab's Vault listens."""
    spec = {
        "serviceAccountName": ACCOUNT,
        "hostNetwork": True,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [{"name": "creds", "secret": {"secretName": "db"}}],
        **more,
    }
    return {"metadata": {"labels": OPT_IN}, "spec": spec}


def test_job_of_a_person_completes_with_one_lease_by_the_image_on_the_node(installed: Installed) -> None:
    """API server, our image, the real injector, the real agent beside the app: all in one Job."""
    installed.decide(VOLUME, mode=Mode.NATIVE_SIDECAR, kind="Job")
    name = unique("job")
    body = template(app("test -s /etc/db/password && grep -q ^v- /etc/db/username"), restartPolicy="Never")

    installed.create("batch/v1", "Job", name, {"backoffLimit": 0, "template": body})

    def status() -> Object | None:
        found: Object = installed.lab.kube.get("batch/v1", "Job", name, installed.namespace).get("status", {})
        return found if found.get("succeeded") or found.get("failed") else None

    assert wait_until(status, what="the Job ends", timeout_s=READY_S).get("succeeded") == 1
    made = installed.pod_of(name)
    assert REVISION in made["metadata"]["annotations"]
    assert [one["name"] for one in made["spec"]["initContainers"]] == ["vault-agent-init"]
    assert len(installed.lab.services.leases(installed.role)) == 1
