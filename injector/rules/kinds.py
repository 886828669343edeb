"""Rules about kinds that no Vault secrets engine issues: one row each."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from injector.model import Confidence
from injector.rules.example import external_secret, manifests, workload
from injector.rules.nature import foreign_endpoint
from injector.rules.rule import Answer, Case, VerdictRule, stays

_STAY: Final = "Nothing to do: it stays with the External Secrets Operator."
_OPEN: Final = frozenset({"login", "unknown", "ssh-key", "kubeconfig"})
"""Kinds that leave open what the value is for."""


def _sure(case: Case) -> Confidence:
    needs_object = bool(case.others) and not case.clients  # then it stays whatever it is
    if case.unit.strength > 1 or needs_object:
        return Confidence.HIGH
    return Confidence.MEDIUM if case.unit.strength and (case.clients or case.others) else Confidence.LOW


def _kind(kind: str, words: str, statement: str, *, key: str, remedy: str = _STAY, name: str = "") -> VerdictRule:
    """Return the rule that a kind stays static.

    Args:
        kind: the nature.
        words: what the value is, to end a sentence.
        statement: the rule's.
        key: a Secret key of this kind, for the example.
        remedy: the rule's.
        name: the rule's id without ``kind-``, when it is not the kind's.
    """

    def decide(case: Case) -> Answer:
        decision = stays(f"{case.what} is {words}", case.unit.location, _sure(case))
        endpoint = foreign_endpoint(case.unit) if kind == "s3-compatible" else None
        return replace(decision, more=(endpoint,)) if endpoint else decision

    return VerdictRule(
        id=f"kind-{name or kind}",
        statement=statement,
        remedy=remedy,
        example=manifests(
            external_secret("shop/web", {key: f"shop/web#{key}"}),
            workload("shop/web", "ghcr.io/acme/web:1.4", env_from="web"),
        ),
        decide=decide,
        kinds=frozenset() if kind == "unknown" else frozenset({kind}),  # the last rule has an answer to everything
        is_fallback=kind in _OPEN,
    )


RULES: Final = (
    _kind(
        "s3-compatible",
        "a key of a store that is not AWS",
        "Keys of a store that is not AWS stay static: no secrets engine issues them.",
        key="S3_SECRET_KEY",
    ),
    _kind(
        "api-token",
        "an API token",
        "A third party's API token stays static: only they issue it.",
        key="OPENAI_API_KEY",
    ),
    _kind(
        "oauth-client",
        "an OAuth client",
        "An OAuth or OIDC client's id and secret stay static: the identity provider knows them.",
        key="OIDC_CLIENT_SECRET",
    ),
    _kind(
        "encryption-key",
        "a signing, encryption or cookie key",
        "A signing, encryption or cookie key stays static: a new one makes old data unreadable.",
        key="SESSION_SECRET",
    ),
    _kind(
        "tls-certificate",
        "a certificate",
        "A public certificate and its key stay static: a public authority signs them.",
        key="tls.key",
    ),
    _kind(
        "registry",
        "a registry login",
        "A registry login stays static: no secrets engine issues it.",
        key=".dockerconfigjson",
    ),
    _kind("smtp", "a mail login", "A mail login stays static: no secrets engine issues it.", key="SMTP_PASSWORD"),
    _kind(
        "webhook-url",
        "a webhook URL",
        "A webhook URL stays static: who receives the calls issues it.",
        key="SLACK_WEBHOOK_URL",
    ),
    _kind(
        "password",
        "a person's password",
        "A person's password stays static: a person remembers it.",
        key="ADMIN_PASSWORD",
        name="person",
    ),
    _kind("git", "a Git credential", "A Git credential stays static: no secrets engine issues it.", key="GIT_PASSWORD"),
    _kind(
        "unsupported-login",
        "a login to a system without an engine",
        "A login to a system that no secrets engine serves stays static.",
        key="MQTT_PASSWORD",
    ),
    _kind(
        "vault-token",
        "a login to Vault itself",
        "A login to Vault itself stays static: it is what dynamic credentials are asked for with.",
        key="VAULT_TOKEN",
        remedy="Let the workload log in with its ServiceAccount: then there is no token to keep.",
    ),
)

LAST: Final = (
    _kind(
        "login",
        "a login to a system that nothing tells",
        "A login stays static as long as nothing tells to which system.",
        key="APP_PASSWORD",
        remedy="If it is a login to a database, say so in phase2.yaml.",
        name="unknown-system",
    ),
    _kind(
        "ssh-key",
        "an SSH key, and nothing tells to whose server",
        "An SSH key stays static as long as nothing tells that it logs in to hosts.",
        key="SSH_PRIVATE_KEY",
        remedy="If Vault could sign it, say so in phase2.yaml with the engine ssh.",
    ),
    _kind(
        "kubeconfig",
        "a kubeconfig, and nothing tells whose login is in it",
        "A kubeconfig stays static as long as nothing tells whose login is in it.",
        key="KUBECONFIG",
        remedy="If it holds a ServiceAccount's token, say so in phase2.yaml with the engine kubernetes.",
    ),
    _kind(
        "unknown",
        "of a kind that nothing tells",
        "A value stays static as long as nothing tells what it is.",
        key="blob",
        remedy="If a Vault secrets engine could issue it, say so in phase2.yaml.",
    ),
)
