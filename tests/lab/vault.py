"""Vault servers: one in dev mode for the level, and raft-backed ones for fault tests."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hvac
import requests

from tests.lab.errors import LabError
from tests.lab.ports import PortPool
from tests.lab.process import Command, Launcher, Program, wait_ready
from tests.lab.programs import get_binary


class VaultServer:
    """A running Vault and its root token."""

    def __init__(self, launcher: Launcher, ports: PortPool, data: Path, name: str) -> None:
        self.name = name
        self.port, self._cluster_port = ports.take(), ports.take()
        self.address = f"http://127.0.0.1:{self.port}"
        self.token = ""
        self.unseal_keys: tuple[str, ...] = ()
        self._launcher = launcher
        self._data = data / name
        self._data.mkdir(exist_ok=True)
        self._program: Program | None = None
        self._argv: list[str] = []

    @property
    def client(self) -> Any:  # hvac has no types
        """An hvac client with the root token."""
        return hvac.Client(url=self.address, token=self.token)

    def start_dev(self) -> None:
        """Start in memory, unsealed."""
        self.token = secrets.token_urlsafe(24)
        self._argv = [
            "server",
            "-dev",
            "-dev-no-store-token",
            f"-dev-root-token-id={self.token}",
            f"-dev-listen-address=127.0.0.1:{self.port}",
        ]
        self.start()
        self._wait_for(200)

    def start_raft(self) -> None:
        """Start with storage on disk, initialise and unseal."""
        config = self._data / "vault.hcl"
        (self._data / "raft").mkdir()
        config.write_text(
            f'storage "raft" {{\n  path = "{self._data / "raft"}"\n  node_id = "one"\n}}\n'
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n'
            f'  cluster_address = "127.0.0.1:{self._cluster_port}"\n  tls_disable = true\n}}\n'
            f'api_addr = "{self.address}"\n'
            f'cluster_addr = "https://127.0.0.1:{self._cluster_port}"\n'
            # mlock needs a privilege that laptops and containers lack
            "disable_mlock = true\n",
            encoding="utf-8",
        )
        self._argv = ["server", f"-config={config}"]
        self.start()
        self._wait_for(501)
        answer = hvac.Client(url=self.address).sys.initialize(1, 1)
        self.token = answer["root_token"]
        self.unseal_keys = tuple(answer["keys"])
        self.unseal()

    def start(self) -> None:
        """Start the process (again); a raft-backed server comes up sealed."""
        env = {"HOME": str(self._data), "PATH": "/usr/bin:/bin"}
        argv = [str(get_binary("vault")), *self._argv]
        self._program = self._launcher.start(Command(name=self.name, argv=argv, env=env))
        wait_ready(self._program, lambda: self.health() != 0)

    def stop(self) -> None:
        """End the process: connections are refused from now on."""
        if self._program is None:
            msg = f"{self.name} was never started; call start first"
            raise LabError(msg)
        self._launcher.stop(self._program)
        self._program = None

    def pause(self) -> None:
        """Let it answer nobody, without losing what it has in memory."""
        if self._program:
            self._program.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self._program:
            self._program.signal(signal.SIGCONT)

    def seal(self) -> None:
        """Seal it: it answers 503 until ``unseal``."""
        self.client.sys.seal()
        self._wait_for(503)

    def unseal(self) -> None:
        """Unseal it and wait until it is active."""
        self.client.sys.submit_unseal_keys(self.unseal_keys)
        self._wait_for(200)

    def health(self) -> int:
        """Status of /sys/health: 200 active, 501 not initialised, 503 sealed; 0 no answer."""
        try:
            return requests.get(f"{self.address}/v1/sys/health", timeout=2).status_code
        except requests.ConnectionError:
            return 0

    def read(self, path: str) -> dict[str, Any]:
        """The ``data`` of a path; empty when there is nothing."""
        answer = self.client.read(path)
        return dict(answer["data"]) if answer else {}

    def write(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write; the answer's body, empty when there is none."""
        answer = self.client.write_data(path, data=dict(data))
        return dict(answer) if isinstance(answer, dict) else {}

    def list(self, path: str) -> list[str]:
        """Keys below a path; empty when there is nothing."""
        answer = self.client.list(path)
        return list(answer["data"]["keys"]) if answer else []

    def _wait_for(self, status: int) -> None:
        if self._program is None:
            msg = f"{self.name} is stopped; call start first"
            raise LabError(msg)
        wait_ready(self._program, lambda: self.health() == status)
