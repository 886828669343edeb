"""The application while it watches, by HTTP, without a server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient

from injector.cli.main import main
from tests.lab.waiting import wait_until
from tests.unit.pod.making import migration, mounted, pod, volume
from tests.webhook.apistub import MIGRATIONS, NAMESPACES, StubApi, serving
from tests.webhook.reviews import review
from tests.webhook.watch.scripted import event, namespace, secret_migration
from webhook.app import create_app
from webhook.ordering import PATH
from webhook.settings import Settings, Target

JSON = {"content-type": "application/json"}
POD = review(pod(mounted(), volumes=[volume()]))
ORDERED = [
    {"metadata": {"name": "00-phase2", "uid": "u"}, "webhooks": [{"name": "pods.phase2.tazlab.net"}]},
    {"metadata": {"name": "vault", "uid": "v"}, "webhooks": [{"name": "vault.hashicorp.com"}]},
]


@pytest.fixture
def stub() -> Iterator[StubApi]:
    with serving({MIGRATIONS: [], NAMESPACES: [namespace("shop")], PATH: ORDERED}) as made:  # type: ignore[dict-item]
        yield made


@pytest.fixture
def client(stub: StubApi, tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(cluster=Target(str(stub.write_kubeconfig(tmp_path))))
    with TestClient(create_app(settings)) as made:
        yield made
        stub.end_all()


def is_ready(client: TestClient) -> bool:
    return client.get("/readyz").status_code == 200


def is_patched(client: TestClient) -> bool:
    return "patch" in client.post("/mutate/pods", content=POD, headers=JSON).json()["response"]


def metric(client: TestClient, line: str) -> float | None:
    found = [one for one in client.get("/metrics").text.splitlines() if one.startswith(f"{line} ")]
    return float(found[0].rpartition(" ")[2]) if found else None


def test_it_is_not_ready_until_every_kind_was_read(stub: StubApi, client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    wait_until(lambda: is_ready(client), what="everything was read")

    assert stub.watches(NAMESPACES) <= 1


def test_a_kind_that_is_refused_keeps_it_from_being_ready(stub: StubApi, tmp_path: Path) -> None:
    stub.refusals[MIGRATIONS] = 403
    with TestClient(create_app(Settings(cluster=Target(str(stub.write_kubeconfig(tmp_path)))))) as client:
        line = 'phase2_watch_failing{kind="SecretMigration"}'
        wait_until(lambda: metric(client, line) == 1, what="the refusal shows in metrics")
        early = is_ready(client)
        del stub.refusals[MIGRATIONS]
        wait_until(lambda: is_ready(client), what="everything was read")
        stub.end_all()

    assert not early


def test_the_next_review_after_a_change_is_decided_by_it(stub: StubApi, client: TestClient) -> None:
    wait_until(lambda: stub.watches(MIGRATIONS), what="migrations are watched")
    wait_until(lambda: is_ready(client), what="everything was read")
    before = is_patched(client)

    stub.push(MIGRATIONS, event("ADDED", secret_migration(migration(), "2")))
    wait_until(lambda: is_patched(client), what="the migration decides")
    stub.push(MIGRATIONS, event("DELETED", secret_migration(migration(), "3")))
    wait_until(lambda: not is_patched(client), what="it does no more")

    assert not before


def test_metrics_tell_how_the_watches_go(stub: StubApi, client: TestClient) -> None:
    wait_until(lambda: stub.watches(NAMESPACES), what="namespaces are watched")
    wait_until(lambda: metric(client, "phase2_webhook_order_ok") == 1, what="the order was looked at")

    assert metric(client, 'phase2_watched_objects{kind="Namespace"}') == 1
    assert metric(client, 'phase2_watch_lists_total{kind="Namespace"}') == 1
    assert metric(client, 'phase2_watch_connections_total{kind="Namespace"}') == 1
    assert metric(client, 'phase2_watch_failing{kind="Namespace"}') == 0
    assert metric(client, 'phase2_watched_objects{kind="ExternalSecret"}') == 0


def test_what_becomes_of_a_pod_is_written_as_an_event(stub: StubApi, client: TestClient) -> None:
    wait_until(lambda: is_ready(client), what="everything was read")

    client.post("/mutate/pods", content=POD, headers=JSON)
    wait_until(lambda: stub.sent, what="an Event was written")

    method, path, body = stub.sent[0]
    assert (method, path) == ("POST", "/api/v1/namespaces/shop/events")
    assert orjson.loads(body)["reason"] == "LeftAlone"
    wait_until(lambda: metric(client, 'phase2_events_total{result="written"}') == 1, what="it is counted")


def test_check_reads_once_and_says_what_would_be_served(
    stub: StubApi, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.lists[MIGRATIONS] = [secret_migration(migration()), {"metadata": {"name": "x", "namespace": "y"}}]
    monkeypatch.chdir(tmp_path)

    code = main(["webhook", "--check", "--kubeconfig", str(stub.write_kubeconfig(tmp_path))])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "would serve 1 SecretMigrations of the API server on http://127.0.0.1:8443\n")
    assert "SecretMigration y/x: spec: must be a mapping" in told.err
