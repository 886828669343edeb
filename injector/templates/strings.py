"""String literals of Go: read and written."""

from __future__ import annotations

import re
from typing import Final

from injector.templates.lexer import TemplateSyntaxError

_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|())", re.DOTALL
)
_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_MAX_CODE_POINT: Final = 0x10FFFF
_MAX_BYTE: Final = 0xFF
_PLAIN: Final = re.compile(r"[^\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]*\Z")


def unquote(literal: str, offset: int) -> str:
    """Return what a string literal with its quotes stands for.

    Bytes that are no UTF-8 come back as lone surrogates, as Python does with file names.

    Raises:
        TemplateSyntaxError: an escape that Go does not know; its place is counted from `offset`.
    """
    if literal[0] == "`":
        return literal[1:-1].replace("\r", "")
    parts: list[bytes] = []
    at = 1
    for match in _ESCAPE.finditer(literal, 1, len(literal) - 1):
        parts.append(literal[at : match.start()].encode("utf-8", "surrogatepass"))
        parts.append(_read_escape(match, offset))
        at = match.end()
    parts.append(literal[at:-1].encode("utf-8", "surrogatepass"))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _read_escape(match: re.Match[str], offset: int) -> bytes:
    simple, byte, short, long, octal, _ = match.groups()
    if simple:
        return _SIMPLE[simple].encode()
    if byte or octal:
        number = int(byte, 16) if byte else int(octal, 8)
        if number <= _MAX_BYTE:
            return bytes([number])
    elif short or long:
        number = int(short or long, 16)
        if number <= _MAX_CODE_POINT and not 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - the surrogates
            return chr(number).encode()
    raise TemplateSyntaxError("unknown escape in a string", offset + match.start())


def quote(value: str) -> str:
    """Return a string literal that Go reads as `value`."""
    if _PLAIN.match(value):
        return f'"{value}"'
    parts = []
    for character in value:
        code = ord(character)
        if character in '"\\':
            parts.append("\\" + character)
        elif character == "\n":
            parts.append("\\n")
        elif 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that was no UTF-8
            parts.append(f"\\x{code - 0xDC00:02x}")
        elif _PLAIN.match(character):
            parts.append(character)
        else:
            parts.append(f"\\u{code:04x}")
    return f'"{"".join(parts)}"'
