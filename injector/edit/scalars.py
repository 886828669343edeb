"""Scalars to text that every YAML reader takes for the same value.

Manifests are read by YAML 1.1 readers (kubectl's and Helm's go-yaml v2 descendants, PyYAML) and 1.2 readers alike, so
a text stands plain only when none of them would see anything else in it.
"""

from __future__ import annotations

import io
import json
import math
import re
from typing import Final, Literal, TypeAlias

import yaml
from yaml.emitter import Emitter

from injector.edit.values import Scalar
from injector.manifests.yamldoc import resolve_scalar

Quote: TypeAlias = Literal["", "'", '"', "json"]
"""How a text shall stand if it can: plain, in single, in double quotes, or in double quotes as JSON reads them."""

_YES_NO: Final = frozenset({"y", "Y", "n", "N"})
"""go-yaml v2 (resolve.go) takes them for booleans; PyYAML's resolver does not."""
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""YAML 1.2 section 5.1 without the line breaks of YAML 1.1 (NEL, LS, PS) and without U+FEFF."""
_LONGEST_SIMPLE_KEY: Final = 1000
"""A key may be 1024 characters long (YAML 1.2 section 7.4); escapes are counted generously."""
MAX_INDICATOR: Final = 9
"""The largest indentation that a block scalar's header can name (YAML 1.2 section 8.1.1.1)."""


class UnwritableError(Exception):
    """A value has no form in YAML that Kubernetes reads."""


def render_scalar(value: Scalar, quote: Quote, *, fallback: Quote = '"', is_flow: bool = False) -> str:
    """Return a scalar on one line.

    Args:
        value: anything; text with line breaks gets double quotes.
        quote: how the neighbours stand.
        fallback: the quotes for text that cannot stand plain.
        is_flow: it stands between brackets.
    """
    if isinstance(value, str):
        return render_text(value, quote, fallback=fallback, is_flow=is_flow)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnwritableError("a number that is not finite")
        return str(yaml.SafeDumper(io.StringIO()).represent_float(value).value)
    return str(value)


def render_text(text: str, quote: Quote, *, fallback: Quote = '"', is_flow: bool = False) -> str:
    """Return text on one line, plain only when every reader takes it for text."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UnwritableError("text with half a character (a lone surrogate)")
    if not quote and not is_plain_safe(text, is_flow=is_flow):
        quote = fallback or '"'
    if not quote:
        return text
    if quote == "'" and "\n" not in text and not _UNPRINTABLE.search(text):
        return "'" + text.replace("'", "''") + "'"
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)


def render_key(key: str, quote: Quote, *, is_flow: bool = False) -> str:
    """Return a key; plain or as `quote` says."""
    made = render_text(key, quote, is_flow=is_flow)
    if len(made) > _LONGEST_SIMPLE_KEY:
        raise UnwritableError(f"a key longer than {_LONGEST_SIMPLE_KEY} characters")
    return made


def is_plain_safe(text: str, *, is_flow: bool = False) -> bool:
    """Tell whether text may stand without quotes: YAML allows it, and no reader resolves it to another type."""
    if not text or text in _YES_NO or _UNPRINTABLE.search(text) or not isinstance(resolve_scalar(text), str):
        return False
    readers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[0], [])
    if any(pattern.match(text) for _, pattern in readers):
        return False
    emitter = Emitter(io.StringIO(), allow_unicode=True)
    found = emitter.analyze_scalar(text)
    return bool(found.allow_flow_plain if is_flow else found.allow_block_plain) and not found.multiline


def render_literal(text: str, step: int) -> tuple[str, tuple[str, ...]] | None:
    """Return text as a literal block scalar: its header, and its lines without their indentation of `step`.

    None when it has no such form: one line only, or characters that need escapes.
    """
    if "\n" not in text or _UNPRINTABLE.search(text) or not text.strip(" \n\t"):
        return None
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    hint = ""
    if text[0] in " \t\n":
        # The first line would mislead the detection of the indentation.
        if step > MAX_INDICATOR:
            return None
        hint = str(step)
    chomp = "-" if not trailing else "" if trailing == 1 else "+"
    return f"|{hint}{chomp}", (*body.split("\n"), *[""] * (trailing - 1))
