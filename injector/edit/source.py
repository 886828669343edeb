"""A YAML file as text: its encoding, its documents' places, and the way back to the same bytes."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from injector.errors import EditError
from injector.location import Location
from injector.manifests.yamldoc import split_documents

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""YAML 1.2 section 5.2; the longer marks first, because UTF-32's starts with UTF-16's."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a document stands.

    Attributes:
        start: offset of its first character in the file's text; the ``---`` line belongs to it.
        end: offset behind its last character.
        line: number of its first line, from 1.
    """

    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """A decoded file.

    Attributes:
        path: what messages call it.
        text: without a byte order mark.
        bom: the mark's bytes, to be written back.
        codec: how `text` is written back.
    """

    path: str
    text: str
    bom: bytes = b""
    codec: str = "utf-8"

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return self.bom + self.text.encode(self.codec)

    def with_text(self, text: str) -> Source:
        """Return the same file with another text."""
        return replace(self, text=text)

    def newline(self) -> str:
        """Return the line ending that most lines have."""
        crlf = self.text.count("\r\n")
        return "\r\n" if crlf * 2 > self.text.count("\n") else "\n"

    def spans(self) -> tuple[Span, ...]:
        """Return the documents' places, numbered as `injector.manifests.document.Document.index` numbers them."""
        return _spans(self.text)


@lru_cache(maxsize=64)
def _spans(text: str) -> tuple[Span, ...]:
    """Return the documents' places; each edit asks several times."""
    found: list[Span] = []
    start, line = 0, 1
    for chunk in split_documents(text.encode()):
        while line < chunk.line:
            start = text.index("\n", start) + 1
            line += 1
        end = start + len(chunk.data.decode())
        found.append(Span(start, end, line))
    return tuple(found)


def decode(data: bytes, path: str) -> Source:
    """Return a file's text.

    Raises:
        EditError: the bytes are not what their byte order mark, or the lack of one, says.
    """
    bom, codec = next(((bom, codec) for bom, codec in _BOMS if data.startswith(bom)), (b"", "utf-8"))
    try:
        return Source(path, data[len(bom) :].decode(codec), bom, codec)
    except UnicodeDecodeError as err:
        message = f"is not valid {codec.upper()}; convert the file to UTF-8"
        raise EditError(message, Location(path, data.count(b"\n", 0, err.start + len(bom)) + 1)) from err
