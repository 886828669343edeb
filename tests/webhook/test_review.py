"""AdmissionReviews of pods: bytes in, bytes out, and nothing of the body comes back."""

from __future__ import annotations

import logging
from typing import Any, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.migration.model import Stage
from injector.pod.model import Json
from injector.pod.mutate import mutate_pod
from tests.canary import CANARY, has_canary
from tests.unit.pod.making import app, from_secret, migration, mounted, pod, volume
from tests.webhook.reviews import V1, patched, response, review, snapshot
from webhook.answering import OnError, answer_review
from webhook.pods import decide_pod
from webhook.review import MAX_BODY, MAX_WARNING, Answer, Outcome, Reply, Request, make_reply
from webhook.state import Snapshot

KNOWN = snapshot(migration())


def ask(body: bytes, known: Snapshot = KNOWN) -> Reply:
    return answer_review(body, known, decide=decide_pod)


def opted_in() -> dict[str, Json]:
    return pod(mounted(), volumes=[volume()])


def test_pod_that_opted_in_gets_the_patch_of_the_library() -> None:
    body = opted_in()

    reply = ask(review(body))

    assert (reply.status, reply.outcome) == (200, Outcome.MUTATED)
    assert patched(body, reply) == mutate_pod(body, "shop", [migration()]).pod
    assert response(reply)["auditAnnotations"] == {
        "outcome": "mutated",
        "migration-revision": mutate_pod(body, "shop", [migration()]).revision,
        "released-secrets": "db",
    }


def test_pod_without_the_label_is_allowed_without_a_word() -> None:
    reply = ask(review(pod(mounted(), volumes=[volume()], labels={})))

    assert reply.outcome is Outcome.UNCHANGED
    assert response(reply) == {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": True}


def test_what_was_patched_is_left_alone_the_second_time() -> None:
    body = opted_in()
    once = patched(body, ask(review(body)))

    again = ask(review(once))

    assert "patch" not in response(again)


@pytest.mark.parametrize("version", ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"])
def test_answer_has_the_version_and_the_uid_of_the_request(version: str) -> None:
    reply = ask(review(opted_in(), version=version))

    answer = orjson.loads(reply.body)
    assert (answer["apiVersion"], answer["kind"]) == (version, "AdmissionReview")
    assert answer["response"]["uid"] == reply.uid == "705ab4f5-6393-11e8-b7cc-42010a800002"


def test_dry_run_is_answered_as_everything_else_is() -> None:
    assert ask(review(opted_in(), dryRun=True)) == ask(review(opted_in()))


def test_migrations_of_another_namespace_do_not_count() -> None:
    reply = ask(review(opted_in(), namespace="other"))

    assert reply.outcome is Outcome.WARNED
    assert response(reply)["warnings"] == ["phase2: Secret db stays: no SecretMigration decides that it moves"]


def test_before_anything_was_read_a_pod_that_opted_in_is_told_so() -> None:
    told = response(ask(review(opted_in()), Snapshot()))
    silent = response(ask(review(pod(labels={})), Snapshot()))

    assert told["warnings"] == [
        "phase2: left alone: the webhook has not read its SecretMigrations yet; make the pod again"
    ]
    assert "warnings" not in silent


def test_stage_prepare_changes_nothing() -> None:
    reply = ask(review(opted_in()), snapshot(migration(stage=Stage.PREPARE)))

    assert reply.outcome is Outcome.WARNED
    assert response(reply)["auditAnnotations"] == {"outcome": "warned"}


@pytest.mark.parametrize("operation", ["UPDATE", "DELETE", "CONNECT"])
def test_only_pods_that_are_made_now_are_changed(operation: str) -> None:
    assert response(ask(review(opted_in(), operation=operation)))["allowed"] is True
    assert ask(review(opted_in(), operation=operation)).outcome is Outcome.UNCHANGED


def test_another_kind_is_left_alone() -> None:
    assert ask(review(opted_in(), kind="Deployment")).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("body", [None, "pod", 7, ["pod"]])
def test_an_object_that_is_no_pod_is_allowed_with_a_warning(body: object) -> None:
    reply = ask(review(body))

    assert (reply.status, reply.outcome) == (200, Outcome.WARNED)
    assert response(reply)["allowed"] is True


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe\x00",
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "\xc3\x28"}}',
        b'{"kind": "Pod"}',
        b'{"kind": "AdmissionReview"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v2", "request": {"uid": "1"}}',
        b'{"kind": "AdmissionReview", "apiVersion": ["admission.k8s.io/v1"], "request": {"uid": "1"}}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": []}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {}}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": 7}}',
        b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": ""}}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
def test_what_is_no_review_is_a_400_with_words(body: bytes) -> None:
    reply = ask(body)

    assert (reply.status, reply.outcome) == (400, Outcome.BAD_REQUEST)
    assert set(orjson.loads(reply.body)) == {"error"}


def test_a_body_above_the_limit_is_not_even_parsed() -> None:
    assert ask(b" " * (MAX_BODY + 1)).status == 400


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_body_that_was_cut_off_never_comes_back(cut: int) -> None:
    body = review(pod(app(env=[{"name": "P", "value": CANARY}]), labels={"a": CANARY}))[: cut + 1]

    assert not has_canary(ask(body).body)


def test_nothing_of_the_object_comes_back_with_a_warning() -> None:
    body = pod(app(env=[{"name": "P", "value": CANARY}, from_secret("Q", "password")]))

    reply = ask(review(body), snapshot())

    assert response(reply)["warnings"]
    assert not has_canary(reply.body)


@pytest.mark.parametrize("depth", [100, 500, 900])
def test_a_deep_pod_never_brings_the_webhook_down(depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    body = review(pod(mounted(), volumes=[volume()], affinity="DEEP")).replace(b'"DEEP"', deep)

    reply = ask(body)

    assert reply.status == 200
    assert response(reply)["allowed"] is True


def test_huge_labels_are_left_alone() -> None:
    body = pod(mounted(), volumes=[volume()], labels={"x": "y" * 1_000_000})

    assert ask(review(body)).outcome is Outcome.UNCHANGED


def failing(request: Request, known: Snapshot) -> Answer:
    del known
    raise ValueError(request.body)


@pytest.mark.parametrize(("on_error", "is_allowed"), [(OnError.ALLOW, True), (OnError.DENY, False)])
def test_a_bug_leaves_the_pod_alone_or_denies_it_as_it_is_set(on_error: OnError, *, is_allowed: bool) -> None:
    body = pod(app(env=[{"name": "P", "value": CANARY}]))

    reply = answer_review(review(body), KNOWN, decide=failing, on_error=on_error)

    assert (reply.status, reply.outcome) == (200, Outcome.ERROR)
    assert response(reply)["allowed"] is is_allowed
    assert "patch" not in response(reply)
    assert "a bug of phase2" in str(response(reply))
    assert not has_canary(reply.body)


def test_a_bug_is_logged_with_its_place_and_without_the_pod(caplog: pytest.LogCaptureFixture) -> None:
    body = pod(app(env=[{"name": "P", "value": CANARY}]))

    with caplog.at_level(logging.ERROR):
        answer_review(review(body), KNOWN, decide=failing)

    [record] = caplog.records
    assert "ValueError at test_review.py" in record.getMessage()
    assert not has_canary(record.__dict__)


def test_a_denied_object_is_told_why() -> None:
    reply = make_reply(Request(V1, "1"), Answer(Outcome.DENIED, message="phase2: no"))

    assert response(reply) == {
        "uid": "1",
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": "phase2: no"},
    }


def test_long_warnings_are_cut_where_the_api_server_would_cut_them() -> None:
    reply = make_reply(Request(V1, "1"), Answer(warnings=["x" * 1000, "a\nb"]))

    first, second = response(reply)["warnings"]
    assert (len(first), first[-1]) == (MAX_WARNING, "…")
    assert second == "a b"


@given(st.lists(st.text(max_size=400), max_size=40))
def test_warnings_are_never_more_than_the_api_server_passes_on(warnings: list[str]) -> None:
    found = response(make_reply(Request(V1, "1"), Answer(warnings=warnings))).get("warnings", [])

    assert sum(map(len, found)) <= 4096
    assert all(one.isprintable() for one in found)
    assert len(found) == min(len(warnings), 15)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged_pods(draw: st.DrawFn) -> dict[str, Json]:
    """A pod of which one value was replaced by something else."""
    body = cast("dict[str, Json]", orjson.loads(orjson.dumps(opted_in())))
    node: Any = body
    for _ in range(draw(st.integers(0, 6))):
        steps = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        if not steps:
            break
        step = draw(st.sampled_from(steps))
        if isinstance(node[step], dict | list) and draw(st.booleans()):
            node = node[step]
            continue
        node[step] = draw(json_values)
        break
    return body


@settings(max_examples=200)
@given(damaged_pods())
def test_a_pod_of_any_shape_is_answered_and_its_patch_applies(body: dict[str, Json]) -> None:
    reply = ask(review(body))

    assert reply.status == 200
    assert reply.outcome is not Outcome.ERROR
    if "patch" in response(reply):
        assert patched(body, reply) == mutate_pod(body, "shop", [migration()]).pod
