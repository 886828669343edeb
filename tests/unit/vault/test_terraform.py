"""The Terraform writer; that it says what the model says is held where the other writers' results are at hand."""

from __future__ import annotations

import json
from typing import Any

import hcl2

from injector.config.model import AuthMethod
from injector.model import ObjectRef
from injector.vault.objects import AuthRole, EngineRole, Policy, Undecided, VaultPlan
from injector.vault.terraform import render_terraform

ROLE = EngineRole(mount="database", engine="database/postgresql", name="shop-db", parameters={"db_name": "pg"})
AUTH = AuthRole(
    mount="jwt", method=AuthMethod.JWT, name="shop-web", namespace="shop", service_account="web", policies=("shop-web",)
)
POLICY = Policy(name="shop-web", rules=(), owner=("shop/db",), belongings=(AUTH.path, ROLE.path))
QUESTIONS = tuple(
    Undecided(migration=ObjectRef("SecretMigration", "shop", "db"), what=what, remedy="write it down")
    for what in ("which connection", 'what "${it}" may do')
)


def render(*undecided: Undecided) -> str:
    """The file of three objects."""
    return render_terraform(
        VaultPlan(policies=(POLICY,), auth_roles=(AUTH,), engine_roles=(ROLE,), undecided=undecided)
    )


def read_resources(text: str) -> dict[str, Any]:
    """Kind of resource -> the one body of it."""
    return {
        kind.strip('"'): next(iter(labelled.values()))
        for block in hcl2.loads(text)["resource"]
        for kind, labelled in block.items()
    }


def test_no_plan_passes_while_something_is_not_decided() -> None:
    """A precondition for each question never holds; it refers to a value, as Terraform demands of it."""
    text = render(*QUESTIONS)

    asked = read_resources(text)["terraform_data"]["lifecycle"][0]["precondition"]

    assert hcl2.loads(text)["locals"][0]["is_decided"] in (False, "false")
    assert [one["condition"] for one in asked] == ["${local.is_decided}"] * 2
    assert [json.loads(one["error_message"]) for one in asked] == [
        "SecretMigration/shop/db: not decided: which connection; write it down",
        'SecretMigration/shop/db: not decided: what "$${it}" may do; write it down',
    ]


def test_every_resource_waits_for_what_is_not_decided() -> None:
    """So that -target is no way round."""
    resources = read_resources(render(*QUESTIONS))

    waiting = {kind: body.get("depends_on") for kind, body in resources.items() if kind != "terraform_data"}

    assert waiting == {
        "vault_database_secret_backend_role": ["${terraform_data.not_decided}"],
        "vault_jwt_auth_backend_role": ["${terraform_data.not_decided}"],
        "vault_policy": ["${terraform_data.not_decided}"],
    }


def test_nothing_waits_when_everything_is_decided() -> None:
    resources = read_resources(render())

    assert "terraform_data" not in resources
    assert not [kind for kind, body in resources.items() if "depends_on" in body]


def test_namespace_of_the_configuration_stands_in_every_resource() -> None:
    plan = VaultPlan(policies=(POLICY,), auth_roles=(AUTH,), engine_roles=(ROLE,), namespace="team/a")

    resources = read_resources(render_terraform(plan))

    assert {json.loads(body["namespace"]) for body in resources.values()} == {"team/a"}
    assert len(resources) == 3
    assert "namespace" not in render()
