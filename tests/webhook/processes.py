"""The webhook as a process of its own, as a person starts it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.lab.certs import Certificates
from tests.lab.ports import PortPool
from tests.lab.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
_IN_POD = """
import pathlib, sys
from injector.cli.main import entry
from webhook.api import login
login.POD = pathlib.Path(sys.argv.pop(1))
entry()
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A running webhook.

    Attributes:
        http: reaches it, trusting the certificate.
        log: of its JSON lines.
    """

    url: str
    popen: subprocess.Popen[bytes]
    http: urllib3.PoolManager
    log: Path

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self.http.request("GET", f"{self.url}{path}", retries=False, timeout=10)

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> urllib3.BaseHTTPResponse:
        headers = {"content-type": content_type}
        return self.http.request("POST", f"{self.url}{path}", body=body, headers=headers, retries=False, timeout=10)

    def is_ready(self) -> bool:
        assert self.popen.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            return self.get("/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def metric(self, line: str) -> float:
        text = self.get("/metrics").data.decode()
        found = [one for one in text.splitlines() if one.startswith(f"{line} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(one) for one in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def running(
    policies: Path | None,
    log: Path,
    *flags: str,
    certs: Certificates | None = None,
    client: Certificates | None = None,
    is_awaited: bool = True,
    pod: tuple[Path, Mapping[str, str]] | None = None,
) -> Iterator[Running]:
    """Start it and wait until it is ready, if wanted; end it whatever happens. Without a folder it watches.

    With `pod` it takes the folder for the one where kubelet puts a pod's token, and has these variables.
    """
    ports = PortPool()
    port = ports.take()
    is_kept = "--tls-self-managed" in flags  # it serves what is in its folder
    tls = (
        ("--tls-cert-file", str(certs.server_cert), "--tls-key-file", str(certs.server_key))
        if certs and not is_kept
        else ()
    )
    listen = ("--listen", f"127.0.0.1:{port}")
    command = [
        sys.executable,
        *(("-c", _IN_POD, str(pod[0])) if pod else ("-m", "injector.cli")),
        "webhook",
        *(("--policy-dir", str(policies)) if policies else ()),
        *listen,
        *tls,
        "--drain",
        "0",
        *flags,
    ]
    with log.open("wb") as sink:
        popen = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env={**_environment(), **(pod[1] if pod else {})},
        )
    http = urllib3.PoolManager(ssl_context=_trusting(certs, client)) if certs else urllib3.PoolManager()
    made = Running(f"{'https' if certs else 'http'}://127.0.0.1:{port}", popen, http, log)
    try:
        if is_awaited:
            wait_until(made.is_ready, what="the webhook is ready", timeout_s=60)
        yield made
    finally:
        if popen.poll() is None:
            popen.terminate()
            try:
                popen.wait(30)
            except subprocess.TimeoutExpired:
                popen.kill()
                popen.wait()
        http.clear()
        ports.close()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PHASE2_", "COV_"))}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _trusting(certs: Certificates, client: Certificates | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certs.ca))
    if client:
        context.load_cert_chain(client.server_cert, client.server_key)
    return context
