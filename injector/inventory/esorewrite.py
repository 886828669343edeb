"""From a Secret's key back to the property it was called before ``dataFrom.rewrite`` renamed it.

A rewrite works on keys that only Vault knows. Read backwards, the common ones (add or take off a prefix or a suffix)
still tell which property a key comes from; of the others nothing is guessed.

Source: external-secrets apis/externalsecrets/v1/externalsecret_types.go:386-481@v2.9.0,
runtime/esutils/utils.go (RewriteMap).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from injector.manifests.document import mapping, text
from injector.manifests.yamldoc import Map, Value

Undo: TypeAlias = "Callable[[str], str | None]"
"""Key after the rewrite -> key before it; None when that cannot be told."""

_CAPTURE: Final = re.compile(
    r"\A\^?(?P<head>(?:[\w/ -]|\\[.$^/-])*)\((?:\?P?<\w+>)?\.[*+]\)(?P<tail>(?:[\w/ -]|\\[.$^/-])*)\$?\Z"
)
_GROUP: Final = re.compile(r"\A(?P<head>[^$]*)\$(?:\{(?:1|\w+)\}|1)(?P<tail>[^$]*)\Z")
_LITERAL: Final = re.compile(r"\A\^?(?P<head>(?:[\w/ -]|\\[.$^/-])*)\Z")
_VALUE: Final = re.compile(r"\A(?P<head>[^{}]*)\{\{-?\s*\.value\s*-?\}\}(?P<tail>[^{}]*)\Z")
_UNICODE: Final = re.compile(r"_U([0-9a-fA-F]{4,6})_")
_ESCAPED: Final = re.compile(r"\\(.)")


def read_rewrites(entries: list[Value]) -> tuple[Undo, str]:
    """Read ``dataFrom[].rewrite``.

    Returns:
        How to undo it, and the one key into which ``merge`` puts everything, empty when it does not.
    """
    undos: list[Undo] = []
    into = ""
    for entry in entries:
        if not isinstance(entry, Map):
            continue
        merge = mapping(entry, "merge")
        if "merge" in entry and (text(merge.get("strategy")) or "Extract") == "JSON":
            into = text(merge.get("into"))
            undos.append(_unknown)
        elif "merge" in entry:
            undos.append(_unknown)
        elif "transform" in entry:
            undos.append(_undo_transform(text(mapping(entry, "transform").get("template"))))
        elif "regexp" in entry:
            regexp = mapping(entry, "regexp")
            undos.append(_undo_regexp(text(regexp.get("source")), text(regexp.get("target"))))
    undos.reverse()
    return lambda name: _apply(undos, name), into


def undo_conversion(strategy: str) -> Undo:
    """Return how to undo ``conversionStrategy``, which only works on keys that no rewrite has touched.

    ``Default`` replaces what a Secret's key cannot hold by ``_``, which cannot be told from a ``_`` that stands in
    Vault: the name is kept. ``Unicode`` writes ``_U002f_``.

    Source: external-secrets runtime/esutils/utils.go:263-287@v2.9.0.
    """
    return _from_unicode if strategy == "Unicode" else _same


def _apply(undos: list[Undo], name: str) -> str | None:
    before: str | None = name
    for undo in undos:
        if before is None:
            return None
        before = undo(before)
    return before


def _same(name: str) -> str | None:
    return name


def _unknown(_name: str) -> str | None:
    return None


def _from_unicode(name: str) -> str | None:
    return _UNICODE.sub(lambda match: _character(match[1], match[0]), name)


def _character(digits: str, otherwise: str) -> str:
    code = int(digits, 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else otherwise  # noqa: PLR2004 - Unicode's bounds


def _undo_transform(template: str) -> Undo:
    match = _VALUE.match(template)
    if match is None:
        return _unknown
    return lambda name: _swap(name, match["head"], match["tail"], "", "")


def _undo_regexp(source: str, target: str) -> Undo:
    """Undo ``source: "(.*)", target: "db_$1"`` and ``source: "^db_", target: ""`` and their likes."""
    capture, group = _CAPTURE.match(source), _GROUP.match(target)
    if capture and group:
        head, tail = _unescape(capture["head"]), _unescape(capture["tail"])
        return lambda name: _swap(name, group["head"], group["tail"], head, tail)
    literal = _LITERAL.match(source)
    if literal and source.startswith("^") and "$" not in target:
        head = _unescape(literal["head"])
        return lambda name: _swap(name, target, "", head, "")
    return _unknown


def _swap(name: str, head: str, tail: str, old_head: str, old_tail: str) -> str | None:
    """Return `name` with `head` and `tail` replaced by what stood there; a key that lacks them was not renamed."""
    if len(name) < len(head) + len(tail) or not (name.startswith(head) and name.endswith(tail)):
        return name
    return f"{old_head}{name[len(head) : len(name) - len(tail)]}{old_tail}"


def _unescape(pattern: str) -> str:
    return _ESCAPED.sub(r"\1", pattern)
