"""deploy/base as it is shipped, its image on a real node: two replicas, and people's workloads through them.

API server, our image, the real injector, the real agent beside each app, and a login at PostgreSQL with what the app itself
read: in a namespace that enforces the restricted standard, and in both orders of the webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
import yaml

from injector.migration.model import ContainerReads, Delivery, Mode, Read, Workload
from injector.migration.write import write_migration
from tests.lab import injector
from tests.lab.images import BUSYBOX_IMAGE
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.doors import Door
from tests.live.registered import OPT_IN, REVISION, environment, migration
from tests.live.test_deploy import ADMISSION, NAMESPACE, base_objects
from tests.live.workloads import unique, wait_for_pod

NAME = "phase2-webhook"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
READY_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A workload as a person writes it, and what its SecretMigration says of it.

    Attributes:
        name: of the workload and of its ServiceAccount.
        container: the app; it prints user and password, a line each.
        reads: what it gets, and how.
    """

    api: str
    kind: str
    name: str
    container: Object
    reads: tuple[Read, ...]
    mode: Mode = Mode.SIDECAR
    hides_name: bool = False

    @property
    def is_short(self) -> bool:
        """True for what ends by itself."""
        return self.kind in ("Job", "CronJob")


def container(command: str, **more: object) -> Object:
    """A container that the restricted standard lets in; it stays unless the command ends it."""
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    made: Object = {"name": "app", "image": BUSYBOX_IMAGE, "command": ["/bin/sh", "-c", command], **more}
    return {**made, "securityContext": context}


STAY: Final = " && exec sleep 3600"
COPY: Final = "for key in username password; do cat /etc/db/$key; echo; done"
PRINT: Final = 'printf "%s\n" "$PGUSER" "$PGPASSWORD"'
MOUNT: Final[Object] = {"name": "creds", "mountPath": "/etc/db", "readOnly": True}
WHOLE: Final = (Read(key="*", delivery=Delivery.FILE, path="/etc/db"),)
GRAFANA: Final = (("username", "GF_DATABASE_USER"), ("password", "GF_DATABASE_PASSWORD"))


def apps() -> list[App]:
    """One of each kind of workload and of each delivery."""
    grafana = f'for file in "${GRAFANA[0][1]}__FILE" "${GRAFANA[1][1]}__FILE"; do cat "$file"; echo; done'
    wrapped = tuple(
        Read(key=key, delivery=Delivery.ENV_WRAPPED, env=env)
        for key, env in (("username", "PGUSER"), ("password", "PGPASSWORD"))
    )
    return [
        App(
            api="apps/v1",
            kind="Deployment",
            name="volume",
            container=container(COPY + STAY, volumeMounts=[MOUNT]),
            reads=WHOLE,
        ),
        App(
            api="apps/v1",
            kind="Deployment",
            name="grafana",
            container=container(grafana + STAY, env=environment(**{env: key for key, env in GRAFANA})),
            reads=tuple(
                Read(
                    key=key, delivery=Delivery.ENV_FILE, env=env, file_env=f"{env}__FILE", path=f"/vault/secrets/{key}"
                )
                for key, env in GRAFANA
            ),
        ),
        App(
            api="apps/v1",
            kind="StatefulSet",
            name="wrapped",
            container=container(PRINT + STAY, env=environment(PGUSER="username", PGPASSWORD="password")),
            reads=wrapped,
        ),
        # as a chart makes it: the release is in Git, and how the chart calls its container is not
        App(
            api="apps/v1",
            kind="Deployment",
            name="chart",
            container=container(COPY + STAY, name="chart-main", volumeMounts=[MOUNT]),
            reads=WHOLE,
            hides_name=True,
        ),
        App(
            api="batch/v1",
            kind="CronJob",
            name="nightly",
            container=container(COPY, volumeMounts=[MOUNT]),
            reads=WHOLE,
            mode=Mode.NATIVE_SIDECAR,
        ),
        App(
            api="batch/v1",
            kind="Job",
            name="once",
            container=container(COPY, volumeMounts=[MOUNT]),
            reads=WHOLE,
            mode=Mode.INIT,
        ),
    ]


def pod_template(one: App) -> Object:
    """The app's pods: label and ServiceAccount, no word of Vault."""
    spec: Object = {
        "serviceAccountName": one.name,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [one.container],
    }
    if "volumeMounts" in one.container:
        spec["volumes"] = [{"name": "creds", "secret": {"secretName": "db"}}]
    if one.is_short:
        spec["restartPolicy"] = "Never"
    return {"metadata": {"labels": {"app": one.name, **OPT_IN}}, "spec": spec}


def manifest(one: App, namespace: str) -> Object:
    """The workload; a CronJob's Job is made at once, since a schedule takes a minute at least."""
    job = {"backoffLimit": 0, "template": pod_template(one)}
    if one.is_short:
        spec: Object = job
    else:
        spec = {"selector": {"matchLabels": {"app": one.name}}, "template": pod_template(one)}
    kind = "Job" if one.kind == "CronJob" else one.kind
    meta = {"name": one.name, "namespace": namespace}
    return {"apiVersion": one.api, "kind": kind, "metadata": meta, "spec": spec}


@dataclass(slots=True, kw_only=True)
class Installed:
    """The base in a cluster whose node runs it, and a namespace of people's workloads."""

    lab: Lab
    namespace: str
    role: str

    def decide(self, wanted: list[App]) -> None:
        """Make the SecretMigration of Secret db as a custom resource, and wait until both replicas obey it."""
        made = replace(
            migration(self.namespace, self.role),
            workloads=tuple(
                Workload(
                    kind="HelmRelease" if one.hides_name else one.kind,
                    name=one.name,
                    service_account=one.name,
                    role=f"{self.role}-{one.name}",
                    containers=(ContainerReads(name="*" if one.hides_name else "app", reads=one.reads),),
                    mode=one.mode,
                )
                for one in sorted(wanted, key=lambda one: (one.kind, one.name))
            ),
        )
        self.lab.kube.apply(yaml.safe_load(write_migration(made)))
        template = pod_template(wanted[0])
        meta = {**template["metadata"], "name": "probe", "namespace": self.namespace}
        probe = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}

        def is_obeyed() -> bool:
            try:
                shown = self.lab.kube.create(deepcopy(probe), dry_run=True)
            except ApiError:
                return False
            return REVISION in shown["metadata"].get("annotations", {})

        # the API server spreads its requests over the replicas by chance
        wait_until(lambda: all(is_obeyed() for _ in range(10)), what="both replicas know the migration", timeout_s=30)

    def read_login(self, one: App) -> tuple[Object, tuple[str, ...]]:
        """The app's pod, and what the app itself has read.

        From its log: kubelet takes the volumes of a pod that has ended away.
        """
        body = wait_for_pod(self.lab, self.namespace, one.name)
        pattern = f"{self.namespace}_{body['metadata']['name']}_*/{one.container['name']}/0.log"

        def lines() -> tuple[str, ...]:
            text = "".join(log.read_text(encoding="utf-8") for log in (self.lab.launcher.logs / "pods").glob(pattern))
            found = tuple(line.split(" ", 3)[3] for line in text.splitlines())
            return found if len(found) == len(GRAFANA) else ()

        return body, wait_until(lines, what=f"{one.name} has read its credentials", timeout_s=READY_S)

    def status_of(self, one: App) -> Object:
        """What the controllers say of a workload."""
        made = manifest(one, self.namespace)
        found: Object = self.lab.kube.get(one.api, made["kind"], one.name, self.namespace).get("status", {})
        return found


def ready_replicas(lab: Lab) -> int:
    status = lab.kube.get("apps/v1", "Deployment", NAME, NAMESPACE).get("status", {})
    return int(status.get("readyReplicas", 0))


def apply_base(lab: Lab) -> None:
    """Apply the base; only what this node lacks is added: ways to the API server and to Vault."""
    for one in base_objects():
        made: dict[str, Any] = deepcopy(one)
        if made["kind"] == "Deployment":
            (main,) = made["spec"]["template"]["spec"]["containers"]
            # there is no kube-proxy that would lead the Service's address there
            main["env"] = [
                *main.get("env", []),
                {"name": "KUBERNETES_SERVICE_HOST", "value": lab.network.gateway},
                {"name": "KUBERNETES_SERVICE_PORT", "value": str(lab.control_plane.port)},
            ]
        if made["kind"] == "ConfigMap" and "phase2.yaml" in made.get("data", {}):
            address = f"http://{lab.network.gateway}:{lab.services.vault.port}"
            made["data"]["phase2.yaml"] = yaml.safe_dump({"vault": {"address": address}})
        lab.kube.apply(made)


@contextmanager
def injector_called(lab: Lab, name: str, policy: str) -> Iterator[None]:
    """The injector's configuration under another name: the server asks in the order of names."""
    own = lab.services.injector.configuration()
    other = deepcopy(own)
    other["metadata"]["name"] = name
    other["webhooks"][0]["reinvocationPolicy"] = policy
    lab.kube.apply(other)
    if name != injector.CONFIGURATION:
        lab.kube.delete(ADMISSION, injector.KIND, injector.CONFIGURATION)
    try:
        yield
    finally:
        lab.kube.apply(own)
        if name != injector.CONFIGURATION:
            lab.kube.delete(ADMISSION, injector.KIND, name)


@contextmanager
def install(lab: Lab, namespace: str, wanted: list[App]) -> Iterator[Installed]:
    """Both replicas ready; a restricted namespace with the Secret and a Vault role for each app."""
    kube = lab.kube
    role = unique("shop")
    lab.services.create_database_role(role)
    for one in wanted:
        lab.services.create_auth_roles(f"{role}-{one.name}", namespace, one.name, [role])
        meta = {"name": one.name, "namespace": namespace}
        kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    meta = {"name": "db", "namespace": namespace}
    data = {"username": "static", "password": "from-kv"}
    kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
    kube.merge("v1", "Namespace", namespace, {"metadata": {"labels": RESTRICTED}})
    with ExitStack() as doors:
        for port in (lab.control_plane.port, lab.services.vault.port):
            doors.enter_context(Door(port, port, address=lab.network.gateway))
        apply_base(lab)
        try:
            wait_until(lambda: ready_replicas(lab) == 2, what="both replicas are ready", timeout_s=READY_S)
            yield Installed(lab=lab, namespace=namespace, role=role)
        finally:
            kube.delete(ADMISSION, injector.KIND, "00-phase2")
            kube.delete(ADMISSION, "ValidatingWebhookConfiguration", "phase2")
            kube.delete("apps/v1", "Deployment", NAME, NAMESPACE)


@pytest.mark.parametrize(("name", "policy"), [(injector.CONFIGURATION, "Never"), ("0-injector", "IfNeeded")])
def test_every_kind_of_workload_logs_in_with_what_it_read_in_both_orders(
    lab_node: Lab, product_image: str, namespace: str, name: str, policy: str
) -> None:
    """Before ours, the injector works only where it is asked again."""
    assert product_image
    wanted = apps()
    with injector_called(lab_node, name, policy), install(lab_node, namespace, wanted) as installed:
        installed.decide(wanted)
        for one in wanted:
            lab_node.kube.create(manifest(one, namespace))

        for one in wanted:
            body, login = installed.read_login(one)
            user, password = login

            assert REVISION in body["metadata"]["annotations"], one.name
            assert user.startswith("v-"), one.name
            if not one.is_short:  # a lease that is nobody's any more may be taken back
                lab_node.services.postgres.connect(user, password).close()
        short = [one for one in wanted if one.is_short]
        wait_until(
            lambda: all(installed.status_of(one).get("succeeded") for one in short),
            what="what ends by itself completes",
            timeout_s=READY_S,
        )
        # an agent before the app and one beside it have a lease each; the native sidecar is one agent
        assert len(lab_node.services.leases(installed.role)) == 2 * len(wanted) - len(short)
