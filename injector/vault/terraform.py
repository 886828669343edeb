"""The plan as Terraform, for teams whose Vault is kept by it: resources of the provider ``hashicorp/vault``.

Resource types and arguments: https://registry.terraform.io/providers/hashicorp/vault/latest/docs. Roles of engines
without a resource of their own here are written as ``vault_generic_endpoint``, which takes any API path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from injector.config.model import AuthMethod
from injector.vault.hcl import render_policy
from injector.vault.objects import AuthRole, EngineRole, VaultPlan

_NOT_A_LABEL: Final = re.compile(r"[^A-Za-z0-9_-]")


def render_terraform(plan: VaultPlan) -> str:
    """Return one ``main.tf``; values are written so that nothing in them is interpolated."""
    return "\n".join(_file(plan))


def _file(plan: VaultPlan) -> Iterator[str]:
    yield 'terraform {\n  required_providers {\n    vault = {\n      source = "hashicorp/vault"\n    }\n  }\n}\n'
    for question in plan.undecided:
        yield f"# NOT DECIDED {question.migration}: {question.what}; {question.remedy}"
    for role in plan.engine_roles:
        yield from _engine_role(role)
    for policy in plan.policies:
        yield from _resource("vault_policy", policy.name, {"name": policy.name, "policy": render_policy(policy)})
    for auth in plan.auth_roles:
        yield from _auth_role(auth)


def _engine_role(role: EngineRole) -> Iterator[str]:
    label = f"{role.mount}_{role.name}"
    if role.engine.startswith("database"):
        arguments = {"backend": role.mount, "name": role.name, **role.parameters}
        yield from _resource("vault_database_secret_backend_role", label, arguments)
        return
    yield from _endpoint(label, role.path, role.parameters)


def _auth_role(role: AuthRole) -> Iterator[str]:
    label = f"{role.mount}_{role.name}"
    if "," in role.bound_issuer and role.method is AuthMethod.JWT:
        # The resource splits the texts of bound_claims at commas; an API server with several issuers is called by all.
        yield from _endpoint(label, role.path, role.parameters)
        return
    kind = "vault_jwt_auth_backend_role" if role.method is AuthMethod.JWT else "vault_kubernetes_auth_backend_role"
    yield from _resource(kind, label, {"backend": role.mount, "role_name": role.name, **role.parameters})


def _endpoint(label: str, path: str, parameters: Mapping[str, object]) -> Iterator[str]:
    data = json.dumps(parameters, sort_keys=True, ensure_ascii=False)
    arguments = {"path": path, "data_json": data, "disable_delete": False, "ignore_absent_fields": True}
    yield from _resource("vault_generic_endpoint", label, arguments)


def _resource(kind: str, label: str, arguments: Mapping[str, object]) -> Iterator[str]:
    yield f'resource "{kind}" "{_label(label)}" {{'
    width = max(len(key) for key in arguments)
    for key, value in arguments.items():
        yield f"  {key:<{width}} = {_value(value)}"
    yield "}\n"


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
