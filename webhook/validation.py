"""Decides whether an object is let in: ``POST /validate``. It sees what the API server is about to store, and changes nothing.

The design rules are the library's (`injector.verify`), the very ones that `phase2 verify` holds a tree to. Beside them there
is one of a cluster only: a pod that asks for an agent and has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from injector.cluster import ClusterState, WatchedKind
from injector.config.model import LABEL_PREFIX, Config
from injector.config.verify import Level, Verify
from injector.inventory.live import as_document
from injector.manifests.yamldoc import Map
from injector.migration.model import KIND, SecretMigration
from injector.migration.parse import is_migration, parse_migration
from injector.pod.model import Json
from injector.pod.names import VAULT
from injector.pod.reading import AGENTS, iter_containers, metadata_of
from injector.verify.model import Known, SuppressedViolation, Violation
from injector.verify.objects import verify_object
from injector.verify.rules import MALFORMED, RETARGETED, RULES
from webhook.review import Answer, Outcome, Request
from webhook.state import Snapshot

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
"""What Go's strconv.ParseBool, and so the injector, holds for true."""
_REMEDIES: Final = {rule.id: rule.remedy for rule in RULES}
_NOT_INJECTED: Final = "not-injected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules and what they do.

    Attributes:
        not_injected: a pod that asks for the agent and has none. The injector was down, was asked in the wrong order, or
            left the pod out: it would start without its secrets and without a message (vault-k8s #40).
        verify: the design rules.
        prefix: before the slash of phase2's annotations.
    """

    not_injected: Level = Level.WARN
    verify: Verify = field(default_factory=Verify)
    prefix: str = LABEL_PREFIX


def make_rules(config: Config, *, not_injected: Level = Level.WARN, malformed: Level | None = None) -> Rules:
    """Return the rules as a configuration has them.

    Args:
        config: what the user decided.
        not_injected: see `Rules`.
        malformed: what becomes of a SecretMigration that means nothing, whatever the configuration says; None for that.
    """
    verify = config.verify
    if malformed is not None:
        verify = replace(verify, admission={**verify.admission, MALFORMED: malformed})
    return Rules(not_injected=not_injected, verify=verify, prefix=config.label_prefix)


def decide_validation(request: Request, snapshot: Snapshot, *, rules: Rules) -> Answer:
    """Return whether an object is let in, and what is wrong with it.

    An update is refused only for what it breaks newly, and nothing that is being deleted is ever refused: operators must
    be able to go on with what was let in before.
    """
    body = request.body
    if body is None or request.operation not in ("", "CREATE", "UPDATE"):
        return Answer()
    if request.kind == "Pod":
        return _judge_pod(body, rules) if request.operation != "UPDATE" else Answer()
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and metadata.get("deletionTimestamp"):
        return Answer()
    found = _find(body, request.namespace, snapshot, rules)
    before: frozenset[tuple[str, str]] = frozenset()
    if found and request.operation == "UPDATE" and request.old is not None:
        old = _find(request.old, request.namespace, snapshot, rules)
        before = frozenset((one.rule, one.message) for one in old if isinstance(one, Violation))
    return _answer(found, before)


def _find(
    body: Mapping[str, Json], namespace: str, snapshot: Snapshot, rules: Rules
) -> list[Violation | SuppressedViolation]:
    level = rules.verify.admission_level
    document = as_document(body)
    known = Known(
        verify=rules.verify,
        migrations=snapshot.migrations,
        has_files=False,
        find_store=partial(_find_store, snapshot.cluster),
    )
    found = list(verify_object(document, known, namespace=namespace, level=level, prefix=rules.prefix))
    if not found and body.get("kind") == KIND and level(RETARGETED) is not Level.OFF:
        found += _written_already(document, namespace, snapshot, rules)
    return found


def _find_store(cluster: ClusterState, kind: str, namespace: str, name: str) -> Map | None:
    """Return a secret store as a document."""
    is_wide = kind == WatchedKind.CLUSTER_SECRET_STORE
    held = cluster.cluster_secret_stores if is_wide else cluster.secret_stores
    body = held.get("" if is_wide else namespace, name)
    return as_document(body) if body is not None else None


def _written_already(document: Map, namespace: str, snapshot: Snapshot, rules: Rules) -> Iterator[Violation]:
    """Yield the ExternalSecrets that already write the Secret which a SecretMigration is about to move."""
    migration = parse_migration(document, namespace=namespace) if is_migration(document) else None
    if not isinstance(migration, SecretMigration):
        return
    known = Known(migrations={migration.namespace: (migration,)})
    for name, body in snapshot.cluster.external_secrets.in_namespace(migration.namespace).items():
        for one in verify_object(
            as_document(body),
            known,
            namespace=migration.namespace,
            level=lambda rule: rules.verify.admission_level(rule) if rule == RETARGETED else Level.OFF,
            prefix=rules.prefix,
        ):
            if isinstance(one, Violation):
                message = f"ExternalSecret {name} {one.message}"
                yield Violation(rule=one.rule, level=one.level, message=message, location=one.location)


def _answer(found: Iterable[Violation | SuppressedViolation], before: frozenset[tuple[str, str]]) -> Answer:
    refused: list[str] = []
    warnings: list[str] = []
    noted: dict[str, str] = {}
    for one in found:
        if isinstance(one, SuppressedViolation):
            noted.setdefault(one.violation.rule, "suppressed")
        elif one.level is Level.DENY and (one.rule, one.message) not in before:
            refused.append(f"{one.rule}: {one.message}; {_REMEDIES[one.rule]}")
            noted[one.rule] = Level.DENY
        else:
            warnings.append(f"phase2: {one.rule}: {one.message}")
            noted.setdefault(one.rule, Level.WARN)
    notes = {"verify": " ".join(f"{rule}={what}" for rule, what in noted.items())} if noted else None
    if refused:
        return Answer(Outcome.DENIED, message=f"phase2: {' '.join(refused)}", warnings=warnings, notes=notes)
    return Answer(Outcome.WARNED if warnings else Outcome.UNCHANGED, warnings=warnings, notes=notes)


def _judge_pod(pod: Mapping[str, Json], rules: Rules) -> Answer:
    level = rules.not_injected
    wrong = _why_not_injected(pod) if level is not Level.OFF else ""
    if not wrong:
        return Answer()
    text, notes = f"phase2: {wrong}", {"verify": f"{_NOT_INJECTED}={level}"}
    if level is Level.DENY:
        return Answer(Outcome.DENIED, message=text, notes=notes)
    return Answer(Outcome.WARNED, warnings=(text,), notes=notes)


def _why_not_injected(pod: Mapping[str, Json]) -> str:
    if metadata_of(pod, "annotations").get(f"{VAULT}/agent-inject") not in _TRUE:
        return ""
    if any(str(container.get("name")) in AGENTS for _, container in iter_containers(pod)):
        return ""
    return (
        "the pod asks for a Vault Agent and has none, so it would start without its secrets; is the Vault Agent Injector "
        "running, and does its webhook come after phase2's?"
    )
