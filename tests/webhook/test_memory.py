"""Memory of a replica as deploy/base ships it: ten thousand SecretMigrations, as many requests as it can answer, a new certificate."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.memory import lists_of
from tests.lab.certs import create_certificates
from tests.lab.waiting import wait_until
from tests.unit.pod.making import migration
from tests.webhook.apistub import MIGRATIONS as PATH
from tests.webhook.apistub import serving
from tests.webhook.processes import REPOSITORY, running
from tests.webhook.test_reload import Load, change, said
from tests.webhook.watch.scripted import secret_migration
from webhook.certs.material import LEAF, LEAF_KEY

MIGRATIONS = 10_000
REQUESTS = 1_000
MIB = 1024 * 1024
UNITS = {"Mi": MIB, "Gi": 1024 * MIB}


def shipped() -> tuple[int, int]:
    """The container's limit, and what its folders in memory may take of it, in bytes."""
    documents = yaml.safe_load_all((REPOSITORY / "deploy/base/deployment.yaml").read_text(encoding="utf-8"))
    pod: dict[str, Any] = next(one for one in documents if one["kind"] == "Deployment")["spec"]["template"]["spec"]
    folders = [one["emptyDir"]["sizeLimit"] for one in pod["volumes"] if "emptyDir" in one]
    return as_bytes(pod["containers"][0]["resources"]["limits"]["memory"]), sum(map(as_bytes, folders))


def as_bytes(quantity: str) -> int:
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def peaks(pid: int) -> dict[int, int]:
    """The largest resident memory that a process and each below it ever had; pages that they share count for each."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:  # it has just ended
        return {}
    line = next((one for one in status if one.startswith("VmHWM:")), "")  # a process that ends has none
    found = {pid: int(line.split()[1]) * 1024} if line else {}
    for one in children:
        found |= peaks(int(one))
    return found


class Watched:
    """What a replica's processes have needed, looked at again and again."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self.processes = 0
        self._pid = pid

    def look(self) -> None:
        found = peaks(self._pid)
        self.most = max(self.most, sum(found.values()))
        self.processes = max(self.processes, len(found))

    def look_until(self, is_done: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            self.look()
            return is_done()

        wait_until(look, what=what, timeout_s=60)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_memory_under_load_stays_below_the_limit_that_is_shipped(tmp_path: Path) -> None:
    """Two workers stand beside each other while a certificate changes.

    The thread that keeps certificates is there as in the Deployment, as a pod's; what it asks for is refused here, and
    somebody else changes the certificate.
    """
    limit, folders = shipped()
    certs = create_certificates(tmp_path / "pki")
    tls = tmp_path / "tls"
    tls.mkdir()
    shutil.copy(certs.server_cert, tls / LEAF)
    shutil.copy(certs.server_key, tls / LEAF_KEY)
    lists = lists_of(MIGRATIONS, 0)
    lists[PATH] = [secret_migration(migration()), *lists[PATH]]

    with serving(lists, certs) as stub:
        stub.refusals["/api/v1/namespaces/here/secrets"] = 403
        pod = (tmp_path / "pod", stub.write_pod(tmp_path / "pod", certs))
        flags = ["--tls-self-managed", "--tls-dir", str(tls), "--tls-secret", "here/tls", "--tls-names", "127.0.0.1"]
        with running(None, tmp_path / "log", *flags, certs=certs, pod=pod) as webhook, Load(webhook) as load:
            watched = Watched(webhook.popen.pid)
            watched.look_until(lambda: load.asked >= REQUESTS, what="the load was answered")
            held, steady, processes = webhook.metric("phase2_secretmigrations"), watched.most, watched.processes
            other = create_certificates(tmp_path / "other")
            change(replace(certs, server_cert=tls / LEAF, server_key=tls / LEAF_KEY), other)
            watched.look_until(lambda: said(webhook, "Stopping worker") >= 1, what="the worker was replaced")
            asked = load.asked
            watched.look_until(lambda: load.asked > asked + REQUESTS, what="the load goes on")

    assert held == MIGRATIONS + 1
    assert load.failed == []
    assert watched.processes > processes
    assert watched.most + folders < limit, (
        f"{steady / MIB:.0f} MiB, and {watched.most / MIB:.0f} with a new certificate"
    )
