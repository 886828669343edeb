"""What YAML becomes: containers that know their lines, and scalars with Kubernetes' types."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, TypeAlias

import yaml

from injector.location import Location

Value: TypeAlias = "str | int | float | bool | Map | Seq | None"


class Map(dict[str, "Value"]):
    """A YAML mapping, in the order of the file.

    Attributes:
        path: the file it was read from.
        line: line of its first key.
        lines: key -> line in `path`, or a `Location` when the key came from another file (a patch).
    """

    __slots__ = ("line", "lines", "path")

    def __init__(self, path: str = "", line: int = 0) -> None:
        self.path = path
        self.line = line
        self.lines: dict[str, int | Location] = {}

    def at(self, key: str | None = None) -> Location:
        """Return where `key` stands, or where the mapping starts."""
        where = self.lines.get(key, self.line) if key is not None else self.line
        return where if isinstance(where, Location) else Location(self.path, where)

    def put(self, key: str, value: Value, at: int | Location | None = None) -> None:
        """Set `key`; `at` is kept from the key's former value when it is not given."""
        self[key] = value
        if at is not None:
            self.lines[key] = at

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_map, (self.path, self.line, self.lines, dict(self)))


class Seq(list["Value"]):
    """A YAML sequence.

    Attributes:
        path: the file it was read from.
        line: line of its first item.
        lines: the items' lines; may be shorter than the sequence after edits, then `line` stands in.
    """

    __slots__ = ("line", "lines", "path")

    def __init__(self, path: str = "", line: int = 0) -> None:
        self.path = path
        self.line = line
        self.lines: list[int | Location] = []

    def at(self, index: int | None = None) -> Location:
        """Return where item `index` stands, or where the sequence starts."""
        where: int | Location = self.line
        if index is not None and index < len(self.lines):
            where = self.lines[index]
        return where if isinstance(where, Location) else Location(self.path, where)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_seq, (self.path, self.line, self.lines, list(self)))


def _rebuild_map(path: str, line: int, lines: dict[str, int | Location], items: dict[str, Value]) -> Map:
    made = Map(path, line)
    made.lines = lines
    made.update(items)
    return made


def _rebuild_seq(path: str, line: int, lines: list[int | Location], items: list[Value]) -> Seq:
    made = Seq(path, line)
    made.lines = lines
    made.extend(items)
    return made


def clone(value: Value) -> Value:
    """Return a deep copy: nobody mutates a document that was handed in."""
    if isinstance(value, Map):
        made = Map(value.path, value.line)
        made.lines = value.lines.copy()
        made.update(value)
        for key, item in value.items():
            # Most of a document is scalars: a call for each of them would be most of the cost.
            if isinstance(item, (dict, list)):
                made[key] = clone(item)
        return made
    if isinstance(value, Seq):
        copied = Seq(value.path, value.line)
        copied.lines = value.lines.copy()
        copied.extend([clone(item) if isinstance(item, (dict, list)) else item for item in value])
        return copied
    return value


STR: Final = "tag:yaml.org,2002:str"
"""The tag of text."""
_NUMBER: Final = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o?[0-7]+|[0-9]+)\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
_INT64_DIGITS: Final = 19
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


_MAY_BE_TYPED: Final = frozenset("0123456789+-.~nNtTfF")
_YAML_1_1: Final = yaml.resolver.Resolver()


def resolve_plain(text: str) -> str | int | float | bool | None:
    """Give a plain scalar that stands in a file its type: `resolve_scalar`, but what YAML 1.1 takes for text is text."""
    return text if text and text[0] not in _MAY_BE_TYPED else _resolve_unsure(text)


@lru_cache(maxsize=16384)
def _resolve_unsure(text: str) -> str | int | float | bool | None:
    # ``12e4567`` is a commit, not infinity.
    is_text = _YAML_1_1.resolve(yaml.ScalarNode, text, (True, False)) == STR  # type: ignore[no-untyped-call]
    return text if is_text else resolve_scalar(text)


def resolve_scalar(text: str) -> str | int | float | bool | None:
    """Give a plain scalar its type as Kubernetes' YAML 1.2 reader does (``yes`` and ``on`` stay text).

    Source: sigs.k8s.io/yaml and kyaml (go-yaml v3) resolve.go.
    """
    if text in _WORDS:
        return _WORDS[text]
    if not (text[0].isdigit() or text[0] in "+-."):
        return text
    if _NUMBER.match(text):
        return _parse_int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _parse_int(text: str) -> int | float | str:
    digits = text.lstrip("+-")
    if len(digits) > _INT64_DIGITS:  # beyond 64 bits Go keeps a float or text; nothing of ours is such a number
        return text
    sign = -1 if text.startswith("-") else 1
    if digits.startswith("0x"):
        return sign * int(digits, 16)
    if digits.startswith("0o"):
        return sign * int(digits, 8)
    if len(digits) > 1 and digits.startswith("0"):
        # 08 is no octal number, and Go goes on to take it for a float.
        return float(text) if "8" in digits or "9" in digits else sign * int(digits, 8)
    return sign * int(digits)
