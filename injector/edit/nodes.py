"""The text of one document to nodes that know their exact place: libyaml's events and tokens put together.

Events give the tree, tokens the places of the indicators (``-``, ``:``, ``?``, ``,``) and of anchors and tags, and
what lies between two tokens is white space and comments.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

import yaml

from injector.errors import EditError
from injector.location import Location

MAX_DEPTH: Final = 200
"""Deeper than any manifest; what walks the nodes recurses."""
_COMMENT: Final = re.compile(r"#[^\r\n]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*)*")
_HEADER_COMMENT: Final = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")
Kind = Literal["scalar", "mapping", "sequence", "alias"]


@dataclass(slots=True, eq=False)
class Node:
    """A value or key as it stands in the text; offsets count characters from the document's start.

    Attributes:
        kind: an alias is a node of its own, `target` is what it stands for.
        start: where it starts, anchor and tag included.
        props: behind its anchor and tag; -1 when it has none.
        content: where it starts without them; `end` when there is nothing else.
        end: behind its last character; for a block scalar behind the last line that counts, for a block collection
            behind its last entry.
        style: ``''`` plain, ``'``, ``"``, ``|``, ``>`` of scalars; ``block`` or ``flow`` of collections.
        text: a scalar's value; an alias's anchor name.
        tag: as it is written, empty when it is not.
        anchor: name, empty when there is none.
        entries: of a collection, in order.
        target: what an alias stands for.
        uses: offsets of the aliases of this node.
        parent: the collection that holds it.
    """

    kind: Kind
    start: int
    props: int
    content: int
    end: int
    style: str = ""
    text: str = ""
    tag: str = ""
    anchor: str = ""
    entries: list[Entry] = field(default_factory=list)
    target: Node | None = None
    uses: list[int] = field(default_factory=list)
    parent: Node | None = None

    @property
    def is_block(self) -> bool:
        """Tell whether it is a collection in block style."""
        return self.style == "block"

    @property
    def is_null(self) -> bool:
        """Tell whether it is a plain scalar that says nothing."""
        return self.kind == "scalar" and not self.style and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(slots=True, eq=False)
class Entry:
    """A pair of a mapping, or an item of a sequence.

    Attributes:
        key: None for an item.
        value: may be empty.
        start: offset of the key, of the ``?`` before it, or of the item's ``-``; of the value in a flow sequence.
        indicator: offset behind the ``:`` or ``-``; -1 when there is none (``{a}``, ``[a]``).
        is_explicit: the key is written with ``?``.
    """

    key: Node | None
    value: Node
    start: int
    indicator: int
    is_explicit: bool = False

    @property
    def end(self) -> int:
        """Offset behind the entry's last character."""
        return max(self.value.end, self.indicator, self.key.end if self.key else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A parsed document; each is only itself, so that what is computed of one can be kept.

    Attributes:
        path: the file.
        text: of the document alone.
        line: the file's line that its first line is.
        root: None when it is empty.
        comments: (offset, text) of every comment, in order.
    """

    path: str
    text: str
    line: int
    root: Node | None
    comments: tuple[tuple[int, str], ...]

    def at(self, offset: int) -> Location:
        """Return the place of an offset in the file."""
        return Location(self.path, self.line + self.text.count("\n", 0, offset))

    def walk(self) -> Iterator[Node]:
        """Yield every node, keys included, in the order of the text."""
        stack = [self.root] if self.root else []
        while stack:
            node = stack.pop()
            yield node
            for entry in reversed(node.entries):
                stack.append(entry.value)
                if entry.key:
                    stack.append(entry.key)


@lru_cache(maxsize=64)
def parse(text: str, path: str, *, line: int = 1) -> Tree:
    """Parse one document; nobody may change the result, because the next edit starts from it.

    Raises:
        EditError: it is no YAML, or nothing that can be edited.
    """
    try:
        tokens = _Tokens(text)
        root = _Composer(text, tokens).compose(yaml.parse(text, yaml.CSafeLoader))
    except yaml.reader.ReaderError as err:
        where = Location(path, line + text.count("\n", 0, max(err.position, 0)))
        raise EditError(f"is no YAML ({err.reason}); correct it first", where) from err
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = Location(path, line + (mark.line if mark else 0))
        raise EditError(f"is no YAML ({err.problem or err.context}); correct it first", where) from err
    except _RefusedError as err:
        raise EditError(str(err), Location(path, line + text.count("\n", 0, err.offset))) from err
    return Tree(path, text, line, root, tokens.comments)


_BLOCK_STYLES: Final = ("|", ">")


class _RefusedError(Exception):
    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


class _Tokens:
    """Places of indicators, properties and comments."""

    def __init__(self, text: str) -> None:
        self.dashes: list[tuple[int, int]] = []
        self.colons: list[tuple[int, int]] = []
        self.questions: list[tuple[int, int]] = []
        self.properties: dict[int, int] = {}
        comments: list[tuple[int, str]] = []
        behind = 0
        # Types are compared, not asked for their bases: half of the time goes here, and libyaml's tokens have no subclasses.
        for token in yaml.scan(text, yaml.CSafeLoader):
            kind = type(token)
            start, end = token.start_mark.index, token.end_mark.index
            if start > behind and text.find("#", behind, start) >= 0:
                comments += [(found.start(), found.group()) for found in _COMMENT.finditer(text, behind, start)]
            behind = max(behind, end)
            if isinstance(token, yaml.ScalarToken):
                if token.style in _BLOCK_STYLES:
                    header = _HEADER_COMMENT.match(text, start)
                    if header:
                        comments.append((header.start(1), header.group(1)))
            elif kind is yaml.ValueToken:
                self.colons.append((start, end))
            elif kind is yaml.KeyToken:
                if end > start:
                    self.questions.append((start, end))
            elif kind is yaml.BlockEntryToken:
                self.dashes.append((start, end))
            elif kind is yaml.AnchorToken or kind is yaml.TagToken:
                self.properties[start] = end
        self.comments = tuple(comments)

    def content_start(self, text: str, start: int, end: int) -> tuple[int, int]:
        """Return where a node's anchor and tag end, and where its content starts."""
        behind = -1
        while start < end and start in self.properties:
            behind = self.properties[start]
            gap = _GAP.match(text, behind, end)
            start = gap.end() if gap else behind
        return behind, min(start, end)


def _last_before(places: list[tuple[int, int]], offset: int) -> tuple[int, int]:
    """Return the last place that starts before `offset`."""
    index = bisect_left(places, (offset, -1)) - 1
    return places[index] if index >= 0 else (-1, -1)


def _extent(event: yaml.Event) -> tuple[int, int]:
    """Return an event's offsets; events of a parser always have marks."""
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start is not None and end is not None else (-1, -1)


class _Composer:
    def __init__(self, text: str, tokens: _Tokens) -> None:
        self.text = text
        self.tokens = tokens
        self.anchors: dict[str, Node] = {}
        self.stack: list[Node] = []
        self.keys: list[Node | None] = []
        self.root: Node | None = None

    def compose(self, events: Iterator[yaml.Event]) -> Node | None:
        for event in events:
            if isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent, yaml.CollectionStartEvent)):
                self._add(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
        return self.root

    def _add(self, event: yaml.NodeEvent) -> None:
        start, end = _extent(event)
        anchor = event.anchor or ""
        if isinstance(event, yaml.AliasEvent):
            node = Node("alias", start, -1, start, end, text=anchor, target=self.anchors.get(anchor))
            if node.target is None:
                raise _RefusedError(start, f"alias *{anchor} has no anchor; correct it first")
            node.target.uses.append(start)
        elif isinstance(event, yaml.ScalarEvent):
            props, content = self.tokens.content_start(self.text, start, end)
            style = event.style or ""
            if style in ("|", ">"):
                end = _block_scalar_end(self.text, content, end)
            node = Node("scalar", start, props, content, end, style, event.value, event.tag or "", anchor)
        else:
            props, content = self.tokens.content_start(self.text, start, end)
            is_map = isinstance(event, yaml.MappingStartEvent)
            style = "flow" if event.flow_style else "block"  # type: ignore[attr-defined]
            node = Node("mapping" if is_map else "sequence", start, props, content, end, style)
            node.tag, node.anchor = event.tag or "", anchor  # type: ignore[attr-defined]
        if anchor and node.kind != "alias":
            self.anchors[anchor] = node
        self._attach(node)
        if isinstance(event, yaml.CollectionStartEvent):
            self.stack.append(node)
            self.keys.append(None)
            if len(self.stack) > MAX_DEPTH:
                raise _RefusedError(start, f"is nested deeper than {MAX_DEPTH} levels; flatten it first")

    def _close(self, event: yaml.Event) -> None:
        node = self.stack.pop()
        self.keys.pop()
        if not node.is_block:
            _, node.end = _extent(event)
        elif node.entries:
            # libyaml ends a block collection where the next token starts, behind blank lines and comments.
            node.end = node.entries[-1].end

    def _attach(self, node: Node) -> None:
        if not self.stack:
            self.root = self.root or node
            return
        parent = self.stack[-1]
        node.parent = parent
        if parent.kind == "sequence":
            start, behind = (node.start, -1) if parent.style == "flow" else _last_before(self.tokens.dashes, node.start)
            parent.entries.append(Entry(None, node, start, behind))
        elif self.keys[-1] is None:
            self.keys[-1] = node
        else:
            key, self.keys[-1] = self.keys[-1], None
            parent.entries.append(self._pair(key, node))

    def _pair(self, key: Node, value: Node) -> Entry:
        question = _last_before(self.tokens.questions, key.start + (key.start == key.end))
        is_explicit = question[0] >= 0 and not self.text[question[1] : key.start].strip()
        colon = _last_before(self.tokens.colons, value.start + (value.start == value.end))
        behind = colon[1] if colon[0] >= key.end and colon[1] <= value.start else -1
        return Entry(key, value, question[0] if is_explicit else key.start, behind, is_explicit)


def _block_scalar_end(text: str, content: int, end: int) -> int:
    """Return the offset behind a block scalar's last line that counts, without that line's break.

    libyaml's end lies behind all blank lines that follow. They count only with the ``+`` indicator, or when they
    are longer than the indentation.
    """
    header, _, body = text[content:end].partition("\n")
    if not body:
        return content + len(header.rstrip())
    lines = body.split("\n")
    if lines[-1].strip() == "":
        lines.pop()
    if "+" not in header.split("#", maxsplit=1)[0]:
        indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
        indent = indents[0] if indents else 0
        digits = re.match(r"[|>][-+]?([1-9])", header)
        while lines and not lines[-1].strip() and (digits is not None or len(lines[-1].rstrip("\r")) <= indent):
            lines.pop()
    if not lines:
        return content + len(header.rstrip())
    return content + len(header) + 1 + len("\n".join(lines).removesuffix("\r"))
