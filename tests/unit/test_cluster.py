"""Objects of a cluster: what is kept of them, and that a change costs and touches no more than it must."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.cluster import (
    Body,
    ClusterObject,
    ClusterState,
    Json,
    Objects,
    WatchedKind,
    build_object,
    find_kind,
    pack,
)

ES = WatchedKind.EXTERNAL_SECRET


def external_secret(**metadata: Json) -> dict[str, Json]:
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"namespace": "shop", "name": "db", **metadata},
        "spec": {"data": [{"secretKey": "password"}]},
        "status": {"refreshTime": "2026-01-01T00:00:00Z"},
    }


def metadata_in(packed: bytes) -> dict[str, Json]:
    made: dict[str, dict[str, Json]] = orjson.loads(packed)
    return made["metadata"]


def test_what_changes_by_itself_makes_no_other_text() -> None:
    before = pack(ES, external_secret(resourceVersion="1", generation=1, managedFields=[{"manager": "x"}]))
    changed = {**external_secret(resourceVersion="2", generation=2), "status": {}}

    assert pack(ES, changed) == before


def test_an_object_takes_the_memory_of_its_text() -> None:
    """What orjson gives back keeps the buffer that it wrote into."""
    tracemalloc.start()
    held = [pack(ES, external_secret()) for _ in range(200)]
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 200 * (len(held[0]) + 500)


def test_labels_annotations_and_owners_are_kept_and_the_applied_copy_is_not() -> None:
    applied: Json = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
    owners: list[Json] = [{"kind": "ClusterExternalSecret", "name": "all"}]

    kept = metadata_in(pack(ES, external_secret(labels={"x": "y"}, annotations=applied, ownerReferences=owners)))

    assert kept == {
        "namespace": "shop",
        "name": "db",
        "labels": {"x": "y"},
        "annotations": {"a": "b"},
        "ownerReferences": owners,
    }


def test_of_a_namespace_only_metadata_is_kept() -> None:
    body: Body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}, "spec": {"finalizers": []}}

    assert orjson.loads(pack(WatchedKind.NAMESPACE, body)) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop"},
    }


@pytest.mark.parametrize(
    ("version", "kind", "found"),
    [
        ("external-secrets.io/v1", "ExternalSecret", ES),
        ("external-secrets.io/v1beta1", "ClusterSecretStore", WatchedKind.CLUSTER_SECRET_STORE),
        ("v1", "Namespace", WatchedKind.NAMESPACE),
        ("example.org/v1", "ExternalSecret", None),
        ("external-secrets.io/v1", "Namespace", None),
        ("v1", "Secret", None),
        (1, "Namespace", None),
    ],
)
def test_a_kind_is_known_by_its_group_in_any_version(version: Json, kind: str, found: WatchedKind | None) -> None:
    assert find_kind({"apiVersion": version, "kind": kind}) is found


@pytest.mark.parametrize(
    ("kind", "metadata", "words"),
    [
        (ES, None, "has no metadata"),
        (ES, {"namespace": "shop"}, "has no name"),
        (ES, {"name": "db"}, "has no namespace"),
        (WatchedKind.NAMESPACE, {"name": "shop", "namespace": "x"}, "has a namespace"),
        (ES, {"namespace": "shop", "name": "db", "labels": {"n": 2**70}}, "nothing that an API server would hold"),
    ],
)
def test_what_is_no_object_is_told_in_words(kind: WatchedKind, metadata: Json, words: str) -> None:
    made = build_object(kind, {"kind": kind.value, "metadata": metadata})

    assert isinstance(made, str)
    assert words in made


def test_a_namespace_that_is_given_stands_in_for_one_that_is_missing() -> None:
    made = build_object(ES, {"metadata": {"name": "db"}}, namespace="shop")

    assert isinstance(made, ClusterObject)
    assert made.namespace == "shop"


def test_nobody_can_change_what_others_see() -> None:
    objects = Objects().with_changes([("shop", "db", b'{"spec":{}}')])
    seen = cast("dict[str, Json]", objects.get("shop", "db"))
    seen["spec"] = "gone"

    assert objects.get("shop", "db") == {"spec": {}}


def test_a_change_leaves_other_namespaces_the_same_objects() -> None:
    before = Objects().with_changes([("a", "x", b"1"), ("b", "y", b"2")])

    after = before.with_changes([("a", "x", b"3")])

    assert after.in_namespace("b") is before.in_namespace("b")
    assert after.in_namespace("a") is not before.in_namespace("a")
    assert [str(one) for one in before.in_namespace("a").values()] == ["1"]


def test_what_changes_nothing_gives_the_very_same() -> None:
    before = Objects().with_changes([("a", "x", b"1")])

    assert before.with_changes([("a", "x", b"1"), ("c", "z", None)]) is before
    assert before.replaced([("a", "x", b"1")]) is before


def test_a_namespace_that_gets_empty_is_gone() -> None:
    before = Objects().with_changes([("a", "x", b"1")])

    after = before.with_changes([("a", "x", None)])

    assert (after.count, len(after.in_namespace("a")), after.get("a", "x")) == (0, 0, None)


def test_a_state_names_each_kind() -> None:
    state = ClusterState()
    for kind in WatchedKind:
        state = state.with_kind(kind, Objects().with_changes([("", kind.value, b"{}")]))

    held = (
        state.external_secrets,
        state.cluster_external_secrets,
        state.secret_stores,
        state.cluster_secret_stores,
        state.namespaces,
    )

    assert [next(iter(one.in_namespace(""))) for one in held] == [kind.value for kind in WatchedKind]


@dataclass(frozen=True, slots=True)
class Step:
    namespace: str
    name: str
    packed: bytes | None


STEPS = st.lists(
    st.builds(Step, st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([None, b"1", b"2"])), max_size=12
)


@given(steps=STEPS, later=STEPS)
def test_changes_and_a_whole_list_come_to_the_same(steps: list[Step], later: list[Step]) -> None:
    model: dict[tuple[str, str], bytes] = {}
    for step in (*steps, *later):
        model.pop((step.namespace, step.name), None)
        if step.packed is not None:
            model[step.namespace, step.name] = step.packed

    first = Objects().with_changes([(one.namespace, one.name, one.packed) for one in steps])
    changed = first.with_changes([(one.namespace, one.name, one.packed) for one in later])
    replaced = first.replaced([(*own, packed) for own, packed in model.items()])

    for objects in (changed, replaced):
        held = {(space, name): body for space in "ab" for name, body in objects.in_namespace(space).items()}
        assert held == {own: orjson.loads(packed) for own, packed in model.items()}
        assert objects.count == len(model)
