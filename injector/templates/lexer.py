"""The words of a Go template, as text/template cuts them.

A port of Go's own lexer, because the edges decide: what `` -}}`` trims, where a name ends, what is a number. Every
character of the text belongs to exactly one token, so that the tokens joined are the text.

Source: https://github.com/golang/go/blob/go1.25.0/src/text/template/parse/lex.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    COMMENT = auto()
    """Between its delimiters, which are tokens of their own."""
    LEFT = auto()
    """With the trim marker and its blank, when there is one."""
    RIGHT = auto()
    SPACE = auto()
    WORD = auto()
    """A function's name."""
    KEYWORD = auto()
    FIELD = auto()
    VARIABLE = auto()
    DOT = auto()
    NIL = auto()
    BOOL = auto()
    NUMBER = auto()
    STRING = auto()
    OPEN = auto()
    CLOSE = auto()
    PIPE = auto()
    COMMA = auto()
    DECLARE = auto()
    ASSIGN = auto()
    END = auto()
    """The end of the text."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a template and where it stands (offsets in characters)."""

    kind: Kind
    start: int
    end: int
    text: str


class TemplateSyntaxError(Exception):
    """The text is no Go template.

    Attributes:
        message: what is wrong; never more of the text than one name.
        offset: where, in characters from the start.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


KEYWORDS: Final = frozenset({"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"})
SPACES: Final = " \t\r\n"
_LEFT_MARKERS: Final = tuple(f"-{space}" for space in SPACES)
_RIGHT_MARKERS: Final = tuple(f"{space}-" for space in SPACES)
_DIGITS: Final = tuple("0123456789")
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER: Final = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_RAW: Final = re.compile(r"`[^`]*`")
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_VALID_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[oO]_?[0-7]+(?:_[0-7]+)*|0[bB]_?[01]+(?:_[01]+)*"
    r"|0[0-7]*|[1-9][0-9]*(?:_[0-9]+)*|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)\Z"
)
"""Integers and floats; complex numbers and hexadecimal floats nobody writes in a template of secrets."""
_PUNCTUATION: Final = {"=": Kind.ASSIGN, "|": Kind.PIPE, ",": Kind.COMMA}
_TERMINATORS: Final = frozenset(SPACES + ".,|:)(")


def tokenize(text: str, left: str, right: str) -> list[Token]:
    """Return the tokens of a template, the last one of kind END.

    Raises:
        TemplateSyntaxError: Go would not read it either.
    """
    return _Lexer(text, left, right).run()


class _Lexer:
    def __init__(self, text: str, left: str, right: str) -> None:
        self._text = text
        self._left = left
        self._right = right
        self._at = 0
        self._tokens: list[Token] = []

    def run(self) -> list[Token]:
        text = self._text
        while (start := text.find(self._left, self._at)) >= 0:
            self._emit_up_to(Kind.TEXT, start)
            self._open_action()
        self._emit_up_to(Kind.TEXT, len(text))
        self._tokens.append(Token(Kind.END, len(text), len(text), ""))
        return self._tokens

    def _emit_up_to(self, kind: Kind, end: int) -> None:
        if end > self._at:
            self._tokens.append(Token(kind, self._at, end, self._text[self._at : end]))
            self._at = end

    def _open_action(self) -> None:
        text, inner = self._text, self._at + len(self._left)
        if text.startswith(_LEFT_MARKERS, inner):
            inner += 2
        start = self._at
        self._emit_up_to(Kind.LEFT, inner)
        if not text.startswith("/*", inner):
            self._run_action(start)
            return
        end = text.find("*/", inner + 2)
        if end < 0:
            raise TemplateSyntaxError("unclosed comment", inner)
        self._emit_up_to(Kind.COMMENT, end + 2)
        length = self._right_length()
        if not length:
            raise TemplateSyntaxError("comment ends before closing delimiter", self._at)
        self._emit_up_to(Kind.RIGHT, self._at + length)

    def _right_length(self) -> int:
        """Return how long the closing delimiter at the present place is, its trim marker included; 0 for none."""
        text, at = self._text, self._at
        if text.startswith(_RIGHT_MARKERS, at) and text.startswith(self._right, at + 2):
            return 2 + len(self._right)
        return len(self._right) if text.startswith(self._right, at) else 0

    def _run_action(self, start: int) -> None:
        depth = 0
        while not (length := self._right_length()):
            if self._at >= len(self._text):
                raise TemplateSyntaxError("unclosed action", start)
            depth += self._next()
            if depth < 0:
                raise TemplateSyntaxError("unexpected right paren", self._at - 1)
        if depth:
            raise TemplateSyntaxError("unclosed left paren", self._at)
        self._emit_up_to(Kind.RIGHT, self._at + length)

    def _next(self) -> int:
        """Read one token inside an action; return by how much it changes the depth of parentheses."""
        text, at = self._text, self._at
        found = text[at]
        if found in SPACES:
            self._space()
        elif found in _PUNCTUATION:
            self._emit_up_to(_PUNCTUATION[found], at + 1)
        elif found == ":":
            if not text.startswith(":=", at):
                raise TemplateSyntaxError("expected :=", at)
            self._emit_up_to(Kind.DECLARE, at + 2)
        elif found in "\"`'":
            self._quoted(found)
        elif found == "$":
            self._name(Kind.VARIABLE)
        elif found == "." and not text.startswith(_DIGITS, at + 1):
            self._name(Kind.FIELD)
        elif found in "+-.0123456789":
            self._number()
        elif _is_alphanumeric(found):
            self._name(Kind.WORD)
        elif found in "()":
            self._emit_up_to(Kind.OPEN if found == "(" else Kind.CLOSE, at + 1)
            return 1 if found == "(" else -1
        else:
            raise TemplateSyntaxError(f"unexpected character {found!a} in action", at)
        return 0

    def _space(self) -> None:
        match = _BLANKS.match(self._text, self._at)
        end = match.end() if match else self._at + 1
        # The last blank belongs to a closing delimiter that trims.
        if self._text.startswith("-" + self._right, end) and end - self._at > 1:
            end -= 1
        self._emit_up_to(Kind.SPACE, end)

    def _quoted(self, mark: str) -> None:
        pattern = {'"': _QUOTED, "'": _CHARACTER, "`": _RAW}[mark]
        match = pattern.match(self._text, self._at)
        if match is None:
            raise TemplateSyntaxError("unterminated string", self._at)
        self._emit_up_to(Kind.NUMBER if mark == "'" else Kind.STRING, match.end())

    def _name(self, kind: Kind) -> None:
        text, start = self._text, self._at
        begin = start if kind is Kind.WORD else start + 1
        end = begin
        while end < len(text) and _is_alphanumeric(text[end]):
            end += 1
        is_bare = kind is Kind.FIELD and end == begin
        if end < len(text) and text[end] not in _TERMINATORS and not text.startswith(self._right, end):
            raise TemplateSyntaxError(f"bad character {text[end]!a}", end)
        word = text[start:end]
        if is_bare:
            kind = Kind.DOT
        elif kind is Kind.WORD:
            kind = _WORDS.get(word, Kind.WORD)
        self._emit_up_to(kind, end)

    def _number(self) -> None:
        match = _NUMBER.match(self._text, self._at)
        end = match.end() if match else self._at
        if not _VALID_NUMBER.match(self._text[self._at : end]) or _is_alphanumeric(self._text[end : end + 1]):
            raise TemplateSyntaxError("bad number", self._at)
        self._emit_up_to(Kind.NUMBER, end)


_WORDS: Final = {
    **dict.fromkeys(KEYWORDS, Kind.KEYWORD),
    "nil": Kind.NIL,
    "true": Kind.BOOL,
    "false": Kind.BOOL,
}


def _is_alphanumeric(character: str) -> bool:
    # unicode.IsLetter and unicode.IsDigit: letters and decimal digits, no letter-like numbers or signs
    return character == "_" or character.isalpha() or character.isdecimal()
