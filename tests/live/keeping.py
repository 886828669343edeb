"""Replicas of the webhook that keep their own certificates, with the rights of deploy/base, against the lab's API server."""

from __future__ import annotations

import base64
import datetime as dt
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cryptography import x509

from injector.migration.model import Delivery, Read
from injector.migration.write import write_migration
from tests.lab import injector
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.ports import PortPool
from tests.lab.repeating import Repeating
from tests.lab.waiting import wait_until
from tests.live.registered import ACCOUNT, pod, volume_spec
from tests.live.registered import migration as moved
from tests.live.test_deploy import NAMESPACE, base_objects
from tests.live.watching import install, kubeconfig, store
from tests.live.workloads import unique
from tests.unit.pod.making import migration
from tests.webhook.processes import REPOSITORY
from webhook.api.port import JSON, ApiServer
from webhook.api.port import Stream as ApiStream
from webhook.certs.cluster import ClusterPort
from webhook.certs.election import Election
from webhook.certs.keeper import Clock, Keeper
from webhook.certs.local import ServedFiles, make_folder
from webhook.certs.material import Material, parse_bundle, parse_material
from webhook.certs.terms import Places, Terms

SECRET = "phase2-webhook-tls"  # noqa: S105 - a name
LABEL = "phase2.tazlab.net/inject"
MUTATING, VALIDATING = ("MutatingWebhookConfiguration", "00-phase2"), ("ValidatingWebhookConfiguration", "phase2")
LEASES = "coordination.k8s.io/v1"
QUICK = ("--tls-leaf-days", "0.0014", "--tls-ca-days", "30")  # a leaf of two minutes; steps of four seconds
SLOW = ("--tls-leaf-days", "30")


@dataclass(slots=True)
class Replica:
    """A process, and where it listens."""

    port: int
    popen: subprocess.Popen[bytes]
    log: Path

    def served(self) -> x509.Certificate | None:
        """Return what a new connection gets; None when nobody answers."""
        try:
            pem = ssl.get_server_certificate(("127.0.0.1", self.port), timeout=5)
        except OSError:
            return None
        return x509.load_pem_x509_certificate(pem.encode())

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.popen.poll() is None:
            if number is signal.SIGKILL:
                os.killpg(self.popen.pid, number)  # as when a container is killed: workers do not outlive their parent
            else:
                self.popen.send_signal(number)
            try:
                self.popen.wait(30)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


@dataclass(slots=True, kw_only=True)
class Kept:
    """A cluster whose webhook configurations lead to replicas on this machine."""

    lab: Lab
    namespace: str
    folder: Path
    ports: PortPool
    replicas: list[Replica] = field(default_factory=list)
    spec: Object = field(
        default_factory=lambda: {"serviceAccountName": "default", "containers": [{"name": "x", "image": "x"}]}
    )
    is_moved: bool = False

    def start(self, *flags: str) -> Replica:
        """Start one more replica; it reads a folder unless it is told to watch."""
        port, name = self.ports.take(), f"replica-{len(self.replicas)}"
        command = [sys.executable, "-m", "injector.cli", "webhook"]
        command += [] if "--watch" in flags else ["--policy-dir", str(self.folder / "policies")]
        command += ["--listen", f"127.0.0.1:{port}", "--drain", "0", "--tls-self-managed"]
        command += ["--tls-secret", f"{NAMESPACE}/{SECRET}", "--tls-names", "127.0.0.1"]
        command += ["--tls-dir", str(self.folder / name), "--kubeconfig", str(self.folder / "kubeconfig"), *flags]
        log = self.folder / f"{name}.log"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PHASE2_", "COV_"))}
        # Each is a host of its own, as pods are; the name is all that the Lease knows of it.
        command = ["unshare", "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh", *command]
        with log.open("wb") as sink:
            popen = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=kept,
                start_new_session=True,
            )
        made = Replica(port, popen, log)
        self.replicas.append(made)
        return made

    def end(self) -> None:
        for one in self.replicas:
            one.end()

    def route(self, replica: Replica) -> None:
        """Lead both configurations to a replica; their bundles stay as they are."""
        for kind, name in (MUTATING, VALIDATING):
            body = self.lab.kube.get(injector.ADMISSION, kind, name)
            for one in body["webhooks"]:
                path = "/mutate/pods" if kind == MUTATING[0] else "/validate"
                one["clientConfig"]["url"] = f"https://127.0.0.1:{replica.port}{path}"
            self.lab.kube.send("PUT", self.lab.kube.path(injector.ADMISSION, kind, name), body)

    def create_configurations(self, replica: Replica) -> None:
        for kind, name in (MUTATING, VALIDATING):
            path = "/mutate/pods" if kind == MUTATING[0] else "/validate"
            rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
            self.lab.kube.create(
                {
                    "apiVersion": injector.ADMISSION,
                    "kind": kind,
                    "metadata": {"name": name},
                    "webhooks": [
                        {
                            "name": "pods.phase2.test",
                            "admissionReviewVersions": ["v1"],
                            "sideEffects": "None",
                            "failurePolicy": "Fail",
                            "timeoutSeconds": 5,
                            "clientConfig": {"url": f"https://127.0.0.1:{replica.port}{path}"},
                            "objectSelector": {"matchLabels": {LABEL: "true"}},
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                            "rules": [rule],
                        }
                    ],
                }
            )

    def material(self) -> Material:
        """Return what the Secret holds; nothing while there is none."""
        body = self.lab.kube.find("v1", "Secret", SECRET, NAMESPACE)
        data = (body or {}).get("data") or {}
        return parse_material({key: base64.b64decode(value) for key, value in data.items()})

    def bundle(self, which: tuple[str, str] = MUTATING) -> tuple[x509.Certificate, ...]:
        body = self.lab.kube.get(injector.ADMISSION, *which)
        return parse_bundle(base64.b64decode(body["webhooks"][0]["clientConfig"].get("caBundle") or ""))

    def wipe_bundles(self) -> None:
        for kind, name in (MUTATING, VALIDATING):
            patch = [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]
            path = self.lab.kube.path(injector.ADMISSION, kind, name)
            self.lab.kube.send("PATCH", path, patch, content_type="application/json-patch+json")

    def ask(self) -> str:
        """Let the API server ask about an opted-in pod; return why that failed, or nothing."""
        try:
            made = self.lab.kube.create(pod(self.namespace, unique("x"), self.spec), dry_run=True)
        except ApiError as err:
            return err.message
        if self.is_moved and "vault.hashicorp.com/agent-inject" not in made["metadata"].get("annotations", {}):
            return "let in as it was"
        return ""

    def move(self) -> None:
        """Store a SecretMigration, and ask about a pod that it moves from now on."""
        meta = {"name": ACCOUNT, "namespace": self.namespace}
        self.lab.kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        reads = Read(key="*", delivery=Delivery.FILE, path="/etc/db")
        store(self.lab.kube, moved(self.namespace, "role", reads), self.namespace)
        self.spec, self.is_moved = volume_spec(), True

    def wait(self, *, what: str, timeout_s: float = 60) -> None:
        """Wait until the API server gets through."""
        wait_until(lambda: not self.ask(), what=what, timeout_s=timeout_s)

    def lease(self) -> Object:
        return self.lab.kube.get(LEASES, "Lease", SECRET, NAMESPACE)


@contextmanager
def kept(lab: Lab, namespace: str, folder: Path) -> Iterator[Kept]:
    """A cluster without certificates; everything is taken away again."""
    install(lab)
    for one in base_objects():
        if one["metadata"]["name"] == CERTIFICATES:
            lab.kube.apply(one)
    ports = PortPool()
    (folder / "policies").mkdir()
    (folder / "policies" / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    kubeconfig(lab, folder)
    made = Kept(lab=lab, namespace=namespace, folder=folder, ports=ports)
    with ExitStack() as stack:
        stack.callback(ports.close)
        stack.callback(_clean, lab)
        stack.callback(made.end)
        _clean(lab)
        yield made


def _clean(lab: Lab) -> None:
    objects: Sequence[tuple[str, str, str, str]] = (
        ("v1", "Secret", SECRET, NAMESPACE),
        (LEASES, "Lease", SECRET, NAMESPACE),
        (injector.ADMISSION, *MUTATING, ""),
        (injector.ADMISSION, *VALIDATING, ""),
    )
    for api, kind, name, namespace in objects:
        if lab.kube.find(api, kind, name, namespace):
            lab.kube.delete(api, kind, name, namespace)


class Stream(Repeating):
    """Pods that are made one after the other, as a storm of admissions; what fails is kept."""

    def __init__(self, cluster: Kept) -> None:
        super().__init__([self._ask] * 2, pause_s=0.02)
        self.asked = 0
        self.failed: list[str] = []
        self._kept = cluster

    def _ask(self) -> None:
        why = self._kept.ask()
        self.asked += 1
        if why:
            self.failed.append(why)


CERTIFICATES = "phase2-webhook-certificates"


def granted(*names: str) -> set[tuple[str, str, str, str]]:
    """Return (verb, API group, resource, name) of the roles of deploy/base with these names; no name where none is asked for."""
    roles = [
        one for one in base_objects() if one["kind"] in ("Role", "ClusterRole") and one["metadata"]["name"] in names
    ]
    return {
        (verb, group, resource, name)
        for role in roles
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames") or [""]
    }


class Asked:
    """Passes everything on to the API server, and remembers it as a role has it."""

    def __init__(self, inner: ApiServer) -> None:
        self.used: set[tuple[str, str, str, str]] = set()
        self._inner = inner

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] = MappingProxyType({}),
        content_type: str = JSON,
    ) -> bytes:
        parts = path.strip("/").split("/")
        group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
        if rest[0] == "namespaces":
            rest = rest[2:]
        verb = {"GET": "get", "POST": "create", "PATCH": "patch", "PUT": "update"}[method]
        answer = self._inner.send(method, path, body, query=query, content_type=content_type)
        self.used.add((verb, group, rest[0], rest[1] if len(rest) > 1 else ""))
        return answer

    def stream(self, path: str, *, query: Mapping[str, str], silence_s: float) -> AbstractContextManager[ApiStream]:
        raise AssertionError(path, query, silence_s)


def in_process(cluster: Kept, api: ApiServer, identity: str) -> Keeper:
    """A keeper with the rights of the ServiceAccount, in this process."""
    places = Places(namespace=NAMESPACE, secret=SECRET, mutating=MUTATING[1], validating=VALIDATING[1])
    folder = cluster.folder / identity
    make_folder(folder)

    def now() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    return Keeper(
        ClusterPort(api, places, identity=identity, duration_s=2, now=now),
        ServedFiles(folder, ("127.0.0.1", cluster.replicas[0].port)),
        election=Election(identity, duration_s=2, renew_s=0),
        names=frozenset({"127.0.0.1"}),
        terms=Terms(),
        clock=Clock(now, time.monotonic),
    )
