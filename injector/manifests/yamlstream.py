"""A stream of bytes, cut into YAML documents that nothing has parsed yet."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Chunk:
    """The bytes of one document of a file, not yet parsed.

    Attributes:
        index: the document's number in its file, from 0; empty documents are counted too.
        line: the line of the file that the chunk's first line is, from 1.
        data: the bytes, without the ``---`` line's marker.
    """

    index: int
    line: int
    data: bytes


class YamlError(Exception):
    """A document is not YAML.

    Attributes:
        line: the line of the file, from 1.
        code: short stable word: ``yaml-syntax``, ``yaml-encoding``, ``yaml-nesting``, ``yaml-alias-bomb``,
            ``too-large``.
    """

    def __init__(self, code: str, line: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.line = line


def decode_stream(data: bytes) -> bytes:
    """Return `data` as UTF-8 without a byte order mark; UTF-16 and UTF-32 by their BOM.

    Raises:
        YamlError: the bytes are in none of YAML's encodings (YAML 1.2 section 5.2).
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:]
    for bom, name in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(bom):
            try:
                return data.decode(name).encode()
            except UnicodeError as err:
                raise YamlError("yaml-encoding", 1, f"not valid {name.upper()}") from err
    return data


def split_documents(data: bytes) -> list[Chunk]:
    """Cut a stream at its ``---`` and ``...`` lines, parsing nothing.

    The list has a chunk for every document, empty ones included, except an empty one before the first
    marker (a file that starts with ``---`` has no document before it).
    """
    marks = list(iter_markers(data, b"---"))
    bare = list(_bare_starts(data, marks))
    if bare:
        marks = sorted([*marks, *bare])
    if not marks:
        return [Chunk(0, 1, data)] if data.strip() else []
    chunks: list[Chunk] = []
    bounds = [0, *marks, len(data)]
    line = 1
    for start, end in pairwise(bounds):
        body = data[start:end]
        is_head = start == 0 and marks[0] != 0
        # Comments and %YAML directives before the first marker belong to the document after it.
        if not (is_head and not _has_content(body)) and (end > start):
            chunks.append(Chunk(len(chunks), line, body))
        line += body.count(b"\n")
    return chunks


def _bare_starts(data: bytes, marks: list[int]) -> Iterator[int]:
    """Yield where a document starts after a ``...`` line without a ``---`` of its own (YAML 1.2 section 9.1.3)."""
    for found in iter_markers(data, b"..."):
        start = data.find(b"\n", found) + 1
        number = bisect_left(marks, start)
        end = marks[number] if number < len(marks) else len(data)
        if start and _has_content(data[start:end]):
            yield start


def iter_markers(data: bytes, marker: bytes) -> Iterator[int]:
    """Yield where a line is `marker` and nothing, or `marker` and a blank (a search is faster than an expression)."""
    found = 0 if data.startswith(marker) else data.find(b"\n" + marker) + 1
    is_one = found > 0 or data.startswith(marker)
    while is_one:
        if data[found + 3 : found + 4] in (b"", b" ", b"\t", b"\r", b"\n"):
            yield found
        found = data.find(b"\n" + marker, found) + 1
        is_one = found > 0


def _has_content(body: bytes) -> bool:
    return any(
        text and not text.startswith((b"#", b"%", b"...")) for text in (line.strip() for line in body.split(b"\n"))
    )
