"""Files that come and go: written, listed in the kustomization that deploys them, and taken out of both again."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from injector.edit.documents import remove_document
from injector.edit.kustomization import add_path, remove_path
from injector.errors import EditError
from injector.model import SecretSource
from injector.stages.documents import find_document, find_kustomization
from injector.stages.workspace import Workspace


def add_file(workspace: Workspace, path: str, data: bytes, *, folder: str) -> None:
    """Write a file, and list it in the kustomization of `folder` when it has one."""
    workspace.put(path, data)
    kustomization = find_kustomization(workspace, folder)
    if kustomization:
        workspace.save(add_path(workspace.open(kustomization), posixpath.relpath(path, folder or ".")))


def remove_file(workspace: Workspace, path: str, folders: Sequence[str]) -> None:
    """Remove a file, and its entry in each kustomization of `folders` that has one."""
    workspace.put(path, None)
    for folder in folders:
        kustomization = find_kustomization(workspace, folder)
        if kustomization:
            workspace.save(remove_path(workspace.open(kustomization), posixpath.relpath(path, folder or ".")))


def remove_source(workspace: Workspace, source: SecretSource) -> None:
    """Remove an ExternalSecret from the tree: its document, or its file when it holds nothing else.

    Raises:
        EditError: its file cannot be edited.
    """
    file, document, place = find_document(workspace, source.ref, source.origin)
    path = file.source.path
    if place:
        items = file.value(document, place[:-1])
        if isinstance(items, Sequence) and len(items) > 1:
            workspace.save(file.delete(document, place))
            return
    if len(file.source.spans()) > 1:
        workspace.save(remove_document(file, document))
        return
    remove_file(workspace, path, source.origin.deployed_by or (folder_of(path),))


def folder_of(path: str) -> str:
    """Return the folder of a file, ``.`` for the tree's root."""
    return posixpath.dirname(path) or "."


def check_name(name: str, source: SecretSource) -> None:
    """Refuse a name that would not stay one file's name.

    Raises:
        EditError: the manifest names its object so that no file can be called like it.
    """
    if not name or "/" in name or name.startswith("."):
        raise EditError(f"{source.ref}: its name is none that a file could have; rename it", source.origin.location)
