"""A lab: the programs of one level and of those below it, in one object.

Everything that a lab owns is in two folders: ``state`` (logs, kubeconfig, keys; stays) and
``data`` (databases, sockets; a short path that other users may enter, removed at the end).
"""

from __future__ import annotations

import enum
import os
import secrets
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import debian
from tests.lab.agent import AgentServices
from tests.lab.certs import create_certificates
from tests.lab.controlplane import ControlPlane
from tests.lab.errors import LabError, LevelUnavailableError
from tests.lab.kube import Cluster
from tests.lab.network import PodNetwork
from tests.lab.node import Node
from tests.lab.podrunner import PodRun
from tests.lab.ports import PortPool
from tests.lab.postgres import SUPERUSER
from tests.lab.process import Launcher
from tests.lab.programs import get_binary
from tests.lab.systems import Surroundings, Systems
from tests.lab.vault import VaultServer


class Level(enum.IntEnum):
    """How much of a cluster runs; each level includes those before it."""

    API = 1
    AGENT = 2
    NODE = 3

    @property
    def label(self) -> str:
        """The word that people type."""
        return self.name.lower()


GO_PROGRAMS = {
    Level.API: ("etcd", "kube-apiserver", "kube-controller-manager"),
    Level.AGENT: ("vault", "vault-k8s", "external-secrets"),
    Level.NODE: ("kubelet", "kube-scheduler"),
}
DEBIAN_PROGRAMS = {
    Level.API: (),
    Level.AGENT: debian.AGENT_PROGRAMS,
    Level.NODE: debian.NODE_PROGRAMS,
}


def check_level(level: Level) -> None:
    """Nothing, when this machine can run the level.

    Raises:
        LevelUnavailableError: With the reason in one line.
    """
    for step in Level:
        if step <= level:
            for name in GO_PROGRAMS[step]:
                get_binary(name)
            debian.require_programs(DEBIAN_PROGRAMS[step])
    if level >= Level.NODE and os.geteuid() != 0:
        msg = "containerd and kubelet need root; run as root"
        raise LevelUnavailableError(msg)


class Lab:
    """One isolated set of running programs; two may live beside each other."""

    def __init__(self, state: Path) -> None:
        self.id = secrets.token_hex(4)
        self.state = state
        state.mkdir(parents=True, exist_ok=True)
        self.data = Path(tempfile.mkdtemp(prefix=f"phase2-lab-{self.id}-"))
        # PostgreSQL runs as another user and must get through
        self.data.chmod(0o755)
        self.ports = PortPool()
        self.launcher = Launcher(self.id, state, self.data)
        self.network = PodNetwork()
        self.certs = create_certificates(state / "pki", self.network.gateway)
        self._services: AgentServices | None = None
        self._node: Node | None = None
        self._systems: Systems | None = None
        self.level: Level | None = None
        self.seconds: dict[Level, float] = {}
        """How long each level took to become ready, beyond the one before it."""
        self.control_plane = ControlPlane(self.launcher, self.ports, self.certs, state, self.data)

    @property
    def kube(self) -> Cluster:
        """The API server, as cluster administrator."""
        return self.control_plane.cluster

    @property
    def services(self) -> AgentServices:
        """Vault, PostgreSQL, injector and operator.

        Raises:
            LabError: The lab is at level api.
        """
        if self._services is None:
            msg = "this lab has no Vault; raise it to level agent first"
            raise LabError(msg)
        return self._services

    @property
    def node(self) -> Node:
        """The node that pods run on.

        Raises:
            LabError: The lab is below level node.
        """
        if self._node is None:
            msg = "this lab has no node; raise it to level node first"
            raise LabError(msg)
        return self._node

    @property
    def systems(self) -> Systems:
        """MariaDB, Redis and RabbitMQ, started when they are first asked for.

        Raises:
            LevelUnavailableError: Their packages are missing.
        """
        if self._systems is None:
            started = Systems(Surroundings(self.launcher, self.ports, self.data))
            started.start()
            self._systems = started
        return self._systems

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of the cluster administrator."""
        return self.control_plane.kubeconfig

    def raise_to(self, level: Level) -> None:
        """Start what is missing for ``level``.

        Raises:
            LevelUnavailableError: This machine cannot run it; nothing was started.
            LabError: A program did not become ready.
        """
        check_level(level)
        for step in Level:
            if step <= level and (self.level is None or step > self.level):
                started = time.monotonic()
                self._start(step)
                self.seconds[step] = time.monotonic() - started
                self.level = step

    def run_pod(self, namespace: str, name: str) -> PodRun:
        """Volumes for a Pod of the API server, ready to run its injected containers on."""
        pod = self.kube.get("v1", "Pod", name, namespace)
        return PodRun(self.launcher, self.kube, self.data, pod)

    def start_vault(self, name: str) -> VaultServer:
        """One more Vault, on disk: it can be sealed, stopped and restarted by a test."""
        vault = VaultServer(self.launcher, self.ports, self.data, name)
        vault.start_raft()
        return vault

    def environment(self) -> dict[str, str]:
        """Variables with which a person's tools reach this lab."""
        found = {
            "KUBECONFIG": str(self.kubeconfig),
            "PHASE2_TEST_KUBECONFIG": str(self.kubeconfig),
            "PHASE2_LAB_STATE": str(self.state),
        }
        if self._services is not None:
            vault, postgres = self._services.vault, self._services.postgres
            found |= {
                "VAULT_ADDR": vault.address,
                "VAULT_TOKEN": vault.token,
                "PGHOST": "127.0.0.1",
                "PGPORT": str(postgres.port),
                "PGUSER": SUPERUSER,
                "PGPASSWORD": postgres.password,
            }
        return found

    def close(self) -> None:
        """End all programs and remove the data; logs stay."""
        self.launcher.close()
        self.ports.close()
        self.network.close()

    def __enter__(self) -> Self:
        """The lab itself; nothing runs yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close, whatever happened."""
        self.close()

    def _start(self, level: Level) -> None:
        if level is Level.API:
            self.control_plane.start()
            return
        if level is Level.AGENT:
            self._services = AgentServices(self.launcher, self.ports, self.certs, self.control_plane, self.data)
            self._services.start()
            return
        self._node = Node(self.launcher, self.ports, self.control_plane, self.data, self.network.range)
        self._node.start()
