"""Walking to the fields that kustomize's transformers know by a path such as ``spec/template/spec/containers``.

Source: kustomize api/filters/fieldspec/fieldspec.go: lists on the way are walked through, a missing field is
made when the field spec says ``create``, except below a segment that ends in ``[]``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from injector.location import Location
from injector.manifests.document import text
from injector.manifests.kustomize.identity import Gvk
from injector.manifests.yamldoc import Map, Seq, Value

Action: TypeAlias = Callable[[Map, str], None]
"""Called with the mapping that holds the field, and the field's key."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of some kinds; empty `group`, `version` and `kind` mean any."""

    segments: tuple[str, ...]
    group: str = ""
    version: str = ""
    kind: str = ""
    create: bool = False

    def selects(self, gvk: Gvk) -> bool:
        """Tell whether objects of this kind have the field."""
        return (
            (not self.kind or self.kind == gvk.kind)
            and (not self.group or self.group == gvk.group)
            and (not self.version or self.version == gvk.version)
        )


def split_path(path: str) -> tuple[str, ...]:
    r"""Cut a path at its slashes; ``\/`` is a slash inside of a key."""
    parts = path.replace("\\/", "\0").strip("/").split("/")
    return tuple(part.replace("\0", "/") for part in parts)


def field_spec(path: str, kind: str = "", *, group: str = "", version: str = "", create: bool = False) -> FieldSpec:
    """Return a field spec of a written path."""
    return FieldSpec(split_path(path), group, version, kind, create)


def read_field_spec(entry: Value) -> FieldSpec | None:
    """Return a field spec as a configuration file writes it, None when it has no path."""
    if not isinstance(entry, Map) or not isinstance(entry.get("path"), str):
        return None
    return FieldSpec(
        split_path(text(entry["path"])),
        text(entry.get("group")),
        text(entry.get("version")),
        text(entry.get("kind")),
        entry.get("create") is True,
    )


def visit(node: Value, spec: FieldSpec, action: Action, at: Location | None = None) -> None:
    """Call `action` for every field that a spec leads to.

    Args:
        node: the object.
        spec: whether it selects the object's kind is the caller's question.
        action: what to do there.
        at: where the mappings that must be created are said to stand; None creates nothing.
    """
    _visit(node, spec.segments, 0, action, at if spec.create else None)


def _visit(node: Value, segments: tuple[str, ...], index: int, action: Action, at: Location | None) -> None:
    if isinstance(node, Seq):
        for item in node:
            _visit(item, segments, index, action, at)
        return
    if not isinstance(node, Map):
        return
    key = segments[index]
    is_list = key.endswith("[]")
    key = key[:-2] if is_list else key
    is_last = index + 1 == len(segments)
    if node.get(key) is None:
        if at is None or is_list:
            return
        if not is_last:
            node.put(key, Map(at.path, at.line), at)
    if is_last:
        action(node, key)
    else:
        _visit(node[key], segments, index + 1, action, at)
