"""How the secrets engines' roles look in Vault's API: where they are, which fields are lists, how a TTL is called.

Read off Vault 1.21.1 by writing roles and reading them back, and from
https://developer.hashicorp.com/vault/api-docs/secret/<engine>.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineForm:
    """What is particular of an engine's roles.

    Attributes:
        folder: below the mount.
        ttl, max_ttl: the fields' names; empty where a role has none: its leases live as the mount says.
        lists: fields that hold lists of texts.
        issues: where credentials are had, below the mount.
        asks: field of the request that only a person knows -> what it says, in words; without it nothing is issued. An
            engine that has any is asked by a write.
    """

    folder: str = "roles"
    issues: str = "creds/{role}"
    asks: Mapping[str, str] = field(default_factory=dict)
    ttl: str = "ttl"
    max_ttl: str = "max_ttl"
    lists: frozenset[str] = frozenset()


FORMS: Final[Mapping[str, EngineForm]] = {
    "aws": EngineForm(ttl="", max_ttl="", lists=frozenset({"policy_arns", "role_arns", "iam_groups"})),
    "azure": EngineForm(lists=frozenset({"tags"})),
    "consul": EngineForm(lists=frozenset({"consul_policies", "consul_roles", "service_identities", "node_identities"})),
    "database": EngineForm(
        ttl="default_ttl",
        lists=frozenset({"creation_statements", "revocation_statements", "rollback_statements", "renew_statements"}),
    ),
    "gcp": EngineForm(
        folder="roleset", issues="roleset/{role}/key", ttl="", max_ttl="", lists=frozenset({"token_scopes"})
    ),
    "kubernetes": EngineForm(
        asks={"kubernetes_namespace": "for which namespace its tokens are"},
        ttl="token_default_ttl",
        max_ttl="token_max_ttl",
        lists=frozenset({"allowed_kubernetes_namespaces", "token_default_audiences"}),
    ),
    "ldap": EngineForm(folder="role", ttl="default_ttl"),
    "nomad": EngineForm(folder="role", ttl="", max_ttl="", lists=frozenset({"policies"})),
    "pki": EngineForm(
        issues="issue/{role}",
        asks={"common_name": "whose certificate it is"},
        lists=frozenset(
            {
                *("allowed_domains", "allowed_other_sans", "allowed_serial_numbers", "allowed_uri_sans"),
                *("allowed_user_ids", "cn_validations", "country", "ext_key_usage", "ext_key_usage_oids", "key_usage"),
                *("locality", "organization", "ou", "policy_identifiers", "postal_code", "province", "street_address"),
            }
        ),
    ),
    "rabbitmq": EngineForm(ttl="", max_ttl=""),
    "ssh": EngineForm(),
    "terraform": EngineForm(folder="role"),
}
"""Engine -> its form; a test holds it complete over `injector.knowledge.engines.ENGINES`."""

_STS: Final = frozenset({"assumed_role", "federation_token", "session_token"})
"""Credential types of AWS whose roles have TTLs; a role of type iam_user refuses them."""
_ISSUES: Final = re.compile(r"(?P<mount>.+?)/(?:creds|issue|sign|sts)/(?P<role>.+)\Z")
_ISSUES_ROLESET: Final = re.compile(r"(?P<mount>.+?)/roleset/(?P<role>[^/]+)/(?:key|token)\Z")


def form_of(engine: str) -> EngineForm:
    """Return the form of ``<engine>`` or ``<engine>/<system>``."""
    return FORMS.get(engine.partition("/")[0], EngineForm())


def find_role(engine: str, path: str) -> tuple[str, str] | None:
    """Return (mount, role) of a path that issues credentials; None when it is not one of a role's."""
    pattern = _ISSUES_ROLESET if engine == "gcp" else _ISSUES
    match = pattern.match(path)
    return (match["mount"], match["role"]) if match else None


def path_of(engine: str, mount: str, role: str) -> str:
    """Return the path at which a role issues credentials; the way back is `find_role`."""
    return f"{mount}/{form_of(engine).issues.format(role=role)}"


def is_sts(parameters: Mapping[str, object]) -> bool:
    """Return whether a role at AWS issues temporary credentials, which are worth nothing without their session token."""
    return parameters.get("credential_type") in _STS


def ttl_fields(engine: str, parameters: Mapping[str, object], *, ttl_s: int, max_ttl_s: int) -> dict[str, object]:
    """Return the fields that say how long a credential lives, as far as roles of this engine have any."""
    form = form_of(engine)
    names = (form.ttl, form.max_ttl)
    if engine == "aws" and is_sts(parameters):
        names = ("default_sts_ttl", "max_sts_ttl")
    return {name: value for name, value in zip(names, (ttl_s, max_ttl_s), strict=True) if name}


def read_parameters(engine: str, given: Mapping[str, str]) -> dict[str, object]:
    """Return a role's fields in the types that Vault gives back: lists, switches and numbers, else text.

    Args:
        engine: ``<engine>`` or ``<engine>/<system>``.
        given: field -> text, as in ``phase2.yaml``; lists with commas.
    """
    form = form_of(engine)
    return {name: _typed(name, text, form) for name, text in given.items()}


def _typed(name: str, text: str, form: EngineForm) -> object:
    if name in form.lists:
        return [part.strip() for part in text.split(",") if part.strip()]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() else text
