"""Finds the manifests that a move edits, and says in words when one cannot be edited for sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.model import ObjectRef, Origin
from injector.stages.workspace import Workspace

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")

Found = tuple[int, Path, str]
"""Document, place in it, and the name as written."""


def find_document(workspace: Workspace, ref: ObjectRef, origin: Origin) -> tuple[YamlFile, int, Path]:
    """Return an object's file, document and place in it (a ``kind: List`` holds several).

    Raises:
        EditError: the file does not hold the object where it was read, or not in one place only.
    """
    file = workspace.open(origin.location.path)
    named = [
        (document, place, name, namespace)
        for document in range(len(file.source.spans()))
        for place, name, namespace in _named(file.value(document), ref)
    ]
    # An overlay may change the namespace; but where one is written as deployed, the others are other objects.
    own = [one for one in named if one[3] == ref.namespace] or named
    found = [one[:3] for one in own]
    chosen = _choose(found, ref, origin.document)
    if len(chosen) != 1:
        what = "stands there more than once" if chosen else "does not stand there in a form that can be edited"
        raise EditError(f"{ref}: {what}; edit it by hand", origin.location)
    document, place, _ = chosen[0]
    return file, document, place


def _choose(found: list[Found], ref: ObjectRef, document: int) -> list[Found]:
    """Return the best matches: by the whole name before a part of it, in the document where it was read first.

    The deployed name may have a prefix and a suffix that kustomize put around the written one. A document may have moved
    in its file since it was read: a stage takes others out.
    """
    whole = [one for one in found if one[2] == ref.name]
    matching = whole or found
    here = [one for one in matching if one[0] == document]
    return here or matching


def _named(body: Data, ref: ObjectRef) -> Iterator[tuple[Path, str, str]]:
    """Yield the place, the written name and the written namespace of what may be the object."""
    for place, one in _objects(body):
        metadata = one.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        if one.get("kind") == ref.kind and isinstance(name, str) and name and name in ref.name:
            yield place, name, str(metadata.get("namespace") or "") if isinstance(metadata, Mapping) else ""


def _objects(body: Data) -> Iterator[tuple[Path, Mapping[str, Data]]]:
    if not isinstance(body, Mapping):
        return
    items = body.get("items")
    if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                yield ("items", index), item
    else:
        yield (), body


def find_kustomization(workspace: Workspace, folder: str) -> str:
    """Return the path of a folder's kustomization, empty when there is none."""
    for name in KUSTOMIZATIONS:
        candidate = f"{folder}/{name}" if folder not in ("", ".") else name
        if workspace.get(candidate) is not None:
            return candidate
    return ""
