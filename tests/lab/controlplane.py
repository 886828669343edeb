"""Level api: etcd, kube-apiserver and kube-controller-manager, with nothing switched off.

Admission plugins keep their defaults: ServiceAccount must stay on, because the injector refuses
a pod without a token volume. The controller manager runs all controllers with their own
identities, so that garbage collection and RBAC are real.
"""

from __future__ import annotations

import http
import json
import secrets
from pathlib import Path

import urllib3

from tests.lab.certs import Certificates
from tests.lab.errors import LabError
from tests.lab.kube import ApiError, Cluster
from tests.lab.ports import PortPool, is_listening
from tests.lab.process import Command, Launcher, Program, wait_ready
from tests.lab.programs import get_binary

ISSUER = "https://kubernetes.default.svc"


class ControlPlane:
    """A running control plane."""

    def __init__(self, launcher: Launcher, ports: PortPool, certs: Certificates, state: Path, data: Path) -> None:
        self._launcher = launcher
        self._certs = certs
        self._state = state
        self._data = data
        self.etcd_port, self._peer_port = ports.take(), ports.take()
        self.port, self._controllers_port = ports.take(), ports.take()
        token = secrets.token_urlsafe(24)
        self.cluster = Cluster(f"https://127.0.0.1:{self.port}", token, certs.ca)
        self.kubeconfig = state / "kubeconfig"
        self._etcd: Program | None = None
        self._server: Program | None = None
        self._controllers: Program | None = None

    def start(self) -> None:
        """Start all three; returns when the API server is ready and controllers run."""
        self._write_credentials()
        etcd = self._etcd = self._start_etcd()
        server = self._server = self._start_server()
        wait_ready(etcd, lambda: is_listening(self.etcd_port))
        wait_ready(server, self._is_server_ready)
        self.restart_controllers()

    def stop_server(self) -> None:
        """Stop the API server; all connections to it end."""
        if self._server:
            self._launcher.stop(self._server)
            self._server = None

    def start_server(self) -> None:
        """Start the API server again; returns when it is ready."""
        self._server = self._start_server()
        wait_ready(self._server, self._is_server_ready)

    def stop_etcd(self) -> None:
        """Stop etcd; what it has stays on disk."""
        if self._etcd:
            self._launcher.stop(self._etcd)
            self._etcd = None

    def start_etcd(self) -> None:
        """Start etcd again; returns when the API server is ready with it."""
        etcd = self._etcd = self._start_etcd()
        wait_ready(etcd, lambda: is_listening(self.etcd_port))
        wait_ready(etcd, self._is_server_ready)

    def compact(self) -> None:
        """Make etcd forget everything but what is there now: older revisions are gone for whoever asks for them."""
        etcd = urllib3.PoolManager(retries=False)
        url = f"http://127.0.0.1:{self.etcd_port}/v3/kv"
        found = etcd.request("POST", f"{url}/range", json={"key": "AA=="}, timeout=10).json()
        revision = found["header"]["revision"]
        answer = etcd.request("POST", f"{url}/compaction", json={"revision": revision, "physical": True}, timeout=30)
        if answer.status != http.HTTPStatus.OK:
            msg = f"etcd did not compact: {answer.status}"
            raise LabError(msg)

    def restart_controllers(self) -> None:
        """Start the controller manager, again if need be.

        The garbage collector looks for new kinds only every 30 s; after CRDs were added a fresh
        start, which takes a second, knows them at once.
        """
        if self._controllers:
            self._launcher.stop(self._controllers)
        argv = [
            str(get_binary("kube-controller-manager")),
            f"--kubeconfig={self.kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._controllers_port}",
            f"--cert-dir={self._data / 'controllers'}",
            "--leader-elect=false",
            "--controllers=*",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self._certs.token_key}",
            f"--root-ca-file={self._certs.ca}",
            # the defaults (20/30) are for big clusters; here they only make tests wait
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]
        self._controllers = self._start("kube-controller-manager", argv)
        wait_ready(self._controllers, lambda: is_listening(self._controllers_port))

    def _start(self, name: str, argv: list[str]) -> Program:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self._data)}
        return self._launcher.start(Command(name=name, argv=argv, env=env))

    def _start_etcd(self) -> Program:
        client = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self._peer_port}"
        argv = [
            str(get_binary("etcd")),
            f"--data-dir={self._data / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            # nothing in a lab needs to survive a power cut
            "--unsafe-no-fsync",
        ]
        return self._start("etcd", argv)

    def _start_server(self) -> Program:
        argv = [
            str(get_binary("kube-apiserver")),
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            # Endpoints of the `kubernetes` Service may not be loopback addresses
            "--endpoint-reconciler-type=none",
            f"--secure-port={self.port}",
            f"--tls-cert-file={self._certs.server_cert}",
            f"--tls-private-key-file={self._certs.server_key}",
            f"--cert-dir={self._data / 'apiserver'}",
            f"--token-auth-file={self._state / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--service-cluster-ip-range=10.0.0.0/24",
            # there is no kube-proxy: a webhook's Service is asked at its pods' own addresses
            "--enable-aggregator-routing=true",
            f"--service-account-key-file={self._certs.token_public_key}",
            f"--service-account-signing-key-file={self._certs.token_key}",
            f"--service-account-issuer={ISSUER}",
            f"--api-audiences={ISSUER}",
            # kubectl logs and exec: the node's name is not resolvable
            "--kubelet-preferred-address-types=InternalIP",
        ]
        return self._start("kube-apiserver", argv)

    def _is_server_ready(self) -> bool:
        try:
            return str(self.cluster.send("GET", "/readyz").body["text"]) == "ok"
        except ApiError:
            return False

    def _write_credentials(self) -> None:
        token = self.cluster.token
        csv = self._state / "tokens.csv"
        csv.touch(mode=0o600)
        csv.write_text(f'{token},lab-admin,lab-admin,"system:masters"\n', encoding="ascii")
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [
                {
                    "name": "lab",
                    "cluster": {
                        "server": self.cluster.server,
                        "certificate-authority-data": self._certs.ca_bundle,
                    },
                }
            ],
            "users": [{"name": "lab", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
        }
        self.kubeconfig.touch(mode=0o600)
        # JSON is YAML; clients read it as such
        self.kubeconfig.write_text(json.dumps(config, indent=1), encoding="utf-8")
