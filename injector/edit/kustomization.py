"""A kustomization's lists, kept right when files come and go.

Source: kustomize api/types/kustomization.go for the fields. A kustomization that says nothing but its ``apiVersion`` and
``kind`` is refused by kustomize ("kustomization.yaml is empty", `CheckEmpty`); one with ``resources: []`` is not.
"""

from __future__ import annotations

import posixpath
from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from injector.edit.documents import add_document
from injector.edit.values import Data, is_list
from injector.edit.yamlfile import YamlFile

API_VERSION: Final = "kustomize.config.k8s.io/v1beta1"
_HEAD: Final = ("apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix")
_LISTED: Final = ("resources", "bases", "components")
_PATHS: Final = (
    *_LISTED, "patchesStrategicMerge", "crds", "configurations", "generators", "transformers", "validators",
)  # fmt: skip
_PATCHES: Final = ("patches", "patchesJson6902", "replacements")
_TYPE: Final = frozenset({"apiVersion", "kind"})
_ENOUGH_TO_BE_SORTED: Final = 2


def make_kustomization(path: str, resources: Sequence[str]) -> YamlFile:
    """Return a new kustomization that lists resources.

    Args:
        path: the file it shall be.
        resources: as they shall be listed.
    """
    body: dict[str, Data] = {"apiVersion": API_VERSION, "kind": "Kustomization", "resources": list(resources)}
    return add_document(YamlFile.read(b"", path), body)


def add_path(file: YamlFile, path: str, *, field: str = "resources") -> YamlFile:
    """Return the kustomization with a file or folder in a list of paths; listed already, it stays as it is.

    A sorted list stays sorted; into another one it comes last. A missing list is made.

    Args:
        file: a kustomization.
        path: relative to the kustomization's folder.
        field: ``resources``, ``components`` or another list of paths.

    Raises:
        EditError: the field is no list.
    """
    items = _items(file, field)
    if any(_is_path(item, path) for item in items):
        return file
    return _add(file, field, path, _place(items, path))


def add_patch(file: YamlFile, path: str, *, target: Mapping[str, Data] | None = None) -> YamlFile:
    """Return the kustomization with a patch file as its last patch; a patch of that file and target stays as it is.

    Args:
        file: a kustomization.
        path: of the patch, relative to the kustomization's folder.
        target: the selector; None when the patch names its object itself.
    """
    entry: dict[str, Data] = {"path": path, "target": target} if target else {"path": path}
    items = _items(file, "patches")
    for item in items:
        if isinstance(item, Mapping) and _is_path(item.get("path"), path) and item.get("target") == entry.get("target"):
            return file
    return _add(file, "patches", entry, len(items))


def remove_path(file: YamlFile, path: str) -> YamlFile:
    """Return the kustomization without a file or folder, wherever it is listed, as a patch too.

    A list that becomes empty goes, unless comments stand by it or the kustomization would say nothing without: then
    it stays as ``[]``.
    """
    for field in (*_PATHS, *_PATCHES):
        items = _items(file, field)
        found = [index for index, item in enumerate(items) if _names(item, path)]
        for index in reversed(found):
            file = file.delete(0, (field, index))
        if found and len(found) == len(items):
            file = _without_empty(file, field)
    return file


def lists_path(file: YamlFile, path: str) -> bool:
    """Tell whether a kustomization names a file or folder in any of its lists."""
    return any(_names(item, path) for field in (*_PATHS, *_PATCHES) for item in _items(file, field))


def _items(file: YamlFile, field: str) -> Sequence[Data]:
    value = file.value(0, (field,)) if file.has(0, (field,)) else None
    return value if is_list(value) else []


def _is_path(item: Data, path: str) -> bool:
    return isinstance(item, str) and posixpath.normpath(item) == posixpath.normpath(path)


def _names(item: Data, path: str) -> bool:
    return _is_path(item.get("path") if isinstance(item, Mapping) else item, path)


def _place(items: Sequence[Data], path: str) -> int:
    texts = [item for item in items if isinstance(item, str)]
    is_sorted = len(texts) == len(items) >= _ENOUGH_TO_BE_SORTED and all(a <= b for a, b in pairwise(texts))
    return bisect(texts, path) if is_sorted else len(items)


def _add(file: YamlFile, field: str, entry: Data, index: int) -> YamlFile:
    if file.has(0, (field,)):
        return file.insert(0, (field,), index, entry)
    before = _HEAD if field in _LISTED else (*_HEAD, *_LISTED)
    above = [key for key in before if file.has(0, (key,))]
    return file.set(0, (field,), [entry], after=above[-1] if above else "")


def _without_empty(file: YamlFile, field: str) -> YamlFile:
    body = file.value(0)
    says_more = isinstance(body, Mapping) and any(
        value is not None for key, value in body.items() if key != field and key not in _TYPE
    )
    dropped = file.delete(0, (field,)) if says_more else file
    return dropped if len(dropped.comments(0)) == len(file.comments(0)) else file
