"""Bytes to YAML documents whose every key knows its line.

The parser is libyaml through PyYAML's C *composer*: it yields nodes with marks and constructs nothing, so
no tag is ever executed and an alias bomb costs only its own bytes. `injector.manifests.blockstyle` spares it the plain
documents, which are nine of ten. What is built from the nodes is plain
``str``/``int``/``float``/``bool``/``None`` and the two containers below, which are a ``dict`` and a ``list``
that also remember lines.

A file is cut into documents *before* it is parsed: by YAML 1.2 section 9.1.2 a line that starts with ``---``
is a document marker wherever it stands, so one broken document costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, cast

import yaml

from injector.manifests.blockstyle import read_block
from injector.manifests.yamlstream import Chunk, YamlError, decode_stream, iter_markers, split_documents
from injector.manifests.yamlvalues import STR, Map, Seq, Value, clone, resolve_plain, resolve_scalar

__all__ = [
    "Chunk", "Map", "Parsed", "Seq", "Value", "YamlError", "clone", "compose_chunk", "decode_stream", "iter_documents",
    "parse_chunk", "resolve_scalar", "split_documents",
]  # fmt: skip

MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
"""A Kubernetes object is at most 1.5 MiB in etcd; ten times that is no manifest."""
MAX_NESTING: Final = 200
"""Deeper than any manifest, and far from the end of Python's stack: what walks a document recurses."""
MAX_ALIAS_NODES: Final = 200_000
"""How many nodes one document may expand to through aliases: above is an alias bomb."""

_TOO_DEEP: Final = f"nested deeper than {MAX_NESTING} levels"
_LONG_LINE: Final = 6000
_RISKY_BRACKETS: Final = 3000


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document's value.

    Attributes:
        value: None for an empty document.
        duplicates: (line, key) of keys that stand twice in one mapping; the last one won.
        template_line: where a mapping is a key, as in ``name: {{ .Values.x }}``: only a template is so; 0 when none is.
        is_head: nothing but the object's head was kept.
    """

    value: Value
    duplicates: tuple[tuple[int, str], ...] = ()
    template_line: int = 0
    is_head: bool = False


_HEAD: Final = ("apiVersion", "kind", "metadata", "$patch")
_LARGE: Final = 8 * 1024
"""From this size on a body that nobody wants is not even checked: such files are vendored or made by programs."""
_KIND: Final = re.compile(rb"(?:^|\n)kind:[ ]+[\"']?([A-Za-z]+)[\"']?[ ]*\r?\n")
_TOP_KEY: Final = re.compile(rb"\n(?=[A-Za-z_$\"'])")


def parse_chunk(chunk: Chunk, path: str, heads: frozenset[str] = frozenset()) -> Parsed:
    """Parse one document.

    Args:
        chunk: the document's bytes.
        path: what `Location.path` shall say.
        heads: of objects of these kinds only ``apiVersion``, ``kind`` and ``metadata`` are kept (and ``$patch``, which
            takes an object away), unless variables may stand in the rest. The syntax of the rest is checked unless the
            document is large.

    Raises:
        YamlError: with the line of the *file*, and why, never with the text that stands there.
    """
    if not heads or b"${" in chunk.data:
        return _parse_whole(chunk, path)
    if len(chunk.data) > _LARGE:
        match = _KIND.search(chunk.data)
        if match is not None and match[1].decode() in heads:
            chunk = replace(chunk, data=_without_body(chunk.data))
    parsed = _parse_whole(chunk, path)
    value = parsed.value
    kind = value.get("kind") if isinstance(value, Map) else None
    if isinstance(value, Map) and isinstance(kind, str) and kind in heads:
        return replace(parsed, value=_head_of(value), is_head=True)
    return parsed


def _without_body(data: bytes) -> bytes:
    """Return an object's head with blank lines in the place of the rest, so that lines keep their numbers."""
    parts = _TOP_KEY.split(data)
    kept = [part if index == 0 or _is_head(part) else b"\n" * part.count(b"\n") for index, part in enumerate(parts)]
    return b"\n".join(kept)


def _is_head(part: bytes) -> bool:
    return part.partition(b":")[0].strip(b"\"' ").decode(errors="replace") in _HEAD


def _parse_whole(chunk: Chunk, path: str) -> Parsed:
    found = read_block(chunk.data, path, chunk.line) if len(chunk.data) <= MAX_DOCUMENT_BYTES else None
    if found is not None:
        return Parsed(*found)
    node = compose_chunk(chunk)
    if node is None:
        return Parsed(None)
    builder = _Builder(path, chunk.line)
    value = builder.build(node)
    return Parsed(value, tuple(builder.duplicates), builder.template_line)


def _head_of(body: Map) -> Map:
    made = Map(body.path, body.line)
    for key in _HEAD:
        if key in body:
            made.put(key, body[key], body.lines.get(key))
    return made


def compose_chunk(chunk: Chunk) -> yaml.Node | None:
    """Compose one document to PyYAML nodes (marks count from the chunk's first line)."""
    data = chunk.data
    if len(data) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES >> 20
        raise YamlError("too-large", chunk.line, f"the document is larger than {limit} MiB")
    end = next(iter_markers(data, b"..."), None)
    if end is not None:
        # What follows is a document of its own: see split_documents.
        data = data[:end]
    try:
        if _is_risky(data):
            return _compose_flat(data)
        try:
            return _compose_fast(data)
        except yaml.composer.ComposerError:
            # Anchors may be defined twice (YAML 1.2 section 6.9.2); PyYAML's composer refuses them.
            return _compose_flat(data)
    except yaml.reader.ReaderError as err:
        line = chunk.line + data.count(b"\n", 0, max(err.position, 0))
        raise YamlError("yaml-encoding", line, str(err.reason)) from err
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = chunk.line + (mark.line if mark else 0)
        raise YamlError("yaml-syntax", line, str(err.problem or err.context)) from err
    except YamlError as err:
        raise YamlError(err.code, chunk.line + err.line, str(err)) from err


def _is_risky(data: bytes) -> bool:
    """Tell whether nesting might overflow the C stack of the fast composer.

    Nesting needs brackets, or a long line of compact indicators or of indentation: no other form of YAML
    gets deep without being long.
    """
    return data.count(b"[") + data.count(b"{") > _RISKY_BRACKETS or _has_long_line(data)


def _has_long_line(data: bytes, limit: int = _LONG_LINE) -> bool:
    start = 0
    while start + limit <= len(data):
        # Look backwards from the farthest place: most lines are jumped over unseen.
        newline = data.rfind(b"\n", start, start + limit)
        if newline < 0:
            return True
        start = newline + 1
    return False


class _Composer(yaml.CSafeLoader):
    """libyaml's composer without PyYAML's resolver, which costs as much as all the rest and is of YAML 1.1.

    A node's tag is what the file says; without one it is empty for a plain scalar and `STR` for others.
    """

    def resolve(self, kind: object, _value: object, implicit: tuple[bool, bool]) -> str:
        return "" if kind is not yaml.ScalarNode or implicit[0] else STR

    def descend_resolver(self, _parent: object, _index: object) -> None:
        """Do nothing: no tag depends on a node's place."""

    def ascend_resolver(self) -> None:
        """Do nothing, as above."""


def _compose_fast(data: bytes) -> yaml.Node | None:
    return _Composer(data).get_single_node()


def _compose_flat(data: bytes) -> yaml.Node | None:
    """Compose from libyaml's events with a stack of our own: slower, but no recursion and no refusals."""
    anchors: dict[str, yaml.Node] = {}
    stack: list[yaml.CollectionNode] = []
    keys: list[yaml.Node | None] = []
    root: yaml.Node | None = None
    for event in yaml.parse(data, yaml.CSafeLoader):
        node: yaml.Node
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        if isinstance(event, yaml.ScalarEvent):
            tag = event.tag or ("" if event.implicit[0] else STR)
            style = "" if event.implicit[0] else event.style
            node = yaml.ScalarNode(tag, event.value, start, end, style)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise YamlError("yaml-syntax", start.line, "found undefined alias")
            node = anchors[event.anchor]
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            is_map = isinstance(event, yaml.MappingStartEvent)
            made = yaml.MappingNode if is_map else yaml.SequenceNode
            node = made(event.tag or "", [], start, end)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            keys.pop()
            continue
        else:
            continue
        if not isinstance(event, yaml.AliasEvent) and event.anchor:
            anchors[event.anchor] = node
        root = root or node
        _attach(node, stack, keys)
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(node)  # type: ignore[arg-type]
            keys.append(None)
            if len(stack) > MAX_NESTING:
                raise YamlError("yaml-nesting", start.line, _TOO_DEEP)
    return root


def _mark(mark: object) -> yaml.Mark:
    """Return a mark with the type that PyYAML's nodes ask for; events of a parser always have one."""
    return cast("yaml.Mark", mark)


def _attach(node: yaml.Node, stack: list[yaml.CollectionNode], keys: list[yaml.Node | None]) -> None:
    if not stack:
        return
    parent = stack[-1]
    if isinstance(parent, yaml.SequenceNode):
        parent.value.append(node)
    elif keys[-1] is None:
        keys[-1] = node
    else:
        parent.value.append((keys[-1], node))
        keys[-1] = None


class _Builder:
    """Nodes to values, of one document."""

    __slots__ = ("active", "base", "budget", "duplicates", "path", "template_line")

    def __init__(self, path: str, base: int) -> None:
        self.path = path
        self.base = base
        self.budget = MAX_ALIAS_NODES
        self.active: set[int] = set()
        self.duplicates: list[tuple[int, str]] = []
        self.template_line = 0

    def build(self, node: yaml.Node, depth: int = 0) -> Value:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        self.budget -= 1 + len(node.value)
        own = id(node)
        if self.budget < 0 or own in self.active:
            message = "aliases expand without end or beyond reason"
            raise YamlError("yaml-alias-bomb", self.base + node.start_mark.line, message)
        if depth > MAX_NESTING:
            raise YamlError("yaml-nesting", self.base + node.start_mark.line, _TOO_DEEP)
        self.active.add(own)
        made = self._map(node, depth) if isinstance(node, yaml.MappingNode) else self._seq(node, depth)  # type: ignore[arg-type]
        self.active.discard(own)
        return made

    def _seq(self, node: yaml.CollectionNode, depth: int) -> Seq:
        base = self.base
        made = Seq(self.path, base + node.start_mark.line)
        lines = made.lines
        for item in node.value:
            made.append(_scalar(item) if isinstance(item, yaml.ScalarNode) else self.build(item, depth + 1))
            lines.append(base + item.start_mark.line)
        return made

    def _map(self, node: yaml.MappingNode, depth: int) -> Map:
        base = self.base
        pairs = node.value
        made = Map(self.path, base + (pairs[0][0] if pairs else node).start_mark.line)
        lines = made.lines
        merges: list[yaml.Node] = []
        for key_node, value_node in pairs:
            if isinstance(key_node, yaml.ScalarNode):
                key = key_node.value
                if key == "<<" and not key_node.style:
                    merges.append(value_node)
                    continue
            else:
                # `name: {{ .Values.x }}` parses as a mapping whose key is a mapping.
                key = _TEMPLATE_KEY
                if isinstance(key_node, yaml.MappingNode) and not self.template_line:
                    self.template_line = base + key_node.start_mark.line
            if key in made:
                self.duplicates.append((base + key_node.start_mark.line, key))
            lines[key] = base + key_node.start_mark.line
            # Scalars are the most of a document: they are spared a call that only tells that they are some.
            is_scalar = isinstance(value_node, yaml.ScalarNode)
            made[key] = _scalar(value_node) if is_scalar else self.build(value_node, depth + 1)
        for merge in merges:
            self._merge(made, merge, depth)
        return made

    def _merge(self, made: Map, node: yaml.Node, depth: int) -> None:
        """Apply ``<<: *anchor`` (https://yaml.org/type/merge.html): keys that are there win."""
        merged = self.build(node, depth + 1)
        for source in merged if isinstance(merged, Seq) else [merged]:
            if isinstance(source, Map):
                for key, value in source.items():
                    if key not in made:
                        made.put(key, clone(value), source.lines.get(key))


_TEMPLATE_KEY: Final = "{{}}"
"""Stands for a key that is itself a mapping, which only an unrendered template has."""


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    if not node.tag:
        return resolve_plain(text)
    return text if node.style or node.tag == STR else resolve_scalar(text)


def iter_documents(data: bytes, path: str) -> Iterator[tuple[Chunk, Parsed | YamlError]]:
    """Yield every document of a stream with its value, or with why it has none."""
    try:
        text = decode_stream(data)
    except YamlError as err:
        yield Chunk(0, 1, b""), err
        return
    for chunk in split_documents(text):
        try:
            yield chunk, parse_chunk(chunk, path)
        except YamlError as err:
            yield chunk, err
