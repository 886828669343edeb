"""Admissions that go on while something breaks: nobody who did not opt in notices, nobody gets a wrong pod.

Two replicas behind a Service watch the real API server. Each test first shows that its fault took effect.
"""

from __future__ import annotations

import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3

from injector.migration.model import Delivery, Read
from tests.lab.kube import ApiError
from tests.lab.lab import Lab
from tests.lab.ports import PortPool
from tests.lab.waiting import wait_until
from tests.live.doors import Door
from tests.live.registered import ACCOUNT, migration
from tests.live.test_deploy import ADMISSION
from tests.live.traffic import Replicas, Traffic, kill, replicas
from tests.live.watching import install, store

KIND = "MutatingWebhookConfiguration"
MIGRATION = "phase2.tazlab.net/v1alpha1"


@dataclass(slots=True, kw_only=True)
class Arena:
    """Two replicas, a namespace whose Secret db moves, and traffic."""

    lab: Lab
    namespace: str
    replicas: Replicas
    traffic: Traffic

    def nobody_else_noticed(self) -> None:
        """What holds whatever breaks."""
        assert self.traffic.opted_out.refused == []
        assert self.traffic.opted_out.wrong == []
        assert self.traffic.opted_in.wrong == []

    def was_never_refused(self) -> None:
        """What holds while one replica is left."""
        self.nobody_else_noticed()
        assert self.traffic.opted_in.refused == []
        assert self.traffic.opted_in.untouched == 0


@contextmanager
def arena(lab: Lab, namespace: str, folder: Path, *, policy: str = "Fail", port: int = 0) -> Iterator[Arena]:
    install(lab)
    meta = {"name": ACCOUNT, "namespace": namespace}
    lab.kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    decision = migration(namespace, "shop", Read(key="*", delivery=Delivery.FILE, path="/etc/db"))
    store(lab.kube, decision, namespace)
    with replicas(lab, folder, 2, port=port) as made:
        name = made.register(namespace, policy)
        traffic = Traffic(lab, namespace, decision)
        try:
            with traffic:
                # what was let in before the configuration was in force is no fault's
                traffic.opted_in.untouched = 0
                yield Arena(lab=lab, namespace=namespace, replicas=made, traffic=traffic)
        finally:
            lab.kube.delete(ADMISSION, KIND, name)


@pytest.fixture
def ground(lab_api: Lab, namespace: str, tmp_path: Path) -> Iterator[Arena]:
    with arena(lab_api, namespace, tmp_path) as made:
        yield made


def test_one_of_two_replicas_is_killed(ground: Arena) -> None:
    """Requests that it had taken are the API server's to refuse; all others go to the one that is left."""
    first = ground.replicas.running[0]

    kill(first)

    assert first.popen.returncode == -signal.SIGKILL
    ground.traffic.wait_for_more(30)
    ground.nobody_else_noticed()
    assert len(ground.traffic.opted_in.refused) <= 1
    assert ground.traffic.opted_in.untouched == 0


@pytest.mark.parametrize("policy", ["Fail", "Ignore"])
def test_no_replica_is_left_for_a_while(lab_api: Lab, namespace: str, tmp_path: Path, policy: str) -> None:
    """Fail refuses opted-in pods in words, Ignore lets them in as they are; both end by themselves."""
    with arena(lab_api, namespace, tmp_path, policy=policy) as ground:
        traffic = ground.traffic
        for one in list(ground.replicas.running):
            kill(one)
        if policy == "Fail":
            traffic.wait(lambda: len(traffic.opted_in.refused) > 10, what="opted-in pods are refused")
        else:
            traffic.wait(lambda: traffic.opted_in.untouched > 10, what="opted-in pods are let in as they are")
        others = traffic.opted_out.right
        traffic.wait(lambda: traffic.opted_out.right > others + 10, what="others go on")
        with ground.replicas.one_more():
            traffic.wait_for_more(20)
            seen = (len(traffic.opted_in.refused), traffic.opted_in.untouched)
            traffic.wait_for_more(20)
            assert (len(traffic.opted_in.refused), traffic.opted_in.untouched) == seen

        ground.nobody_else_noticed()
        assert (traffic.opted_in.untouched == 0) == (policy == "Fail")
        assert all("pods.phase2.tazlab.net" in one for one in traffic.opted_in.refused)


def test_rolling_upgrade_loses_nothing(ground: Arena) -> None:
    """As the Deployment does it: the new one is ready first, the old one leaves the Service and answers what it has."""
    old = ground.replicas.running[0]
    with ground.replicas.one_more():
        ground.replicas.balancer.targets.remove(int(old.url.rpartition(":")[2]))
        old.popen.send_signal(signal.SIGTERM)

        old.popen.wait(30)

        ground.traffic.wait_for_more(30)
        ground.was_never_refused()


def test_api_server_restarts(ground: Arena) -> None:
    plane = ground.lab.control_plane
    plane.stop_server()
    ground.traffic.wait(lambda: ground.traffic.opted_out.unreachable > 0, what="the outage is seen")

    plane.start_server()

    ground.traffic.wait_for_more(30)
    ground.was_never_refused()


def test_etcd_stops_and_comes_back(ground: Arena) -> None:
    plane = ground.lab.control_plane
    plane.stop_etcd()
    try:
        with pytest.raises((ApiError, OSError)):
            ground.lab.kube.get("v1", "Namespace", ground.namespace)
    finally:
        plane.start_etcd()

    ground.traffic.wait_for_more(30)
    ground.was_never_refused()


def test_link_to_the_api_server_is_silent_and_later_moves_again(lab_api: Lab, namespace: str, tmp_path: Path) -> None:
    """What the replicas know goes on to count; what changed meanwhile is obeyed once they hear of it."""
    ports = PortPool()
    with (
        Door(ports.take(), lab_api.control_plane.port) as door,
        arena(lab_api, namespace, tmp_path, port=door.port) as ground,
    ):
        door.stall()
        lab_api.kube.delete(MIGRATION, "SecretMigration", "db", namespace)
        ground.traffic.wait_for_more(30)
        ground.was_never_refused()

        door.open()

        ground.traffic.wait(lambda: ground.traffic.opted_in.untouched > 0, what="the deletion is obeyed")
        ground.nobody_else_noticed()
    ports.close()


def test_vault_does_not_answer(lab_agent: Lab, namespace: str, tmp_path: Path) -> None:
    """Admission does not need it."""
    vault = lab_agent.services.vault
    with arena(lab_agent, namespace, tmp_path) as ground, ExitStack() as after:
        vault.pause()
        after.callback(vault.resume)
        with pytest.raises(urllib3.exceptions.TimeoutError):
            urllib3.request("GET", f"{vault.address}/v1/sys/health", timeout=1, retries=False)

        ground.traffic.wait_for_more(30)

        ground.was_never_refused()


def test_clients_that_never_finish_what_they_send(ground: Arena) -> None:
    """Fifty connections at each replica: half a handshake, half a header, half a body."""
    trusting = ssl.create_default_context(cafile=str(ground.lab.certs.ca))
    head = b"POST /mutate/pods HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    pieces = (b"", head, head + b"Content-Length: 100000\r\n\r\n{", b"GARBAGE\x00\xff\r\n\r\n")
    with ExitStack() as stack:
        for one in ground.replicas.running:
            port = int(one.url.rpartition(":")[2])
            for number in range(50):
                raw = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                if number % 5 == 0:
                    raw.sendall(b"\x16\x03\x01\x02\x00\x01")
                    continue
                secure = stack.enter_context(trusting.wrap_socket(raw, server_hostname="localhost"))
                secure.sendall(pieces[number % len(pieces)])

        ground.traffic.wait_for_more(30)

    assert all(wait_until(one.is_ready, what="it is alive") for one in ground.replicas.running)
    ground.was_never_refused()
