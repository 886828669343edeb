"""Two recorded webhooks: a stand-in for ours, and a door in front of the real injector."""

from __future__ import annotations

import base64
import copy
import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import urllib3

from tests.lab.certs import Certificates
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.workloads import unique

#: Label of the rows in which the injector's webhook selects its pods.
WANTED = "lab.phase2/wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admission request as a webhook saw it."""

    who: str
    round: str
    """Which configuration sent it, so that a change can be seen to have arrived."""
    pod: str
    injected: bool


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """What our stand-in adds to a pod without injection status."""

    annotations: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


class RecordingWebhooks:
    """An HTTPS server on loopback with ``/ours/<round>`` and ``/vault/<round>``."""

    def __init__(self, lab: Lab, behaviour: Behaviour) -> None:
        self.calls: list[Call] = []
        self.behaviour = behaviour
        self.round = unique("round")
        self._lab = lab
        self._certs: Certificates = lab.certs
        self._forward = urllib3.PoolManager(ca_certs=str(lab.certs.ca), retries=False)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # the name http.server looks for
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = outer.answer(self.path.split("?")[0], body)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing: the calls are recorded."""

        self.port = lab.ports.take()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certs.server_cert, self._certs.server_key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str, body: bytes) -> bytes:
        """Record a review and answer it."""
        review = json.loads(body)
        pod = review["request"]["object"]
        _, who, sent_by = path.split("/")
        status = "vault.hashicorp.com/agent-inject-status"
        injected = pod["metadata"].get("annotations", {}).get(status) == "injected"
        name = pod["metadata"].get("name", "")
        self.calls.append(Call(who=who, round=sent_by, pod=name, injected=injected))
        if who == "vault":
            url = self._lab.services.injector.url
            headers = {"Content-Type": "application/json"}
            return bytes(self._forward.request("POST", url, body=body, headers=headers).data)
        response: Object = {"uid": review["request"]["uid"], "allowed": True}
        if not injected:
            patch = json.dumps(self._patch(pod)).encode()
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}
        return json.dumps({**review, "response": response, "request": None}).encode()

    def configuration(self, name: str, policy: str) -> Object:
        """The configuration that calls our stand-in."""
        config = self._copy("ours", policy)
        config["metadata"] = {"name": name}
        config["webhooks"][0] |= {"name": "ours.phase2.test", "failurePolicy": "Fail"}
        return config

    def vault_configuration(self, policy: str, *, selects: bool) -> Object:
        """The injector's configuration, led through our door."""
        config = self._copy("vault", policy)
        if selects:
            config["webhooks"][0]["objectSelector"] = {"matchLabels": {WANTED: "true"}}
        return config

    def of(self, pod: str) -> list[str]:
        """Who was called for a pod, in order."""
        return [call.who for call in self.calls if call.pod == pod]

    def __enter__(self) -> Self:
        """The running server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _copy(self, who: str, policy: str) -> Object:
        config = copy.deepcopy(self._lab.services.injector.configuration())
        webhook = config["webhooks"][0]
        webhook["clientConfig"]["url"] = f"https://127.0.0.1:{self.port}/{who}/{self.round}"
        webhook["reinvocationPolicy"] = policy
        return config

    def _patch(self, pod: Object) -> list[Object]:
        meta = pod["metadata"]
        changes = []
        for key in ("annotations", "labels"):
            value = {**meta.get(key, {}), **getattr(self.behaviour, key)}
            changes.append({"op": "add", "path": f"/metadata/{key}", "value": value})
        return changes


def wait_for_round(lab: Lab, webhooks: RecordingWebhooks, namespace: str) -> None:
    """Create dry-run pods until one of them was sent to both doors of this round.

    The API server learns of configurations from a watch, some moments after they are stored.
    """

    def probe() -> bool:
        name = unique("probe")
        labels = {WANTED: "true"}
        lab.kube.create(pod(namespace, name, labels), dry_run=True)
        seen = {call.who for call in webhooks.calls if call.pod == name}
        return seen == {"ours", "vault"}

    wait_until(probe, what="the API server knows both configurations")


def pod(namespace: str, name: str, labels: dict[str, str] | None = None) -> Object:
    """A pod without annotations."""
    meta = {"name": name, "namespace": namespace, "labels": dict(labels or {})}
    spec = {"containers": [{"name": "app", "image": "app"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
