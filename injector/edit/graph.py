"""What a document means, aliases shared and merges kept apart, and what an edit makes of it.

This is the model that the text is checked against: it knows nothing of the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from injector.edit.nodes import MAX_DEPTH, Node
from injector.edit.values import Data, Scalar, as_scalar, is_list
from injector.manifests.yamldoc import MAX_ALIAS_NODES, resolve_scalar

_TEMPLATE_KEY: Final = "{{}}"
"""Stands for a key that is no scalar, as in `injector.manifests.yamldoc`."""
_STR_TAGS: Final = ("tag:yaml.org,2002:str", "!")


@dataclass(slots=True, eq=False)
class Cell:
    """One value; an alias and what it stands for are the same cell.

    Attributes:
        scalar: what it says, when it has neither pairs nor items.
        pairs: of a mapping.
        items: of a sequence.
        merges: what ``<<`` brings to a mapping.
    """

    scalar: Scalar = None
    pairs: list[tuple[str, Cell]] | None = None
    items: list[Cell] | None = None
    merges: list[Cell] = field(default_factory=list)

    def become(self, other: Cell) -> None:
        """Take over another cell's value; everything that shares this cell sees it."""
        self.scalar, self.pairs, self.items, self.merges = other.scalar, other.pairs, other.items, other.merges


def key_of(node: Node) -> str:
    """Return what a key says."""
    return node.text if node.kind == "scalar" else _TEMPLATE_KEY


def is_merge(key: Node) -> bool:
    """Tell whether a key is ``<<`` (https://yaml.org/type/merge.html)."""
    return key.kind == "scalar" and key.text == "<<" and not key.style


class Graph:
    """A document's cells."""

    def __init__(self, root: Node | None) -> None:
        self.cells: dict[int, Cell] = {}
        self.root = self._build(root) if root else Cell()

    def cell(self, node: Node) -> Cell:
        """Return a node's cell; of an alias, its target's."""
        return self.cells[id(node.target or node)]

    def _build(self, node: Node) -> Cell:
        if node.target is not None:
            return self.cells[id(node.target)]
        made = self.cells[id(node)] = Cell()
        if node.kind == "scalar":
            is_text = bool(node.style) or node.tag in _STR_TAGS
            made.scalar = node.text if is_text else resolve_scalar(node.text)
        elif node.kind == "sequence":
            made.items = []
            for entry in node.entries:
                made.items.append(self._build(entry.value))
        else:
            made.pairs = []
            for entry in node.entries:
                if entry.key is None:
                    continue
                value = self._build(entry.value)
                if is_merge(entry.key):
                    made.merges.append(value)
                else:
                    made.pairs.append((key_of(entry.key), value))
        return made


def make_cell(value: Data) -> Cell:
    """Return plain data as a cell."""
    if isinstance(value, Mapping):
        return Cell(pairs=[(key, make_cell(item)) for key, item in value.items()])
    if is_list(value):
        return Cell(items=[make_cell(item) for item in value])
    return Cell(as_scalar(value))


class ExpansionError(Exception):
    """Aliases expand without end or beyond reason."""


def expand(cell: Cell) -> Data:
    """Return plain data: aliases written out, merges applied, the last of equal keys.

    Raises:
        ExpansionError: an alias bomb.
    """
    return _Expander().expand(cell, 0)


class _Expander:
    def __init__(self) -> None:
        self.budget = MAX_ALIAS_NODES

    def expand(self, cell: Cell, depth: int) -> Data:
        self.budget -= 1
        if self.budget < 0 or depth > MAX_DEPTH:
            raise ExpansionError
        if cell.items is not None:
            return [self.expand(item, depth + 1) for item in cell.items]
        if cell.pairs is None:
            return cell.scalar
        made = {key: self.expand(value, depth + 1) for key, value in cell.pairs}
        for merge in cell.merges:
            merged = self.expand(merge, depth + 1)
            for source in merged if is_list(merged) else [merged]:
                if isinstance(source, Mapping):
                    made = {**source, **made}
        return made
