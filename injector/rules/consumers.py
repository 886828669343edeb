"""Rules about who reads a credential that an engine could issue."""

from __future__ import annotations

from typing import Final

from injector.model import Confidence, Reason
from injector.rules.example import document, external_secret, manifests
from injector.rules.rule import Answer, Case, Decision, LimitRule, NearMiss, VerdictRule, stays


def _object_needed(case: Case) -> Answer:
    if not case.others:
        return None
    first = case.others[0]
    if case.clients:
        message = f"{first.ref} needs the Secret object ({first.how}), but {case.clients[0].ref} reads it as a client"
        return NearMiss(message, first.location)
    message = f"its only readers need the Secret object: {first.ref} ({first.how})"
    return stays(message, first.location, Confidence.HIGH)


def _no_reader(case: Case, decision: Decision) -> tuple[Confidence, Reason] | None:
    del decision
    if case.clients or case.others or case.nature.kind == "configuration":
        return None
    message = "nobody in the tree reads it; judged by its kind"
    return Confidence.MEDIUM, Reason("no-reader", message, case.unit.location)


RULES: Final = (
    VerdictRule(
        id="secret-object-needed",
        statement="A credential whose only readers need the Secret object itself stays static.",
        remedy="Let a workload read it, if that is possible at all.",
        example=manifests(
            external_secret("shop/keycloak", {"POSTGRES_PASSWORD": "shop/keycloak#password"}),
            document(
                "k8s.keycloak.org/v2alpha1",
                "Keycloak",
                "shop/keycloak",
                "spec: {db: {vendor: postgres, passwordSecret: {name: keycloak, key: POSTGRES_PASSWORD}}}",
            ),
        ),
        decide=_object_needed,
    ),
)

LIMITS: Final = (
    LimitRule(
        id="no-reader",
        statement="What nobody in the tree reads is judged by its kind and place only, never with high confidence.",
        remedy="Check whether it is still needed, or whether its reader stands in another tree.",
        example=external_secret("shop/old", {"POSTGRES_PASSWORD": "shop/old#password"}),
        limit=_no_reader,
    ),
)
