"""What Flux makes of a known variable in ``${VAR^^}``, ``${VAR:0:3}``, ``${VAR/a/b}`` and their like: text to text.

Source: fluxcd/pkg/envsubst (parse/parse.go, funcs.go). Positions count bytes there and characters here.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Final

DEFAULTS: Final = frozenset({":=", ":-", ":+", "=", "-"})
"""Operators before a text that stands in for an empty value; ``:+`` is no different to Flux."""

_MAX_LENGTH: Final = 4096
"""Longer values are no names or paths; a pattern is tried at every place."""
_REPLACE: Final = re.compile(r"(?P<old>(?:\\.|[^/\\])*)/(?P<new>.*)\Z", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([/\\])")


def transform(value: str, operator: str, rest: str) -> str | None:
    """Return a value as an operator changes it; None for what Flux refuses or nobody writes.

    Args:
        value: of the variable.
        operator: what stands behind its name; ``#`` without `rest` asks for the length.
        rest: what stands behind the operator.
    """
    if len(value) > _MAX_LENGTH:
        return None
    match operator:
        case ":?":
            return value
        case "^^" | ",," | "^" | ",":
            return None if rest else _change_case(value, operator)
        case ":":
            return _cut(value, *rest.split(":", 1))
        case "#" | "##" | "%" | "%%":
            return _trim(value, operator, rest) if rest else None
        case "/" | "//" | "/#" | "/%":
            parts = _REPLACE.match(rest)
            return _put(value, operator, *(_ESCAPED.sub(r"\1", part) for part in parts.groups())) if parts else None
    return None


def _change_case(value: str, operator: str) -> str:
    if len(operator) > 1:
        return value.upper() if operator == "^^" else value.lower()
    return (value[:1].upper() if operator == "^" else value[:1].lower()) + value[1:]


def _cut(value: str, position: str, length: str = "") -> str:
    try:
        start = int(position)
        count = int(length) if length else len(value)
    except ValueError:
        return value
    start = max(len(value) + start, 0) if start < 0 else start
    return value[start:] if count >= len(value) - start else value[start : start + count if count >= 0 else count]


def _trim(value: str, operator: str, pattern: str) -> str:
    does_match = re.compile(fnmatch.translate(pattern)).match
    lengths = range(1, len(value) + 1)
    for length in lengths if len(operator) == 1 else reversed(lengths):
        if operator[0] == "#" and does_match(value[:length]):
            return value[length:]
        if operator[0] == "%" and does_match(value[-length:]):
            return value[:-length]
    return value


def _put(value: str, operator: str, old: str, new: str) -> str:
    match operator:
        case "/#":
            return new + value.removeprefix(old) if value.startswith(old) else value
        case "/%":
            return value.removesuffix(old) + new if value.endswith(old) else value
    return value.replace(old, new, 1 if operator == "/" else -1)
