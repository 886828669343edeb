"""Which variables a Go template uses, without running it.

Templates decide what a Secret's key is made of, so `injector.inventory.esokeys` (External Secrets Operator) and
`injector.inventory.sourcesvso` (Vault Secrets Operator) need the names that a template reads. Nothing is rendered and
no function is known: only the scopes of ``with``, ``range`` and variables are followed.

Source: https://pkg.go.dev/text/template
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

ALL: Final = "*"
"""Stands for every variable: the template uses its data as a whole."""
MAX_TEMPLATE: Final = 1024 * 1024
"""No Secret holds more (Kubernetes' limit is 1 MiB): what is longer is not read."""

Path: TypeAlias = "tuple[str, ...]"

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\.)*')
    | (?P<end>-?\}\})
    | (?P<variable>\$\w*(?:\.\w+)*)
    | (?P<field>(?:\.[^\W\d]\w*)+)
    | (?P<dot>\.(?!\d))
    | (?P<assign>:?=)
    | (?P<number>[+-]?\.?\d[\w.]*)
    | (?P<word>[^\W\d]\w*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_MAX_ACTION: Final = 4096
"""No action that somebody wrote is longer; the bound keeps the search for a string's end cheap."""
_REFERENCES: Final = frozenset({"variable", "field", "dot"})
_LOOKUPS: Final = frozenset({"index", "get", "hasKey", "dig", "pluck"})
"""Functions that take a map and the names of entries as literals (sprig's dict functions and Go's own index)."""
_PASSED_ON: Final = frozenset({"template", "block", "include", "tpl"})
"""What hands its data to another template; that one is scanned by itself when it stands in the same text."""


@dataclass(frozen=True, slots=True)
class Action:
    """One ``{{ ... }}`` of a template.

    Attributes:
        start, end: where it stands in the text, its braces included.
        tokens: (kind, text) without blanks and comments; a field right after a closing bracket is of kind
            ``chained``, because it belongs to what the brackets yield.
    """

    start: int
    end: int
    tokens: tuple[tuple[str, str], ...]

    @property
    def keyword(self) -> str:
        """Return the action's first word when it starts with one, else nothing."""
        return self.tokens[0][1] if self.tokens and self.tokens[0][0] == "word" else ""

    @property
    def is_output(self) -> bool:
        """Tell whether it puts text where it stands: no control flow, no assignment, no comment."""
        if not self.tokens or self.keyword in _CONTROL:
            return False
        return not any(kind == "assign" for kind, _ in self.tokens[1:2])


_CONTROL: Final = frozenset({"if", "else", "end", "range", "with", "define", "block", "break", "continue"})


@dataclass(frozen=True, slots=True)
class Uses:
    """What a template reads of its data.

    Attributes:
        variables: names in order of first use; ``*`` for the data as a whole.
        required: those read as ``.NAME``, which fails when the name is missing (``missingkey=error``), unless
            ``hasKey`` asks for it before. ``index . "NAME"`` yields nothing instead of failing.
    """

    variables: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def iter_actions(template: str) -> Iterator[Action]:
    """Yield the actions of a template in order; one that is not closed ends the walk."""
    position = template.find("{{")
    while position >= 0:
        action = _read_action(template, position)
        if action is None:
            return
        yield action
        position = template.find("{{", action.end)


def _read_action(template: str, start: int) -> Action | None:
    position = start + 2
    if template[position : position + 1] == "-" and template[position + 1 : position + 2].isspace():
        position += 1  # the trim marker
    blank = len(template[position : position + 8]) - len(template[position : position + 8].lstrip())
    comment = _COMMENT.match(template, position + blank)
    if comment is not None:  # by the language only at the start of an action
        position = comment.end()
    tokens: list[tuple[str, str]] = []
    previous = ""
    limit = position + _MAX_ACTION
    while match := _TOKEN.match(template, position, limit):
        kind, found = match.lastgroup or "other", match.group()
        position = match.end()
        if kind == "end":
            return Action(start, position, tuple(tokens))
        if kind != "space":
            is_chained = kind == "field" and previous == ")"
            tokens.append(("chained" if is_chained else kind, found))
        previous = found
    return None


def find_variables(template: str, prefix: Path = ()) -> Uses:
    """Return what a template reads.

    Args:
        template: the template's text.
        prefix: where the values lie in the template's data: nothing for External Secrets Operator, whose data are the
            values, ``("Secrets",)`` for Vault Secrets Operator. What lies elsewhere is not reported.
    """
    if "{{" not in template or len(template) > MAX_TEMPLATE:
        return Uses()
    walk = _Walk(prefix)
    for action in iter_actions(template):
        walk.take(action)
    required = [name for name in walk.required if name not in walk.asked]
    return Uses(tuple(walk.variables), tuple(required))


def iter_reads(template: str) -> Iterator[tuple[Action, tuple[str, ...]]]:
    """Yield each action with the variables that it reads, in the order of use; ``*`` for the data as a whole."""
    walk = _Walk(())
    for action in iter_actions(template):
        probe = _Walk((), named=dict(walk.named), dots=list(walk.dots), openers=list(walk.openers))
        probe.take(action)
        yield action, tuple(probe.variables)
        walk.take(action)


@dataclass(slots=True)
class _Walk:
    """The state between actions: what the dot and the variables stand for, as paths into the data.

    None stands for a value that is no entry of the data, such as an item of a list.
    """

    prefix: Path
    variables: dict[str, None] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    named: dict[str, Path | None] = field(default_factory=dict)
    dots: list[Path | None] = field(default_factory=lambda: [()])
    openers: list[str] = field(default_factory=list)

    def take(self, action: Action) -> None:
        tokens = action.tokens
        keyword = action.keyword
        if keyword == "end":
            self._close()
        elif keyword == "else":
            self._else(tokens[1:])
        elif keyword in ("if", "range", "with", "define", "block"):
            self._open(keyword, tokens[1:])
        else:
            self._pipeline(tokens)

    def _open(self, keyword: str, tokens: tuple[tuple[str, str], ...]) -> None:
        dot = self.dots[-1]
        if keyword == "define":
            inner: Path | None = ()  # it may be called with anything; nearly always with the data
        else:
            inner = self._pipeline(tokens, keyword)
            if keyword == "if":
                inner = dot
            elif keyword == "range":
                inner = None
        self.openers.append(keyword)
        self.dots.append(inner)

    def _else(self, tokens: tuple[tuple[str, str], ...]) -> None:
        if not self.openers:
            return
        self.dots.pop()
        outer = self.dots[-1]
        inner = outer
        if tokens and tokens[0][0] == "word" and tokens[0][1] in ("if", "with"):
            value = self._pipeline(tokens[1:], tokens[0][1])
            inner = value if tokens[0][1] == "with" else outer
        self.dots.append(inner)

    def _close(self) -> None:
        if self.openers:
            self.openers.pop()
            self.dots.pop()

    def _pipeline(self, tokens: tuple[tuple[str, str], ...], keyword: str = "") -> Path | None:
        """Note what a pipeline reads and return what it stands for when it is a plain reference."""
        targets: list[str] = []
        mark = next((at for at, token in enumerate(tokens[:4]) if token[0] == "assign"), -1)
        if mark > 0:
            targets = [found for kind, found in tokens[:mark] if kind == "variable"]
            tokens = tokens[mark + 1 :]
        is_plain = len(tokens) == 1 and tokens[0][0] in _REFERENCES
        value = self._path(tokens[0]) if is_plain else None
        # The data itself, given a name or made the dot, is not used yet; to range over it is to use it all.
        is_alias = is_plain and value is not None and value[: len(self.prefix)] == value
        if not (is_alias and (targets or keyword in ("with", "if")) and keyword != "range"):
            self._note(tokens, keyword)
        for target in targets:
            self.named[target] = value if keyword != "range" else None
        return value

    def _note(self, tokens: tuple[tuple[str, str], ...], keyword: str) -> None:
        passes_on = keyword in _PASSED_ON or (bool(tokens) and tokens[0][1] in _PASSED_ON)
        for at, token in enumerate(tokens):
            kind, found = token
            if kind == "word" and found in _LOOKUPS:
                self._lookup(found, tokens[at + 1 :])
            if kind not in _REFERENCES:
                continue
            path = self._path(token)
            is_looked_up = at > 0 and _takes(tokens, at)
            if path is not None and not is_looked_up:
                self._use(path, is_field=kind != "dot", passes_on=passes_on)

    def _lookup(self, function: str, rest: tuple[tuple[str, str], ...]) -> None:
        """Read ``index . "a" "b"``, ``get . "a"``, ``pluck "a" .`` and ``dig "a" "b" default .``."""
        names: list[str] = []
        base: Path | None = None
        is_found = is_open = False
        for token in rest:
            kind, found = token
            if kind == "string":
                names.append(_unquote(found))
            elif kind in _REFERENCES and not is_found:
                base, is_found = self._path(token), True
            elif found in ("|", ")", "("):
                is_open = found == "("
                break
            else:
                is_open = True  # a computed name
                break
        if function == "dig":
            names = names[:1]
        if base is None or not is_found:
            return
        inside = base[: len(self.prefix)] == self.prefix
        if inside and len(base) == len(self.prefix) and is_open and not names:
            self._add(ALL)
        elif names:
            path = (*base, *names)
            self._use(path, is_field=False, passes_on=False)
            if function == "hasKey":
                self.asked.update(path[len(self.prefix) :][:1])
        else:
            self._use(base, is_field=False, passes_on=False)

    def _path(self, token: tuple[str, str]) -> Path | None:
        kind, found = token
        if kind == "dot":
            return self.dots[-1]
        head, *rest = found.split(".")
        scope: Path | None = () if head == "$" else self.named.get(head)
        base = self.dots[-1] if kind == "field" else scope
        return None if base is None else (*base, *rest)

    def _use(self, path: Path, *, is_field: bool, passes_on: bool) -> None:
        depth = len(self.prefix)
        if path[:depth] != self.prefix[: len(path)]:
            return
        if len(path) > depth:
            self._add(path[depth])
            if is_field:
                self.required[path[depth]] = None
        elif not passes_on:
            self._add(ALL)

    def _add(self, name: str) -> None:
        self.variables[name] = None


def _takes(tokens: tuple[tuple[str, str], ...], at: int) -> bool:
    """Tell whether the reference at `at` is the map of a lookup, which names its entries itself."""
    for back in range(at - 1, -1, -1):
        kind, found = tokens[back]
        if kind == "word":
            return found in _LOOKUPS
        if kind != "string":
            return False
    return False


def _unquote(literal: str) -> str:
    inner = literal[1:-1]
    if literal[0] == "`" or "\\" not in inner:
        return inner
    return re.sub(r"\\(.)", r"\1", inner)
