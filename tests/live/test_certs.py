"""The webhook's own certificates: from nothing, through changes under a stream of admissions, through faults."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.waiting import hold_for, wait_until
from tests.live.keeping import (
    CERTIFICATES,
    LEASES,
    QUICK,
    SECRET,
    SLOW,
    VALIDATING,
    Asked,
    Kept,
    Stream,
    granted,
    in_process,
    kept,
)
from tests.live.test_deploy import NAMESPACE
from webhook.api.client import connect
from webhook.certs.material import issuer_id, key_id
from webhook.settings import Target


@pytest.fixture
def cluster(lab_api: Lab, namespace: str, tmp_path: Path) -> Iterator[Kept]:
    with kept(lab_api, namespace, tmp_path) as made:
        yield made


def signing(cluster: Kept) -> str:
    ca = cluster.material().ca
    return key_id(ca.certificate) if ca else ""


def start_two(cluster: Kept, *flags: str) -> None:
    """Two replicas that the API server gets through to; it asks the second."""
    first, second = cluster.start(*flags), cluster.start(*flags)
    cluster.create_configurations(first)
    cluster.wait(what="the first replica lets pods in")
    wait_until(second.served, what="the second replica serves", timeout_s=60)
    cluster.route(second)
    cluster.wait(what="the second replica lets pods in")


def test_from_nothing_to_a_working_admission(cluster: Kept) -> None:
    first = cluster.start(*SLOW)
    cluster.create_configurations(first)
    assert cluster.ask()  # nobody trusts anybody yet

    cluster.wait(what="pods are let in")

    ca, leaf = cluster.material().ca, first.served()
    assert ca
    assert leaf
    assert issuer_id(leaf) == key_id(ca.certificate)
    assert cluster.bundle() == cluster.bundle(VALIDATING) == (ca.certificate,)


def test_a_leaf_is_renewed_under_a_stream_of_admissions(cluster: Kept) -> None:
    start_two(cluster, *QUICK)
    before = cluster.replicas[1].served()
    ca = signing(cluster)

    with Stream(cluster) as stream:
        wait_until(
            lambda: (now := cluster.replicas[1].served()) is not None and now != before,
            what="another leaf is served",
            timeout_s=180,
        )
        asked = stream.asked
        wait_until(lambda: stream.asked > asked + 100, what="the stream goes on", timeout_s=60)

    assert stream.failed == []
    assert signing(cluster) == ca


def test_while_it_watches_no_pod_is_let_in_undecided_during_a_renewal(cluster: Kept) -> None:
    """A worker that takes another's place must have read everything before it is asked."""
    cluster.move()
    start_two(cluster, "--watch", *QUICK)
    before = cluster.replicas[1].served()

    with Stream(cluster) as stream:
        wait_until(
            lambda: (now := cluster.replicas[1].served()) is not None and now != before,
            what="another leaf is served",
            timeout_s=180,
        )
        asked = stream.asked
        wait_until(lambda: stream.asked > asked + 200, what="the stream goes on", timeout_s=60)

    assert stream.failed == []


def test_a_ca_is_replaced_under_a_stream_of_admissions(cluster: Kept) -> None:
    """The Secret is deleted, which asks for another CA; each step is seen in the configurations."""
    start_two(cluster, *QUICK)
    before = signing(cluster)
    seen: set[int] = set()

    with Stream(cluster) as stream:
        cluster.lab.kube.delete("v1", "Secret", SECRET, NAMESPACE)
        wait_until(lambda: signing(cluster) not in ("", before), what="another CA signs", timeout_s=120)

        def is_done() -> bool:
            trusted = len(cluster.bundle())
            seen.add(trusted)
            return trusted == 1 and not cluster.material().old

        wait_until(is_done, what="the old CA is gone", timeout_s=180)
        asked = stream.asked
        wait_until(lambda: stream.asked > asked + 100, what="the stream goes on", timeout_s=60)

    assert stream.failed == []
    assert seen == {2, 1}
    assert {issuer_id(leaf) for one in cluster.replicas if (leaf := one.served())} == {signing(cluster)}


def test_a_bundle_that_is_wiped_is_mended(cluster: Kept) -> None:
    start_two(cluster, *SLOW)

    cluster.wipe_bundles()
    wait_until(cluster.ask, what="the fault took effect", timeout_s=20, interval_s=0)

    cluster.wait(what="pods are let in again", timeout_s=30)


def test_garbage_in_the_secret_is_mended_without_a_refused_pod(cluster: Kept) -> None:
    start_two(cluster, *SLOW)
    garbage = base64.b64encode(b"garbage").decode()

    with Stream(cluster) as stream:
        for key in ("tls.key", "ca.key"):
            cluster.lab.kube.merge("v1", "Secret", SECRET, {"data": {key: garbage}}, NAMESPACE)
            assert cluster.material().broken
            wait_until(
                lambda: not cluster.material().broken and cluster.material().leaf, what=f"{key} is mended", timeout_s=60
            )
        asked = stream.asked
        wait_until(lambda: stream.asked > asked + 50, what="the stream goes on", timeout_s=60)

    assert stream.failed == []


def test_another_replica_writes_after_the_holder_was_killed(cluster: Kept) -> None:
    start_two(cluster, *SLOW)
    holder = cluster.lease()["spec"]["holderIdentity"]
    dead = next(one for one in cluster.replicas if one.log.name == f"{holder}.log")
    other = next(one for one in cluster.replicas if one is not dead)
    cluster.route(other)

    dead.end(signal.SIGKILL)
    cluster.wipe_bundles()
    wait_until(cluster.ask, what="the fault took effect", timeout_s=20, interval_s=0)

    cluster.wait(what="the other one writes", timeout_s=120)
    assert cluster.lease()["spec"]["holderIdentity"] != holder


def test_a_lease_that_was_stolen_is_taken_back(cluster: Kept) -> None:
    start_two(cluster, *QUICK)
    stolen = {"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 1}}

    cluster.lab.kube.merge(LEASES, "Lease", SECRET, stolen, NAMESPACE)
    hold_for(
        lambda: cluster.lease()["spec"]["holderIdentity"] == "thief", what="the thief is believed at first", seconds=1
    )

    wait_until(
        lambda: cluster.lease()["spec"]["holderIdentity"].startswith("replica-"),
        what="a replica has it again",
        timeout_s=60,
    )


def test_what_its_role_grants_is_used_and_nothing_else_is(cluster: Kept) -> None:
    """It makes, reads, renews and repairs everything with these rights alone; each request is held against them."""
    replica = cluster.start(*SLOW)
    cluster.create_configurations(replica)
    cluster.wait(what="pods are let in")
    replica.end()
    api = Asked(connect(Target(str(cluster.folder / "kubeconfig"))))

    for step in ("renew", "again", "from nothing"):
        if step == "renew":
            cluster.lab.kube.merge("v1", "Secret", SECRET, {"data": {"tls.key": ""}}, NAMESPACE)
        if step == "from nothing":
            cluster.lab.kube.delete("v1", "Secret", SECRET, NAMESPACE)
            cluster.lab.kube.delete(LEASES, "Lease", SECRET, NAMESPACE)
        cluster.wipe_bundles()
        identity = f"{step.replace(' ', '-')}-replica"
        keeper = in_process(cluster, api, identity)
        wait_until(
            lambda keeper=keeper: keeper.keep() or len(cluster.bundle()),  # type: ignore[misc]
            what=f"{step}: it leads and has written",
            timeout_s=60,
            interval_s=0.5,
        )

    assert api.used == granted(CERTIFICATES)


def test_the_api_server_says_that_it_may_read_one_secret(cluster: Kept) -> None:
    """As kubectl auth can-i --list has it."""
    account = cluster.lab.kube.with_token(cluster.lab.kube.request_token(NAMESPACE, "phase2-webhook"))

    def may(namespace: str, resource: str) -> list[tuple[list[str], list[str]]]:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "metadata": {},
            "spec": {"namespace": namespace},
        }
        status = account.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body).body["status"]
        rules = [one for one in status["resourceRules"] if {resource, "*"} & set(one.get("resources") or ())]
        return sorted((sorted(one["verbs"]), one.get("resourceNames") or []) for one in rules)

    assert may(NAMESPACE, "secrets") == [(["create"], []), (["get", "update"], [SECRET])]
    assert may(NAMESPACE, "leases") == [(["create"], []), (["get", "patch"], [SECRET])]
    assert may(cluster.namespace, "secrets") == []
    assert may("kube-system", "secrets") == []
    writes = [verbs for verbs, _ in may(NAMESPACE, "mutatingwebhookconfigurations") if "patch" in verbs]
    assert len(writes) == 1


def test_a_secret_of_somebody_else_is_left_alone(cluster: Kept) -> None:
    meta = {"name": SECRET, "namespace": NAMESPACE}
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"password": "x"}}
    version = cluster.lab.kube.create(theirs)["metadata"]["resourceVersion"]

    replica = cluster.start(*SLOW)

    wait_until(lambda: "somebody else's" in replica.log.read_text(encoding="utf-8"), what="it says so", timeout_s=60)
    assert cluster.lab.kube.get("v1", "Secret", SECRET, NAMESPACE)["metadata"]["resourceVersion"] == version
