"""One object held to the design rules, as the webhook is asked to let it in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from injector.config.verify import Level
from injector.inventory.eso import StoreIndex, read_external_secret, read_push_secret, read_store
from injector.inventory.esostore import ESO_GROUP
from injector.inventory.facts import Write
from injector.inventory.sources import read_sources
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.yamldoc import Map
from injector.migration.model import SecretMigration
from injector.migration.parse import is_migration, parse_migration
from injector.model import SecretSource, Store
from injector.verify.ask import ask_pushes, ask_rules
from injector.verify.model import Known, SuppressedViolation, Violation
from injector.verify.rules import MALFORMED, RETARGETED

_MADE: Final = frozenset({"helm.sh/release.v1", "kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"})
"""Types of Secrets that no person writes."""
_MANAGED: Final = "reconcile.external-secrets.io/managed"
"""Label of every Secret that the External Secrets Operator writes.

Source: external-secrets apis/externalsecrets/v1/externalsecret_types.go@v2.9.0
"""
_TOLD: Final = 5
INLINE: Final = "inline-secret"


def verify_object(
    body: Map, known: Known, *, namespace: str, level: Callable[[str], Level], prefix: str
) -> tuple[Violation | SuppressedViolation, ...]:
    """Return what is wrong with one object, in the order of the rules.

    Args:
        body: any object; what makes no Secret has nothing wrong with it.
        known: what the rules ask beside it.
        namespace: where it is made.
        level: what a rule does.
        prefix: before the slash of phase2's annotations.

    Returns:
        Never raises, whatever the shape.
    """
    if is_migration(body):
        return _malformed(body, namespace, level(MALFORMED))
    if not api_group(body):
        # Whoever writes a Secret of a cluster, the operator too, writes the Secret itself: that says nothing of a move.
        asked = level
        level = lambda rule: asked(rule) if rule == INLINE else Level.OFF  # noqa: E731
        if level(INLINE) is Level.OFF:
            return ()
    metadata = mapping(body, "metadata")
    if namespace and not text(metadata.get("namespace")) and isinstance(body.get("metadata"), Map):
        metadata.put("namespace", namespace)
    resource = Resource(body, body.at(), 0)
    writes = read_push_secret(resource, "").writes
    if writes:
        stores = StoreIndex.of(_stores(writes, known))
        return tuple(ask_pushes(writes, stores, known, level=level(RETARGETED), prefix=prefix))
    return tuple(one for source in _read(resource) for one in ask_rules(source, known, level=level, prefix=prefix))


def _stores(writes: Iterable[Write], known: Known) -> Iterator[Store]:
    for kind, namespace, name in dict.fromkeys(
        (one.remote.store.kind, one.namespace, one.remote.store.name) for one in writes
    ):
        body = known.find_store(kind, namespace, name) if known.find_store else None
        store = read_store(Resource(body, body.at(), 0), "") if body is not None else None
        if store is not None:
            yield store


def _read(resource: Resource) -> list[SecretSource]:
    body = resource.body
    owners = items(mapping(body, "metadata"), "ownerReferences")
    if api_group(body) == ESO_GROUP:
        if any(text(mapping(one).get("kind")) == "ClusterExternalSecret" for one in owners):
            return []  # what made it was asked about, and its operator would write it again and again
        return read_external_secret(resource, "", StoreIndex.empty())[0]
    if not api_group(body) and (owners or _is_made(body)):
        return []
    return read_sources(resource, "")


def _is_made(body: Map) -> bool:
    """Tell a Secret that a controller writes: its value came from elsewhere, and stands in nobody's Git."""
    return text(body.get("type")) in _MADE or _MANAGED in mapping(mapping(body, "metadata"), "labels")


def _malformed(body: Map, namespace: str, level: Level) -> tuple[Violation, ...]:
    made = parse_migration(body, namespace=namespace) if level is not Level.OFF else ()
    if isinstance(made, SecretMigration) or not made:
        return ()
    told = [f"{one.field or 'document'}: {one.message}" for one in made[:_TOLD]]
    more = len(made) - len(told)
    message = "; ".join([*told, *([f"and {more} more"] if more else [])])
    return (Violation(rule=MALFORMED, level=level, message=message, location=made[0].location),)
