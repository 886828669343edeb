"""Pods that really run: the native-sidecar annotations, and rotation reaching the file.

Grounds for the product's Job mode; the annotations are those of facts/injector.md 2.10: the init
agent becomes a native sidecar by a JSON patch, since the injector itself knows none.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.lab.images import BUSYBOX_IMAGE
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.reaper import container_ids, container_processes, marked_processes
from tests.lab.waiting import wait_until
from tests.live.workloads import deployment, unique, vault_annotations, wait_for_pod

FILE = "/vault/secrets/db"
START_AGENT = (
    "echo ${VAULT_CONFIG?} | base64 -d"
    ' | sed \'s/"exit_after_auth":true/"exit_after_auth":false/\' > /home/vault/config.json'
    " && vault agent -config=/home/vault/config.json"
)
NATIVE_SIDECAR = [
    {"op": "add", "path": "/restartPolicy", "value": "Always"},
    {"op": "replace", "path": "/args/0", "value": START_AGENT},
    {
        "op": "add",
        "path": "/startupProbe",
        "value": {
            "exec": {"command": ["/bin/sh", "-c", f"test -f {FILE}"]},
            "periodSeconds": 1,
            "failureThreshold": 120,
        },
    },
]


def native_annotations(role: str) -> dict[str, str]:
    """Credentials of a role from one agent that lives beside the app and ends after it."""
    return vault_annotations(
        role,
        agent_pre_populate_only="true",
        agent_init_first="true",
        agent_init_json_patch=json.dumps(NATIVE_SIDECAR),
    )


def pod_spec(command: str, **more: object) -> Object:
    """One busybox container in the host's network, where the lab's servers listen."""
    app = {
        "name": "app",
        "image": BUSYBOX_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", command],
    }
    return {
        "hostNetwork": True,
        "terminationGracePeriodSeconds": 1,
        "containers": [app],
        **more,
    }


def allow(lab: Lab, namespace: str, role: str, **lifetimes: str) -> None:
    """Make the role, and let the namespace's default account read it."""
    lab.services.create_database_role(role, **lifetimes)
    lab.services.create_auth_roles(role, namespace, "default", [role])


def current(lab: Lab, namespace: str, name: str) -> Object:
    """The pod as it is now."""
    return lab.kube.get("v1", "Pod", name, namespace)


def test_job_with_native_sidecar_completes_with_one_lease(lab_node: Lab, namespace: str) -> None:
    """The app fails when the file is not there at its start, and the Job may fail only once."""
    role = unique("job")
    allow(lab_node, namespace, role)
    template = {
        "metadata": {"annotations": native_annotations(role)},
        "spec": pod_spec(f"test -s {FILE}", restartPolicy="Never"),
    }
    lab_node.kube.create(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": role, "namespace": namespace},
            "spec": {"backoffLimit": 0, "template": template},
        }
    )
    pod = wait_for_pod(lab_node, namespace, role)

    def finished() -> Object | None:
        status = lab_node.kube.get("batch/v1", "Job", role, namespace).get("status", {})
        return status if status.get("succeeded") or status.get("failed") else None

    status = wait_until(finished, what="the Job ends", timeout_s=90)
    ended = current(lab_node, namespace, pod["metadata"]["name"])["status"]

    assert status.get("succeeded") == 1
    assert [c["name"] for c in pod["spec"]["initContainers"]] == ["vault-agent-init"]
    assert [c["name"] for c in pod["spec"]["containers"]] == ["app"]
    assert ended["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
    assert len(lab_node.services.leases(role)) == 1


def test_job_with_the_plain_sidecar_never_ends(lab_node: Lab, namespace: str) -> None:
    """Why the native form is needed: the app is done, the agent keeps the pod running."""
    role = unique("job")
    allow(lab_node, namespace, role)
    template = {
        "metadata": {"annotations": vault_annotations(role)},
        "spec": pod_spec(f"test -s {FILE}", restartPolicy="Never"),
    }
    lab_node.kube.create(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": role, "namespace": namespace},
            "spec": {"backoffLimit": 0, "template": template},
        }
    )
    name = wait_for_pod(lab_node, namespace, role)["metadata"]["name"]

    def states() -> dict[str, str]:
        statuses = current(lab_node, namespace, name)["status"].get("containerStatuses", [])
        return {c["name"]: next(iter(c["state"])) for c in statuses}

    wait_until(lambda: states().get("app") == "terminated", what="the app is done", timeout_s=90)

    assert states()["vault-agent"] == "running"
    assert not lab_node.kube.get("batch/v1", "Job", role, namespace)["status"].get("succeeded")


def test_rotation_at_a_short_lifetime_reaches_the_file(lab_node: Lab, namespace: str) -> None:
    """The new login works, and the old one is gone from the database."""
    role = unique("web")
    allow(lab_node, namespace, role, ttl="5s", max_ttl="10s")
    spec = pod_spec("sleep 3600")
    notes = native_annotations(role)
    lab_node.kube.create(deployment(namespace, role, notes, spec))
    pod = wait_for_pod(lab_node, namespace, role)
    name = pod["metadata"]["name"]
    wait_until(
        lambda: current(lab_node, namespace, name)["status"]["phase"] == "Running",
        what="the pod runs",
        timeout_s=90,
    )
    file = lab_node.node.volume_file(pod, "vault-secrets", "db")

    def login() -> tuple[str, ...]:
        return tuple(file.read_text(encoding="utf-8").splitlines())

    first = login()
    lab_node.services.postgres.connect(*first).close()
    second = wait_until(lambda: login() if login() != first else (), what="it rotates")

    lab_node.services.postgres.connect(*second).close()
    wait_until(lambda: not lab_node.services.postgres.has_role(first[0]), what="the old login is gone")
    restarts = [
        c["restartCount"]
        for key in ("containerStatuses", "initContainerStatuses")
        for c in current(lab_node, namespace, name)["status"][key]
    ]
    assert restarts == [0, 0]


def is_running(pid: int) -> bool:
    """False too for a process that ended and was not waited for by its new parent."""
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes() != b""
    except OSError:
        return False


def test_no_container_outlives_a_killed_owner(lab_node: Lab, tmp_path: Path) -> None:
    """Grandchildren get no death signal: the reaper ends shims, mounts and cgroups."""
    script = (
        "import pathlib, sys, time\n"
        "from tests.lab.lab import Lab, Level\n"
        "lab = Lab(pathlib.Path(sys.argv[1]))\n"
        "lab.raise_to(Level.NODE)\n"
        "lab.kube.create_namespace('x')\n"
        "from tests.live.test_node import pod_spec\n"
        "meta = {'name': 'p', 'namespace': 'x'}\n"
        "lab.kube.create({'apiVersion': 'v1', 'kind': 'Pod', 'metadata': meta,"
        " 'spec': pod_spec('sleep 3600')})\n"
        "while lab.kube.get('v1', 'Pod', 'p', 'x')['status']['phase'] != 'Running':\n"
        "    time.sleep(0.1)\n"
        "print(lab.id, lab.data, flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "state")],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    lab_id, data = owner.stdout.readline().split()
    containers = container_processes(container_ids(Path(data)))
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")

    owner.kill()
    owner.wait()
    owner.stdout.close()

    # the pause container and the application, and kubelet's mounts for them
    assert len(containers) == 2
    assert data in mounts
    wait_until(lambda: not Path(data).exists(), what="its data is gone", timeout_s=40)
    assert not marked_processes(lab_id)
    assert not [pid for pid in containers if is_running(pid)]
    assert data not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert lab_node.kube.send("GET", "/readyz").body["text"] == "ok"
