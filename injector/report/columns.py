"""Aligned columns without borders, as kubectl prints them, and the few colours there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from injector.report.plaintext import printable

GAP: Final = "  "
_MARK: Final = "…"


class Color(StrEnum):
    """ANSI sequences of the eight colours that every terminal has."""

    NONE = ""
    BOLD = "\x1b[1m"
    DIM = "\x1b[2m"
    RED = "\x1b[31m"
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"


_RESET: Final = "\x1b[0m"


def paint(text: str, color: Color, *, has_color: bool) -> str:
    """Return the text in a colour, if there are to be colours."""
    return f"{color}{text}{_RESET}" if has_color and color and text else text


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: its header.
        narrowest: how far its cells may be cut to fit the terminal; 0 for never.
        spare: where cutting does not help, columns are left out, the one with the highest number first; 0 for never.
    """

    title: str
    narrowest: int = 0
    spare: int = 0


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Return how wide each column is to be, 0 for one that is left out.

    Args:
        columns: the columns; those that may be cut are cut from the last to the first.
        rows: the cells.
        width: columns of the terminal, None to cut nothing. What can be neither cut nor left out goes over it.
    """
    full = [max([len(column.title), *(len(row[at]) for row in rows)]) for at, column in enumerate(columns)]
    widths, over = _cut(columns, full, width)
    for at in sorted(range(len(columns)), key=lambda at: -columns[at].spare):
        if over <= 0 or not columns[at].spare:
            break
        full[at] = 0
        widths, over = _cut(columns, full, width)
    return widths


def _cut(columns: Sequence[Column], full: Sequence[int], width: int | None) -> tuple[list[int], int]:
    """Return the widths, and by how much they are still too wide."""
    widths = list(full)
    if width is None:
        return widths, 0
    shown = [one for one in widths if one]
    over = sum(shown) + len(GAP) * (len(shown) - 1) - width
    for at in reversed(range(len(columns))):
        narrowest = columns[at].narrowest
        if over <= 0 or not narrowest:
            continue
        cut = min(over, max(widths[at] - max(narrowest, len(columns[at].title)), 0))
        widths[at] -= cut
        over -= cut
    return widths, over


def line(cells: Sequence[str], widths: Sequence[int], colors: Sequence[Color] = (), *, has_color: bool = False) -> str:
    """Return one row without blanks at its end; columns of width 0 are left out."""
    shown = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        if not width:
            continue
        text = cell if len(cell) <= width else cell[: width - 1] + _MARK
        color = colors[at] if at < len(colors) else Color.NONE
        padding = " " * (width - len(text))
        shown.append(paint(text, color, has_color=has_color) + padding)
    return GAP.join(shown).rstrip()


def cell(*parts: str) -> str:
    """Return several words as one cell, ``-`` when there are none, safe for a terminal."""
    return printable(",".join(parts)) or "-"
