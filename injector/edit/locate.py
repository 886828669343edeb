"""From a path to the node it names; what aliases share is not touched unknowingly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from injector.edit.graph import Graph, expand, is_merge, key_of
from injector.edit.nodes import Entry, Node, Tree
from injector.edit.values import Data, Item, Path, Step, is_list, render_path
from injector.errors import EditError


@dataclass(frozen=True, slots=True)
class Place:
    """How far a path leads.

    Attributes:
        node: the last node that exists on the path, aliases followed.
        index: of that node in its parent's entries; -1 for the root.
        rest: the steps that do not exist.
        inherited: what a merge (``<<``) brings under the first of `rest`; None when nothing does.
        is_inherited: a merge brings the first of `rest`.
    """

    node: Node
    index: int
    rest: Path = ()
    inherited: Data = None
    is_inherited: bool = False


class Locator:
    """Finds nodes of one document.

    Args:
        tree: the document.
        graph: what it means.
        is_for_all: what aliases share may be edited: the edit is meant for all its places.
    """

    def __init__(self, tree: Tree, graph: Graph, *, is_for_all: bool = False) -> None:
        self.tree = tree
        self.graph = graph
        self.is_for_all = is_for_all

    def find(self, path: Path) -> Place:
        """Follow a path as far as it exists.

        Raises:
            EditError: a step cannot be taken (a key of a list, an index out of range, an alias on the way).
        """
        if self.tree.root is None:
            self._fail(path, 0, "is an empty document; replace the document instead")
        node, index = self.tree.root, -1
        for done, step in enumerate(path):
            node = self._enter(node, path, done)
            if node.is_null and isinstance(step, str):
                return Place(node, index, path[done:])
            found = self._step(node, path, done, step)
            if found is None:
                inherited = self._inherited(node, step)
                return Place(node, index, path[done:], inherited.get(str(step)), str(step) in inherited)
            index, node = found, node.entries[found].value
        return Place(node, index)

    def check_inside(self, node: Node, path: Path) -> Node:
        """Return the node whose entries may be changed: an alias's target when the edit is meant for all."""
        return self._enter(node, path, len(path))

    def check_dropped(self, node: Node, path: Path) -> None:
        """Refuse to drop a node while aliases outside of it need an anchor inside.

        Raises:
            EditError: naming the line of such an alias.
        """
        stack = [node]
        while stack:
            one = stack.pop()
            stack += [part for entry in one.entries for part in (entry.key, entry.value) if part is not None]
            outside = [use for use in one.uses if not node.start <= use < node.end]
            if outside:
                line = self.tree.at(outside[0]).line
                self._fail(
                    path,
                    one.start,
                    f"holds anchor &{one.anchor} that line {line} uses; write the value out there first",
                )

    def check_shared(self, node: Node, path: Path) -> None:
        """Refuse to change an anchored node that aliases share, unless the edit is meant for all."""
        if node.uses and not self.is_for_all:
            lines = ", ".join(str(self.tree.at(use).line) for use in node.uses)
            message = f"is inside anchor &{node.anchor} that aliases share (line {lines}); write the value out in the places that must not change first"
            self._fail(path, node.start, message)

    def _enter(self, node: Node, path: Path, done: int) -> Node:
        if node.kind == "alias" and node.target is not None:
            if not self.is_for_all:
                line = self.tree.at(node.target.start).line
                message = f"is the alias *{node.text} of line {line}; write the value out here first"
                self._fail(path[:done], node.start, message)
            node = node.target
        self.check_shared(node, path)
        return node

    def _step(self, node: Node, path: Path, done: int, step: Step) -> int | None:
        if isinstance(step, str):
            if node.kind != "mapping":
                self._fail(path[:done], node.start, f"is no mapping, it has no key {step!r}; name another")
            return self._key(node, path[: done + 1], step)
        if node.kind != "sequence":
            self._fail(path[:done], node.start, "is no list; name a key")
        if isinstance(step, int):
            if not 0 <= step < len(node.entries):
                self._fail(
                    path[: done + 1],
                    node.start,
                    f"does not exist, the list has {len(node.entries)} items; name another",
                )
            return step
        return self._item(node, path[: done + 1], step)

    def _key(self, node: Node, path: Path, key: str) -> int | None:
        found = [index for index, entry in enumerate(node.entries) if _is_key(entry, key)]
        if len(found) > 1:
            self._fail(path, node.entries[found[-1]].start, "stands twice in its mapping; remove one of them first")
        return found[0] if found else None

    def _item(self, node: Node, path: Path, step: Item) -> int:
        named = [_get(expand(self.graph.cell(entry.value)), step.key) for entry in node.entries]
        found = [index for index, name in enumerate(named) if name == step.name]
        if len(found) != 1:
            count = "no item" if not found else f"{len(found)} items"
            self._fail(path, node.start, f"is not there, the list has {count} of that name; name another")
        return found[0]

    def _inherited(self, node: Node, step: Step) -> Mapping[str, Data]:
        """Return what merges bring to a mapping."""
        if not isinstance(step, str) or node.kind != "mapping":
            return {}
        merged: dict[str, Data] = {}
        for entry in node.entries:
            if is_merge_entry(entry):
                value = expand(self.graph.cell(entry.value))
                for source in value if is_list(value) else [value]:
                    if isinstance(source, Mapping):
                        merged = {**source, **merged}
        return merged

    def _fail(self, path: Path, offset: int, message: str) -> NoReturn:
        raise EditError(f"{render_path(path)}: {message}", self.tree.at(offset))


def is_merge_entry(entry: Entry) -> bool:
    """Tell whether a pair is a merge (``<<: *anchor``)."""
    return entry.key is not None and is_merge(entry.key)


def _get(value: Data, key: str) -> Data:
    return value.get(key) if isinstance(value, Mapping) else None


def _is_key(entry: Entry, key: str) -> bool:
    return entry.key is not None and not is_merge_entry(entry) and key_of(entry.key) == key
