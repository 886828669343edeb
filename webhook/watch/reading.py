"""One object of the API server, to what is held of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from injector.cluster import ClusterObject, Json, WatchedKind, build_object
from injector.inventory.live import as_document
from injector.migration.model import SecretMigration
from injector.migration.parse import parse_migration
from webhook.watch.resources import MIGRATIONS, Resource

Value: TypeAlias = "SecretMigration | bytes"
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Item:
    """An object as it is held.

    Attributes:
        value: a SecretMigration, or what `injector.cluster.pack` made; None when it is gone or cannot be read.
        problem: why it cannot be read, without any value; empty when it can.
    """

    namespace: str
    name: str
    value: Value | None = None
    problem: str = ""


def read_item(resource: Resource, version: str, body: Mapping[str, Json]) -> Item:
    """Return what is held of an object; never raises.

    Args:
        resource: its kind.
        version: of the API that it came by; items of a list may not name it themselves.
        body: the object.
    """
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return Item("", "", problem=f"{resource.kind}: has no metadata; mend it")
    name, namespace = _text(metadata.get("name")), _text(metadata.get("namespace"))
    whole: dict[str, Json] = {"apiVersion": resource.api_version(version), "kind": resource.kind, **body}
    if resource is MIGRATIONS:
        return _read_migration(namespace, name, whole)
    made = build_object(WatchedKind(resource.kind), whole)
    if isinstance(made, ClusterObject):
        return Item(namespace, name, made.packed)
    return Item(namespace, name, problem=f"{resource.kind} {made}")


def _read_migration(namespace: str, name: str, body: Mapping[str, Json]) -> Item:
    # The API server's own fields are left out: the reader would have to walk them.
    document: dict[str, Json] = {
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "metadata": {"name": name, "namespace": namespace},
        "spec": body.get("spec"),
    }
    made = parse_migration(as_document(document))
    if isinstance(made, SecretMigration):
        return Item(namespace, name, made)
    told = "; ".join(f"{one.field or 'document'}: {one.message}" for one in made[:_TOLD])
    return Item(namespace, name, problem=f"SecretMigration {namespace}/{name}: {told}")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
