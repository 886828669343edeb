"""Rules about what is no secret at all, or none that anybody logs in with."""

from __future__ import annotations

from typing import Final

from injector.model import Confidence
from injector.rules.rule import Answer, Case, VerdictRule, stays


def _configuration(case: Case) -> Answer:
    return stays(f"{case.unit.label} is configuration", case.unit.location, Confidence.MEDIUM)


def _provisioning(case: Case) -> Answer:
    if not case.unit.hint.is_provisioning:
        return None
    kind = "server-own" if case.unit.hint.is_superuser else "provisioning-input"
    message = f"{case.unit.evidence} feeds an init container that makes roles"
    return stays(message, case.unit.location, Confidence.HIGH, kind)


RULES: Final = (
    VerdictRule(
        id="configuration",
        statement="Hosts, ports and names are no credential.",
        remedy="Nothing to do: what moves takes them along from wherever they stand.",
        decide=_configuration,
        kinds=frozenset({"configuration"}),
    ),
    VerdictRule(
        id="provisioning-input",
        statement="Input of a role-provisioning init container stays static.",
        remedy="When the app moves, its role is made by Vault and the init container can go.",
        decide=_provisioning,
    ),
)
