"""ExternalSecrets that were released let go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from injector.migration.model import Stage
from injector.pod.model import Json
from tests.property.admitted import STORE, cluster_of
from tests.unit.convention.deciding import login, namespace
from tests.unit.pod.making import migration
from tests.webhook.reviews import patched, response, review, snapshot
from webhook.answering import answer_review
from webhook.externalsecrets import decide_external_secret
from webhook.review import Outcome, Reply


def external(*keys: str, target: dict[str, Any] | None = None, **spec: Any) -> dict[str, Json]:
    """An ExternalSecret of Secret db as the API server sends it."""
    names = keys or ("password", "user")
    data: list[Json] = [{"secretKey": key, "remoteRef": {"key": "apps/db", "property": key}} for key in names]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"refreshInterval": "1h", "target": target or {"name": "db"}, "data": data, **spec},
    }


def ask(body: object, stage: Stage = Stage.RELEASE, operation: str = "UPDATE") -> Reply:
    known = snapshot(migration(stage=stage))
    return answer_review(review(body, kind="ExternalSecret", operation=operation), known, decide=decide_external_secret)


def spec_of(body: dict[str, Json], reply: Reply) -> dict[str, Any]:
    spec = patched(body, reply)["spec"]
    assert isinstance(spec, dict)
    return spec


@pytest.mark.parametrize("stage", [Stage.RELEASE, Stage.RETIRE])
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
def test_released_external_secret_gets_orphan_and_a_warning(stage: Stage, operation: str) -> None:
    body = external()

    reply = ask(body, stage, operation)

    assert spec_of(body, reply)["target"] == {"name": "db", "creationPolicy": "Orphan"}
    assert response(reply)["warnings"] == [
        "phase2: ExternalSecret db is released by SecretMigration db: set creationPolicy Orphan; say the same in its manifest"
    ]


@pytest.mark.parametrize("stage", [Stage.PREPARE, Stage.INJECT])
def test_before_release_it_is_left_alone(stage: Stage) -> None:
    assert ask(external(), stage).outcome is Outcome.UNCHANGED


def test_what_moves_by_a_pods_label_alone_is_never_released() -> None:
    cluster = cluster_of(STORE, login(), namespace(inject="enabled"))
    body = review(login(), kind="ExternalSecret", operation="UPDATE")

    reply = answer_review(body, replace(snapshot(), cluster=cluster), decide=decide_external_secret)

    assert reply.outcome is Outcome.UNCHANGED


def test_what_says_the_same_already_is_left_alone() -> None:
    assert ask(external(target={"creationPolicy": "Orphan"})).outcome is Outcome.UNCHANGED


def test_answer_applied_once_needs_no_second() -> None:
    body = external(target={"deletionPolicy": "Delete"}, refreshInterval="0")

    assert ask(patched(body, ask(body))).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    "frozen", [{"refreshInterval": "0"}, {"refreshInterval": "0h0m0s"}, {"refreshPolicy": "CreatedOnce"}]
)
def test_a_frozen_one_is_made_to_reconcile(frozen: dict[str, Any]) -> None:
    body = external(**frozen)

    assert spec_of(body, ask(body))["refreshPolicy"] == "OnChange"


def test_deletion_policy_delete_would_make_orphan_fail() -> None:
    body = external(target={"deletionPolicy": "Delete"})

    assert spec_of(body, ask(body))["target"] == {"creationPolicy": "Orphan", "deletionPolicy": "Retain"}


def test_creation_policy_none_is_warned_about() -> None:
    reply = ask(external(target={"creationPolicy": "None"}))

    assert reply.outcome is Outcome.WARNED
    assert "set Orphan and let it reconcile" in response(reply)["warnings"][0]


@pytest.mark.parametrize("policy", ["Merge", "CreateOrMerge"])
def test_one_that_owns_nothing_is_left_alone(policy: str) -> None:
    assert ask(external(target={"creationPolicy": policy})).outcome is Outcome.UNCHANGED


def test_one_with_keys_that_stay_goes_on() -> None:
    assert ask(external("api-token")).outcome is Outcome.UNCHANGED


def test_a_moved_key_beside_one_that_stays_is_warned_about() -> None:
    reply = ask(external("api-token", "password"))

    assert reply.outcome is Outcome.WARNED
    assert "still fetches password" in response(reply)["warnings"][0]


def test_keys_of_a_template_count() -> None:
    body = external("anything", target={"template": {"data": {"password": "{{ .anything }}"}}})

    assert ask(body).outcome is Outcome.MUTATED


def test_keys_that_a_template_is_merged_with_count_too() -> None:
    body = external("anything", target={"template": {"mergePolicy": "Merge", "data": {"password": "x"}}})

    assert "still fetches password" in response(ask(body))["warnings"][0]


@pytest.mark.parametrize(
    "body",
    [
        external(dataFrom=[{"extract": {"key": "apps/db"}}]),
        external(target={"template": {"templateFrom": [{"configMap": {"name": "x"}}]}}),
    ],
)
def test_keys_that_nobody_can_know_here_leave_it_as_it_is(body: dict[str, Json]) -> None:
    reply = ask(body)

    assert reply.outcome is Outcome.WARNED
    assert "nobody can say here" in response(reply)["warnings"][0]


@pytest.mark.parametrize(
    "body", [None, {}, {"metadata": {"name": "other"}}, {"metadata": {"name": ["db"]}}, {"metadata": "db"}]
)
def test_another_or_a_broken_one_is_left_alone(body: object) -> None:
    assert ask(body).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("spec", [None, "x", {"target": []}, {"target": {"template": "x"}, "data": "y"}])
def test_a_spec_of_any_shape_is_answered(spec: object) -> None:
    assert ask({"metadata": {"name": "db"}, "spec": spec}).outcome is not Outcome.ERROR
