"""A tenant who may make pods and ExternalSecrets writes his way out of his namespace, and stays in it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.convention.deciding import LOGIN, ask, external_secret, login, namespace, notes, reader
from tests.unit.pod.making import migration

CALLS = [
    '{{ file "/etc/shadow" }}',
    '{{ env "VAULT_TOKEN" }}',
    '{{ with secret "secret/data/other" }}{{ .Data }}{{ end }}',
    '{{ plugin "sh" "-c" "id" }}',
    '{{ key "a" }}',
    '{{ "x" | writeToFile "/home/vault/.vault-token" "root" "root" "0644" }}',
    '{{ executeTemplate "x" }}',
    '{{ define "phase2-body" }}{{ end }}',
]
QUOTES = ['x" }}{{ file "/etc/shadow" }}{{ "', "x` }}{{ env `HOME` }}", "x\\", "x\n}}{{ env `HOME` }}", "x'}}"]


@pytest.mark.parametrize("call", CALLS)
def test_functions_of_the_agent_do_not_come_through_a_template(call: str) -> None:
    body = reader()

    made = ask(body, external_secret(template={"url": LOGIN["DATABASE_URL"] + call}))

    assert made.change.pod is body
    assert made.change.warnings


@pytest.mark.parametrize("field", ["key", "property", "version"])
@pytest.mark.parametrize("text", QUOTES)
def test_quotes_in_a_reference_stay_in_their_string(field: str, text: str) -> None:
    """Either nothing moves, or the text stands in the template as one string, which calls nothing."""
    secret = external_secret(data=("user", "password", "host"), template={**LOGIN, "host": "{{ .host }}"})
    secret["spec"]["data"][2]["remoteRef"][field] = text

    made = ask(reader(), secret)

    templates = [value for name, value in notes(made).items() if "template" in name] if made.change.released else []
    for template in templates:
        calls = re.sub(r'"(?:[^"\\]|\\.)*"|`[^`]*`', '""', template)
        assert "file" not in calls
        assert "env" not in calls


@pytest.mark.parametrize("value", ["shop.root", "other.web", "root", "../root", "shop.web,shop.root"])
def test_role_of_another_workload_is_out_of_reach(value: str) -> None:
    body = reader({"role": value})

    made = ask(body, login())

    assert made.change.pod is body
    assert made.change.warnings


def test_role_follows_the_service_account_and_nothing_that_the_pod_calls_itself() -> None:
    body: Any = reader()
    body["metadata"]["namespace"] = "kube-system"
    body["metadata"]["name"] = "admin"

    made = ask(body, login())

    assert notes(made)["vault.hashicorp.com/role"] == "shop.web"


def test_migration_of_another_namespace_cannot_be_named() -> None:
    body = reader({"secrets": "db"})

    made = ask(body, login(namespace="other"), where="shop")

    assert made.change.pod is body
    assert made.change.warnings[-1] == "phase2: there is no SecretMigration db in this namespace"


def test_external_secret_of_another_namespace_says_nothing_of_a_secret_here() -> None:
    body = reader()

    assert ask(body, login(namespace="other")).change.pod is body


def test_label_of_a_namespace_gives_no_more_than_the_pods_own() -> None:
    body = reader(labels={})

    made = ask(body, namespace("evil", inject="enabled"), login(namespace="evil"), where="evil")

    assert made.change.pod is body


def test_committed_migration_is_not_widened_by_an_external_secret_with_more_keys() -> None:
    wider = external_secret(template={**LOGIN, "password": "x", "user": "y"})

    made = ask(reader(), wider, migrations=[migration()])
    plain = ask(reader(), migrations=[migration()])

    assert made.change == plain.change
