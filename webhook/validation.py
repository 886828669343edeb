"""Decides whether an object is let in: ``POST /validate``. It sees what the API server is about to store, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from injector.inventory.live import as_document
from injector.migration.model import KIND, SecretMigration
from injector.migration.parse import is_migration, parse_migration
from injector.pod.model import Json
from injector.pod.names import VAULT
from injector.pod.reading import AGENTS, iter_containers, metadata_of
from webhook.review import Answer, Outcome, Request
from webhook.state import Snapshot

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
"""What Go's strconv.ParseBool, and so the injector, holds for true."""
_TOLD: Final = 5


class Bar(StrEnum):
    """What a rule does with an object that breaks it."""

    OFF = "off"
    WARN = "warn"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules and their bars.

    Attributes:
        not_injected: a pod that asks for the agent and has none. The injector was down, was asked in the wrong order, or
            left the pod out: it would start without its secrets and without a message (vault-k8s #40).
        malformed: a SecretMigration that means nothing.
    """

    not_injected: Bar = Bar.WARN
    malformed: Bar = Bar.DENY


def decide_validation(request: Request, snapshot: Snapshot, *, rules: Rules) -> Answer:
    """Return whether an object is let in, and what is wrong with it."""
    del snapshot  # today's rules need to know nothing but the object
    body = request.body
    if body is None or request.operation not in ("", "CREATE", "UPDATE"):
        return Answer()
    if request.kind == "Pod" and request.operation != "UPDATE":
        return _judge(rules.not_injected, lambda: _why_not_injected(body))
    if request.kind == KIND:
        return _judge(rules.malformed, lambda: _why_malformed(body, request.namespace))
    return Answer()


def _judge(bar: Bar, find: Callable[[], str]) -> Answer:
    if bar is Bar.OFF:
        return Answer()
    wrong = find()
    if not wrong:
        return Answer()
    text = f"phase2: {wrong}"
    return Answer(Outcome.DENIED, message=text) if bar is Bar.DENY else Answer(Outcome.WARNED, warnings=(text,))


def _why_not_injected(pod: Mapping[str, Json]) -> str:
    if metadata_of(pod, "annotations").get(f"{VAULT}/agent-inject") not in _TRUE:
        return ""
    if any(str(container.get("name")) in AGENTS for _, container in iter_containers(pod)):
        return ""
    return (
        "the pod asks for a Vault Agent and has none, so it would start without its secrets; is the Vault Agent Injector "
        "running, and does its webhook come after phase2's?"
    )


def _why_malformed(body: Mapping[str, Json], namespace: str) -> str:
    document = as_document(body)
    if not is_migration(document):
        return ""
    made = parse_migration(document, namespace=namespace)
    if isinstance(made, SecretMigration):
        return ""
    told = [f"{one.field or 'document'}: {one.message}" for one in made[:_TOLD]]
    more = len(made) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])
