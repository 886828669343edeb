"""The grammar of Go's text/template, read exactly.

A port of Go's own parser without its check of function names: which of them exist depends on the engine, and that is
what `injector.templates.functions` is about.

Source: https://github.com/golang/go/blob/go1.25.0/src/text/template/parse/parse.go
"""

from __future__ import annotations

from typing import Final

from injector.templates.lexer import Kind, TemplateSyntaxError, Token, tokenize
from injector.templates.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Command,
    Comment,
    Definition,
    Jump,
    Node,
    Operand,
    Pipeline,
    Template,
    Term,
    Text,
)
from injector.templates.strings import unquote

DEFAULT_DELIMITERS: Final = ("{{", "}}")
MAX_DEPTH: Final = 60
"""Of nested blocks and parentheses together; Go allows thousands, people write five."""

_TERMS: Final = {
    Kind.WORD: Term.FUNCTION,
    Kind.DOT: Term.DOT,
    Kind.FIELD: Term.DOT,
    Kind.VARIABLE: Term.VARIABLE,
    Kind.STRING: Term.STRING,
    Kind.NUMBER: Term.LITERAL,
    Kind.BOOL: Term.LITERAL,
    Kind.NIL: Term.LITERAL,
}
_VALUES_ONLY: Final = frozenset({Term.LITERAL, Term.STRING})


def parse_template(text: str, delimiters: tuple[str, str] = DEFAULT_DELIMITERS) -> Template:
    """Return the tree of a template.

    Raises:
        TemplateSyntaxError: Go would refuse the text too, or it is nested beyond any use.
    """
    parser = _Parser(text, tokenize(text, *delimiters))
    return Template(text, parser.parse())


class _Parser:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0
        self._variables = ["$"]
        self._loops = 0
        self._depth = 0
        self._defined: dict[str, bool] = {}

    def parse(self) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while self._peek().kind is not Kind.END:
            if self._keyword() == "define":
                nodes.append(self._definition())
            elif self._keyword() in ("end", "else"):
                raise TemplateSyntaxError(f"unexpected {{{{{self._keyword()}}}}}", self._peek().start)
            else:
                nodes.append(self._node())
        return tuple(nodes)

    # What follows reads nodes.

    def _items(self) -> tuple[Node, ...]:
        """Read up to an ``end`` or ``else``, which stays."""
        nodes: list[Node] = []
        while self._keyword() not in ("end", "else"):
            if self._peek().kind is Kind.END:
                raise TemplateSyntaxError("unexpected end of the text", self._peek().start)
            nodes.append(self._node())
        return tuple(nodes)

    def _node(self) -> Node:
        token = self._next()
        if token.kind is Kind.TEXT:
            return Text(token.start, token.end)
        if self._peek().kind is Kind.COMMENT:
            self._next()
            return Comment(token.start, self._next().end)
        keyword = self._word()
        start = token.start
        match keyword:
            case "":
                pipeline = self._pipeline("command", Kind.RIGHT)
                return Action(start, self._next().end, pipeline)
            case "break" | "continue":
                if not self._loops:
                    raise TemplateSyntaxError(f"{{{{{keyword}}}}} outside {{{{range}}}}", start)
                return Jump(start, self._expect(Kind.RIGHT).end)
            case "if" | "with" | "range":
                return self._branch(keyword, start)
            case "template":
                return self._call(start)
            case "block":
                return self._block(start)
        raise TemplateSyntaxError(f"unexpected {keyword}", start)

    def _branch(self, keyword: str, start: int) -> Branch:
        self._enter(start)
        scope = len(self._variables)
        pipeline = self._pipeline(keyword, Kind.RIGHT)
        self._next()
        self._loops += keyword == "range"
        body = self._items()
        self._loops -= keyword == "range"
        otherwise: tuple[Node, ...] = ()
        opening = self._next()
        if self._word() == "end":
            end = self._expect(Kind.RIGHT).end
        else:
            chained = self._word()
            if chained and chained == keyword and keyword != "range":  # "else if", "else with": they share the end
                inner = self._branch(chained, opening.start)
                otherwise, end = (inner,), inner.end
            elif chained:
                raise TemplateSyntaxError(f"unexpected {chained}", opening.start)
            else:
                self._expect(Kind.RIGHT)
                otherwise = self._items()
                end = self._end()
        del self._variables[scope:]
        self._depth -= 1
        return Branch(keyword, start, end, pipeline, body, otherwise)

    def _end(self) -> int:
        opening = self._next()
        if self._word() != "end":
            raise TemplateSyntaxError("expected {{end}}", opening.start)
        return self._expect(Kind.RIGHT).end

    def _call(self, start: int) -> Call:
        name = self._name()
        pipeline = None
        if self._peek_past_space().kind is not Kind.RIGHT:
            pipeline = self._pipeline("template clause", Kind.RIGHT)
        return Call(name, start, self._expect(Kind.RIGHT).end, pipeline)

    def _block(self, start: int) -> Block:
        name = self._name()
        pipeline = self._pipeline("block clause", Kind.RIGHT)
        self._next()
        body = self._own_scope(name, start)
        return Block(name, start, self._end(), pipeline, body)

    def _definition(self) -> Definition:
        left = self._next()
        self._skip_space()
        word = self._next()
        name = self._name()
        self._expect(Kind.RIGHT)
        body = self._own_scope(name, left.start)
        opening = self._next()
        self._skip_space()
        end_word = self._next()
        if end_word.text != "end":
            raise TemplateSyntaxError("unexpected {{else}} in define clause", opening.start)
        closing = self._expect(Kind.RIGHT)
        trims = (left.text[-1] in " \t\r\n", closing.text[0] in " \t\r\n")
        return Definition(name, left.start, closing.end, word.start, end_word.end, *trims, body)

    def _own_scope(self, name: str, start: int) -> tuple[Node, ...]:
        """Read the body of another template: it sees no variable and no loop of this one."""
        self._enter(start)
        outer = self._variables, self._loops
        self._variables, self._loops = ["$"], 0
        body = self._items()
        self._variables, self._loops = outer
        self._depth -= 1
        is_empty = all(isinstance(n, Comment) or self._is_blank(n) for n in body)
        if self._defined.get(name) and not is_empty:
            raise TemplateSyntaxError(f"multiple definition of template {name!a}", start)
        self._defined[name] = self._defined.get(name, False) or not is_empty
        return body

    def _is_blank(self, node: Node) -> bool:
        return isinstance(node, Text) and self._text[node.start : node.end].isspace()

    def _name(self) -> str:
        token = self._expect(Kind.STRING)
        return unquote(token.text, token.start)

    # What follows reads pipelines.

    def _pipeline(self, context: str, end: Kind) -> Pipeline:
        """Read a pipeline; its end stays."""
        start = self._peek_past_space().start
        targets, declares = self._targets(context)
        commands: list[Command] = []
        while self._peek_past_space().kind is not end:
            commands.append(self._command())
        if not commands:
            raise TemplateSyntaxError(f"missing value for {context}", start)
        for command in commands[1:]:
            first = command.operands[0]
            if first.term in _VALUES_ONLY or (first.term is Term.DOT and not first.fields):
                raise TemplateSyntaxError("non executable command in pipeline", first.start)
        return Pipeline(start, commands[-1].end, tuple(commands), targets, declares)

    def _targets(self, context: str) -> tuple[tuple[str, ...], bool]:
        targets: list[str] = []
        while self._peek_past_space().kind is Kind.VARIABLE:
            mark = self._at
            self._skip_space()
            variable = self._next()
            following = self._peek_past_space()
            if following.kind in (Kind.DECLARE, Kind.ASSIGN):
                self._expect(following.kind)
                targets.append(variable.text)
                self._variables.append(variable.text)
                return tuple(targets), following.kind is Kind.DECLARE
            if following.kind is not Kind.COMMA:
                self._at = mark
                break
            self._expect(Kind.COMMA)
            targets.append(variable.text)
            self._variables.append(variable.text)
            if context != "range" or len(targets) > 1:
                raise TemplateSyntaxError(f"too many declarations in {context}", variable.start)
            if self._peek_past_space().kind not in (Kind.VARIABLE, Kind.RIGHT, Kind.CLOSE):
                raise TemplateSyntaxError("range can only initialize variables", variable.start)
        return tuple(targets), True

    def _command(self) -> Command:
        operands: list[Operand] = []
        while True:
            token = self._peek_past_space()
            if token.kind in _TERMS or token.kind is Kind.OPEN:
                operands.append(self._operand())
            following = self._peek()
            if following.kind is Kind.SPACE:
                self._next()
                continue
            if following.kind is Kind.PIPE:
                self._next()
            elif following.kind not in (Kind.RIGHT, Kind.CLOSE):
                raise TemplateSyntaxError("unexpected word in operand", following.start)
            break
        if not operands:
            raise TemplateSyntaxError("empty command", self._peek().start)
        return Command(operands[0].start, operands[-1].end, tuple(operands))

    def _operand(self) -> Operand:
        self._skip_space()
        token = self._next()
        value, fields, group = "", [], None
        if token.kind is Kind.OPEN:
            self._enter(token.start)
            group = self._pipeline("parenthesized pipeline", Kind.CLOSE)
            end = self._expect(Kind.CLOSE).end
            self._depth -= 1
        else:
            end = token.end
        if token.kind is Kind.FIELD:
            fields.append(token.text[1:])
        elif token.kind is Kind.STRING:
            value = unquote(token.text, token.start)
        elif token.kind in (Kind.WORD, Kind.VARIABLE):
            value = token.text
        if token.kind is Kind.VARIABLE and value not in self._variables:
            raise TemplateSyntaxError(f"undefined variable {value!a}", token.start)
        while self._peek().kind is Kind.FIELD:
            if token.kind in (Kind.DOT, Kind.STRING, Kind.NUMBER, Kind.BOOL, Kind.NIL):
                raise TemplateSyntaxError("unexpected . after term", self._peek().start)
            chained = self._next()
            fields.append(chained.text[1:])
            end = chained.end
        term = Term.GROUP if group else _TERMS[token.kind]
        return Operand(term, token.start, end, value, tuple(fields), group)

    # What follows moves over tokens.

    def _enter(self, offset: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TemplateSyntaxError(f"nested more than {MAX_DEPTH} deep", offset)

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1  # never past the end: every action is closed, or the lexer had refused
        return self._tokens[self._at - 1]

    def _skip_space(self) -> None:
        while self._peek().kind is Kind.SPACE:
            self._at += 1

    def _peek_past_space(self) -> Token:
        at = self._at
        while self._tokens[at].kind is Kind.SPACE:
            at += 1
        return self._tokens[at]

    def _expect(self, kind: Kind) -> Token:
        self._skip_space()
        token = self._next()
        if token.kind is not kind:
            raise TemplateSyntaxError(f"expected {kind.name.lower()}, found {token.kind.name.lower()}", token.start)
        return token

    def _keyword(self) -> str:
        """Return the word with which the action at the present place begins, or nothing."""
        if self._peek().kind is not Kind.LEFT:
            return ""
        at = self._at + 1
        while self._tokens[at].kind is Kind.SPACE:
            at += 1
        return self._tokens[at].text if self._tokens[at].kind is Kind.KEYWORD else ""

    def _word(self) -> str:
        """Take the keyword at the present place inside an action, if there is one."""
        token = self._peek_past_space()
        if token.kind is not Kind.KEYWORD:
            return ""
        self._skip_space()
        self._next()
        return token.text
