"""A set of changes as one unified diff that ``git apply`` takes.

Source: git's documentation, git-diff(1) "Generating patch text with -p", and quote.c for the quoting of paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Final, TypeAlias

from injector.edit.changes import Change, ChangeSet

Opcode: TypeAlias = tuple[str, int, int, int, int]
"""What is done to which old lines to get which new ones, as difflib says it."""

Hiding: TypeAlias = Callable[[str, bytes], bytes]
"""What a diff shows of a line: path and line -> the line that is shown."""

CONTEXT: Final = 3
"""Lines around a change, as git and diff have them."""
_MANY: Final = 1000
"""Lines beyond which difflib may leave the frequent ones aside: comparing 60,000 exactly takes a minute."""
_MODE: Final = "100644"
_NO_NEWLINE: Final = b"\n\\ No newline at end of file\n"
_ESCAPES: Final = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_FIRST_PRINTABLE, _FIRST_NOT_ASCII = 0x20, 0x7F


def _as_it_is(_: str, line: bytes) -> bytes:
    return line


def render_diff(changes: ChangeSet, context: int = CONTEXT, hiding: Hiding = _as_it_is) -> bytes:
    """Return the unified diff of all changes, sorted by path, with paths relative to the tree's root.

    Bytes, because a file's line endings and encoding stand in it as they are.

    Args:
        changes: the set.
        context: lines around a change; with none ``git apply`` needs ``--unidiff-zero``.
        hiding: what is shown of a line; nobody can apply what hides any.
    """
    return b"".join(part for change in changes.changes for part in _render_change(change, context, hiding))


def _render_change(change: Change, context: int, hiding: Hiding) -> Iterator[bytes]:
    left, right = _quoted(f"a/{change.path}"), _quoted(f"b/{change.path}")
    yield f"diff --git {left} {right}\n".encode()
    if change.old is None:
        yield f"new file mode {_MODE}\n".encode()
    elif change.new is None:
        yield f"deleted file mode {_MODE}\n".encode()
    old, new = split_lines(change.old), split_lines(change.new)
    if old == new:
        return
    yield f"--- {_name(left) if change.old is not None else '/dev/null'}\n".encode()
    yield f"+++ {_name(right) if change.new is not None else '/dev/null'}\n".encode()
    for group in find_hunks(old, new, context):
        yield from _render_hunk(group, old, new, lambda line: hiding(change.path, line))


def _render_hunk(
    group: list[Opcode], old: list[bytes], new: list[bytes], show: Callable[[bytes], bytes]
) -> Iterator[bytes]:
    first, last = group[0], group[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n".encode()
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == "equal":
            yield from (_row(b" ", show(line)) for line in old[old_start:old_end])
            continue
        yield from (_row(b"-", show(line)) for line in old[old_start:old_end])
        yield from (_row(b"+", show(line)) for line in new[new_start:new_end])


def find_hunks(old: list[bytes], new: list[bytes], context: int) -> Iterator[list[Opcode]]:
    """Yield groups of opcodes with `context` lines around.

    Only what lies between the common first and last lines is compared, for speed.
    """
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    head, tail = max(head - context, 0), max(tail - context, 0)
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    matcher = SequenceMatcher(None, left, right, autojunk=len(right) > _MANY)
    for group in matcher.get_grouped_opcodes(context):
        yield [
            (tag, old_start + head, old_end + head, new_start + head, new_end + head)
            for tag, old_start, old_end, new_start, new_end in group
        ]


def split_lines(data: bytes | None) -> list[bytes]:
    """Return lines with their line feeds; a carriage return is a part of its line."""
    if not data:
        return []
    parts = data.split(b"\n")
    ended = [part + b"\n" for part in parts[:-1]]
    return [*ended, parts[-1]] if parts[-1] else ended


def _row(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + _NO_NEWLINE


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _name(quoted: str) -> str:
    """Return a path for a header line; one with a space ends with a tab, which tells GNU patch where it ends."""
    return f"{quoted}\t" if " " in quoted else quoted


def _quoted(path: str) -> str:
    """Return a path as git quotes it: in C's way when it has anything but plain ASCII."""
    data = path.encode("utf-8", "surrogateescape")
    if all(_FIRST_PRINTABLE <= byte < _FIRST_NOT_ASCII and byte not in _ESCAPES for byte in data):
        return path
    made = ""
    for byte in data:
        if byte in _ESCAPES:
            made += f"\\{_ESCAPES[byte]}"
        elif _FIRST_PRINTABLE <= byte < _FIRST_NOT_ASCII:
            made += chr(byte)
        else:
            made += f"\\{byte:03o}"
    return f'"{made}"'
