"""Splices of text, and what a line is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_REST: Final = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\r\n]*)?(?=\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Splice:
    """A replacement of ``text[start:end]``."""

    start: int
    end: int
    text: str = ""


def apply_splices(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all replacements made; they must not overlap."""
    made: list[str] = []
    behind = 0
    for splice in sorted(splices, key=lambda one: (one.start, one.end)):
        if splice.start < behind:
            message = "splices overlap"
            raise ValueError(message)
        made += [text[behind : splice.start], splice.text]
        behind = splice.end
    return "".join([*made, text[behind:]])


def line_start(text: str, offset: int) -> int:
    """Return where the line of `offset` starts."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Return where the line of `offset` ends, before its line break."""
    end = text.find("\n", offset)
    if end < 0:
        return len(text)
    return end - 1 if end > offset and text[end - 1] == "\r" else end


def next_line(text: str, offset: int) -> int:
    """Return where the next line starts; the text's end when there is none."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def column(text: str, offset: int) -> int:
    """Return how many characters stand before `offset` on its line."""
    return offset - line_start(text, offset)


def newline_at(text: str, offset: int, default: str) -> str:
    """Return the line break that ends the line of `offset`."""
    end = line_end(text, offset)
    return default if end == len(text) else "\r\n" if text[end] == "\r" else "\n"


def is_rest_blank(text: str, offset: int) -> bool:
    """Tell whether nothing but a comment follows on the line."""
    return bool(_REST.match(text, offset))


def is_start_blank(text: str, offset: int) -> bool:
    """Tell whether nothing but indentation stands before `offset` on its line."""
    return not text[line_start(text, offset) : offset].strip(" ")


def head_start(text: str, offset: int, floor: int) -> int:
    """Return where the comment lines directly above the line of `offset` start, or that line itself.

    Args:
        text: the document.
        offset: where an entry starts; only comments of its column are its own.
        floor: no line that starts before counts.
    """
    own = column(text, offset)
    start = line_start(text, offset)
    while start > floor:
        above = line_start(text, start - 1)
        line = text[above:start]
        if above < floor or not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) != own:
            break
        start = above
    return start
