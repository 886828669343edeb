"""What the running webhook tells a real API server: Events, and of the order in which it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from tests.lab.injector import CONFIGURATION
from tests.lab.kube import Cluster, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.test_deploy import ADMISSION, base_objects
from tests.live.watching import RecordingApi, client, install, kubeconfig, role_of, store
from tests.live.workloads import unique
from tests.unit.pod.making import migration
from tests.webhook.processes import Running, running
from tests.webhook.reviews import review
from webhook.events.occurrences import Occurrence, Regarding
from webhook.events.sending import EventSender
from webhook.order import Order
from webhook.ordering import OrderWatch


@pytest.fixture
def lab(lab_api: Lab) -> Lab:
    install(lab_api)
    return lab_api


@pytest.fixture
def webhook(lab: Lab, tmp_path: Path) -> Iterator[Running]:
    with running(None, tmp_path / "log", "--kubeconfig", str(kubeconfig(lab, tmp_path)), certs=lab.certs) as made:
        yield made


def pod(namespace: str, owner: Object) -> Object:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    labels = {"phase2.tazlab.net/inject": "true"}
    meta = {"generateName": "web-", "namespace": namespace, "labels": labels, "ownerReferences": [reference]}
    mount = {"name": "creds", "mountPath": "/etc/db"}
    spec = {
        "serviceAccountName": "web",
        "containers": [{"name": "app", "image": "x", "volumeMounts": [mount]}],
        "volumes": [{"name": "creds", "secret": {"secretName": "db"}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def replica_set(kube: Cluster, namespace: str) -> Object:
    """One without replicas: something that pods belong to."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "x"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": unique("web"), "namespace": namespace}
    return kube.create({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec})


def events(kube: Cluster, namespace: str, name: str) -> list[Object]:
    found = [one for one in kube.list("v1", "Event", namespace) if one["involvedObject"]["name"] == name]
    return [one for one in found if one["source"].get("component") == "phase2-webhook"]


def test_what_becomes_of_pods_is_told_at_their_replica_set(lab: Lab, webhook: Running, namespace: str) -> None:
    owner = replica_set(lab.kube, namespace)
    name = owner["metadata"]["name"]
    body = review(pod(namespace, owner), namespace=namespace)

    for _ in range(3):
        webhook.post("/mutate/pods", body)
    wait_until(lambda: [one["count"] for one in events(lab.kube, namespace, name)] == [3], what="three in one Event")
    (warned,) = events(lab.kube, namespace, name)
    store(lab.kube, migration(name="db"), namespace)
    wait_until(lambda: b'"patch"' in webhook.post("/mutate/pods", body).data, what="the new migration decides")
    wait_until(lambda: _reasons(lab.kube, namespace, name) >= {"SecretsMoved"}, what="the change is told, too")

    assert (warned["type"], warned["reason"]) == ("Warning", "LeftAlone")
    assert warned["involvedObject"]["uid"] == owner["metadata"]["uid"]
    assert warned["message"].startswith("phase2: ")


def test_a_dry_run_is_not_told(lab: Lab, webhook: Running, namespace: str) -> None:
    dry, wet = replica_set(lab.kube, namespace), replica_set(lab.kube, namespace)

    webhook.post("/mutate/pods", review(pod(namespace, dry), namespace=namespace, dryRun=True))
    webhook.post("/mutate/pods", review(pod(namespace, wet), namespace=namespace))
    wait_until(lambda: events(lab.kube, namespace, wet["metadata"]["name"]), what="the later one is told")

    assert events(lab.kube, namespace, dry["metadata"]["name"]) == []


def _reasons(kube: Cluster, namespace: str, name: str) -> set[str]:
    return {one["reason"] for one in events(kube, namespace, name)}


@pytest.fixture
def ours(lab: Lab) -> Iterator[Object]:
    """Our configuration, selecting no pod at all, under a name of its own."""
    (found,) = [one for one in base_objects() if one["kind"] == "MutatingWebhookConfiguration"]
    made = deepcopy(found)
    made["metadata"]["name"] = unique("mm-phase2")
    for one in made["webhooks"]:
        one["objectSelector"] = {"matchLabels": {"lab.phase2/never": "true"}}
    lab.kube.apply(made)
    yield made
    lab.kube.delete(ADMISSION, "MutatingWebhookConfiguration", made["metadata"]["name"])


@pytest.fixture
def injector(lab: Lab, ours: Object) -> Iterator[str]:
    """An injector's configuration, behind ours, and the only one: the lab's own may be there from other tests."""
    kind = "MutatingWebhookConfiguration"
    own = lab.kube.find(ADMISSION, kind, CONFIGURATION)
    if own:
        lab.kube.delete(ADMISSION, kind, CONFIGURATION)
    name = unique("zz-vault")
    webhook = {
        **{key: value for key, value in ours["webhooks"][0].items() if key not in ("name", "reinvocationPolicy")},
        "name": "vault.hashicorp.com",
        "reinvocationPolicy": "Never",
    }
    lab.kube.apply({**ours, "metadata": {"name": name}, "webhooks": [webhook]})
    yield name
    lab.kube.delete(ADMISSION, kind, name)
    if own:
        lab.kube.apply({**own, "metadata": {"name": CONFIGURATION}})


class Looking:
    """The look at the order, as the webhook's own ServiceAccount."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.api = RecordingApi(client(lab, folder))
        self.sender = EventSender(self.api)
        self.told: list[Occurrence] = []
        self.watch = OrderWatch(self.api, self._tell)

    def _tell(self, occurrence: Occurrence) -> None:
        self.told.append(occurrence)
        self.sender.send(occurrence)

    def order(self) -> Order:
        self.watch.look()
        assert self.watch.judgement is not None
        return self.watch.judgement.order


def test_a_wrong_order_of_the_live_configurations_is_told(
    lab: Lab, ours: Object, injector: str, tmp_path: Path
) -> None:
    looking = Looking(lab, tmp_path)
    before = looking.order()
    first = {**_get(lab.kube, injector), "metadata": {"name": "aa-vault"}}
    lab.kube.create(first)
    lab.kube.delete(ADMISSION, "MutatingWebhookConfiguration", injector)
    try:
        wrong = looking.order()
    finally:
        lab.kube.delete(ADMISSION, "MutatingWebhookConfiguration", "aa-vault")
        lab.kube.create({**first, "metadata": {"name": injector}})
    after = looking.order()

    assert (before, wrong, after) == (Order.OK, Order.INJECTOR_FIRST, Order.OK)
    told = events(lab.kube, "default", ours["metadata"]["name"])
    assert {(one["type"], one["reason"]) for one in told} == {("Warning", "WebhookOrder"), ("Normal", "WebhookOrder")}


def test_the_running_webhook_shows_the_order_in_its_metrics(injector: str, webhook: Running) -> None:
    assert injector
    wait_until(lambda: webhook.metric("phase2_webhook_order_ok") == 1, what="the order was looked at and is right")


def test_events_and_order_need_just_the_rest_of_the_role(
    lab: Lab, injector: str, namespace: str, tmp_path: Path
) -> None:
    """What the watches need is in test_webhook_watch; together it is the whole ClusterRole."""
    looking = Looking(lab, tmp_path)
    owner = replica_set(lab.kube, namespace)

    looking.order()
    for _ in range(2):
        looking.sender.send(_occurrence(owner, namespace))

    assert injector
    assert looking.sender.dropped == 0
    rest = {one for one in role_of() if one[2] in ("events", "mutatingwebhookconfigurations")}
    assert looking.api.used() == rest


def _occurrence(owner: Object, namespace: str) -> Occurrence:
    meta = owner["metadata"]
    return Occurrence(Regarding("apps/v1", "ReplicaSet", namespace, meta["name"], meta["uid"]), "Normal", "Test", "m")


def _get(kube: Cluster, name: str) -> Object:
    found = kube.get(ADMISSION, "MutatingWebhookConfiguration", name)
    return {**found, "metadata": {"name": name}}
