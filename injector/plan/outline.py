"""What a template would look like: its text, with marks where its variables go.

Nothing is rendered and no function is known but those that put texts together; it is enough to see where in a connection
string a value stands. Source of the functions: https://pkg.go.dev/fmt#Sprintf, https://masterminds.github.io/sprig/strings.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from injector.inventory.esotemplate import Action, iter_reads

_START, _END = "\ue000", "\ue001"
MARK: Final = rf"{_START}[^{_END}]*{_END}"
"""A variable's place, as an expression."""
_NAME: Final = re.compile(rf"{_START}([^{_END}]*){_END}")
_VERB: Final = re.compile(r"%[-+#0-9.]*[sdvqtxb]")
_JOINING: Final = frozenset({"list", "cat", "print", "println", "join", "concat"})


@dataclass(frozen=True, slots=True)
class Outline:
    """A template's outline.

    Attributes:
        text: with a mark for each variable that is put out.
        origins: for each character of `text` its place in the template; -1 for what an action makes.
    """

    text: str
    origins: tuple[int, ...]

    def find_span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where in the template a piece of the text stands, None for what no literal text is."""
        places = self.origins[start:end]
        if not places or -1 in places:
            return None
        return places[0], places[-1] + 1

    def find_place(self, at: int) -> int | None:
        """Return where in the template something would be put in before a character of the text."""
        place = self.origins[at] if at < len(self.origins) else -1
        if place < 0 and at and self.origins[at - 1] >= 0:
            return self.origins[at - 1] + 1
        return place if place >= 0 else None


def name_of(mark: str) -> str:
    """Return the variable that a mark stands for."""
    return mark.strip(_START + _END)


def outline(template: str) -> Outline:
    """Return a template's outline; both branches of a condition stand in it."""
    parts: list[str] = []
    origins: list[int] = []

    def add(text: str, start: int) -> None:
        parts.append(text)
        origins.extend(range(start, start + len(text)) if start >= 0 else [-1] * len(text))

    position = 0
    for action, names in iter_reads(template):
        add(template[position : action.start], position)
        position = action.end
        if action.is_output:
            add(_put_out(action, names), -1)
    add(template[position:], position)
    return Outline("".join(parts), tuple(origins))


def _put_out(action: Action, names: tuple[str, ...]) -> str:
    """Return what an action puts out: a format with the marks in it, texts and marks in a row, or the marks alone."""
    marks = [f"{_START}{name}{_END}" for name in names]
    literals = [found for kind, found in action.tokens if kind == "string"]
    if action.keyword == "printf" and literals:
        form = literals[0][1:-1]
        if len(_VERB.findall(form)) == len(marks):
            rest = iter(marks)
            return _VERB.sub(lambda _: next(rest), form)
    if action.keyword in _JOINING:
        return _in_a_row(action, marks)
    return "".join(marks)


def _in_a_row(action: Action, marks: list[str]) -> str:
    made: list[str] = []
    rest = iter(marks)
    for kind, found in action.tokens:
        if found == "|":
            break
        if kind == "string":
            made.append(found[1:-1])
        elif kind in ("field", "variable", "dot"):
            made.append(next(rest, ""))
    return "".join(made)
