"""The plan as Terraform, for teams whose Vault is kept by it: resources of the provider ``hashicorp/vault``.

Resource types and arguments: https://registry.terraform.io/providers/hashicorp/vault/latest/docs. Roles of engines
without a resource of their own here are written as ``vault_generic_endpoint``, which takes any API path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from injector.config.model import AuthMethod
from injector.vault.hcl import render_policy
from injector.vault.objects import AuthRole, EngineRole, Policy, Undecided, VaultPlan

_NOT_A_LABEL: Final = re.compile(r"[^A-Za-z0-9_-]")


def render_terraform(plan: VaultPlan) -> str:
    """Return one ``main.tf``; values are written so that nothing in them is interpolated."""
    return "\n".join(_file(plan))


def _file(plan: VaultPlan) -> Iterator[str]:
    yield (
        'terraform {\n  required_version = ">= 1.4"\n  required_providers {\n    vault = {\n'
        '      source = "hashicorp/vault"\n    }\n  }\n}\n'
    )
    yield from _questions(plan.undecided)
    blocks = [_engine_role(role) for role in plan.engine_roles]
    blocks += [_policy(policy) for policy in plan.policies]
    blocks += [_auth_role(auth) for auth in plan.auth_roles]
    # So that -target takes the questions along.
    waiting = f"\n  depends_on = [terraform_data.{_QUESTIONS}]" if plan.undecided else ""
    place = f"\n  namespace = {_text(plan.namespace)}" if plan.namespace else ""
    for block in blocks:
        yield f"{block}{place}{waiting}\n}}\n"


_QUESTIONS: Final = "not_decided"


def _questions(undecided: Sequence[Undecided]) -> Iterator[str]:
    """Yield what lets no plan pass while something is not decided, and says what.

    A condition must refer to something, and is looked at in ``terraform plan`` already when that is known.
    Source: https://developer.hashicorp.com/terraform/language/expressions/custom-conditions
    """
    if not undecided:
        return
    yield "locals {\n  is_decided = false\n}\n"
    yield f'resource "terraform_data" "{_QUESTIONS}" {{\n  lifecycle {{'
    for question in undecided:
        yield "    precondition {\n      condition     = local.is_decided"
        yield f"      error_message = {_text(str(question))}\n    }}"
    yield "  }\n}\n"


def _policy(policy: Policy) -> str:
    return _resource("vault_policy", policy.name, {"name": policy.name, "policy": render_policy(policy)})


def _engine_role(role: EngineRole) -> str:
    label = f"{role.mount}_{role.name}"
    if role.engine.startswith("database"):
        arguments = {"backend": role.mount, "name": role.name, **role.parameters}
        return _resource("vault_database_secret_backend_role", label, arguments)
    return _endpoint(label, role.path, role.parameters)


def _auth_role(role: AuthRole) -> str:
    label = f"{role.mount}_{role.name}"
    if "," in role.bound_issuer and role.method is AuthMethod.JWT:
        # The resource splits the texts of bound_claims at commas; an API server with several issuers is called by all.
        return _endpoint(label, role.path, role.parameters)
    kind = "vault_jwt_auth_backend_role" if role.method is AuthMethod.JWT else "vault_kubernetes_auth_backend_role"
    return _resource(kind, label, {"backend": role.mount, "role_name": role.name, **role.parameters})


def _endpoint(label: str, path: str, parameters: Mapping[str, object]) -> str:
    data = json.dumps(parameters, sort_keys=True, ensure_ascii=False)
    arguments = {"path": path, "data_json": data, "disable_delete": False, "ignore_absent_fields": True}
    return _resource("vault_generic_endpoint", label, arguments)


def _resource(kind: str, label: str, arguments: Mapping[str, object]) -> str:
    """Return a resource's block without its end."""
    width = max(len(key) for key in arguments)
    lines = (f"  {key:<{width}} = {_value(value)}" for key, value in arguments.items())
    return "\n".join((f'resource "{kind}" "{_label(label)}" {{', *lines))


def _label(name: str) -> str:
    made = _NOT_A_LABEL.sub("_", name)
    return made if made[:1].isalpha() or made[:1] == "_" else f"_{made}"


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _text(value)
        case Mapping():
            return "{ " + ", ".join(f"{_text(str(key))} = {_value(one)}" for key, one in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(_value(one) for one in value) + "]"
        case _:
            return "null"


def _text(value: str) -> str:
    # ${ and %{ start an interpolation in HCL; doubling the first character writes it as it is.
    quoted = json.dumps(value, ensure_ascii=False).replace("\\/", "/")
    return quoted.replace("${", "$${").replace("%{", "%%{")
