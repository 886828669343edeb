"""A parsed Go template: what stands where, as values.

Every node knows its offsets in the text, because a translation is a list of edits: what nobody edits stays as it was
written, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias


class Term(Enum):
    """What an operand starts with."""

    FUNCTION = auto()
    DOT = auto()
    """``.`` alone, or ``.NAME``: then `Operand.fields` holds the names."""
    VARIABLE = auto()
    STRING = auto()
    LITERAL = auto()
    """A number, a character, a boolean or nil."""
    GROUP = auto()
    """A pipeline in parentheses."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One word of a command.

    Attributes:
        value: the function's name, the variable's (``$x``), or the string's content.
        fields: names that follow with dots: of ``$x.a.b`` and ``(f).a.b`` these are a and b.
        group: the pipeline in parentheses.
    """

    term: Term
    start: int
    end: int
    value: str = ""
    fields: tuple[str, ...] = ()
    group: Pipeline | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """Operands side by side; the first is called when it is a function."""

    start: int
    end: int
    operands: tuple[Operand, ...]

    @property
    def function(self) -> str:
        """Return the function that is called, or nothing."""
        first = self.operands[0]
        return first.value if first.term is Term.FUNCTION else ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by ``|``, after the variables that take the result.

    Attributes:
        targets: variables with their dollar sign.
        declares: ``:=``; a plain ``=`` otherwise.
    """

    start: int
    end: int
    commands: tuple[Command, ...]
    targets: tuple[str, ...] = ()
    declares: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """What is printed as it is, before trimming."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its delimiters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline between delimiters; prints its value unless it only sets variables."""

    start: int
    end: int
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Jump:
    """``break`` or ``continue``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Branch:
    """``if``, ``with`` or ``range``; an ``else if`` is a branch alone in `otherwise`."""

    keyword: str
    start: int
    end: int
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``template``: runs another one by its name."""

    name: str
    start: int
    end: int
    pipeline: Pipeline | None


@dataclass(frozen=True, slots=True)
class Block:
    """``block``: defines a template and runs it where it stands."""

    name: str
    start: int
    end: int
    pipeline: Pipeline
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """``define``: a template that is only run by its name.

    Attributes:
        start, end: with the outer delimiters.
        inner_start, inner_end: from the word ``define`` to the word ``end``.
        trims_before, trims_after: whether the outer delimiters trim the text around.
    """

    name: str
    start: int
    end: int
    inner_start: int
    inner_end: int
    trims_before: bool
    trims_after: bool
    body: tuple[Node, ...]


Node: TypeAlias = "Text | Comment | Action | Jump | Branch | Call | Block | Definition"


@dataclass(frozen=True, slots=True)
class Template:
    """A whole text."""

    text: str
    nodes: tuple[Node, ...]

    def line_of(self, offset: int) -> int:
        """Return the line of an offset, counted from 1."""
        return self.text.count("\n", 0, offset) + 1
