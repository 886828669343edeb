"""Rules about kinds that a Vault secrets engine issues: one row each."""

from __future__ import annotations

from typing import Final

from injector.model import Confidence, Verdict
from injector.rules.rule import Answer, Case, Decision, VerdictRule

_PLAN: Final = "Run `phase2 plan` for the change."


def _sure(case: Case) -> Confidence:
    if case.clients and case.unit.strength > 1 and case.nature.system != "sql":
        return Confidence.HIGH
    return Confidence.MEDIUM if case.unit.strength else Confidence.LOW


def _engine(engine: str, statement: str) -> VerdictRule:
    """Return the rule that what an engine issues can be dynamic."""

    def decide(case: Case) -> Answer:
        if case.nature.engine.partition("/")[0] != engine:
            return None
        more = tuple((f"{one.ref} reads it by {one.how}", one.location) for one in case.clients[:1])
        words = case.nature.kind.replace("-", " ")
        return Decision(
            verdict=Verdict.DYNAMIC,
            confidence=_sure(case),
            message=f"{case.what} is a client's {words} ({case.nature.engine})",
            location=case.unit.location,
            engine=case.nature.engine,
            more=more,
        )

    return VerdictRule(id=f"engine-{engine}", statement=statement, remedy=_PLAN, decide=decide)


RULES: Final = (
    _engine("database", "A client's login to a database that Vault's database engine serves can be dynamic."),
    _engine("aws", "A client's AWS access key can be dynamic."),
    _engine("gcp", "A client's Google service account key can be dynamic."),
    _engine("azure", "A client's Azure service principal can be dynamic."),
    _engine("rabbitmq", "A client's RabbitMQ login can be dynamic."),
    _engine("ldap", "A client's LDAP bind login can be dynamic."),
    _engine("consul", "A client's Consul token can be dynamic."),
    _engine("nomad", "A client's Nomad token can be dynamic."),
)
