"""From an inventory to verdicts, each with its reasons. Pure: reads nothing, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from injector.inventory.facts import Inventory
from injector.inventory.linking import Secret, link
from injector.knowledge import words as w
from injector.location import Location
from injector.model import (
    WORKLOAD_WAYS,
    Confidence,
    Consumer,
    ConsumerReport,
    Credential,
    Finding,
    Item,
    Reason,
    Report,
    SecretSource,
    SourceKind,
    Verdict,
)
from injector.rules.context import (
    Context,
    is_bootstrap,
    is_client,
    is_foreign_store,
    resolve_system,
    server_reader,
    superuser_of,
)
from injector.rules.naming import Part
from injector.rules.readiness import readiness_of
from injector.rules.units import Unit, split_units

_STATIC_KINDS = {
    "webhook-url": "a webhook URL", "smtp": "a mail login", "registry": "a registry login", "oauth-client": "an OAuth client",
    "encryption-key": "a signing, encryption or cookie key", "tls-certificate": "a certificate", "git": "a Git credential",
    "api-token": "an API token", "password": "a person's password", "unsupported-login": "a login to a system without an engine",
    "unknown": "of a kind that nothing tells", "login": "a login to a system that nothing tells",
}  # fmt: skip
_TOKEN_ENGINES = {"consul-token": "consul", "nomad-token": "nomad"}


@dataclass(frozen=True, slots=True)
class _Judged:
    unit: Unit
    kind: str
    engine: str
    verdict: Verdict
    confidence: Confidence
    reasons: tuple[Reason, ...]


def classify(inventory: Inventory) -> Report:
    """Judge every Secret of a tree.

    Returns:
        The items sorted by namespace, name and source; the same for the same inventory.
    """
    context = Context.of(inventory)
    items: list[Item] = []
    orphans: list[Item] = []
    for secret in link(inventory):
        (orphans if secret.is_orphan else items).extend(_judge_secret(secret, context))
    key = _item_order
    return Report(
        items=tuple(sorted(items, key=key)),
        orphans=tuple(sorted(orphans, key=key)),
        findings=tuple(
            Finding(one.rule, one.message, one.location)
            for one in sorted(inventory.deployed.findings, key=lambda one: (one.location, one.rule, one.message))
        ),
        unreadable=inventory.unreadable,
        templated=inventory.templated,
        unresolved=inventory.unresolved,
    )


def _item_order(item: Item) -> tuple[str, str, str, Location, str]:
    source = item.source
    return source.ref.namespace, source.target, source.kind, source.origin.location, source.origin.root


def _judge_secret(secret: Secret, context: Context) -> Iterable[Item]:
    judged = [_judge(unit, secret, context) for unit in split_units(secret)]
    credentials = tuple(_group(judged))
    verdict, confidence = _sum_up(credentials)
    for source in _makers(secret):
        yield Item(source, verdict, confidence, credentials, tuple(_findings(secret, source)))


def _makers(secret: Secret) -> Sequence[SecretSource]:
    """Return the sources that are listed: ExternalSecrets all, others when a workload reads the Secret."""
    external = (SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET)
    has_reader = any(one.how in WORKLOAD_WAYS for one in secret.consumers)
    return [one for one in secret.sources if one.kind in external or has_reader]


def _findings(secret: Secret, source: SecretSource) -> Iterable[Finding]:
    others = [one for one in secret.sources if one.ref != source.ref]
    if others:
        message = f"Secret {secret.name} is also written by {others[0].ref} ({others[0].origin.location})"
        yield Finding("two-writers", message, source.origin.location)


def _judge(unit: Unit, secret: Secret, context: Context) -> _Judged:
    hint = unit.hint
    at = unit.location
    if hint.kind == "configuration":
        return _static(
            unit, "configuration", Reason("configuration", f"{unit.label} is configuration", at), Confidence.MEDIUM
        )
    if hint.is_provisioning:
        kind = "server-own" if hint.is_superuser else "provisioning-input"
        rule = "server-own-password" if hint.is_superuser else "provisioning-input"
        return _static(
            unit, kind, Reason(rule, f"{unit.evidence} feeds an init container that makes roles", at), Confidence.HIGH
        )
    kind, engine, system = _kind_and_engine(unit, secret, context)
    own = _why_own(unit, secret, system)
    if own:
        return _static(unit, "server-own", own, Confidence.HIGH)
    boot = is_bootstrap(secret, unit.consumers, context)
    if boot:
        return _static(unit, kind, boot, Confidence.HIGH)
    if not engine:
        rule = "kind-s3-compatible" if kind == "s3-compatible" else "kind-no-engine"
        words = "keys of a store that is not AWS" if kind == "s3-compatible" else _STATIC_KINDS.get(kind, kind)
        sure = (
            Confidence.HIGH
            if unit.strength > 1
            else Confidence.MEDIUM
            if unit.consumers and unit.strength
            else Confidence.LOW
        )
        return _static(unit, kind, Reason(rule, f"{unit.evidence or unit.label} is {words}", at), sure)
    if unit.consumers and not any(is_client(one) for one in unit.consumers):
        first = unit.consumers[0]
        message = f"its only readers need the Secret object: {first.ref} ({first.how})"
        return _static(unit, kind, Reason("secret-object-needed", message, first.location), Confidence.HIGH)
    return _dynamic(unit, kind, engine, system)


def _kind_and_engine(unit: Unit, secret: Secret, context: Context) -> tuple[str, str, str]:
    kind = unit.hint.kind
    if kind in _TOKEN_ENGINES:
        return kind, _TOKEN_ENGINES[kind], ""
    if kind in ("aws", "s3-compatible"):
        if kind == "s3-compatible" or is_foreign_store(unit, secret):
            return "s3-compatible", "", ""
        return "aws-access-key", "aws", ""
    if kind in ("gcp", "azure"):
        return {"gcp": "gcp-service-account", "azure": "azure-service-principal"}[kind], kind, ""
    if kind != "login":
        return kind, "", ""
    system = resolve_system(unit, secret, context)
    if system in w.DATABASES:
        return "database-login", f"database/{system}" if system != "sql" else "database", system
    if system in ("rabbitmq", "ldap"):
        return {"rabbitmq": "rabbitmq-login", "ldap": "ldap-bind"}[system], system, system
    return "login", "", ""


def _why_own(unit: Unit, secret: Secret, system: str) -> Reason | None:
    """Tell why a login is a server's own."""
    clients = [one for one in unit.consumers if is_client(one)]
    server = next((one for one in unit.consumers if server_reader(one)), None)
    if server and not [one for one in clients if not server_reader(one)]:
        message = f"{server.ref} is the {server_reader(server)} server itself"
        return Reason("server-own-password", message, server.location)
    if not system:
        return None
    if unit.hint.is_superuser and unit.hint.part is not Part.USER:
        return Reason("server-own-password", f"{unit.evidence} names a superuser", unit.location)
    said = superuser_of(secret, unit)
    return Reason("server-own-password", said, unit.location) if said else None


def _dynamic(unit: Unit, kind: str, engine: str, system: str) -> _Judged:
    rule = (
        "kind-cloud" if kind in ("aws-access-key", "gcp-service-account", "azure-service-principal") else "kind-login"
    )
    reasons = [
        Reason(rule, f"{unit.evidence or unit.label} is a client's {kind.replace('-', ' ')} ({engine})", unit.location)
    ]
    client = next((one for one in unit.consumers if is_client(one)), None)
    if client is None:
        reasons.append(Reason("no-reader", "nobody in the tree reads it; judged by its kind", unit.location))
        return _Judged(
            unit, kind, engine, Verdict.DYNAMIC, Confidence.MEDIUM if unit.strength else Confidence.LOW, tuple(reasons)
        )
    reasons.append(Reason(rule, f"{client.ref} reads it by {client.how}", client.location))
    known = unit.strength > 1 and system != "sql"
    sure = Confidence.HIGH if known else Confidence.MEDIUM if unit.strength else Confidence.LOW
    return _Judged(unit, kind, engine, Verdict.DYNAMIC, sure, tuple(reasons))


def _static(unit: Unit, kind: str, reason: Reason, sure: Confidence) -> _Judged:
    return _Judged(unit, kind, "", Verdict.STATIC, sure, (reason,))


def _group(judged: Sequence[_Judged]) -> Iterable[Credential]:
    """Put the parts of one credential together: same kind, engine and verdict, same name without the part."""
    groups: dict[tuple[str, ...], list[_Judged]] = {}
    for one in judged:
        stem = _stem(one.unit.label) if one.kind != "configuration" else ""
        groups.setdefault((one.verdict, one.kind, one.engine, stem), []).append(one)
    for (verdict, kind, engine, _), members in sorted(groups.items()):
        units = [one.unit for one in members]
        is_lone_user = all(unit.hint.part is Part.USER for unit in units) and kind not in (
            "oauth-client",
            "unsupported-login",
        )
        consumers = _unique(consumer for unit in units for consumer in unit.consumers)
        is_config = is_lone_user and len(judged) > len(members)
        yield Credential(
            keys=tuple(sorted({unit.key.name for unit in units})),
            vault_paths=tuple(sorted({remote.path for unit in units for remote in unit.remotes if remote.path})),
            kind="configuration" if is_config else kind,
            engine="" if is_config else engine,
            verdict=Verdict.STATIC if is_config else Verdict(verdict),
            confidence=max((one.confidence for one in members), key=_RANK.__getitem__),
            reasons=tuple(dict.fromkeys(reason for one in members for reason in one.reasons)),
            consumers=tuple(
                _report(one, kind, is_dynamic=verdict == Verdict.DYNAMIC and not is_config) for one in consumers
            ),
        )


_RANK = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}
_PARTS = w.USER | w.PASSWORD | w.DSN | frozenset({"id", "key", "secret", "access", "keyid", "name", "client"})


def _stem(name: str) -> str:
    return "-".join(word for word in w.words(name) if word not in _PARTS)


def _unique(consumers: Iterable[Consumer]) -> list[Consumer]:
    found = {
        (one.ref, one.container.name if one.container else "", one.how, one.key, one.location): one for one in consumers
    }
    return [found[own] for own in sorted(found, key=lambda own: (own[4], own[0], own[1], own[2], own[3]))]


def _report(consumer: Consumer, kind: str, *, is_dynamic: bool) -> ConsumerReport:
    if not is_dynamic:
        return ConsumerReport(consumer, None)
    readiness, obstacles = readiness_of(consumer, kind)
    return ConsumerReport(consumer, readiness, obstacles)


def _sum_up(credentials: Sequence[Credential]) -> tuple[Verdict, Confidence]:
    real = [one for one in credentials if one.kind != "configuration"]
    dynamic = [one for one in real if one.verdict is Verdict.DYNAMIC]
    confidence = min((one.confidence for one in real or credentials), key=_RANK.__getitem__, default=Confidence.LOW)
    if not dynamic:
        return Verdict.STATIC, confidence
    return (Verdict.MIXED if len(dynamic) < len(real) else Verdict.DYNAMIC), confidence
