"""Whether what a stage wrote into the manifests of pods arrives in the objects that are deployed, and what undoes it.

An overlay's patch, a replacement, Flux' own patches and a HelmRelease's post-renderers all come after the manifest. So the
difference that the stage made to a manifest is looked for, value by value, in the object as it would be rendered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from injector.errors import EditError
from injector.inventory.facts import Inventory, OptedPods
from injector.inventory.opted import PodPath, digest, is_label, is_mark, iter_leaves
from injector.location import Location
from injector.manifests.document import mapping, text
from injector.manifests.yamldoc import Map, Parsed, Seq, Value, iter_documents
from injector.migration.model import SecretMigration, Stage
from injector.model import Consumer, ObjectRef
from injector.stages.documents import find_document, find_kustomization
from injector.stages.workspace import Workspace

Lost: TypeAlias = "tuple[str, Location]"
"""What would be undone, in words, and where that is done."""

_PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "transformers")
_VARIABLE: Final = re.compile(r"(?<!\$)\$\{")
_SUBSTITUTED: Final = ""
"""Stands for a value with a variable of Flux: that something stands in its place is all that can be said."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree before and after a stage.

    Attributes:
        before, after: what is deployed.
        workspace: the files as they will be, and as they are.
    """

    before: Inventory
    after: Inventory
    workspace: Workspace


def find_lost(migration: SecretMigration, tree: Tree) -> Iterator[Lost]:
    """Yield what the stage wrote for a migration's pods that would not arrive there; once for each of its deployments."""
    if migration.stage not in (Stage.INJECT, Stage.RELEASE):
        return
    own = {(one.kind, one.name) for one in migration.workloads}
    opted = {(one.ref, one.root): one for one in tree.after.deployed.opted}
    seen: set[tuple[ObjectRef, str, str, int]] = set()
    for one in tree.before.deployed.consumers:
        is_its = (one.secret_namespace or one.ref.namespace, one.secret) == (migration.namespace, migration.secret)
        deployment = (one.ref, one.origin.root, one.origin.location.path, one.origin.document)
        if not is_its or (one.ref.kind, one.ref.name) not in own or deployment in seen:
            continue
        seen.add(deployment)
        lost = _first_lost(one, opted.get((one.ref, one.origin.root)), tree)
        if lost:
            yield lost


def _first_lost(consumer: Consumer, pods: OptedPods | None, tree: Tree) -> Lost | None:
    root = tree.after.roots.get(consumer.origin.root)
    written = _written(consumer, tree.workspace, is_substituted=root is not None and root.variables is not None)
    if pods is None and written and not any(is_label(path) or _is_post_rendered(path) for path in written):
        told = (
            f"the pods of {consumer.ref} have no opt-in label any more; put it back, or take stage inject back with git"
        )
        return told, consumer.origin.location
    for path, wanted in written.items():
        found = pods.leaves.get(path) if pods else None
        if found is None or wanted not in (found.digest, _SUBSTITUTED):
            at = _culprit(path, pods, consumer, tree)
            return f"a patch would take {_named(path)} from the pods of {consumer.ref} again", at
    for part, at in pods.undoing if pods else ():
        return f"a post-renderer would take the {part} from the pods of {consumer.ref} again", at
    return None


def _written(consumer: Consumer, workspace: Workspace, *, is_substituted: bool) -> dict[PodPath, str]:
    """Return what a manifest has that it did not have before, and what marks its pods; path -> digest.

    Args:
        consumer: knows the manifest.
        workspace: the files as they will be, and as they are.
        is_substituted: Flux puts values in the place of ``${...}`` in it.
    """
    before = _leaves(consumer, Workspace(workspace.read))
    found: dict[PodPath, str] = {}
    for path, (value, has_variable) in _leaves(consumer, workspace).items():
        is_new = is_mark(path) or before.get(path) != (value, has_variable)
        if is_new and not (is_substituted and has_variable):
            found[path] = value
        elif is_new and path[-1][:1] != "[":  # an item without a name is known by its content, which is another then
            found[path] = _SUBSTITUTED
    return found


def _leaves(consumer: Consumer, workspace: Workspace) -> dict[PodPath, tuple[str, bool]]:
    """Return path -> digest, and whether Flux may put something else in its place."""
    try:
        file, document, place = find_document(workspace, consumer.ref, consumer.origin)
    except EditError:
        return {}  # an object inside of another one's text: nothing was written there
    body = file.value(document, place) if place else file.value(document)
    return {
        path: (digest(value), bool(_VARIABLE.search(json.dumps(value, default=str))))
        for path, value, _, _ in iter_leaves(body)
        if value not in ({}, [])
    }


def _is_post_rendered(path: PodPath) -> bool:
    return path[:2] == ("spec", "postRenderers")


def _named(path: PodPath) -> str:
    if is_label(path):
        return "the opt-in label"
    if _is_post_rendered(path):
        return "the post-renderer"
    if path[-1].endswith("/secrets"):
        return "the list of migrations"
    return ".".join(path).replace(".[", "[")


# -- who did it -----------------------------------------------------------------------------------


def _culprit(path: PodPath, pods: OptedPods | None, consumer: Consumer, tree: Tree) -> Location:
    """Return what undoes an edit: the place that the value has instead, or its neighbours; else the likeliest patch."""
    own = consumer.origin.location.path
    leaves = pods.leaves if pods else {}
    near = [leaves[path]] if path in leaves else []
    near += [leaf for other, leaf in leaves.items() if other[:-1] == path[:-1]]
    set_elsewhere = [leaf.location for leaf in near if leaf.location.path not in ("", own)]
    if set_elsewhere:
        return set_elsewhere[0]
    candidates = list(_candidates(consumer, tree))
    speaking = [
        at
        for word in reversed(path)
        for at, written in candidates
        if word.replace("/", "~1") in written or word in written
    ]
    return next(iter([*speaking, *(at for at, _ in candidates)]), consumer.location)


def _candidates(consumer: Consumer, tree: Tree) -> Iterator[tuple[Location, str]]:
    """Yield what patches the consumer's object on its way, each with its text; the nearest to the manifest first."""
    for folder in reversed(consumer.origin.deployed_by):
        path = find_kustomization(tree.workspace, folder)
        for body in _documents(tree.workspace, path):
            yield from _entries(body, consumer.ref, folder, tree.workspace)
    root = tree.after.roots.get(consumer.origin.root)
    if root and root.extra is not None:
        yield from _entries(root.extra, consumer.ref, root.folder, tree.workspace)


def _entries(body: Map, ref: ObjectRef, folder: str, workspace: Workspace) -> Iterator[tuple[Location, str]]:
    for key in _PATCHES:
        entries = body.get(key)
        if isinstance(entries, Seq):
            for index, entry in enumerate(entries):
                if re.fullmatch(_target_of(entry) or ".*", ref.kind):
                    yield entries.at(index), _text_of(entry, folder, workspace)


def _target_of(entry: Value) -> str:
    """Return the kinds that a patch is for, as a regular expression that kustomize takes; empty for any."""
    kind = text(mapping(mapping(entry), "target").get("kind"))
    try:
        re.compile(kind)
    except re.error:
        return ""
    return kind


def _text_of(entry: Value, folder: str, workspace: Workspace) -> str:
    name = entry.get("path") if isinstance(entry, Map) else entry
    data = None
    if isinstance(name, str) and "\n" not in name:
        data = workspace.get(f"{folder}/{name}" if folder not in ("", ".") else name)
    return json.dumps(entry, default=str) + (data or b"").decode(errors="replace")


def _documents(workspace: Workspace, path: str) -> Sequence[Map]:
    data = workspace.get(path) if path else None
    parsed = [one for _, one in iter_documents(data or b"", path)]
    return [one.value for one in parsed if isinstance(one, Parsed) and isinstance(one.value, Map)]
