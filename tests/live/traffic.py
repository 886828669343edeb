"""Admissions that go on while something breaks, and two replicas of the webhook for them to go to."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from injector.migration.model import SecretMigration
from injector.pod.mutate import mutate_pod
from tests.lab import injector
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.podrunner import SIDECAR
from tests.lab.ports import PortPool
from tests.lab.repeating import Repeating
from tests.lab.waiting import wait_until
from tests.live.registered import OPT_IN, pod, volume_spec
from tests.live.watching import kubeconfig
from tests.live.workloads import unique
from tests.webhook.processes import Running, running

#: The API server's words when a webhook did not do its part.
_FAILED = ("failed calling webhook", "failed to call webhook", "denied the request")
_PIECE = 65_536


class Balancer:
    """A Service for replicas on loopback: each connection goes to the next one that takes it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.targets: list[int] = []
        self._turn = 0
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        """The open Service."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = self._connect()
            if far is None:
                near.close()
                continue
            threading.Thread(target=_join, args=(near, far), daemon=True).start()

    def _connect(self) -> socket.socket | None:
        targets = list(self.targets)
        for number in range(len(targets)):
            with contextlib.suppress(OSError):
                found = socket.create_connection(
                    ("127.0.0.1", targets[(self._turn + number) % len(targets)]), timeout=5
                )
                self._turn += number + 1
                found.settimeout(None)
                return found
        return None


def _join(near: socket.socket, far: socket.socket) -> None:
    """Pass bytes both ways until either side ends."""
    back = threading.Thread(target=_pass, args=(far, near), daemon=True)
    back.start()
    _pass(near, far)
    back.join()
    near.close()
    far.close()


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_PIECE):
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@dataclass(slots=True)
class Tally:
    """What became of the admissions of one kind of pod.

    Attributes:
        right: came out as they must.
        untouched: let in as they were sent, although they opted in.
        refused: what the API server said, where a webhook did not answer or denied.
        wrong: let in, and neither as they must be nor as they were sent.
        unreachable: the API server itself did not answer, or was not ready.
    """

    right: int = 0
    untouched: int = 0
    refused: list[str] = field(default_factory=list)
    wrong: list[Object] = field(default_factory=list)
    unreachable: int = 0


class Traffic(Repeating):
    """Pods that opted in and pods that did not, one after the other, dry runs all of them, until it is stopped.

    What an opted-in pod must look like is what `phase2 inject` makes of it, not what the webhook said before.
    """

    def __init__(self, lab: Lab, namespace: str, migration: SecretMigration) -> None:
        self.opted_in, self.opted_out = Tally(), Tally()
        self._lab = lab
        self._namespace = namespace
        self._migration = migration
        super().__init__(
            [partial(self._send, self.opted_in, OPT_IN), partial(self._send, self.opted_out, {"app": "other"})]
        )

    def __enter__(self) -> Self:
        """Running traffic, once both kinds came through."""
        super().__enter__()
        self.wait_for_more()
        return self

    def wait_for_more(self, count: int = 10) -> None:
        """Wait until so many more of both kinds came out right."""
        before = (self.opted_in.right, self.opted_out.right)
        self.wait(
            lambda: self.opted_in.right >= before[0] + count and self.opted_out.right >= before[1] + count,
            what="traffic comes through",
        )

    def wait(self, probe: Callable[[], object], *, what: str, timeout_s: float = 60) -> None:
        """Wait for something that traffic shows."""
        wait_until(probe, what=f"{what}: {self.opted_in}, {self.opted_out}", timeout_s=timeout_s)

    def _send(self, tally: Tally, labels: dict[str, str]) -> None:
        body = pod(self._namespace, unique("x"), volume_spec(), labels=labels)
        try:
            shown = self._lab.kube.create(body, dry_run=True)
        except ApiError as err:
            if any(one in err.message for one in _FAILED):
                tally.refused.append(err.message)
            else:
                tally.unreachable += 1
        except OSError:
            tally.unreachable += 1
        else:
            self._judge(tally, body, shown)

    def _judge(self, tally: Tally, sent: Object, shown: Object) -> None:
        must: Object = mutate_pod(sent, self._namespace, [self._migration]).pod  # type: ignore[assignment]
        if is_like(must, shown):
            tally.right += 1
        elif is_like(sent, shown):
            tally.untouched += 1
        else:
            tally.wrong.append(shown)


_OTHERS = ("kube-api-access-", "home-", "vault-secrets")
"""Volumes that the API server's own plugin and the injector add."""


def is_like(must: Object, shown: Object) -> bool:
    """True when a pod was stored as it must be, but for what the API server's own plugins and the injector add."""

    def names(values: list[Object]) -> list[str]:
        return sorted(one["name"] for one in values if not one["name"].startswith(_OTHERS))

    def mounts(body: Object) -> list[list[str]]:
        containers = [one for one in body["spec"]["containers"] if one["name"] != SIDECAR]
        return [names(one.get("volumeMounts", [])) for one in containers]

    def notes(body: Object) -> Object:
        found = body["metadata"].get("annotations", {})
        return {key: value for key, value in found.items() if not key.endswith("agent-inject-status")}

    return (
        notes(must) == notes(shown)
        and must["metadata"].get("labels") == shown["metadata"].get("labels")
        and names(must["spec"].get("volumes", [])) == names(shown["spec"].get("volumes", []))
        and mounts(must) == mounts(shown)
    )


@dataclass(slots=True, kw_only=True)
class Replicas:
    """Running replicas behind one Service."""

    lab: Lab
    balancer: Balancer
    folder: Path
    port: int
    running: list[Running] = field(default_factory=list)

    @contextmanager
    def one_more(self, *flags: str) -> Iterator[Running]:
        """Start a replica, and let the Service lead to it once it is ready."""
        name = unique("webhook")
        config = self.folder / name
        config.mkdir()
        watch = ("--kubeconfig", str(kubeconfig(self.lab, config, port=self.port)))
        with running(None, config / "log", *watch, *flags, certs=self.lab.certs) as made:
            port = int(made.url.rpartition(":")[2])
            self.running.append(made)
            self.balancer.targets.append(port)
            try:
                yield made
            finally:
                if port in self.balancer.targets:
                    self.balancer.targets.remove(port)
                self.running.remove(made)

    def register(self, namespace: str, policy: str) -> str:
        """Ask the Service about opted-in pods of a namespace, as deploy/base does; returns the configuration's name."""
        name = f"00-{unique('faults')}"
        rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
        webhook = {
            "name": "pods.phase2.tazlab.net",
            "admissionReviewVersions": ["v1", "v1beta1"],
            "sideEffects": "None",
            "failurePolicy": policy,
            "timeoutSeconds": 5,
            "clientConfig": {
                "url": f"https://127.0.0.1:{self.balancer.port}/mutate/pods",
                "caBundle": self.lab.certs.ca_bundle,
            },
            "objectSelector": {"matchLabels": OPT_IN},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [rule],
        }
        config = {"apiVersion": injector.ADMISSION, "kind": injector.KIND, "metadata": {"name": name}}
        self.lab.kube.create({**config, "webhooks": [webhook]})
        return name


@contextmanager
def replicas(lab: Lab, folder: Path, count: int, *, port: int = 0) -> Iterator[Replicas]:
    """Replicas that watch the API server, directly or through another port."""
    ports = PortPool()
    with ExitStack() as stack:
        balancer = stack.enter_context(Balancer(ports.take()))
        made = Replicas(lab=lab, balancer=balancer, folder=folder, port=port)
        for _ in range(count):
            stack.enter_context(made.one_more("--drain", "2"))
        yield made
    ports.close()


def kill(one: Running) -> None:
    """End a replica and all its workers at once, as when a container is killed."""
    family = [one.popen.pid, *children_of(one.popen.pid)]
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    one.popen.wait(30)


def children_of(pid: int) -> list[int]:
    """Every process below another."""
    try:
        own = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
    return [found for one in own for found in (one, *children_of(one))]
