"""Run the injected containers of a Pod without a node.

Takes the Pod as the API server stored it after admission, makes its volumes as kubelet would
(with a TokenRequest token bound to that Pod) and runs a container's own command line as its own
user in a root directory of busybox and vault. Much cheaper than a node, and every file that the
agent renders can be read from outside.

What it does not do: limits, probes, capabilities, read-only roots, network namespaces, and any
container whose image is needed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.errors import LabError
from tests.lab.kube import Cluster, Object
from tests.lab.process import Command, Launcher, Mount, Program, User
from tests.lab.programs import get_binary
from tests.lab.rootfs import create_root
from tests.lab.waiting import wait_until

INIT = "vault-agent-init"
SIDECAR = "vault-agent"


class PodRun:
    """The volumes of one Pod, and the containers started on them."""

    def __init__(self, launcher: Launcher, kube: Cluster, data: Path, pod: Object) -> None:
        self.pod = pod
        meta = pod["metadata"]
        self.namespace = str(meta["namespace"])
        self.name = str(meta["name"])
        self._launcher = launcher
        self._kube = kube
        self._folder = data / "pods" / str(meta["uid"])
        self._programs: list[Program] = []
        for volume in pod["spec"].get("volumes", []):
            self._create_volume(volume)

    def container(self, name: str) -> Object:
        """A container or init container of the Pod.

        Raises:
            LabError: There is none of that name.
        """
        spec = self.pod["spec"]
        every: list[Object] = [*spec.get("initContainers", []), *spec["containers"]]
        for container in every:
            if container["name"] == name:
                return container
        names = ", ".join(c["name"] for c in every)
        msg = f"pod {self.namespace}/{self.name} has no container {name} (only {names})"
        raise LabError(msg)

    def agent_config(self, container: str = SIDECAR) -> Object:
        """The configuration that the injector wrote for a container's agent."""
        value = self._environment(self.container(container))["VAULT_CONFIG"]
        config: Object = json.loads(base64.b64decode(value))
        return config

    def run_init(self, timeout_s: float = 30) -> None:
        """Run the init agent to its end.

        Raises:
            LabError: It failed or does not end; with its log.
        """
        program = self.start(INIT)
        code = program.wait_for_exit(timeout_s)
        if code != 0:
            msg = f"{INIT} of {self.name} ended with {code}:\n{program.tail()}"
            raise LabError(msg)

    def start(self, name: str) -> Program:
        """Start a container's own command line."""
        container = self.container(name)
        argv = [*container.get("command", []), *container.get("args", [])]
        return self._exec(container, argv, name)

    def run_pre_stop(self, name: str = SIDECAR, timeout_s: float = 30) -> None:
        """Run a container's preStop hook, as kubelet does before it ends the container.

        Raises:
            LabError: It failed.
        """
        container = self.container(name)
        argv = container["lifecycle"]["preStop"]["exec"]["command"]
        program = self._exec(container, argv, f"{name}-prestop")
        if program.wait_for_exit(timeout_s) != 0:
            msg = f"preStop of {name} failed:\n{program.tail()}"
            raise LabError(msg)

    def file(self, name: str, container: str = SIDECAR) -> Path:
        """Where a path inside a container is outside, through the innermost mount.

        Raises:
            LabError: No volume is mounted there.
        """
        mounts = sorted(self.container(container)["volumeMounts"], key=lambda m: -len(m["mountPath"]))
        for mount in mounts:
            if name == mount["mountPath"] or name.startswith(f"{mount['mountPath']}/"):
                inner = name.removeprefix(mount["mountPath"]).lstrip("/")
                return self._volume(mount["name"]) / str(mount.get("subPath", "")) / inner
        msg = f"container {container} mounts no volume at {name}"
        raise LabError(msg)

    def read(self, name: str, container: str = SIDECAR) -> str:
        """Text of a rendered file, once it is there."""
        path = self.file(name, container)
        wait_until(path.is_file, what=f"{name} is rendered")
        return path.read_text(encoding="utf-8")

    def close(self) -> None:
        """End what still runs."""
        for program in reversed(self._programs):
            self._launcher.stop(program)
        self._programs.clear()

    def __enter__(self) -> Self:
        """The run itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _exec(self, container: Object, argv: Sequence[str], name: str) -> Program:
        root = self._folder / "roots" / name
        create_root(root)
        if not argv[0].startswith("/"):
            argv = [f"/bin/{argv[0]}", *argv[1:]]
        mounts = [
            Mount(target="/dev", source="/dev"),
            Mount(target="/proc", source="/proc"),
            Mount(target="/bin/vault", source=str(get_binary("vault")), readonly=True),
        ]
        for mount in container.get("volumeMounts", []):
            source = self._volume(mount["name"]) / mount.get("subPath", "")
            read_only = bool(mount.get("readOnly"))
            target = mount["mountPath"]
            mounts.append(Mount(target=target, source=str(source), readonly=read_only))
        context = {**self.pod["spec"].get("securityContext", {})}
        context |= container.get("securityContext", {})
        user = User(uid=context.get("runAsUser", 0), gid=context.get("runAsGroup", 0))
        home = "/home/vault" if user.uid == 100 else "/root"
        program = self._launcher.start(
            Command(
                name=f"pod-{self.name}-{name}",
                argv=list(argv),
                env={"PATH": "/bin", "HOME": home, **self._environment(container)},
                mounts=mounts,
                user=user,
                root=str(root),
            )
        )
        self._programs.append(program)
        return program

    def _environment(self, container: Object) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in container.get("env", []):
            source = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            found[entry["name"]] = self._field(source) if source else entry.get("value", "")
        return found

    def _field(self, path: str) -> str:
        # status.hostIP and status.podIP have no value without a node: all is on loopback
        known: dict[str, str] = {"metadata.name": self.name, "metadata.namespace": self.namespace}
        return known.get(path, "127.0.0.1")

    def _volume(self, name: str) -> Path:
        return self._folder / "volumes" / name

    def _create_volume(self, volume: Object) -> None:
        folder = self._volume(volume["name"])
        folder.mkdir(parents=True)
        # kubelet makes emptyDirs writable for all
        folder.chmod(0o777)
        for source in volume.get("projected", {}).get("sources", []):
            self._fill(folder, source)
        for kind in ("configMap", "secret"):
            if kind in volume:
                reference = dict(volume[kind])
                reference.setdefault("name", reference.get("secretName"))
                self._fill(folder, {kind: reference})

    def _fill(self, folder: Path, source: Object) -> None:
        if token := source.get("serviceAccountToken"):
            audience = token.get("audience")
            account = self.pod["spec"]["serviceAccountName"]
            text = self._kube.request_token(
                self.namespace,
                account,
                audiences=(audience,) if audience else (),
                pod=self.pod,
            )
            (folder / token["path"]).write_text(text, encoding="ascii")
        elif fields := source.get("downwardAPI"):
            for item in fields["items"]:
                value = self._field(item["fieldRef"]["fieldPath"])
                (folder / item["path"]).write_text(value, encoding="utf-8")
        elif reference := source.get("configMap"):
            data = self._kube.get("v1", "ConfigMap", reference["name"], self.namespace)["data"]
            for key, value in _picked(data, reference):
                (folder / key).write_text(value, encoding="utf-8")
        elif reference := source.get("secret"):
            data = self._kube.get("v1", "Secret", reference["name"], self.namespace)["data"]
            for key, value in _picked(data, reference):
                (folder / key).write_bytes(base64.b64decode(value))


def _picked(data: dict[str, str], reference: Object) -> list[tuple[str, str]]:
    items = reference.get("items")
    if not items:
        return sorted(data.items())
    return [(item["path"], data[item["key"]]) for item in items]
