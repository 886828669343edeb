"""Memory of a replica as deploy/base ships it: one worker, ten thousand SecretMigrations, and as many requests as it can answer."""

from __future__ import annotations

import shutil
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
from tests.webhook.test_reload import Load
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


def peak(pid: int) -> int:
    """The largest resident memory that a process and all below it ever had; pages that they share count for each."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    line = next(one for one in status if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 + sum(peak(int(one)) for one in children)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_memory_under_load_stays_below_the_limit_that_is_shipped(tmp_path: Path) -> None:
    """The process that keeps certificates is there too, as in the Deployment; what it asks for is refused here."""
    limit, folders = shipped()
    certs = create_certificates(tmp_path / "pki")
    tls = tmp_path / "tls"
    tls.mkdir()
    shutil.copy(certs.server_cert, tls / LEAF)
    shutil.copy(certs.server_key, tls / LEAF_KEY)
    lists = lists_of(MIGRATIONS, 0)
    lists[PATH] = [secret_migration(migration()), *lists[PATH]]

    with serving(lists) as stub:
        stub.refusals["/api/v1/namespaces/here/secrets"] = 403
        flags = ["--kubeconfig", str(stub.write_kubeconfig(tmp_path)), "--tls-self-managed", "--tls-dir", str(tls)]
        flags += ["--tls-secret", "here/tls", "--tls-names", "127.0.0.1"]
        with running(None, tmp_path / "log", *flags, certs=certs) as webhook, Load(webhook) as load:
            wait_until(lambda: load.asked >= REQUESTS, what="the load was answered", timeout_s=60)
            held = webhook.metric("phase2_secretmigrations")
            found = peak(webhook.popen.pid)

    assert held == MIGRATIONS + 1
    assert load.failed == []
    assert found + folders < limit, f"{found / MIB:.0f} MiB"
