"""What is let in."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import yaml
from hypothesis import given

from injector.config.model import DEFAULT
from injector.config.verify import Level
from injector.migration.model import SecretMigration
from injector.migration.write import write_migration
from injector.pod.model import Json
from tests.canary import CANARY, has_canary
from tests.unit.migration.strategies import migrations
from tests.unit.pod.making import VAULT, app, migration, pod
from tests.webhook.reviews import response, review, snapshot
from webhook.answering import answer_review
from webhook.review import Outcome, Reply
from webhook.validation import Rules, decide_validation, make_rules

ASKS = {f"{VAULT}/agent-inject": "true"}


def ask(body: object, kind: str = "Pod", *, rules: Rules | None = None, operation: str = "CREATE") -> Reply:
    decide = partial(decide_validation, rules=rules or Rules())
    return answer_review(review(body, kind=kind, operation=operation), snapshot(), decide=decide)


def test_pod_that_asks_for_an_agent_and_has_none_is_warned_about() -> None:
    reply = ask(pod(annotations=ASKS))

    assert (reply.outcome, response(reply)["allowed"]) == (Outcome.WARNED, True)
    assert "asks for a Vault Agent and has none" in response(reply)["warnings"][0]


def test_it_is_denied_when_the_bar_says_so() -> None:
    reply = ask(pod(annotations=ASKS), rules=Rules(not_injected=Level.DENY))

    assert (reply.status, reply.outcome, response(reply)["allowed"]) == (200, Outcome.DENIED, False)
    assert "asks for a Vault Agent and has none" in response(reply)["status"]["message"]


def test_it_is_let_in_when_the_rule_is_off() -> None:
    assert ask(pod(annotations=ASKS), rules=Rules(not_injected=Level.OFF)).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("name", ["vault-agent", "vault-agent-init"])
def test_pod_with_an_agent_is_let_in(name: str) -> None:
    containers: list[Json] = [{"name": name}]

    assert ask(pod(annotations=ASKS, initContainers=containers)).outcome is Outcome.UNCHANGED
    assert ask(pod(app(), {"name": name}, annotations=ASKS)).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("value", ["false", "0", "F", "maybe", ""])
def test_pod_that_does_not_ask_is_let_in(value: str) -> None:
    assert ask(pod(annotations={f"{VAULT}/agent-inject": value})).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("value", ["1", "t", "True"])
def test_every_word_that_the_injector_holds_for_true_asks(value: str) -> None:
    assert ask(pod(annotations={f"{VAULT}/agent-inject": value})).outcome is Outcome.WARNED


@pytest.mark.parametrize("operation", ["UPDATE", "DELETE"])
def test_pods_that_run_are_left_alone(operation: str) -> None:
    assert ask(pod(annotations=ASKS), operation=operation).outcome is Outcome.UNCHANGED


@given(migrations())
def test_every_migration_that_the_library_reads_is_let_in(one: SecretMigration) -> None:
    assert ask(yaml.safe_load(write_migration(one)), "SecretMigration").outcome is Outcome.UNCHANGED


def document() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(write_migration(migration()))
    return made


def test_malformed_migration_is_denied_with_field_and_remedy() -> None:
    body = document()
    body["spec"]["stage"] = "injekt"

    reply = ask(body, "SecretMigration", operation="UPDATE")

    assert reply.outcome is Outcome.DENIED
    assert response(reply)["status"]["message"].startswith(
        "phase2: migration-malformed: spec.stage: is not one of the known words; did you mean inject?; Correct what"
    )


def test_malformed_migration_is_only_warned_about_when_the_bar_says_so() -> None:
    reply = ask({**document(), "spec": {}}, "SecretMigration", rules=make_rules(DEFAULT, malformed=Level.WARN))

    assert (reply.outcome, response(reply)["allowed"]) == (Outcome.WARNED, True)


def test_what_contradicts_itself_is_denied() -> None:
    body = document()
    body["spec"]["files"].pop()

    assert "moved key user has no file" in response(ask(body, "SecretMigration"))["status"]["message"]


def test_at_most_five_mistakes_are_told_at_once() -> None:
    body = {**document(), "spec": {"a": 1}}

    assert response(ask(body, "SecretMigration"))["status"]["message"].count("; and 3 more; ") == 1


def test_values_of_a_malformed_migration_do_not_come_back() -> None:
    body = document()
    body["spec"]["stage"] = CANARY
    body["spec"]["files"][0]["template"] = {"x": CANARY}

    assert not has_canary(ask(body, "SecretMigration").body)


@pytest.mark.parametrize("kind", ["ConfigMap", "SecretMigration"])
def test_what_is_not_ours_is_let_in(kind: str) -> None:
    assert ask({"apiVersion": "example.org/v1", "kind": kind}, kind).outcome is Outcome.UNCHANGED
    assert ask(None, kind).outcome is Outcome.UNCHANGED
