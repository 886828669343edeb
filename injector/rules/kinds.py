"""Rules about kinds that no Vault secrets engine issues: one row each."""

from __future__ import annotations

from typing import Final

from injector.model import Confidence
from injector.rules.rule import Answer, Case, VerdictRule, stays

_OPEN: Final = frozenset({"login", "unknown", "ssh-key", "kubeconfig"})
"""Kinds that leave open what the value is for."""
_STAY: Final = "Nothing to do: it stays with the External Secrets Operator."


def _sure(case: Case) -> Confidence:
    needs_object = bool(case.others) and not case.clients  # then it stays whatever it is
    if case.unit.strength > 1 or needs_object:
        return Confidence.HIGH
    return Confidence.MEDIUM if case.unit.strength and (case.clients or case.others) else Confidence.LOW


def _kind(name: str, kind: str, words: str, statement: str, remedy: str = _STAY) -> VerdictRule:
    """Return the rule that a kind stays static; `words` say what the value is."""

    def decide(case: Case) -> Answer:
        return stays(f"{case.what} is {words}", case.unit.location, _sure(case))

    return VerdictRule(
        id=f"kind-{name}",
        statement=statement,
        remedy=remedy,
        decide=decide,
        kinds=frozenset({kind}),
        is_fallback=kind in _OPEN,
    )


RULES: Final = (
    _kind(
        "s3-compatible",
        "s3-compatible",
        "a key of a store that is not AWS",
        "Keys of a store that is not AWS stay static: no secrets engine issues them.",
    ),
    _kind("api-token", "api-token", "an API token", "A third party's API token stays static: only they issue it."),
    _kind(
        "oauth-client",
        "oauth-client",
        "an OAuth client",
        "An OAuth or OIDC client's id and secret stay static: the identity provider knows them.",
    ),
    _kind(
        "encryption-key",
        "encryption-key",
        "a signing, encryption or cookie key",
        "A signing, encryption or cookie key stays static: a new one makes old data unreadable.",
    ),
    _kind(
        "tls-certificate",
        "tls-certificate",
        "a certificate",
        "A public certificate and its key stay static: a public authority signs them.",
    ),
    _kind("registry", "registry", "a registry login", "A registry login stays static: no secrets engine issues it."),
    _kind("smtp", "smtp", "a mail login", "A mail login stays static: no secrets engine issues it."),
    _kind(
        "webhook-url", "webhook-url", "a webhook URL", "A webhook URL stays static: who receives the calls issues it."
    ),
    _kind("person", "password", "a person's password", "A person's password stays static: a person remembers it."),
    _kind("git", "git", "a Git credential", "A Git credential stays static: no secrets engine issues it."),
    _kind(
        "unsupported-login",
        "unsupported-login",
        "a login to a system without an engine",
        "A login to a system that no secrets engine serves stays static.",
    ),
    _kind(
        "vault-token",
        "vault-token",
        "a login to Vault itself",
        "A login to Vault itself stays static: it is what dynamic credentials are asked for with.",
        "Let the workload log in with its ServiceAccount: then there is no token to keep.",
    ),
)

LAST: Final = (
    _kind(
        "unknown-system",
        "login",
        "a login to a system that nothing tells",
        "A login stays static as long as nothing tells to which system.",
        "If it is a login to a database, say so in phase2.yaml.",
    ),
    _kind(
        "ssh-key",
        "ssh-key",
        "an SSH key, and nothing tells to whose server",
        "An SSH key stays static as long as nothing tells that it logs in to hosts.",
        "If Vault could sign it, say so in phase2.yaml with the engine ssh.",
    ),
    _kind(
        "kubeconfig",
        "kubeconfig",
        "a kubeconfig, and nothing tells whose login is in it",
        "A kubeconfig stays static as long as nothing tells whose login is in it.",
        "If it holds a ServiceAccount's token, say so in phase2.yaml with the engine kubernetes.",
    ),
    _kind(
        "unknown",
        "unknown",
        "of a kind that nothing tells",
        "A value stays static as long as nothing tells what it is.",
        "If a Vault secrets engine could issue it, say so in phase2.yaml.",
    ),
)
