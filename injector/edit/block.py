"""Splices that insert, remove and replace entries of block collections.

What belongs to an entry: the comment lines directly above it in its own column, and the comment at the end of its
last line. They go when it goes; all other comments and blank lines stay. New entries stand directly below the entry
before them, so that removing them again gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from injector.edit.emit import Rendered, Style, render_flow, render_item, render_items, render_pairs, render_value
from injector.edit.nodes import Entry, Node, Tree
from injector.edit.splice import (
    Splice,
    column,
    head_start,
    is_rest_blank,
    is_start_blank,
    line_end,
    line_start,
    newline_at,
    next_line,
)
from injector.edit.style import style_for
from injector.edit.values import Data
from injector.errors import EditError

_HEADER: Final = re.compile(r"[|>][-+0-9]*")
UNENDED: Final = "is block text that the file ends in without a line break, which would change it; add one first"
_OWN_LINE: Final = "has something else on its line; put it on a line of its own first"


def owner_of(node: Node) -> Entry | None:
    """Return the entry whose value a node is; None for a document's root."""
    if node.parent is None:
        return None
    return next((entry for entry in node.parent.entries if entry.value is node), None)


def extent(tree: Tree, parent: Node, index: int) -> tuple[int, int]:
    """Return where the comments stand that go with an entry: from those above it to the end of its last line."""
    entry = parent.entries[index]
    start = head_start(tree.text, entry.start, _floor(parent, index)) if parent.is_block else entry.start
    return start, line_end(tree.text, entry.end)


def value_extent(tree: Tree, entry: Entry) -> tuple[int, int]:
    """Return where the comments stand that go with an entry's value: not the one behind a key whose value is below."""
    old, text = entry.value, tree.text
    head = max(entry.indicator, old.props, entry.start)
    if "\n" not in text[head : old.end]:
        return old.content, old.end
    start = min(old.content, line_end(text, head)) if old.is_block else old.content
    return start, line_end(text, old.end)


def insert_pair(tree: Tree, parent: Node, index: int, *, key: str, value: Data, style: Style) -> list[Splice]:
    """Insert a key below the pair `index - 1` of a block mapping."""
    at = column(tree.text, parent.entries[0].start)
    return _insert_below(tree, parent.entries[index - 1], render_pairs({key: value}, at, style))


def insert_item(tree: Tree, parent: Node, index: int, *, value: Data, style: Style) -> list[Splice]:
    """Insert an item before item `index` of a block sequence, or as its last."""
    text = tree.text
    first = parent.entries[0]
    at = column(text, first.start)
    lines = render_items([value], at, style)
    if index > 0:
        return _insert_below(tree, parent.entries[index - 1], lines)
    newline = newline_at(text, first.start, "\n")
    if not is_start_blank(text, first.start):
        return [Splice(first.start, first.start, newline.join(lines)[at:] + newline + " " * at)]
    start = head_start(text, first.start, _floor(parent, 0))
    return [Splice(start, start, "".join(line + newline for line in lines))]


def remove_entry(tree: Tree, parent: Node, index: int) -> list[Splice]:
    """Remove an entry of a block collection; the last one leaves ``{}`` or ``[]``."""
    text = tree.text
    entry = parent.entries[index]
    if not is_rest_blank(text, entry.end):
        raise EditError(_OWN_LINE, tree.at(entry.start))
    empty = "{}" if parent.kind == "mapping" else "[]"
    if len(parent.entries) == 1:
        owner = owner_of(parent)
        if owner is None:
            return [Splice(entry.start, entry.end, empty)]
        if not is_start_blank(text, entry.start):
            return [Splice(entry.start, line_end(text, entry.end), empty)]
        behind = max(owner.indicator, parent.props)
        return [Splice(behind, behind, f" {empty}"), _remove_lines(tree, parent, index)]
    if is_start_blank(text, entry.start):
        return [_remove_lines(tree, parent, index)]
    # The first of a compact collection: `- name: x`. What is next moves up behind the dash, unless comments are between.
    below = parent.entries[index + 1].start
    if text[line_end(text, entry.end) : below].strip():
        start = entry.start
        while text[start - 1] in " \t":
            start -= 1
        return [Splice(start, line_end(text, entry.end))]
    return [Splice(entry.start, below)]


def replace_value(tree: Tree, parent: Node, index: int, *, value: Data, style: Style) -> list[Splice]:
    """Replace the value of an entry of a block collection; its anchor stays, its tag goes."""
    text = tree.text
    entry = parent.entries[index]
    old = entry.value
    behind = entry.indicator
    if behind < 0:
        raise EditError("is a key without a colon; write the colon first", tree.at(entry.start))
    if not is_rest_blank(text, max(old.end, behind)):
        raise EditError(_OWN_LINE, tree.at(entry.start))
    is_below = "\n" in text[behind : old.content] and old.end > behind
    anchor = f"&{old.anchor}" if old.anchor and old.kind != "alias" else ""
    is_on_line = old.end > behind and "\n" not in text[behind : old.start]
    gap = text[behind : old.start] if is_on_line else " "
    is_compact = not anchor and not is_below
    style = style_for(replace(style, gap=1 + len(gap)) if is_compact and is_on_line else style, old)
    new = _render(text, parent, entry, value, style, is_compact=is_compact)
    below = _below(text, new, behind)
    inline = " ".join(filter(None, (anchor, new.inline)))
    inline = gap + inline if inline else ""
    if is_below and not new.body and not old.is_block and old.props < 0 and old.style not in ("|", ">"):
        return [Splice(old.start, old.end, " ".join(filter(None, (anchor, new.inline))))]
    if is_below:
        head = max(behind, old.props)
        return [Splice(behind, head, inline), Splice(line_end(text, head), line_end(text, old.end), below)]
    if old.style in ("|", ">"):
        header = _HEADER.match(text, old.content)
        head = header.end() if header else old.content
        first = line_end(text, head)
        return [Splice(behind, head, inline), Splice(first, max(first, old.end), below)]
    if old.is_block and "\n" in text[behind : old.end]:
        return [Splice(behind, line_end(text, old.end), inline + below)]
    end = max(old.end, behind)
    last = line_end(text, end)
    return [Splice(behind, end, inline), Splice(last, last, below)]


def replace_root(tree: Tree, root: Node, value: Mapping[str, Data], style: Style) -> list[Splice]:
    """Replace an empty root by a mapping, in block style where it has a line of its own."""
    text = tree.text
    if style.text == "json" or root.start != root.content or not is_start_blank(text, root.start):
        return [Splice(root.content, root.end, render_flow(value, style))]
    lines = render_pairs(value, column(text, root.start), style)
    made = newline_at(text, root.start, "\n").join(lines)
    return [Splice(line_start(text, root.start), root.end, made)]


def _render(text: str, parent: Node, entry: Entry, value: Data, style: Style, *, is_compact: bool) -> Rendered:
    at = column(text, parent.entries[0].start)
    if entry.key is None:
        return render_item(value, at, style, is_compact=is_compact)
    return render_value(value, at, style)


def _below(text: str, new: Rendered, offset: int) -> str:
    newline = newline_at(text, offset, "\n")
    return "".join(newline + line for line in new.body)


def _insert_below(tree: Tree, above: Entry, lines: Sequence[str]) -> list[Splice]:
    text = tree.text
    if not is_rest_blank(text, above.end):
        raise EditError(_OWN_LINE, tree.at(above.start))
    end = line_end(text, above.end)
    if end == len(text) and ends_in_block_scalar(above.value):
        raise EditError(UNENDED, tree.at(above.start))
    newline = newline_at(text, above.end, newline_at(text, 0, "\n"))
    return [Splice(end, end, "".join(newline + line for line in lines))]


def _remove_lines(tree: Tree, parent: Node, index: int) -> Splice:
    text = tree.text
    entry = parent.entries[index]
    start = head_start(text, entry.start, _floor(parent, index))
    end = next_line(text, entry.end)
    is_unended = end == len(text) and not text.endswith("\n")
    if is_unended and start > 0 and not (index and ends_in_block_scalar(parent.entries[index - 1].value)):
        # The file had no last line break: it stays without one.
        start = line_end(text, line_start(text, start - 1))
    return Splice(start, end)


def _floor(parent: Node, index: int) -> int:
    """Return the offset above which no comment is an entry's own."""
    if index:
        return parent.entries[index - 1].end
    owner = owner_of(parent)
    return max(owner.indicator, owner.start) if owner else max(parent.props, 0)


def ends_in_block_scalar(node: Node) -> bool:
    """Tell whether a node's last line is one of a block scalar, so that a line break behind it may count."""
    while node.entries:
        node = node.entries[-1].value
    return node.style in ("|", ">")
