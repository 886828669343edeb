"""Rules about kinds that a Vault secrets engine issues: one row each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from injector.location import Location
from injector.model import Confidence, Verdict
from injector.rules.example import external_secret, manifests, workload
from injector.rules.readers import server_reader
from injector.rules.rule import Answer, Case, Decision, NearMiss, VerdictRule

_PLAN: Final = "Run `phase2 plan` for the change."


def _sure(case: Case) -> Confidence:
    if case.clients and case.unit.strength > 1 and case.nature.system.name != "sql":
        return Confidence.HIGH
    return Confidence.MEDIUM if case.unit.strength else Confidence.LOW


def _evidence(case: Case) -> Iterator[tuple[str, Location]]:
    system = case.nature.system
    if system.why:
        yield system.why, system.location
    clients = [one for one in case.clients if not server_reader(one, case.context.config)] or case.clients
    for one in clients[:1]:
        yield f"{one.ref} reads it by {one.how}", one.location


def _engine(
    engine: str,
    kinds: Collection[str],
    statement: str,
    *,
    key: str = "",
    example: str = "",
    near: Mapping[str, str] | None = None,
) -> VerdictRule:
    """Return the rule that what an engine issues can be dynamic.

    Args:
        engine: the engine.
        kinds: what it issues.
        statement: the rule's.
        key: a Secret key that it issues, for an example.
        example: the rule's, where a key alone does not tell.
        near: kinds that it could issue if something more were known -> what that is.
    """
    missing = near or {}

    def decide(case: Case) -> Answer:
        if not case.nature.engine:
            is_close = bool(case.clients) or not case.others
            return (
                NearMiss(f"{case.what} could be one if {missing[case.nature.kind]}", case.unit.location)
                if is_close
                else None
            )
        words = case.nature.kind.replace("-", " ")
        return Decision(
            verdict=Verdict.DYNAMIC,
            confidence=_sure(case),
            message=f"{case.what} is a client's {words} ({case.nature.engine})",
            location=case.unit.location,
            engine=case.nature.engine,
            more=tuple(_evidence(case)),
        )

    return VerdictRule(
        id=f"engine-{engine}",
        statement=statement,
        remedy=_PLAN,
        example=example or _example(key),
        decide=decide,
        kinds=frozenset({*kinds, *missing}),
    )


def _example(key: str) -> str:
    return manifests(
        external_secret("shop/web", {key: f"shop/web#{key}"}),
        workload("shop/web", "ghcr.io/acme/web:1.4", env_from="web"),
    )


RULES: Final = (
    _engine(
        "database",
        ["database-login"],
        "A client's login to a database that Vault's database engine serves can be dynamic.",
        key="POSTGRES_PASSWORD",
        near={"login": "something told that it is a login to a database"},
    ),
    _engine("aws", ["aws-access-key"], "A client's AWS access key can be dynamic.", key="AWS_SECRET_ACCESS_KEY"),
    _engine(
        "gcp",
        ["gcp-service-account"],
        "A client's Google service account key can be dynamic.",
        key="GCP_SERVICE_ACCOUNT_JSON",
    ),
    _engine(
        "azure",
        ["azure-service-principal"],
        "A client's Azure service principal can be dynamic.",
        key="AZURE_CLIENT_SECRET",
    ),
    _engine("rabbitmq", ["rabbitmq-login"], "A client's RabbitMQ login can be dynamic.", key="RABBITMQ_PASSWORD"),
    _engine("ldap", ["ldap-bind"], "A client's LDAP bind login can be dynamic.", key="LDAP_BIND_PASSWORD"),
    _engine(
        "pki",
        ["private-certificate"],
        "A private authority's leaf certificate that workloads read can be dynamic.",
        example=manifests(
            external_secret(
                "shop/tls", {"ca.crt": "shop/tls#ca", "tls.crt": "shop/tls#crt", "tls.key": "shop/tls#key"}
            ),
            workload("shop/web", "ghcr.io/acme/web:1.4", volume="tls:/etc/tls"),
        ),
        near={"tls-certificate": "a private authority signed it"},
    ),
    _engine(
        "ssh",
        ["ssh-key"],
        "A client's SSH key for hosts can be dynamic.",
        example=manifests(
            external_secret("ops/key", {"SSH_PRIVATE_KEY": "ops/ssh#key", "SSH_HOST": "ops/ssh#host"}),
            workload("ops/runner", "ghcr.io/acme/runner:3.1", env_from="key"),
        ),
        near={"ssh-key": "something told that it logs in to hosts, not to Git"},
    ),
    _engine(
        "kubernetes",
        ["service-account-token"],
        "A ServiceAccount's token that a workload reads can be dynamic.",
        key="KUBERNETES_TOKEN",
        near={"kubeconfig": "a ServiceAccount's token is in it"},
    ),
    _engine("consul", ["consul-token"], "A client's Consul token can be dynamic.", key="CONSUL_HTTP_TOKEN"),
    _engine("nomad", ["nomad-token"], "A client's Nomad token can be dynamic.", key="NOMAD_TOKEN"),
    _engine("terraform", ["terraform-token"], "A client's Terraform Cloud token can be dynamic.", key="TFE_TOKEN"),
)
