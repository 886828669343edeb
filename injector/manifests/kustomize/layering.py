"""Kustomizations that no file holds: a folder's with more laid over it, and the one Flux makes for a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from injector.location import Location
from injector.manifests.document import text
from injector.manifests.files import KUSTOMIZATION_NAMES, Files, find_files, parent
from injector.manifests.yamldoc import Map, Seq, Value

_LISTED: Final = (".yaml", ".yml")
"""Flux lists no JSON. Source: fluxcd/pkg/kustomize/kustomize_generator.go scanManifests."""


def lay_over(body: Map, extra: Map) -> Map:
    """Return a kustomization with another laid over it, as Flux and Argo CD rewrite the file before building.

    Lists are joined (an image of the same name is replaced), mappings are joined key by key, the rest is taken
    from `extra`.
    """
    made = Map(body.path, body.line)
    made.update(body)
    made.lines = dict(body.lines)
    for key, value in extra.items():
        before = made.get(key)
        if isinstance(value, Seq) and isinstance(before, Seq):
            made.put(key, _joined(before, value, is_images=key == "images"), made.lines.get(key))
        elif isinstance(value, Map) and isinstance(before, Map):
            made.put(key, lay_over(before, value), made.lines.get(key))
        else:
            made.put(key, value, extra.at(key))
    return made


def _joined(before: Seq, after: Seq, *, is_images: bool) -> Seq:
    made = Seq(before.path, before.line)
    replaced = {_name(item) for item in after} if is_images else set()
    for source in (before, after):
        for index, item in enumerate(source):
            if source is before and is_images and _name(item) in replaced:
                continue
            made.append(item)
            made.lines.append(source.at(index))
    return made


def _name(item: Value) -> str:
    return text(item.get("name")) if isinstance(item, Map) else ""


def generated(files: Files, folder: str) -> Map:
    """Return the kustomization that Flux makes for a folder without one: every manifest below it.

    Folders below that have a kustomization of their own are listed as folders.

    Source: fluxcd/pkg/kustomize/kustomize_generator.go scanManifests.
    """
    paths = _below(files, folder)
    owned = {parent(path) for path in paths if path.rpartition("/")[2] in KUSTOMIZATION_NAMES}
    owned.discard(folder)
    prefix = "" if folder in ("", ".") else f"{folder}/"
    listed: dict[str, str] = {}
    for path in paths:
        owner = _owner(path, folder, owned)
        entry = owner or path
        if owner or path.endswith(_LISTED):
            listed.setdefault(entry[len(prefix) :], path)
    body = Map(folder, 1)
    entries = Seq(folder, 1)
    for entry, path in listed.items():
        entries.append(entry)
        entries.lines.append(Location(path, 1))
    body.put("resources", entries, 1)
    return body


def _below(files: Files, folder: str) -> Sequence[str]:
    if not files.found or folder.startswith(".."):
        return find_files(files.root, folder)
    if folder in ("", "."):
        return [path for path in files.found if not path.startswith("..")]
    return files.below(folder)


def _owner(path: str, folder: str, owned: set[str]) -> str | None:
    """Return the outermost folder between `folder` and the file that has a kustomization."""
    found = None
    place = parent(path)
    while place not in (folder, ".", "", "/"):
        if place in owned:
            found = place
        place = parent(place)
    return found
