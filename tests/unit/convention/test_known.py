"""What was judged is kept as long as it holds, and no longer."""

from __future__ import annotations

from typing import Any

import pytest

from injector.cluster import ClusterState
from injector.convention import known
from injector.convention.known import Proposer
from injector.convention.propose import Judged
from tests.property.admitted import CONVENTION, STORE, cluster_of
from tests.unit.convention.deciding import external_secret, login, reader


def judge(proposer: Proposer, cluster: ClusterState, body: Any = None, namespace: str = "shop") -> tuple[Judged, ...]:
    return proposer.judge(body or reader(), namespace, ["db"], cluster=cluster)


def with_changes(cluster: ClusterState, *objects: dict[str, Any]) -> ClusterState:
    """The next snapshot: what does not change is the same group."""
    for kind, held in cluster_of(*objects).by_kind.items():
        changes = [
            (namespace, body["metadata"]["name"], held.in_namespace(namespace)._packed[body["metadata"]["name"]])
            for body in objects
            for namespace in [body["metadata"].get("namespace", "")]
            if body["kind"] == kind.value
        ]
        cluster = cluster.with_kind(kind, cluster.of(kind).with_changes(changes))
    return cluster


def test_all_pods_of_a_template_are_judged_once() -> None:
    proposer, cluster = Proposer(CONVENTION), cluster_of(STORE, login())
    first, second = reader(), reader()
    first["metadata"] = {**first["metadata"], "name": "web"}  # type: ignore[dict-item]
    second["spec"] = {**second["spec"], "nodeName": "node-2"}  # type: ignore[dict-item]

    assert judge(proposer, cluster, first) is not judge(proposer, cluster, second)
    assert judge(proposer, cluster, second) is judge(proposer, cluster, reader())


def test_external_secret_that_changes_is_judged_anew() -> None:
    proposer, cluster = Proposer(CONVENTION), cluster_of(STORE, login())
    before = judge(proposer, cluster)

    after = judge(proposer, with_changes(cluster, external_secret(data=("API_TOKEN",))))

    assert [one.migration is not None for one in (*before, *after)] == [True, False]


def test_store_that_changes_is_judged_anew() -> None:
    proposer, cluster = Proposer(CONVENTION), cluster_of(STORE, login())
    judge(proposer, cluster)
    provider = {"vault": {"server": "https://vault:8200", "path": "kv", "version": "v2"}}
    moved = with_changes(cluster, {**STORE, "spec": {"provider": provider}})

    assert judge(proposer, moved) is not judge(proposer, cluster)


def test_change_in_another_namespace_keeps_the_answer() -> None:
    proposer, cluster = Proposer(CONVENTION), cluster_of(STORE, login())
    before = judge(proposer, cluster)

    after = judge(proposer, with_changes(cluster, login(namespace="other")))

    assert after is before


def test_external_secret_that_goes_is_forgotten() -> None:
    proposer = Proposer(CONVENTION)
    judge(proposer, cluster_of(STORE, login()))

    assert judge(proposer, cluster_of(STORE)) == ()


def test_no_more_is_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_TEMPLATES", 2)
    monkeypatch.setattr(known, "_NAMESPACES", 2)
    spaces = [f"n{number}" for number in range(4)]
    proposer, cluster = Proposer(CONVENTION), cluster_of(STORE, *(login(namespace=one) for one in spaces))
    first = judge(proposer, cluster, namespace="n0")

    for one in spaces[1:]:
        judge(proposer, cluster, namespace=one)

    again = judge(proposer, cluster, namespace="n0")
    assert again == first
    assert again is not first
    assert proposer.size == (2, 2)


def test_pod_with_very_many_secrets_is_left_to_a_person() -> None:
    names = [f"s{number}" for number in range(65)]
    cluster = cluster_of(STORE, *map(login, names))

    judged = Proposer(CONVENTION).judge(reader(), "shop", names, cluster=cluster)

    assert len(judged) == len(names)
    assert {one.why for one in judged} == {
        "the pod reads more than 64 Secrets of ExternalSecrets; commit a SecretMigration"
    }
