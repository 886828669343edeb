"""Every rule, as data: what `phase2 rules` lists and what reports name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: stable for ever, kebab-case, never reused.
        statement: what it says, one line.
        remedy: what a person can do about it.
    """

    id: str
    statement: str
    remedy: str


_STAY: Final = "Nothing to do: it stays with the External Secrets Operator."

REGISTRY: Final[tuple[Rule, ...]] = (
    Rule("bootstrap", "What is needed to reach Vault, or by the GitOps engine, network, storage or backup, stays static.", _STAY),
    Rule("server-own-password", "A server's own root, superuser or bootstrap password stays static.", "Give its clients logins of their own."),
    Rule("provisioning-input", "Input of a role-provisioning init container stays static.", "When the app moves, its role is made by Vault and the init container can go."),
    Rule("web-login", "A person's login to a tool stays static.", _STAY),
    Rule("secret-object-needed", "A credential that only Secret-object readers use stays static.", "Let a workload read it, if that is possible at all."),
    Rule("kind-s3-compatible", "Keys of a store that is not AWS stay static: no secrets engine issues them.", _STAY),
    Rule("kind-no-engine", "A credential that no Vault secrets engine issues stays static.", _STAY),
    Rule("kind-login", "A client's login to a system that a Vault secrets engine serves can be dynamic.", "Run `phase2 plan` for the change."),
    Rule("kind-cloud", "A client's keys of a cloud that a Vault secrets engine serves can be dynamic.", "Run `phase2 plan` for the change."),
    Rule("no-reader", "Nobody in the tree reads it: judged by its kind only.", "Check whether it is still needed."),
    Rule("configuration", "Hosts, ports and names are no credential.", _STAY),
    Rule("two-writers", "A Secret has two writers: the last one wins, again and again.", "Remove one of them."),
)  # fmt: skip

BY_ID: Final = {rule.id: rule for rule in REGISTRY}
