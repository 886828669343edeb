"""The body of a template, prepared for the other engine: which words change, which variables it reads.

The text stays as it was written except for the words that must change. To know these one must know what the dot stands
for: ``index . "a"`` yields nothing for a missing ``a`` when the dot is ESO's data, ``<no value>`` when it is Vault
Agent's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from injector.templates.functions import TAKE_MAPS, TELL_TYPES, Chain, Missing, find_meaning, pem_filter
from injector.templates.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Command,
    Definition,
    Node,
    Operand,
    Pipeline,
    Template,
    Term,
)
from injector.templates.refusal import RefusedError

_PAIR: Final = 2
"""Operands of ``index . "key"`` after its name."""


class Stands(Enum):
    """What an expression stands for."""

    DATA = auto()
    """All variables: ESO's ``map[string]string``."""
    OTHER = auto()
    UNKNOWN = auto()
    """May be the data: inside ``define``, which anybody may call with anything."""


@dataclass(slots=True)
class Reading:
    """What a body reads, and how its text changes.

    Attributes:
        variables: names that it reads, in order of first use.
        reads_all: it uses the data as a whole, so that every variable counts.
        reads_open: it reads names that no variable has; a ``dataFrom`` may hold them.
        edits: (start, end, text) over the template's text, none over another.
        definitions: to be moved out: ``define`` is only allowed at the top.
        needs: names of our own templates that the new text runs.
        names: of all templates that the text defines.
    """

    variables: dict[str, None] = field(default_factory=dict)
    reads_all: bool = False
    reads_open: bool = False
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    needs: dict[str, None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def read_body(template: Template, known: Iterable[str], *, is_open: bool) -> Reading:
    """Walk a template once.

    Args:
        template: the parsed text.
        known: names of the variables that exist.
        is_open: there may be more of them, which only Vault knows.

    Raises:
        RefusedError: something in it has no equivalent.
    """
    names = frozenset(known)
    walk = _Walk(names, is_open=is_open)
    walk.find_names(template.nodes)
    walk.nodes(template.nodes, Stands.DATA, {"$": Stands.DATA})
    reading = walk.reading
    reading.edits.sort()
    # Whether there are any data at all must come out the same.
    reading.reads_all |= walk.asks_for_any and not reading.variables
    return reading


class _Walk:
    def __init__(self, known: frozenset[str], *, is_open: bool) -> None:
        self.reading = Reading()
        self.asks_for_any = False
        self._known = known
        self._is_open = is_open
        self._called: set[str] = set()

    def find_names(self, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            match node:
                case Block() | Definition():
                    self.reading.names.add(node.name)
                    self.find_names(node.body)
                case Call():
                    self._called.add(node.name)
                case Branch():
                    self.find_names((*node.body, *node.otherwise))

    def nodes(self, nodes: tuple[Node, ...], dot: Stands, scope: dict[str, Stands]) -> None:
        """Walk a list of nodes; variables declared in it end with it, assignments to others stay."""
        outer, scope = scope, dict(scope)
        for node in nodes:
            match node:
                case Action():
                    self._pipeline(node.pipeline, dot, scope, is_alias=bool(node.pipeline.targets))
                case Branch():
                    self._branch(node, dot, scope)
                case Call():
                    self._call(node, dot, scope)
                case Block():
                    inner = self._pipeline(node.pipeline, dot, scope, is_alias=True)
                    self._template(node.body, Stands.UNKNOWN if node.name in self._called else inner)
                case Definition():
                    self.reading.definitions.append(node)
                    self._template(node.body, Stands.UNKNOWN)
        for name, value in outer.items():
            if scope[name] is not value:  # the same name may also have been declared anew
                outer[name] = Stands.UNKNOWN

    def _template(self, body: tuple[Node, ...], dot: Stands) -> None:
        self.nodes(body, dot, {"$": dot})

    def _call(self, node: Call, dot: Stands, scope: dict[str, Stands]) -> None:
        if node.name not in self.reading.names:
            message = "no template of this name is defined, External Secrets Operator fails on it too"
            raise RefusedError(f"template {node.name!a}", message, node.start)
        if node.pipeline is not None:
            self._pipeline(node.pipeline, dot, scope, is_alias=True)

    def _branch(self, node: Branch, dot: Stands, scope: dict[str, Stands]) -> None:
        inner = dict(scope)
        is_alias = node.keyword != "range"
        value = self._pipeline(node.pipeline, dot, inner, is_alias=is_alias, is_loop=node.keyword == "range")
        self.asks_for_any |= is_alias and value is not Stands.OTHER
        dots = {"if": dot, "with": value, "range": Stands.OTHER if value is not Stands.UNKNOWN else value}
        self.nodes(node.body, dots[node.keyword], inner)
        self.nodes(node.otherwise, dot, inner)
        for name, before in scope.items():
            if inner[name] is not before:
                scope[name] = Stands.UNKNOWN

    # What follows looks at pipelines.

    def _pipeline(
        self, pipeline: Pipeline, dot: Stands, scope: dict[str, Stands], *, is_alias: bool, is_loop: bool = False
    ) -> Stands:
        """Look at a pipeline and return what it stands for.

        With `is_alias` the value is only given a name or made the dot, so that the data as such are not used yet.
        """
        value = self._plain(pipeline, dot, scope)
        if not (is_alias and value is not Stands.OTHER):
            piped = Stands.OTHER
            for number, command in enumerate(pipeline.commands):
                piped = self._command(command, dot, scope, (piped,) if number else ())
        kept = Stands.OTHER if is_loop and value is Stands.DATA else value
        for target in pipeline.targets:
            is_same = pipeline.declares or scope.get(target, kept) is kept
            scope[target] = kept if is_same else Stands.UNKNOWN
        return value

    def _plain(self, pipeline: Pipeline, dot: Stands, scope: Mapping[str, Stands]) -> Stands:
        """Return what a pipeline of a single operand stands for."""
        if len(pipeline.commands) != 1 or len(pipeline.commands[0].operands) != 1:
            return Stands.OTHER
        return self._stands(pipeline.commands[0].operands[0], dot, scope)

    def _stands(self, operand: Operand, dot: Stands, scope: Mapping[str, Stands]) -> Stands:
        if operand.fields:
            return Stands.OTHER
        if operand.group is not None:
            return self._plain(operand.group, dot, scope)
        if operand.term is Term.DOT:
            return dot
        return scope.get(operand.value, Stands.UNKNOWN) if operand.term is Term.VARIABLE else Stands.OTHER

    def _command(self, command: Command, dot: Stands, scope: dict[str, Stands], piped: tuple[Stands, ...]) -> Stands:
        """Look at a command; return what it stands for when it is a plain operand."""
        values = [self._stands(operand, dot, scope) for operand in command.operands]
        function = command.function
        if function == "index" and len(values) > 1 and values[1] is not Stands.OTHER:
            self._index(command, values[1], len(values) - 2 + len(piped))
            rest = command.operands[2:]
        else:
            rest = command.operands[1:] if function else command.operands
            if function:
                self._function(command, [*values[1:], *piped])
        for operand in rest:
            self._operand(operand, dot, scope)
        return values[0] if len(values) == 1 else Stands.OTHER

    def _operand(self, operand: Operand, dot: Stands, scope: dict[str, Stands]) -> None:
        if operand.term is Term.FUNCTION:  # called without arguments
            self._function(Command(operand.start, operand.end, (operand,)), [], is_argument=True)
        elif operand.group is not None:
            base = self._pipeline(operand.group, dot, scope, is_alias=bool(operand.fields))
            self._field(operand, base)
        elif operand.term is Term.DOT:
            self._field(operand, dot)
        elif operand.term is Term.VARIABLE:
            self._field(operand, scope.get(operand.value, Stands.UNKNOWN))

    def _field(self, operand: Operand, base: Stands) -> None:
        if base is Stands.OTHER:
            return
        reading = self.reading
        if not operand.fields:
            reading.reads_all = True
            return
        name = operand.fields[0]
        if name in self._known:
            reading.variables[name] = None
        elif self._is_open:
            reading.reads_open = True
        elif base is Stands.DATA:
            message = "nothing fetches this variable, External Secrets Operator fails on it too"
            raise RefusedError(f".{name}", message, operand.start)

    # What follows changes words.

    def _index(self, command: Command, base: Stands, keys: int) -> None:
        """Handle ``index`` on what may be the data: a missing key is an empty string in ESO."""
        reading = self.reading
        key = command.operands[_PAIR] if len(command.operands) > _PAIR else None
        is_known = key is not None and key.term is Term.STRING and key.value in self._known
        if is_known and key is not None:
            reading.variables[key.value] = None
            return
        if not keys:
            reading.reads_all = True
            return
        if base is Stands.UNKNOWN or keys != 1:
            message = "what it looks up is not known before the template runs; name the key or use .NAME"
            raise RefusedError("index", message, command.start)
        name = command.operands[0]
        reading.edits.append((name.start, name.start + len(name.value), "sprig_get"))
        if key is None or key.term is not Term.STRING:
            reading.reads_all = True
        else:
            reading.reads_open |= self._is_open

    def _function(self, command: Command, arguments: list[Stands], *, is_argument: bool = False) -> None:
        name, operand = command.function, command.operands[0]
        if Stands.DATA in arguments and name in TAKE_MAPS:
            message = "does not take the variables as a whole, External Secrets Operator fails on it too"
            raise RefusedError(f"function {name}", message, operand.start)
        if name in TELL_TYPES and {Stands.DATA, Stands.UNKNOWN} & {*arguments}:
            message = "asks for the type of the variables as a whole, which differs in Vault Agent"
            raise RefusedError(f"function {name}", message, operand.start)
        if name == "filterPEM":
            self._filter_pem(command)
            return
        meaning = find_meaning(name)
        if meaning is None:
            message = "External Secrets Operator has no such function"
            raise RefusedError(f"function {name}", message, operand.start)
        if isinstance(meaning, Missing):
            raise RefusedError(f"function {name}", meaning.why, operand.start)
        if is_argument and meaning.tail:
            raise RefusedError(f"function {name}", "misses its argument", operand.start)
        self._replace(command, operand.start + len(name), meaning)

    def _filter_pem(self, command: Command) -> None:
        kind = command.operands[1] if len(command.operands) > 1 else None
        meaning = pem_filter(kind.value) if kind is not None and kind.term is Term.STRING else None
        if kind is None or meaning is None:
            message = "Vault Agent can only filter by a type that is written out"
            raise RefusedError("function filterPEM", message, command.start)
        self._replace(command, kind.end, meaning)

    def _replace(self, command: Command, end: int, meaning: Chain) -> None:
        start = command.operands[0].start
        tail = "".join(f" | {part}" for part in meaning.tail)
        head = meaning.head
        if head != command.operands[0].value:
            self.reading.edits.append((start, end, head))
        if tail:
            self.reading.edits.append((command.end, command.end, tail))
        if meaning.needs:
            self.reading.needs[meaning.needs] = None
