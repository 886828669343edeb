"""Consumers of a Helm release: its own references, its values, and what is patched onto the rendered chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from injector.inventory.consumers_embedded import parse_embedded
from injector.inventory.consumers_fields import FieldWalk
from injector.inventory.consumers_kinds import rules_of
from injector.inventory.consumers_objects import read_object
from injector.inventory.consumers_reader import Reader
from injector.inventory.helmvalues import read_values
from injector.inventory.helmvalues_releases import (
    is_flux_release,
    is_k3s_chart,
    iter_releases,
    object_ref,
)
from injector.manifests.argo import is_application
from injector.manifests.document import api_group, is_object, items, mapping, text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import Consumer

_K3S_FIELDS: Final = ("authSecret", "dockerRegistrySecret", "valuesSecrets")


def read_helm(body: Map, reader: Reader) -> list[Consumer] | None:
    """Return the consumers of a Helm release, None when the object is none."""
    spec = mapping(body, "spec")
    walk = FieldWalk(reader, rules_of(text(body.get("kind")), api_group(body)))
    if is_flux_release(body):
        walk.read(body, "spec", spec)
    elif is_k3s_chart(body):
        for key in _K3S_FIELDS:
            if key in spec:
                walk.read(spec, key, spec[key])
    elif not is_application(body):
        return None
    found = walk.found
    for values, inner in iter_releases(body, reader):
        found += _read_values(values, inner)
        if is_flux_release(body):
            for renderer in items(spec, "postRenderers"):
                found += _read_patches(mapping(renderer, "kustomize"), inner)
    return found


def _read_values(values: Map, reader: Reader) -> list[Consumer]:
    found, objects = read_values(values, reader)
    for body in objects:
        # Objects that a chart passes through (extraObjects, rawResources) are objects of their own.
        own = replace(reader, ref=object_ref(body, reader), namespace="", chart="")
        found += read_object(body, own)
    return found


def _read_patches(options: Map, reader: Reader) -> list[Consumer]:
    """Read what ``postRenderers`` add to the rendered chart: patches are parts of objects."""
    found: list[Consumer] = []
    walk = FieldWalk(reader, rules_of("", ""))
    for part in _patch_bodies(options):
        if isinstance(part, Map):
            found += read_object(part, reader) if is_object(part) else []
        elif isinstance(part, Seq):
            for operation in part:
                if isinstance(operation, Map):
                    _read_operation(operation, walk)
    return found + walk.found


def _patch_bodies(options: Map) -> Iterator[Value]:
    for entry in [*items(options, "patches"), *items(options, "patchesJson6902")]:
        if isinstance(entry, Map):
            patch = entry.get("patch")
            yield parse_embedded(entry, "patch") if isinstance(patch, str) else patch
    for entry in items(options, "patchesStrategicMerge"):
        if isinstance(entry, Map):
            yield entry


def _read_operation(operation: Map, walk: FieldWalk) -> None:
    """Read the value that a JSON6902 operation adds, under the name of the field it adds it to."""
    if operation.get("op") not in ("add", "replace"):
        return
    parts = [part for part in text(operation.get("path")).split("/") if part]
    is_item = bool(parts) and (parts[-1] == "-" or parts[-1].isdigit())
    names = [part for part in parts if part != "-" and not part.isdigit()]
    if not names:
        return
    at = operation.at("value")
    value = operation.get("value")
    if is_item:
        wrapped = Seq(at.path, at.line)
        wrapped.append(value)
        wrapped.lines.append(at)
        value = wrapped
    holder = Map(at.path, at.line)
    holder.put(names[-1], value, at)
    walk.walk(holder, tuple(names[:-1]), {})
