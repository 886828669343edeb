"""What a renderer may be told about the place its text goes to. Nothing about what is in the report.

Imports nothing, so that the command line may know the formats before it loads their renderers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """What ``-o`` takes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    MARKDOWN = "markdown"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """How much a filter took out of a report, so that a filtered document never looks like a whole one."""

    items: int = 0
    orphans: int = 0
    findings: int = 0

    def __bool__(self) -> bool:
        """Return whether anything was taken out."""
        return bool(self.items or self.orphans or self.findings)


NOTHING: Final = Hidden()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where and how a document is shown.

    Attributes:
        width: columns of the terminal; None when it is no terminal, and then nothing is shortened.
        has_color: whether ANSI colours are wanted; only tables have any.
        has_headers: whether tables and CSV name their columns.
        hidden: what filters took out.
    """

    width: int | None = None
    has_color: bool = False
    has_headers: bool = True
    hidden: Hidden = NOTHING


PLAIN: Final = Options()
"""For a file or a pipe, of a whole report."""
