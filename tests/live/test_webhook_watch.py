"""The webhook's knowledge, from a real API server that changes, falls silent, forgets and goes away."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import urllib3

from injector.cli.main import main
from injector.migration.model import Stage
from tests.lab import eso
from tests.lab.lab import Lab
from tests.lab.ports import PortPool
from tests.lab.waiting import wait_until
from tests.live.doors import Door
from tests.live.test_deploy import CRD, NAMESPACE, apply_definition
from tests.live.watching import (
    ACCOUNT,
    RecordingApi,
    as_object,
    client,
    install,
    kubeconfig,
    labels,
    progress,
    role_of,
    store,
    watched,
)
from tests.unit.pod.making import migration
from tests.webhook.processes import running
from tests.webhook.reviews import review
from webhook.api import login
from webhook.api.client import connect
from webhook.settings import Target
from webhook.state import Holder
from webhook.watch.reflector import Limits

DEFINITION = "secretmigrations.phase2.tazlab.net"


@pytest.fixture
def lab(lab_api: Lab) -> Lab:
    install(lab_api)
    return lab_api


@pytest.fixture
def door(lab: Lab) -> Iterator[Door]:
    ports = PortPool()
    with Door(ports.take(), lab.control_plane.port) as made:
        yield made
    ports.close()


def label(lab: Lab, namespace: str, value: str) -> None:
    lab.kube.merge("v1", "Namespace", namespace, {"metadata": {"labels": {"step": value}}})


def wait_for_label(holder: Holder, namespace: str, value: str, *, timeout_s: float = 30) -> None:
    wait_until(
        lambda: labels(holder, namespace) == {"step": value}, what=f"label {value} is known", timeout_s=timeout_s
    )


def stages(holder: Holder, namespace: str) -> dict[str, Stage]:
    return {one.name: one.stage for one in holder.current.migrations.get(namespace, ())}


def test_what_is_stored_changed_and_deleted_is_known(lab: Lab, namespace: str, tmp_path: Path) -> None:
    store(lab.kube, migration(name="db"), namespace)

    with watched(client(lab, tmp_path)) as holder:
        first = stages(holder, namespace)
        store(lab.kube, migration(name="db", stage=Stage.RELEASE), namespace)
        wait_until(lambda: stages(holder, namespace) == {"db": Stage.RELEASE}, what="the new stage is known")
        lab.kube.delete("phase2.tazlab.net/v1alpha1", "SecretMigration", "db", namespace)
        wait_until(lambda: stages(holder, namespace) == {}, what="the deletion is known")

    assert first == {"db": Stage.INJECT}
    assert progress(holder, "SecretMigration").lists == 1


def test_nothing_that_changes_by_itself_is_held(lab: Lab, namespace: str, tmp_path: Path) -> None:
    label(lab, namespace, "1")

    with watched(client(lab, tmp_path)) as holder:
        held = holder.current.cluster.namespaces.get("", namespace)

    assert held is not None
    assert set(held) == {"apiVersion", "kind", "metadata"}
    assert set(held["metadata"]) == {"name", "uid", "labels"}  # type: ignore[arg-type]


def test_a_thousand_objects_come_in_pages(lab: Lab, namespace: str, tmp_path: Path) -> None:
    path = f"/apis/phase2.tazlab.net/v1alpha1/namespaces/{namespace}/secretmigrations"
    for number in range(1000):
        lab.kube.send("POST", path, as_object(migration(name=f"m{number:04}"), namespace))
    api = RecordingApi(client(lab, tmp_path))

    with watched(api) as holder:
        known = stages(holder, namespace)

    assert len(known) == 1000
    assert api.pages["/apis/phase2.tazlab.net/v1alpha1/secretmigrations"] >= 10


def test_an_object_that_our_reader_refuses_keeps_what_it_last_said(lab: Lab, namespace: str, tmp_path: Path) -> None:
    """The definition lets pass what only the reader knows to be wrong."""
    store(lab.kube, migration(name="db"), namespace)
    wrong = as_object(migration(name="db", stage=Stage.RELEASE), namespace)
    wrong["spec"]["workloads"][0]["containers"][0]["reads"] = [{"key": "*", "delivery": "file"}]

    with watched(client(lab, tmp_path)) as holder:
        lab.kube.apply(wrong)
        wait_until(lambda: holder.current.problems, what="the problem is known")
        held = stages(holder, namespace)

    assert held == {"db": Stage.INJECT}
    assert f"SecretMigration {namespace}/db" in holder.current.problems[0]


def test_a_link_that_falls_silent_is_given_up_and_made_anew(
    lab: Lab, door: Door, namespace: str, tmp_path: Path
) -> None:
    with watched(client(lab, tmp_path, port=door.port)) as holder:
        before = progress(holder, "Namespace").connections
        door.stall()
        label(lab, namespace, "1")
        wait_until(lambda: progress(holder, "Namespace").failure, what="the silence is noticed")
        during = labels(holder, namespace)
        door.open()
        wait_for_label(holder, namespace, "1")
        connections = progress(holder, "Namespace").connections

    assert during == {}
    assert connections > before
    assert progress(holder, "Namespace").lists == 1


def test_what_was_held_counts_while_the_api_server_is_away(lab: Lab, namespace: str, tmp_path: Path) -> None:
    store(lab.kube, migration(name="db"), namespace)

    with watched(client(lab, tmp_path)) as holder:
        lab.control_plane.stop_server()
        try:
            wait_until(lambda: progress(holder, "SecretMigration").failure, what="the outage is noticed")
            during = (stages(holder, namespace), holder.current.is_complete)
        finally:
            lab.control_plane.start_server()
        label(lab, namespace, "back")
        wait_for_label(holder, namespace, "back", timeout_s=60)

    assert during == ({"db": Stage.INJECT}, True)


def test_what_the_api_server_has_forgotten_is_read_anew(lab: Lab, door: Door, namespace: str, tmp_path: Path) -> None:
    """Compacted, and with empty caches after a restart: whoever asks for an old revision gets 410."""
    label(lab, namespace, "1")
    with watched(client(lab, tmp_path, port=door.port)) as holder:
        wait_for_label(holder, namespace, "1")
        door.shut()
        wait_until(lambda: progress(holder, "Namespace").failure, what="the watch is broken")
        label(lab, namespace, "2")
        lab.control_plane.compact()
        lab.control_plane.stop_server()
        lab.control_plane.start_server()
        during = labels(holder, namespace)
        door.open()
        wait_for_label(holder, namespace, "2", timeout_s=60)

    assert during == {"step": "1"}
    assert progress(holder, "Namespace").lists >= 2


def test_a_definition_that_comes_later_is_waited_for(lab: Lab, namespace: str, tmp_path: Path) -> None:
    lab.kube.delete(CRD, "CustomResourceDefinition", DEFINITION)
    wait_until(lambda: lab.kube.find(CRD, "CustomResourceDefinition", DEFINITION) is None, what="it is gone")

    with watched(client(lab, tmp_path), is_awaited=False) as holder:
        wait_until(lambda: progress(holder, "SecretMigration").is_absent, what="it is missed")
        wait_until(lambda: progress(holder, "Namespace").is_synced, what="everything else is read")
        early = holder.current.is_complete
        apply_definition(lab.kube)
        store(lab.kube, migration(name="db"), namespace)
        wait_until(lambda: stages(holder, namespace), what="the migration is known", timeout_s=60)

    assert not early
    assert holder.current.is_complete


def test_every_verb_of_the_role_is_used_and_every_one_used_is_granted(lab: Lab, tmp_path: Path) -> None:
    """It does its work with nothing but this role, so what it uses is granted; kinds that come late are found, too."""
    api = RecordingApi(client(lab, tmp_path))

    with watched(api, limits=Limits()) as holder:
        eso.install_crds(lab.control_plane)
        wait_until(lambda: all(one.connections for one in holder.progress), what="all is watched", timeout_s=90)
        failures = [one.failure for one in holder.progress if one.failure]

    assert failures == []
    told = ("events", "mutatingwebhookconfigurations")  # see test_webhook_tells
    assert api.used() == {one for one in role_of() if one[2] not in told}


def test_a_running_webhook_is_ready_once_it_has_read_and_decides_anew(lab: Lab, namespace: str, tmp_path: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": namespace, "labels": {"phase2.tazlab.net/inject": "true"}},
        "spec": {
            "serviceAccountName": "web",
            "containers": [{"name": "app", "image": "x", "volumeMounts": [{"name": "creds", "mountPath": "/etc/db"}]}],
            "volumes": [{"name": "creds", "secret": {"secretName": "db"}}],
        },
    }
    flags = ("--kubeconfig", str(kubeconfig(lab, tmp_path)))

    with running(None, tmp_path / "log", *flags) as webhook:

        def has_patch() -> bool:
            answer = webhook.post("/mutate/pods", review(pod, namespace=namespace))
            return "patch" in orjson.loads(answer.data)["response"]

        before = has_patch()
        store(lab.kube, migration(name="db"), namespace)
        wait_until(has_patch, what="the new migration decides")
        lab.kube.delete("phase2.tazlab.net/v1alpha1", "SecretMigration", "db", namespace)
        wait_until(lambda: not has_patch(), what="the deleted one does not")
        watched_kinds = webhook.metric('phase2_watch_connections_total{kind="SecretMigration"}')

    assert not before
    assert watched_kinds == 1


def test_a_token_that_is_renewed_on_disk_is_taken_up(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kubelet does it for a pod; the first token here is one that the API server does not know."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(lab.control_plane.port))
    token = tmp_path / "token"
    token.write_text("stale", encoding="ascii")
    shutil.copy(lab.certs.ca, tmp_path / "ca.crt")
    monkeypatch.setattr(login, "POD", tmp_path)

    with watched(connect(Target()), is_awaited=False) as holder:
        wait_until(lambda: "401" in progress(holder, "Namespace").failure, what="the token is refused")
        token.write_text(lab.kube.request_token(NAMESPACE, ACCOUNT), encoding="ascii")
        wait_until(lambda: holder.current.is_complete, what="the new token is used")


def test_check_reads_the_cluster_once(
    lab: Lab, namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lab.kube, migration(name="db"), namespace)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(lab, tmp_path)))
    monkeypatch.chdir(tmp_path)

    code = main(["webhook", "--check"])

    assert (code, "SecretMigrations of the API server" in capsys.readouterr().out) == (0, True)


def test_a_webhook_that_cannot_reach_the_api_server_is_alive_and_not_ready(
    lab: Lab, door: Door, tmp_path: Path
) -> None:
    door.shut()
    flags = ("--kubeconfig", str(kubeconfig(lab, tmp_path, port=door.port)))

    with running(None, tmp_path / "log", *flags, is_awaited=False) as webhook:
        wait_until(lambda: _answers(webhook.url), what="the webhook is alive", timeout_s=60)
        ready = webhook.get("/readyz").status
        door.open()
        wait_until(webhook.is_ready, what="the webhook is ready", timeout_s=60)
        door.shut()
        wait_until(
            lambda: webhook.metric('phase2_watch_failing{kind="Namespace"}') == 1, what="the outage shows in metrics"
        )
        later = webhook.get("/readyz").status

    assert (ready, later) == (503, 200)


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/healthz", retries=False, timeout=5).status == 200
    except (urllib3.exceptions.HTTPError, ssl.SSLError):
        return False
