"""Edits of a YAML file, byte by byte: `YamlFile` is the door to `injector.edit`.

Every method returns a new `YamlFile` and raises `EditError` when the result would not be what was asked for; see
`injector.edit` for how that is made sure. Methods are idempotent: an edit that finds its result there returns the
file as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NoReturn

from injector.edit import block, flow
from injector.edit.emit import Style
from injector.edit.graph import Cell, ExpansionError, Graph, expand, make_cell
from injector.edit.locate import Locator, Place, is_merge_entry
from injector.edit.nodes import Node, Tree, parse
from injector.edit.scalars import UnwritableError
from injector.edit.source import Source, Span, decode
from injector.edit.splice import Splice, apply_splices
from injector.edit.style import find_style
from injector.edit.values import Data, Path, find_value, is_list, is_same, put_value, render_path
from injector.errors import EditError
from injector.location import Location


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file of YAML documents, or of JSON.

    Attributes:
        source: the file's text.
        is_for_all: edits inside an anchored node are meant for all places that share it; otherwise such an edit is
            refused.
    """

    source: Source
    is_for_all: bool = False

    @classmethod
    def read(cls, data: bytes, path: str) -> YamlFile:
        """Return a file's bytes ready for edits; documents are parsed when they are edited.

        Raises:
            EditError: they are no text.
        """
        return cls(decode(data, path))

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.source.encode()

    def for_all(self) -> YamlFile:
        """Return the file for edits that are meant for all aliases of what they change."""
        return replace(self, is_for_all=True)

    def value(self, document: int, path: Path = ()) -> Data:
        """Return what stands under a path, aliases and merges resolved.

        Raises:
            EditError: nothing stands there.
        """
        tree = self._tree(document)
        found = find_value(_expand(tree), path)
        if found is None:
            raise EditError(f"{render_path(path)}: does not exist; name another", tree.at(0))
        return found[0]

    def has(self, document: int, path: Path) -> bool:
        """Tell whether something stands under a path, be it null."""
        return find_value(_expand(self._tree(document)), path) is not None

    def text(self, document: int) -> str:
        """Return a document as it stands in the file, its ``---`` line included; `add_document` takes it back."""
        span = self._span(document)
        return self.source.text[span.start : span.end]

    def comments(self, document: int) -> tuple[str, ...]:
        """Return a document's comments, in order, with their ``#``."""
        return tuple(text for _, text in self._tree(document).comments)

    def set(self, document: int, path: Path, value: Data, *, after: str = "") -> YamlFile:
        """Make `value` stand under `path`; missing mappings on the way are made.

        A mapping or list that is there already is changed only where it differs.

        Args:
            document: index in the file.
            path: where.
            value: plain data.
            after: a new key shall stand below this one, when it is there, instead of last.
        """
        there = find_value(_expand(self._tree(document)), path)
        if there is not None and is_same(there[0], value):
            return self
        edit = self._edit(document, path)
        place = edit.locator.find(path)
        is_ours = place.node.kind != "alias" or self.is_for_all
        if there is not None and there[0] and value and is_ours and not place.rest:
            if isinstance(there[0], Mapping) and isinstance(value, Mapping):
                return self._set_mapping(document, path, there[0], value)
            if is_list(there[0]) and is_list(value):
                return self._set_list(document, path, there[0], value)
        if not place.rest:
            return self._replace(edit, place, value)
        return self._create(edit, place, value, after)

    def delete(self, document: int, path: Path, *, is_pruning: bool = False) -> YamlFile:
        """Remove a key or an item, with the comment above it and at its end; nothing there, nothing done.

        Args:
            document: index in the file.
            path: what; a key that overrides a merged one shows the merged one again.
            is_pruning: remove the mappings and lists that become empty, too.

        Raises:
            EditError: the key comes from a merge.
        """
        if find_value(_expand(self._tree(document)), path) is None:
            return self
        edit = self._edit(document, path)
        place = edit.locator.find(path)
        if place.rest:
            edit.fail(place.node, "comes from a merge (<<); remove it where the anchor is")
        parent = place.node.parent
        if parent is None:
            edit.fail(place.node, "is the document itself; remove the document instead")
        if is_pruning and len(path) > 1 and len(parent.entries) == 1:
            return self.delete(document, path[:-1], is_pruning=True)
        edit.locator.check_dropped(parent.entries[place.index].value, path)
        edit.allow(block.extent(edit.tree, parent, place.index))
        _drop(edit.graph.cell(parent), parent, place.index)
        remove = block.remove_entry if parent.is_block else flow.remove_entry
        return self._finish(edit, lambda _: remove(edit.tree, parent, place.index))

    def insert(self, document: int, path: Path, index: int, value: Data) -> YamlFile:
        """Insert an item into the list under `path` before item `index`; a missing list is made. Not idempotent."""
        there = find_value(_expand(self._tree(document)), path)
        if there is None or there[0] is None or there[0] == []:
            return self.set(document, path, [value])
        edit = self._edit(document, path)
        node = edit.locator.check_inside(edit.locator.find(path).node, path)
        if node.kind != "sequence" or not 0 <= index <= len(node.entries):
            edit.fail(node, f"is no list with a place {index}; name another")
        items = edit.graph.cell(node).items
        if items is not None:
            items.insert(index, make_cell(value))
        if node.is_block:
            return self._finish(
                edit, lambda style: block.insert_item(edit.tree, node, index, value=value, style=style), node
            )
        return self._finish(
            edit, lambda style: flow.insert_entry(edit.tree, node, index, key=None, value=value, style=style), node
        )

    def append(self, document: int, path: Path, value: Data) -> YamlFile:
        """Append an item to the list under `path`, unless an equal one is there; a missing list is made."""
        there = find_value(_expand(self._tree(document)), path)
        items = there[0] if there is not None else None
        if not is_list(items):
            return self.insert(document, path, 0, value)
        if any(is_same(item, value) for item in items):
            return self
        return self.insert(document, path, len(items), value)

    def _set_mapping(self, document: int, path: Path, old: Mapping[str, Data], new: Mapping[str, Data]) -> YamlFile:
        made = self
        for key, value in new.items():
            made = made.set(document, (*path, key), value)
        for key in old:
            if key not in new:
                made = made.delete(document, (*path, key))
        return made

    def _set_list(self, document: int, path: Path, old: Sequence[Data], new: Sequence[Data]) -> YamlFile:
        head = 0
        while head < min(len(old), len(new)) and is_same(old[head], new[head]):
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and is_same(old[-1 - tail], new[-1 - tail]):
            tail += 1
        common = min(len(old), len(new)) - head - tail
        made = self
        for index in range(head, head + common):
            made = made.set(document, (*path, index), new[index])
        for index in range(head + common, len(new) - tail):
            made = made.insert(document, path, index, new[index])
        for _ in range(head + common, len(old) - tail):
            made = made.delete(document, (*path, head + common))
        return made

    def _replace(self, edit: _Edit, place: Place, value: Data) -> YamlFile:
        node = place.node
        parent = node.parent
        if parent is None:
            return self._replace_root(edit, node, value)
        edit.locator.check_shared(node, edit.path)
        for entry in node.entries:
            edit.locator.check_dropped(entry.value, edit.path)
        if node.uses:
            edit.graph.cell(node).become(make_cell(value))
        else:
            _put(edit.graph.cell(parent), parent, place.index, make_cell(value))
        entry = parent.entries[place.index]
        edit.allow(block.value_extent(edit.tree, entry))
        if parent.is_block:
            return self._finish(
                edit,
                lambda style: block.replace_value(edit.tree, parent, place.index, value=value, style=style),
                parent,
            )
        return self._finish(edit, lambda style: flow.replace_value(entry, value=value, style=style), parent)

    def _replace_root(self, edit: _Edit, node: Node, value: Data) -> YamlFile:
        is_empty = node.style == "flow" and not node.entries
        if not (is_empty or node.is_null) or not isinstance(value, Mapping) or edit.tree.comments:
            edit.fail(node, "is the document itself; replace the document instead")
        edit.graph.root.become(make_cell(value))
        return self._finish(edit, lambda style: block.replace_root(edit.tree, node, value, style))

    def _create(self, edit: _Edit, place: Place, value: Data, after: str) -> YamlFile:
        first, *rest = place.rest
        made = _nest(edit, place, tuple(rest), value)
        node = place.node
        if not isinstance(first, str):
            edit.fail(node, "does not exist; name another")
        if node.is_null or (not node.entries and not _has_flow_around(node) and not _has_text(edit.tree, node)):
            return self._replace(edit, replace(place, rest=()), {first: made})
        index = _index_behind(node, after)
        pairs = edit.graph.cell(node).pairs
        if pairs is not None:
            pairs.append((first, make_cell(made)))
        if node.is_block:
            return self._finish(
                edit, lambda style: block.insert_pair(edit.tree, node, index, key=first, value=made, style=style), node
            )
        return self._finish(
            edit, lambda style: flow.insert_entry(edit.tree, node, index, key=first, value=made, style=style), node
        )

    def _tree(self, document: int) -> Tree:
        return parse(self.text(document), self.source.path, line=self._span(document).line)

    def _span(self, document: int) -> Span:
        spans = self.source.spans()
        if not 0 <= document < len(spans):
            message = f"has no document {document}, it has {len(spans)}; name another"
            raise EditError(message, Location(self.source.path, 1))
        return spans[document]

    def _edit(self, document: int, path: Path) -> _Edit:
        tree = self._tree(document)
        graph = Graph(tree.root)
        return _Edit(self._span(document), tree, graph, Locator(tree, graph, is_for_all=self.is_for_all), path)

    def _finish(self, edit: _Edit, make: Callable[[Style], list[Splice]], parent: Node | None = None) -> YamlFile:
        """Make the splices and verify what comes of them; text that fails as a block is tried in quotes."""
        style = find_style(edit.tree, parent)
        try:
            return self._verified(edit, make(style))
        except UnwritableError as err:
            message = f"{render_path(edit.path)}: cannot be written as YAML ({err}); give another value"
            raise EditError(message, edit.tree.at(0)) from err
        except _UnfaithfulError:
            try:
                return self._verified(edit, make(replace(style, is_literal=False)))
            except _UnfaithfulError as err:
                message = f"{render_path(edit.path)}: cannot be edited without changing more ({err}); edit it by hand"
                raise EditError(message, edit.tree.at(parent.start if parent else 0)) from err

    def _verified(self, edit: _Edit, splices: list[Splice]) -> YamlFile:
        tree = edit.tree
        text = apply_splices(tree.text, splices)
        whole = self.source.text
        source = self.source.with_text(whole[: edit.span.start] + text + whole[edit.span.end :])
        if len(source.spans()) != len(self.source.spans()):
            raise _UnfaithfulError("it would become several documents")
        try:
            made = parse(text, tree.path, line=tree.line)
        except EditError as err:
            raise _UnfaithfulError("the result is no YAML") from err
        if not is_same(_expand(made), _expand_graph(edit.graph, tree)):
            raise _UnfaithfulError("other values would change")
        if not _has_right_comments(edit, made):
            raise _UnfaithfulError("a comment would be lost")
        return replace(self, source=source)


class _UnfaithfulError(Exception):
    """The result is not what was asked for."""


@dataclass(slots=True)
class _Edit:
    """One edit on its way: the document as it is, and the graph as it shall be."""

    span: Span
    tree: Tree
    graph: Graph
    locator: Locator
    path: Path
    allowed: list[tuple[int, int]] = field(default_factory=list)
    """Where comments may go."""

    def allow(self, extent: tuple[int, int]) -> None:
        self.allowed.append(extent)

    def fail(self, node: Node, message: str) -> NoReturn:
        raise EditError(f"{render_path(self.path)}: {message}", self.tree.at(node.start))


def _has_right_comments(edit: _Edit, made: Tree) -> bool:
    """Tell whether all comments are there except those that may go, and none is new."""
    old = Counter(text for _, text in edit.tree.comments)
    kept = Counter(
        text for offset, text in edit.tree.comments if not any(start <= offset < end for start, end in edit.allowed)
    )
    new = Counter(text for _, text in made.comments)
    return kept <= new <= old


@lru_cache(maxsize=32)
def _expand(tree: Tree) -> Data:
    """Return a document's value, which nobody may change: an edit asks for it several times."""
    return _expand_graph(Graph(tree.root), tree)


def _expand_graph(graph: Graph, tree: Tree) -> Data:
    try:
        return expand(graph.root)
    except ExpansionError as err:
        raise EditError("has aliases that expand without end or beyond reason; write them out", tree.at(0)) from err


def _nest(edit: _Edit, place: Place, rest: Path, value: Data) -> Data:
    """Return what shall stand under the first missing key so that `value` stands under the rest of the path."""
    base = place.inherited if place.is_inherited else None
    try:
        return put_value(base, rest, value)
    except LookupError:
        edit.fail(place.node, "leads through what does not exist; make the list first")


def _index_behind(node: Node, after: str) -> int:
    keys = [entry.key.text if entry.key else "" for entry in node.entries]
    return keys.index(after) + 1 if after and after in keys else len(keys)


def _pair_index(parent: Node, index: int) -> int:
    """Return an entry's number among those that are no merges."""
    return sum(not is_merge_entry(entry) for entry in parent.entries[:index])


def _put(cell: Cell, parent: Node, index: int, value: Cell) -> None:
    if cell.items is not None:
        cell.items[index] = value
    elif cell.pairs is not None:
        at = _pair_index(parent, index)
        cell.pairs[at] = (cell.pairs[at][0], value)


def _drop(cell: Cell, parent: Node, index: int) -> None:
    if cell.items is not None:
        del cell.items[index]
    elif cell.pairs is not None:
        del cell.pairs[_pair_index(parent, index)]


def _has_flow_around(node: Node) -> bool:
    return node.parent is not None and not node.parent.is_block


def _has_text(tree: Tree, node: Node) -> bool:
    """Tell whether a comment stands between the brackets of an empty collection."""
    return "#" in tree.text[node.content : node.end]
