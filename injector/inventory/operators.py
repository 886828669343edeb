"""Secrets that operators write: from a custom resource to the Secrets it makes, by the table in `operatorrows`.

Only the reading of rows is here; which operator makes what stands in the table, so that adding one is adding a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from injector.inventory.operatorrows import ROWS, Made
from injector.inventory.sourcesbase import texts
from injector.location import Location
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.yamldoc import Map, Value
from injector.model import ObjectRef, SecretKey, SecretSource, SourceKind

_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
_ANY_KIND: Final = "*"


@lru_cache(maxsize=1)
def _rows() -> dict[tuple[str, str], tuple[Made, ...]]:
    """Return the table by (group, kind), built once."""
    found: dict[tuple[str, str], list[Made]] = {}
    for row in ROWS:
        for kind in row.kind.split("|"):
            for group in row.group.split("|"):
                found.setdefault((group, kind), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def read_operator(resource: Resource, root: str) -> list[SecretSource]:
    """Return the Secrets that an operator makes because of `resource`; none for what no row knows.

    `SecretSource.ref` is the Secret's own (the operator writes it, nothing in Git does), `SecretSource.via` the
    resource.
    """
    table, group, kind = _rows(), api_group(resource.body), text(resource.body.get("kind"))
    rows = (*table.get((group, kind), ()), *table.get((group, _ANY_KIND), ()))
    sources = [source for row in rows for source in _read_row(row, resource, root)]
    connection = mapping(mapping(resource.body, "spec"), "writeConnectionSecretToRef")
    if connection and not rows:
        sources += _read_connection(connection, resource, root)
    return sources


def _read_connection(connection: Map, resource: Resource, root: str) -> list[SecretSource]:
    """Read Crossplane's ``writeConnectionSecretToRef``, which any of its kinds may have.

    Source: https://docs.crossplane.io/latest/concepts/managed-resources/#writeconnectionsecrettoref
    """
    name = text(connection.get("name"))
    namespace = text(connection.get("namespace")) or resource.ref.namespace
    keys = [SecretKey("*", location=connection.at("name"))]
    return [_source(resource, root, namespace, name, keys)] if name else []


@dataclass(slots=True)
class _Scope:
    """What the placeholders of a row stand for."""

    body: Map
    ref: ObjectRef
    key: str = ""
    item: Value = None
    location: Location = field(default=Location("", 0))

    def find(self, path: str) -> Value:
        """Return the value at a dotted path: ``name``, ``key``, ``item.x``, ``spec.x``."""
        if path == "name":
            return self.ref.name
        if path == "key":
            return self.key
        head, *steps = path.split(".")
        if head == "item":
            value: Value = self.item
        else:
            value, steps = self.body, [head, *steps]
        for step in steps:
            value = value.get(step) if isinstance(value, Map) else None
        return value

    def fill(self, pattern: str) -> str:
        """Fill a pattern's placeholders; empty when one of them has no value.

        ``{a|b}`` takes the first that has one; an alternative in quotes is taken as it is.
        """
        values: list[str] = []
        for match in _PLACEHOLDER.finditer(pattern):
            value = next((found for path in match[1].split("|") if (found := self._one(path))), "")
            if not value:
                return ""
            values.append(value)
        filled = iter(values)
        return _PLACEHOLDER.sub(lambda _: next(filled), pattern)

    def _one(self, path: str) -> str:
        return path[1:-1] if path.startswith("'") else text(self.find(path))

    def holds(self, condition: str) -> bool:
        """Tell whether a condition holds: ``a.b`` (set and not false), ``a.b=text``, ``!a.b``, ``a.b?`` (present), joined by ``&``."""
        if "&" in condition:
            return all(self.holds(one) for one in condition.split("&"))
        if condition.startswith("!"):
            return not self.holds(condition[1:])
        if condition.endswith("?"):
            parent, _, last = condition[:-1].rpartition(".")
            return last in mapping(self.find(parent))
        path, equals, wanted = condition.partition("=")
        value = self.find(path)
        if equals:
            return text(value) == wanted
        return value is True or (not isinstance(value, bool) and bool(value))


def _read_row(row: Made, resource: Resource, root: str) -> Iterator[SecretSource]:
    if not _has_annotation(row, resource):
        return
    for scope in _iter_scopes(row, resource):
        if not all(scope.holds(condition) for condition in row.when):
            continue
        # Kubernetes' names hold no underscore; Zalando's operator replaces it, the others' users have none.
        name = next((found for pattern in row.target if (found := scope.fill(pattern))), "").replace("_", "-")
        if not name:
            continue
        namespace = (scope.fill(row.namespace) if row.namespace else "") or resource.ref.namespace
        names = [scope.fill(key) for key in row.keys]
        for condition, more in row.more:
            if scope.holds(condition):
                names += [scope.fill(key) for key in more]
        where = scope.location
        keys = [SecretKey(own, location=where) for own in dict.fromkeys(names) if own]
        keys += [SecretKey(text(own), location=where) for own in _listed(row, scope)]
        yield _source(resource, root, namespace, name, keys, row.type)


def _listed(row: Made, scope: _Scope) -> Iterator[Value]:
    """Yield the keys that the resource lists itself: ``path[].field`` or the keys of a mapping."""
    if not row.listed:
        return
    path, _, inner = row.listed.partition("[].")
    value = scope.find(path)
    if isinstance(value, Map):
        yield from value
    else:
        yield from (mapping(one).get(inner) for one in items(value) if text(mapping(one).get(inner)))


def _iter_scopes(row: Made, resource: Resource) -> Iterator[_Scope]:
    whole = _Scope(resource.body, resource.ref, location=resource.body.at("spec"))
    if not row.each:
        yield whole
        return
    found = whole.find(row.each)
    if isinstance(found, Map):
        for key, value in found.items():
            yield _Scope(resource.body, resource.ref, key, value, found.at(key))
    for one in items(found):
        location = one.at() if isinstance(one, Map) else whole.location
        yield _Scope(resource.body, resource.ref, text(one), one, location)


def _has_annotation(row: Made, resource: Resource) -> bool:
    if not row.annotations:
        return True
    annotations = mapping(mapping(resource.body, "metadata"), "annotations")
    return any(name in annotations for name in row.annotations)


def _source(
    resource: Resource, root: str, namespace: str, name: str, keys: list[SecretKey], secret_type: str = ""
) -> SecretSource:
    metadata = mapping(resource.body, "metadata")
    return SecretSource(
        kind=SourceKind.OPERATOR,
        ref=ObjectRef("Secret", namespace, name),
        target=name,
        origin=resource.origin(root),
        keys=tuple(keys),
        secret_type=secret_type,
        labels=texts(mapping(metadata, "labels")),
        annotations=texts(mapping(metadata, "annotations")),
        via=resource.ref,
    )
