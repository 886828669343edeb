"""Whole documents of a file of several: added, replaced, removed. All other documents keep their bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from injector.edit.block import UNENDED, ends_in_block_scalar
from injector.edit.emit import render_pairs
from injector.edit.graph import Graph, expand
from injector.edit.nodes import Tree, parse
from injector.edit.scalars import UnwritableError
from injector.edit.source import Source
from injector.edit.style import find_style
from injector.edit.values import Data, is_same
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.location import Location

Content: TypeAlias = "str | Mapping[str, Data]"
"""A document as YAML text, comments and all, or as plain data to be written in the file's style."""

_MARKER: Final = re.compile(r"---(?=[ \t\r\n]|\Z)")
_BARE_MARKER: Final = re.compile(r"---[ \t]*(?:\r?\n|\Z)")
_MARKER_LINE: Final = re.compile(r"---[ \t]*(?:#[^\n]*)?(?:\n|\Z)")


def add_document(file: YamlFile, content: Content, *, index: int | None = None) -> YamlFile:
    """Return the file with one more document, as number `index` or as the last.

    Raises:
        EditError: the text is not exactly one document, or another document would change.
    """
    source = file.source
    spans = source.spans()
    at = len(spans) if index is None else index
    new = _written(file, content)
    text, newline = source.text, source.newline()
    marker = f"---{newline}"
    if not spans:
        made = _ended(text, newline) + new
    elif at >= len(spans):
        is_ended = text.endswith("\n")
        last = parse(_texts(source)[-1], source.path, line=spans[-1].line)
        if not is_ended and last.root is not None and ends_in_block_scalar(last.root):
            raise EditError(UNENDED, last.at(len(last.text)))
        made = _ended(text, newline) + marker + (new if is_ended else _unended(new, source))
    else:
        start = spans[at].start
        is_marked = _MARKER.match(text, start)
        made = text[:start] + (marker + new if is_marked else new + marker) + text[start:]
    olds = _texts(source)
    return _verified(file, made, [*olds[:at], new, *olds[at:]])


def remove_document(file: YamlFile, index: int) -> YamlFile:
    """Return the file without a document; what is left of a file's only document is no text, or its head comment."""
    source = file.source
    spans = source.spans()
    _check_index(source, index)
    text = source.text
    start, end = spans[index].start, spans[index].end
    if index == 0 and len(spans) > 1 and not _MARKER.match(text, start):
        # The next document needs its marker no more, unless it is empty: then it would be no document.
        bare = _BARE_MARKER.match(text, end)
        end = bare.end() if bare and _has_text(text[bare.end() : spans[1].end]) else end
    made = text[:start] + text[end:]
    if not text.endswith("\n"):
        made = made.removesuffix("\n").removesuffix("\r")
    if len(spans) == 1:
        return replace(file, source=source.with_text(made))
    olds = _texts(source)
    return _verified(file, made, [*olds[:index], *olds[index + 1 :]])


def replace_document(file: YamlFile, index: int, content: Content) -> YamlFile:
    """Return the file with a document's whole text replaced, its comments included; its ``---`` line stays."""
    source = file.source
    _check_index(source, index)
    span = source.spans()[index]
    new = _written(file, content)
    text = source.text
    marker = _MARKER_LINE.match(text, span.start)
    head = marker.group() if marker else f"---{source.newline()}" if _MARKER.match(text, span.start) else ""
    is_ended = span.end < len(text) or text.endswith("\n")
    made = text[: span.start] + head + (new if is_ended else _unended(new, source)) + text[span.end :]
    olds = _texts(source)
    return _verified(file, made, [*olds[:index], new, *olds[index + 1 :]])


def is_empty(file: YamlFile) -> bool:
    """Tell whether a file says nothing any more, so that it may go."""
    return all(_is_nothing(parse(text, file.source.path)) for text in _texts(file.source))


def _has_text(text: str) -> bool:
    """Tell whether there is more than comments, without parsing: the document may be broken."""
    return any(line and not line.startswith("#") for line in map(str.strip, text.split("\n")))


def _is_nothing(tree: Tree) -> bool:
    root = tree.root
    return root is None or (root.is_null and not root.text)


def _written(file: YamlFile, content: Content) -> str:
    """Return a document's text with the file's line endings, without a marker, ended."""
    source = file.source
    newline = source.newline()
    where = Location(source.path, 1)
    if isinstance(content, Mapping):
        first = next(iter(_texts(source)), "")
        # In a file without a last line break a block text at the end would lose its own.
        style = replace(
            find_style(parse(first, source.path), None), is_literal=source.text == _ended(source.text, "\n")
        )
        try:
            text = "\n".join(render_pairs(content, 0, style.inner()))
        except UnwritableError as err:
            raise EditError(f"the new document cannot be written as YAML ({err}); give another value", where) from err
        text = text or "{}"
    else:
        text = content.replace("\r\n", "\n")
    text = _ended(_unmarked(text), "\n").replace("\n", newline)
    if len(Source(source.path, text).spans()) != 1 or _MARKER.match(text):
        raise EditError("the new text is not exactly one document; add them one by one", where)
    _tree_value(parse(text, source.path))
    return text


def _unmarked(text: str) -> str:
    bare = _BARE_MARKER.match(text)
    return text[bare.end() :] if bare else text


def _ended(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else text + newline


def _unended(text: str, source: Source) -> str:
    """Return a document without its last line break, if it means the same without."""
    bare = text.removesuffix(source.newline())
    is_free = is_same(_tree_value(parse(bare, source.path)), _tree_value(parse(text, source.path)))
    return bare if is_free else text


def _texts(source: Source) -> list[str]:
    return [source.text[span.start : span.end] for span in source.spans()]


def _verified(file: YamlFile, text: str, expected: Sequence[str]) -> YamlFile:
    """Return the file when each of its documents has the text that it should have, or at least its meaning."""
    made = file.source.with_text(text)
    found = _texts(made)
    path = made.path
    is_right = len(found) == len(expected) and all(
        _unmarked(left) == _unmarked(right) or is_same(_tree_value(parse(left, path)), _tree_value(parse(right, path)))
        for left, right in zip(found, expected, strict=True)
    )
    if not is_right:
        raise EditError("other documents of the file would change; edit it by hand", Location(path, 1))
    return replace(file, source=made)


def _tree_value(tree: Tree) -> Data:
    return expand(Graph(tree.root).root)


def _check_index(source: Source, index: int) -> None:
    count = len(source.spans())
    if not 0 <= index < count:
        raise EditError(f"has no document {index}, it has {count}; name another", Location(source.path, 1))
