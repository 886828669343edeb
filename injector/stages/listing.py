"""Files that come and go: written, listed in their folder's kustomization, and taken out of both again."""

from __future__ import annotations

from collections.abc import Sequence

from injector.edit.documents import remove_document
from injector.errors import EditError
from injector.location import Location
from injector.model import SecretSource
from injector.stages.documents import KUSTOMIZATIONS, find_document, find_kustomization
from injector.stages.workspace import Workspace


def add_file(workspace: Workspace, path: str, data: bytes) -> None:
    """Write a file and list it where its folder has a kustomization."""
    workspace.put(path, data)
    kustomization = find_kustomization(workspace, path)
    if not kustomization:
        return
    name = path.rpartition("/")[2]
    file = workspace.open(kustomization)
    entries = [one for one in _resources(workspace, kustomization) if one]
    if name in entries:
        return
    if entries == sorted(entries) and len(entries) > 1:
        index = sum(one < name for one in entries)
        workspace.save(file.insert(0, ("resources",), index, name))
    else:
        workspace.save(file.append(0, ("resources",), name))


def remove_file(workspace: Workspace, path: str, listed_in: Sequence[str]) -> None:
    """Remove a file, and its entry in each kustomization of `listed_in` (folders) that has one."""
    workspace.put(path, None)
    for folder in listed_in:
        for name in KUSTOMIZATIONS:
            kustomization = f"{folder}/{name}" if folder not in ("", ".") else name
            if workspace.get(kustomization) is not None:
                _unlist(workspace, kustomization, folder, path)


def _unlist(workspace: Workspace, kustomization: str, folder: str, path: str) -> None:
    file = workspace.open(kustomization)
    for index, entry in reversed(list(enumerate(_resources(workspace, kustomization)))):
        if _join(folder, entry) == path:
            file = file.delete(0, ("resources", index))
    if file.has(0, ("resources",)) and not file.value(0, ("resources",)):
        # kustomize takes an empty list, not a missing value.
        file = file.set(0, ("resources",), [])
    workspace.save(file)


def _join(folder: str, entry: str) -> str:
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    for part in entry.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _resources(workspace: Workspace, kustomization: str) -> list[str]:
    file = workspace.open(kustomization)
    if not file.source.spans() or not file.has(0, ("resources",)):
        return []
    value = file.value(0, ("resources",))
    return [one if isinstance(one, str) else "" for one in value] if isinstance(value, list) else []


def remove_source(workspace: Workspace, source: SecretSource) -> None:
    """Remove an ExternalSecret from the tree: its document, or its file when it holds nothing else.

    Raises:
        EditError: it stands in a list of objects, or its file cannot be edited.
    """
    file, document, place = find_document(workspace, source.ref, source.origin)
    path = file.source.path
    if place:
        message = f"{source.ref}: stands in a list of objects; remove it there by hand"
        raise EditError(message, source.origin.location)
    if len(file.source.spans()) > 1:
        workspace.save(remove_document(file, document))
        return
    remove_file(workspace, path, [one for one in source.origin.deployed_by if one] or [path.rpartition("/")[0]])


def location_of(path: str) -> Location:
    """Return a file as a location."""
    return Location(path, 1)
