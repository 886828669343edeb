"""Our webhook as a process, registered with the lab's API server for one namespace."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from injector.config.model import AuthMethod
from injector.migration.model import (
    Auth,
    ContainerReads,
    Mode,
    MovedCredential,
    Read,
    RenderedFile,
    SecretMigration,
    Stage,
    Workload,
)
from injector.migration.write import write_migration
from injector.model import ObjectRef
from tests.lab import injector
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.workloads import unique
from tests.webhook.processes import REPOSITORY, Running, running

OPT_IN = {"phase2.tazlab.net/inject": "true"}
REVISION = "phase2.tazlab.net/migration-revision"
ACCOUNT = "web"
VALIDATING = "ValidatingWebhookConfiguration"


@dataclass(slots=True, kw_only=True)
class Shop:
    """A namespace with ServiceAccount web, which may read one database role, and its migrations' folder."""

    lab: Lab
    namespace: str
    role: str
    policies: Path
    webhook: Running
    names: list[tuple[str, str]] = field(default_factory=list)

    def decide(
        self, *reads: Read, stage: Stage = Stage.INJECT, mode: Mode = Mode.SIDECAR, method: AuthMethod = AuthMethod.JWT
    ) -> SecretMigration:
        """Write the migration of Secret db into the folder, and wait until the webhook obeys it."""
        made = migration(self.namespace, self.role, *reads, stage=stage, mode=mode, method=method)
        self.obey(made)
        return made

    def obey(self, made: SecretMigration) -> None:
        """Write a migration of Secret db into the folder, and wait until the webhook obeys it."""
        before = self._reads()
        (self.policies / "db.yaml").write_text(write_migration(made), encoding="utf-8")
        wait_until(lambda: self._reads() > before, what="the webhook has read the migration")

    def _reads(self) -> int:
        return self.webhook.log.read_text(encoding="utf-8").count("SecretMigrations read")

    def register(self, name: str = "00-phase2", *, reinvocation: str = "Never") -> None:
        """Let the API server ask the webhook about opted-in pods of the namespace, and wait until it does."""
        config = self._configuration(injector.KIND, name, "/mutate/pods", "pods.phase2.tazlab.net")
        config["webhooks"][0] |= {"objectSelector": {"matchLabels": OPT_IN}, "reinvocationPolicy": reinvocation}
        self._create(config)
        self._wait_until_asked("pods", OPT_IN)

    def tell(self, *objects: Object) -> None:
        """Put copies of a cluster's objects into the folder, and wait until the webhook knows them."""
        before = self._reads()
        text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        (self.policies / "objects.yaml").write_text(text, encoding="utf-8")
        wait_until(lambda: self._reads() > before, what="the webhook has read the objects")

    def register_shipped(self) -> None:
        """Let the API server ask about pods as the shipped configuration says, of this namespace only."""
        (shipped,) = (
            one
            for one in yaml.safe_load_all(
                (REPOSITORY / "deploy" / "base" / "webhooks.yaml").read_text(encoding="utf-8")
            )
            if one["kind"] == injector.KIND
        )
        pods = [one for one in shipped["webhooks"] if one["clientConfig"]["service"]["path"] == "/mutate/pods"]
        for one in pods:
            one["clientConfig"] = {"url": f"{self.webhook.url}/mutate/pods", "caBundle": self.lab.certs.ca_bundle}
            own = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [self.namespace]}
            one["namespaceSelector"]["matchExpressions"].append(own)
        self._create({**shipped, "webhooks": pods})
        self._wait_until_asked("pods", OPT_IN)

    def register_external_secrets(self) -> None:
        """Let the API server ask about ExternalSecrets of the namespace; nothing is waited for."""
        config = self._configuration(
            injector.KIND, "00-phase2-eso", "/mutate/externalsecrets", "externalsecrets.phase2.tazlab.net"
        )
        config["webhooks"][0]["rules"] = [
            {
                "operations": ["CREATE", "UPDATE"],
                "apiGroups": ["external-secrets.io"],
                "apiVersions": ["*"],
                "resources": ["externalsecrets"],
                "scope": "Namespaced",
            }
        ]
        self._create(config)

    def register_validation(self) -> None:
        """Let the API server ask whether pods of the namespace are let in, and wait until it does."""
        config = self._configuration(VALIDATING, "phase2", "/validate", "validate.phase2.tazlab.net")
        self._create(config)
        self._wait_until_asked("validate", {})

    def create_pod(self, spec: Object, *, labels: dict[str, str] | None = None) -> Object:
        """Make a pod and return it as it was stored."""
        return self.lab.kube.create(pod(self.namespace, unique("pod"), spec, labels=labels))

    def close(self) -> None:
        """Take all configurations back."""
        for kind, name in self.names:
            self.lab.kube.delete(injector.ADMISSION, kind, name)

    def _wait_until_asked(self, endpoint: str, labels: dict[str, str]) -> None:
        before = self._asked(endpoint)

        def probe() -> bool:
            body = pod(self.namespace, unique("probe"), {"containers": [{"name": "x", "image": "x"}]}, labels=labels)
            self.lab.kube.create(body, dry_run=True)
            return self._asked(endpoint) > before

        wait_until(probe, what=f"the API server asks the webhook about {endpoint}")

    def _asked(self, endpoint: str) -> float:
        return self.webhook.metric(f'phase2_admission_duration_seconds_count{{endpoint="{endpoint}"}}')

    def _create(self, config: Object) -> None:
        self.lab.kube.create(config)
        self.names.append((config["kind"], config["metadata"]["name"]))

    def _configuration(self, kind: str, name: str, path: str, webhook: str) -> Object:
        rule = {
            "operations": ["CREATE"],
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["pods"],
            "scope": "Namespaced",
        }
        return {
            "apiVersion": injector.ADMISSION,
            "kind": kind,
            "metadata": {"name": name},
            "webhooks": [
                {
                    "name": webhook,
                    "admissionReviewVersions": ["v1", "v1beta1"],
                    "sideEffects": "None",
                    "failurePolicy": "Fail",
                    "timeoutSeconds": 5,
                    "clientConfig": {"url": f"{self.webhook.url}{path}", "caBundle": self.lab.certs.ca_bundle},
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                    "rules": [rule],
                }
            ],
        }


@contextmanager
def shop(lab: Lab, namespace: str, folder: Path, *, config: str = "") -> Iterator[Shop]:
    """A namespace of ServiceAccount web, and a webhook that is not registered yet; `config` is its phase2.yaml."""
    role = unique("shop")
    lab.services.create_database_role(role)
    lab.services.create_auth_roles(role, namespace, ACCOUNT, [role])
    meta = {"name": ACCOUNT, "namespace": namespace}
    lab.kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    value = {"username": "static", "password": secrets.token_hex(8)}
    meta = {"name": "db", "namespace": namespace}
    lab.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": value})
    policies = folder / "policies"
    policies.mkdir()
    (folder / "phase2.yaml").write_text(config, encoding="utf-8")
    with running(policies, folder / "webhook.log", certs=lab.certs) as webhook:
        made = Shop(lab=lab, namespace=namespace, role=role, policies=policies, webhook=webhook)
        try:
            yield made
        finally:
            made.close()


def migration(
    namespace: str,
    role: str,
    *reads: Read,
    stage: Stage = Stage.INJECT,
    mode: Mode = Mode.SIDECAR,
    method: AuthMethod = AuthMethod.JWT,
) -> SecretMigration:
    """The migration of Secret db: its keys username and password come from a database role."""

    def template(key: str) -> str:
        return f'{{{{ with secret "database/creds/{role}" }}}}{{{{ .Data.{key} }}}}{{{{ end }}}}'

    return SecretMigration(
        namespace=namespace,
        name="db",
        source=ObjectRef("ExternalSecret", namespace, "db"),
        secret="db",  # noqa: S106 - a name
        stage=stage,
        auth=Auth(method=method, mount=method.value),
        credentials=(
            MovedCredential(
                name="db", keys=("password", "username"), engine="database/postgresql", path=f"database/creds/{role}"
            ),
        ),
        files=tuple(RenderedFile(key=key, template=template(key)) for key in ("password", "username")),
        workloads=(
            Workload(
                kind="Deployment",
                name="web",
                service_account=ACCOUNT,
                role=role,
                containers=(ContainerReads(name="app", reads=reads),),
                mode=mode,
            ),
        ),
    )


def pod(
    namespace: str,
    name: str,
    spec: Object,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> Object:
    """A pod of ServiceAccount web, opted in unless other labels are given."""
    meta: Object = {"name": name, "namespace": namespace, "labels": dict(OPT_IN if labels is None else labels)}
    if annotations:
        meta["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"serviceAccountName": ACCOUNT, **spec}}


def volume_spec(**more: object) -> Object:
    """A container that has the Secret at /etc/db."""
    mount = {"name": "creds", "mountPath": "/etc/db", "readOnly": True}
    return {
        "containers": [{"name": "app", "image": "shop:1", "volumeMounts": [mount]}],
        "volumes": [{"name": "creds", "secret": {"secretName": "db"}}],
        **more,
    }


def environment(**variables: str) -> list[Object]:
    """Variables that the Secret fills: name -> key."""
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "db", "key": key}}} for name, key in variables.items()
    ]


def agents(body: Object) -> set[str]:
    """The agent's containers in a pod."""
    spec = body["spec"]
    every = [*spec.get("initContainers", []), *spec["containers"]]
    return {one["name"] for one in every} & {"vault-agent", "vault-agent-init"}
