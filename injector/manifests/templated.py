"""Tells a file that something else must render first from one that is merely broken.

Manifests hold templates of others as plain text (ExternalSecrets, alert rules, application configuration), so what
stands in quotes or in a block of text says nothing: only template marks where YAML itself would stand do.
"""

from __future__ import annotations

import re
from typing import Final

_ALONE: Final = re.compile(
    rb"[ \t]*(?:-[ \t]+)?\{[{%]|[ \t]*(?:[\w.-]+:[ \t]*)?<%|[ \t]*(?:#%|#@)"
    rb"|[^\n]*\{\{-?[ \t]*(?:if|range|with|end|include|template|toYaml|define)\b"
)
"""A line that a template engine alone can make sense of, wherever the parser stumbled."""
_MARK: Final = re.compile(rb"\{\{|\{%|<%|\[\[|%%\w+%%|@@\w+@@|<[A-Z][A-Z0-9_-]*>")
_QUOTED: Final = re.compile(rb"\"[^\"]*\"|'[^']*'")
_NESTED_QUOTES: Final = re.compile(rb"\"[^\"]*\{\{[^\"}]*\"[^\"]*\"[^\"}]*\}\}")
_BLOCK: Final = re.compile(rb"(?:^|[:\-?][ \t]+)(?:[!&]\S+[ \t]+)*[|>][-+0-9]{0,2}[ \t]*(?:#.*)?$")


def find_template_line(data: bytes, broken: int) -> int | None:
    """Return which line of a document shows that it is a template, None when nothing does.

    Args:
        data: the document, which is no YAML.
        broken: the line at which the parser stopped, from 0.
    """
    lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
    texts = _lines_of_text(lines)
    for number, line in enumerate(lines):
        if number not in texts and _ALONE.match(line):
            return number
    for number in _near(lines, broken):
        if number not in texts and (
            _MARK.search(_QUOTED.sub(b"", lines[number])) or _NESTED_QUOTES.search(lines[number])
        ):
            return number
    return None


def _near(lines: list[bytes], broken: int) -> list[int]:
    """Return the broken line and the last one before it that says something."""
    at = min(broken, len(lines) - 1)
    before = [number for number in range(at) if lines[number].strip() and not lines[number].lstrip().startswith(b"#")]
    return [at, *before[-1:]]


def _lines_of_text(lines: list[bytes]) -> set[int]:
    """Return the numbers of the lines that stand in block scalars (``|`` and ``>``)."""
    found: set[int] = set()
    indent = -1
    for number, line in enumerate(lines):
        body = line.lstrip(b" ")
        own = len(line) - len(body)
        if indent >= 0 and (not body or own > indent):
            found.add(number)
            continue
        indent = own if _BLOCK.search(line) else -1
    return found
