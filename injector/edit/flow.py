"""Splices that insert, remove and replace entries of flow collections: ``{a: b}``, ``[a, b]``, JSON."""

from __future__ import annotations

from dataclasses import dataclass

from injector.edit.emit import Style, render_flow, render_flow_pair
from injector.edit.nodes import Entry, Node, Tree
from injector.edit.splice import Splice, is_start_blank, line_end, line_start, newline_at, next_line
from injector.edit.style import style_for
from injector.edit.values import Data
from injector.errors import EditError


def insert_entry(tree: Tree, parent: Node, index: int, *, key: str | None, value: Data, style: Style) -> list[Splice]:
    """Insert a pair (or, without a key, an item) before entry `index`, or as the last."""
    text = tree.text
    if text[parent.content] not in "{[":
        raise EditError("is a pair inside a list without braces; write the braces first", tree.at(parent.start))
    made = render_flow(value, style) if key is None else render_flow_pair(key, value, style)
    if not parent.entries:
        behind = parent.content + 1
        return [Splice(behind, behind, made)]
    if index < len(parent.entries):
        there = parent.entries[index].start
        if is_start_blank(text, there):
            indent = text[line_start(text, there) : there]
            return [Splice(there, there, f"{made},{newline_at(text, there, chr(10))}{indent}")]
        return [Splice(there, there, f"{made}, ")]
    last = parent.entries[-1]
    start = last.start
    if not is_start_blank(text, start):
        return [Splice(last.end, last.end, f", {made}")]
    indent = text[line_start(text, start) : start]
    newline = newline_at(text, start, "\n")
    gap = _gap(text, last.end, parent.end - 1)
    end = line_end(text, last.end)
    if end >= parent.end:
        return [Splice(last.end, last.end, f",{newline}{indent}{made}")]
    if gap.comma < 0:
        return [Splice(last.end, last.end, ","), Splice(end, end, f"{newline}{indent}{made}")]
    end = line_end(text, gap.comma)
    return [Splice(end, end, f"{newline}{indent}{made},")]


def remove_entry(tree: Tree, parent: Node, index: int) -> list[Splice]:
    """Remove an entry and the comma that it no longer needs."""
    text = tree.text
    entries = parent.entries
    if text[parent.content] not in "{[":
        raise EditError("is a pair inside a list without braces; remove the item instead", tree.at(parent.start))
    entry = entries[index]
    is_last = index == len(entries) - 1
    before = _gap(text, entries[index - 1].end, entry.start) if index else None
    after = _gap(text, entry.end, parent.end - 1 if is_last else entries[index + 1].start)
    if len(entries) == 1:
        inner = text[parent.content + 1 : parent.end - 1]
        if "#" not in inner.replace(text[entry.start : entry.end], ""):
            return [Splice(parent.content + 1, parent.end - 1)]
    behind = after.comma + 1 if after.comma >= 0 else entry.end
    if is_start_blank(text, entry.start) and _is_line_done(text, behind, parent.end):
        splices = [Splice(line_start(text, entry.start), next_line(text, behind))]
        if is_last and after.comma < 0 and before is not None:
            splices.append(Splice(before.comma, before.comma + 1))
        return splices
    if before is not None and not before.has_comment:
        return [Splice(entries[index - 1].end, entry.end)]
    if not is_last and not after.has_comment:
        return [Splice(entry.start, entries[index + 1].start)]
    splices = [Splice(entry.start, behind)]
    if is_last and after.comma < 0 and before is not None:
        splices.append(Splice(before.comma, before.comma + 1))
    return splices


def replace_value(entry: Entry, *, value: Data, style: Style) -> list[Splice]:
    """Replace an entry's value; its anchor stays, its tag goes."""
    old = entry.value
    style = style_for(style, old)
    anchor = f"&{old.anchor} " if old.anchor and old.kind != "alias" else ""
    made = anchor + render_flow(value, style)
    if entry.key is None:
        return [Splice(old.start, old.end, made)]
    if entry.indicator < 0:
        return [Splice(entry.key.end, entry.key.end, f": {made}")]
    if old.end <= entry.indicator or old.start == old.end:
        return [Splice(entry.indicator, entry.indicator, f" {made}")]
    is_tight = old.start == entry.indicator and entry.key.style not in ("'", '"')
    return [Splice(old.start, old.end, f" {made}" if is_tight else made)]


@dataclass(frozen=True, slots=True)
class _Gap:
    comma: int
    has_comment: bool


def _gap(text: str, start: int, end: int) -> _Gap:
    """Return the place of the comma between two offsets (-1: there is none), comments left out."""
    offset, comma, has_comment = start, -1, False
    while offset < end:
        if text[offset] == "#":
            has_comment = True
            offset = line_end(text, offset)
            continue
        if text[offset] == "," and comma < 0:
            comma = offset
        offset += 1
    return _Gap(comma, has_comment)


def _is_line_done(text: str, offset: int, end: int) -> bool:
    """Tell whether the collection goes on below and nothing but a comment follows on the line."""
    stop = line_end(text, offset)
    rest = text[offset:stop].strip()
    return stop < end and (not rest or rest.startswith("#"))
