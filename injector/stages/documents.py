"""Finds the manifests that a move edits, and says in words when one cannot be edited for sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.location import Location
from injector.model import ObjectRef, Origin
from injector.stages.workspace import Workspace

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def find_document(workspace: Workspace, ref: ObjectRef, origin: Origin) -> tuple[YamlFile, int, Path]:
    """Return an object's file, document and place in it (a ``kind: List`` holds several).

    Raises:
        EditError: the file does not hold the object where it was read.
    """
    file = workspace.open(origin.location.path)
    for document in _candidates(file, origin.document):
        body = file.value(document)
        for place, one in _objects(body):
            if _is(one, ref):
                return file, document, place
    message = f"{ref}: does not stand there in a form that can be edited; edit it by hand"
    raise EditError(message, origin.location)


def _candidates(file: YamlFile, first: int) -> Iterator[int]:
    count = len(file.source.spans())
    if first < count:
        yield first
    yield from (number for number in range(count) if number != first)


def _objects(body: Data) -> Iterator[tuple[Path, Mapping[str, Data]]]:
    if not isinstance(body, Mapping):
        return
    yield (), body
    items = body.get("items")
    if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                yield ("items", index), item


def _is(body: Mapping[str, Data], ref: ObjectRef) -> bool:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    # The deployed name may have a prefix that kustomize put there.
    return body.get("kind") == ref.kind and isinstance(name, str) and name in ref.name


def find_kustomization(workspace: Workspace, path: str) -> str:
    """Return the kustomization of the folder that a file lies in, empty when there is none."""
    folder = path.rpartition("/")[0]
    for name in KUSTOMIZATIONS:
        candidate = f"{folder}/{name}" if folder else name
        if workspace.get(candidate) is not None:
            return candidate
    return ""


def file_at(path: str) -> Location:
    """Return a file as a location."""
    return Location(path, 1)
