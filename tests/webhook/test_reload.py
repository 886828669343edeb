"""Certificates that change under load: the real server, and clients that count what fails."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Self

import pytest
import urllib3

from injector.migration.write import write_migration
from tests.lab.certs import Certificates, create_certificates
from tests.lab.waiting import wait_until
from tests.unit.pod.making import migration, mounted, pod, volume
from tests.webhook.processes import Running, running
from tests.webhook.reviews import review

REVIEW = review(pod(mounted(), volumes=[volume()]))
CLIENTS = 6


class Load:
    """Clients that ask as hard as they can: half of them by a new connection for every request, the others by one that is kept."""

    def __init__(self, server: Running) -> None:
        self.asked = 0
        self.failed: list[str] = []
        self._server = server
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number % 2 == 0,), daemon=True) for number in range(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join(30)

    def _ask(self, is_kept: bool) -> None:  # noqa: FBT001 - an argument of a thread
        headers = {"content-type": "application/json"}
        http = urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False)
        while not self._stop.is_set():
            try:
                url = f"{self._server.url}/mutate/pods"
                answer = http.request("POST", url, body=REVIEW, headers=headers, retries=False, timeout=10)
                if b"JSONPatch" not in answer.data:
                    self.failed.append(f"{answer.status}")
            except urllib3.exceptions.HTTPError as err:
                self.failed.append(type(err).__name__)
            self.asked += 1
            if not is_kept:
                http.clear()
        http.clear()


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_fails_while_certificates_change(tmp_path: Path, workers: str) -> None:
    """The queue of a worker that ends is inherited by the one that takes its place, and kept connections end with an answer."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    certs = create_certificates(tmp_path / "pki")
    with running(policies, tmp_path / "log", "--workers", workers, certs=certs) as server, Load(server) as load:
        for number in range(2):
            before, ended = load.asked, said(server, "Stopping worker")
            change(certs, create_certificates(tmp_path / f"pki{number}"))
            wait_until(
                lambda ended=ended: said(server, "Stopping worker") >= ended + int(workers),  # type: ignore[misc]
                what="all workers were replaced",
                timeout_s=60,
            )
            wait_until(lambda before=before: load.asked > before + 200, what="the load goes on", timeout_s=60)  # type: ignore[misc]

    assert load.failed == []


def change(certs: Certificates, other: Certificates) -> None:
    shutil.copy(other.server_key, certs.server_key)
    shutil.copy(other.server_cert, certs.server_cert)


def said(server: Running, text: str) -> int:
    return server.log.read_text(encoding="utf-8").count(text)
