"""``images`` and ``replicas``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from injector.location import Location
from injector.manifests.document import items, text
from injector.manifests.kustomize.config import Config
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.paths import visit
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map, Seq, Value

_CONTAINER_LISTS: Final = frozenset({"containers", "initContainers"})
_MAX_DEPTH: Final = 200


@dataclass(frozen=True, slots=True)
class _Image:
    pattern: re.Pattern[str]
    new_name: str
    new_tag: str
    digest: str
    suffix: str
    at: Location


def set_images(session: Session, layer: Layer, resources: list[Tracked], config: Config) -> None:
    """Apply ``images``: wherever an object has a list ``containers`` or ``initContainers``.

    Source: kustomize api/filters/imagetag/legacy.go and updater.go, api/image/image.go.
    """
    images = [_read_image(entry) for entry in items(layer.body, "images") if isinstance(entry, Map)]
    for image in images:
        if image is None:
            continue

        def put(holder: Map, key: str, image: _Image = image) -> None:
            _replace(holder, key, image)

        for one in resources:
            gvk = one.gvk
            if gvk.kind == "CustomResourceDefinition" or one.is_header_only:
                continue
            _walk(one.body, image, 0)
            for spec in config.images:
                if spec.selects(gvk):
                    visit(one.body, spec, put)


def _read_image(entry: Map) -> _Image | None:
    name = text(entry.get("name"))
    if not name:
        return None
    try:
        # kustomize takes the name as a pattern: the dots of a registry match anything.
        pattern = re.compile(f"^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$")
    except (re.error, OverflowError, RecursionError):
        pattern = re.compile(f"^{re.escape(name)}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$")
    key = next((key for key in ("newTag", "newName", "digest") if entry.get(key)), "name")
    return _Image(
        pattern,
        text(entry.get("newName")),
        text(entry.get("newTag")),
        text(entry.get("digest")),
        text(entry.get("tagSuffix")),
        entry.at(key),
    )


def _walk(node: Value, image: _Image, depth: int) -> None:
    if depth > _MAX_DEPTH:
        return
    if isinstance(node, Seq):
        for item in node:
            _walk(item, image, depth + 1)
    elif isinstance(node, Map):
        for key, value in node.items():
            if isinstance(value, (Map, Seq)):
                _walk(value, image, depth + 1)
                if key in _CONTAINER_LISTS and isinstance(value, Seq):
                    for container in value:
                        if isinstance(container, Map) and "image" in container:
                            _replace(container, "image", image)


def _replace(holder: Map, key: str, image: _Image) -> None:
    value = holder.get(key)
    if not isinstance(value, str) or not image.pattern.match(value):
        return
    name, tag, digest = split_image(value)
    if image.new_name:
        name = image.new_name
    if image.new_tag and image.digest:
        tag, digest = image.new_tag, image.digest
    elif image.new_tag:
        tag, digest = image.new_tag, ""
    elif image.suffix:
        tag, digest = tag + image.suffix, ""
    elif image.digest:
        tag, digest = "", image.digest
    holder.put(key, name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else ""), image.at)


def split_image(image: str) -> tuple[str, str, str]:
    """Return name, tag and digest; a registry's port is no tag."""
    name, _, digest = image.partition("@")
    before, colon, after = name.rpartition(":")
    if colon and "/" not in after:
        return before, after, digest
    return name, "", digest


def _put(value: Value, at: Location, holder: Map, key: str) -> None:
    holder.put(key, value, at)


def set_replicas(session: Session, layer: Layer, resources: list[Tracked], config: Config) -> None:
    """Apply ``replicas``; the name may be any that the resource ever had.

    Source: kustomize api/internal/builtins/ReplicaCountTransformer.go.
    """
    for entry in items(layer.body, "replicas"):
        if not isinstance(entry, Map):
            continue
        name, count = text(entry.get("name")), entry.get("count")
        if isinstance(count, str) and count.isdecimal():
            count = int(count)
        at = entry.at("count")
        is_found = False
        for one in resources:
            if not one.ids_named(name):
                continue
            for spec in config.replicas:
                if any(spec.selects(known.gvk) for known in one.ids()):
                    is_found = True
                    if not one.is_header_only:
                        visit(one.body, spec, partial(_put, count, at), at)
        if not is_found:
            message = f"replicas: no workload {name!r} is in the build; correct the name or remove the entry"
            session.report(entry.at("name"), "no-target", message)
