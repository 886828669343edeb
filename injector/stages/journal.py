"""What a stage did, kept beside the tree, so that going back is byte for byte.

A comment that went with a removed key stands nowhere else, so the way back cannot be computed: it is recorded.
One file for each migration and stage, ``.phase2/journal/<namespace>.<name>.<stage>.journal``, committed with the change.
Taking it back needs only that the changed lines and their neighbours still stand as the stage left them; other edits of
the same files are kept.

A journal must not be the place where a password lives on that its owner has taken out of the manifest. So it holds no
line that still stands in a file, only their hashes, and of the lines that went those that name things. One that may be a
secret value is kept as its hash too: the history of the file has it (`Past`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, takewhile
from typing import Final

from injector.edit.diff import Opcode, find_hunks, split_lines
from injector.edit.hiding import is_hidden
from injector.errors import EditError
from injector.location import Location
from injector.migration.model import Stage

FOLDER: Final = ".phase2/journal"
_CONTEXT: Final = 3
"""Unchanged lines around a change, as diffs have them."""
_HUNK: Final = re.compile(r"@@ (\d+) @@\Z")
_FILE: Final = re.compile(r'(?P<what>edited|created|deleted) (?P<path>"(?:[^"\\]|\\.)*")(?: (?P<hash>[0-9a-f]+))?\Z')
_STAYED, _CAME, _WENT, _HIDDEN, _NO_END = "=", ">", "-", "<", "\\"
_HASH_LENGTH: Final = 16
"""Digits of a hash: enough to tell lines apart, and nobody gains by two that are alike."""
_PODS: Final = "# pods: written"

Delta = Mapping[str, "tuple[bytes | None, bytes | None]"]
"""Path -> (old bytes, new bytes); None where there is no such file."""

Past = Callable[[str], Iterable[bytes]]
"""Path -> what the file has been, the newest first."""


def no_past(_: str) -> Iterable[bytes]:
    """Return nothing: of a tree without history."""
    return ()


def journal_path(namespace: str, name: str, stage: Stage) -> str:
    """Return where the journal of a migration's stage stands."""
    return f"{FOLDER}/{namespace}.{name}.{stage}.journal"


def write_journal(title: str, order: int, delta: Delta, *, is_written: bool = False) -> bytes:
    """Return the journal's text.

    Args:
        title: whose stage it is.
        order: number of the stage among all that are recorded; the highest is taken back first.
        delta: what the stage changed.
        is_written: the stage wrote the pods themselves, as the webhook would make them.
    """
    made = [f"# phase2 journal: {title}", f"# order: {order}", *([_PODS] if is_written else [])]
    for path, (old, new) in sorted(delta.items()):
        name = json.dumps(path)
        if old is None:
            made.append(f"created {name} {_hash(new or b'')}")
            continue
        made.append(f"{'deleted' if new is None else 'edited'} {name}")
        lines, others = split_lines(old), split_lines(new)
        for group in find_hunks(lines, others, _CONTEXT):
            made.append(f"@@ {group[0][3] + 1} @@")
            made += _rows(group, lines, others)
    return "".join(f"{line}\n" for line in made).encode("utf-8", "surrogateescape")


def _rows(group: Iterable[Opcode], old: Sequence[bytes], new: Sequence[bytes]) -> Iterable[str]:
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == "equal":
            yield from (f"{_STAYED}{_hash(line)}" for line in old[old_start:old_end])
            continue
        for line in old[old_start:old_end]:
            text = line.decode("utf-8", "surrogateescape")
            if is_hidden(text):
                yield f"{_HIDDEN}{_hash(line)}"
                continue
            yield f"{_WENT}{text.removesuffix(chr(10))}"
            if not text.endswith("\n"):
                yield _NO_END
        yield from (f"{_CAME}{_hash(line)}" for line in new[new_start:new_end])


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_HASH_LENGTH]


def read_order(data: bytes) -> int:
    """Return the number of a journal, 0 when it has none."""
    match = re.search(rb"^# order: (\d+)$", data, re.MULTILINE)
    return int(match[1]) if match else 0


def has_written(journal: bytes | None) -> bool:
    """Tell by the journal of stage inject whether it wrote the pods themselves."""
    return journal is not None and _PODS.encode() in journal.split(b"\n", 3)[:3]


@dataclass(slots=True)
class _Hunk:
    """Lines before and after, in one order: sign and text, or sign and hash."""

    start: int
    rows: list[tuple[str, str]] = field(default_factory=list)

    @property
    def new(self) -> list[str]:
        """Hashes of the lines that stand there after the stage."""
        return [value for sign, value in self.rows if sign in (_STAYED, _CAME)]


@dataclass(slots=True)
class _File:
    path: str
    what: str
    hash: str = ""
    hunks: list[_Hunk] = field(default_factory=list)

    @property
    def hidden(self) -> set[str]:
        """Hashes of the lines that only the file's history has."""
        return {value for hunk in self.hunks for sign, value in hunk.rows if sign == _HIDDEN}


def take_back(
    journal: bytes, path: str, current: Mapping[str, bytes | None], past: Past = no_past
) -> dict[str, bytes | None]:
    """Return the files as they were before the stage.

    Args:
        journal: as `write_journal` made it.
        path: where it stands, for errors.
        current: path -> bytes now, for at least the files that `changed_paths` names.
        past: what the files have been.

    Raises:
        EditError: a place that the stage changed has been changed since, or nobody knows a line any more.
    """
    return {one.path: _take_back(one, current.get(one.path), past) for one in _parse(journal, path)}


def changed_paths(journal: bytes, path: str) -> list[str]:
    """Return the files that a journal speaks of."""
    return [one.path for one in _parse(journal, path)]


def find_lost(journal: bytes, path: str, current: Mapping[str, bytes | None], past: Past) -> list[str]:
    """Return the files of a journal with lines that neither it nor their past has: nobody could take the stage back.

    Arguments as of `take_back`, `current` as the stage leaves the files.
    """
    files = _parse(journal, path)
    return [one.path for one in files if _recall(one, current.get(one.path), past).keys() != one.hidden]


def _recall(one: _File, current: bytes | None, past: Past) -> dict[str, bytes]:
    """Return hash -> line for the lines of a file that its journal does not hold, as far as its past has them.

    One that only lost or got its end, because it is the last of the file now or was it, still stands there.
    """
    found: dict[str, bytes] = {}
    wanted = one.hidden
    if not wanted:
        return found
    ends = [form for line in split_lines(current) for form in (line, line + b"\n", line.removesuffix(b"\n"))]
    for lines in chain([ends], map(split_lines, past(one.path))):
        found |= {digest: line for line in lines if (digest := _hash(line)) in wanted}
        if len(found) == len(wanted):
            break
    return found


def _take_back(one: _File, data: bytes | None, past: Past) -> bytes | None:
    if one.what == "created":
        if data is None:
            raise _changed(one.path, 1, "does not exist any more")
        if _hash(data) != one.hash:
            raise _changed(one.path, 1, "has been edited since")
        return None
    if one.what == "deleted" and data is not None:
        raise _changed(one.path, 1, "stands there again")
    if one.what == "edited" and data is None:
        raise _changed(one.path, 1, "does not exist any more")
    known = _recall(one, data, past)
    if len(known) < len(one.hidden):
        raise _changed(
            one.path,
            1,
            "had a line that may be a secret, which the journal leaves to git, and git does not have it here",
        )
    lines = split_lines(data)
    hashes = [_hash(line) for line in lines]
    for hunk in reversed(one.hunks):
        found = _find(hashes, hunk) if one.what == "edited" else (0, hunk)
        if found is None:
            start = _trimmed(hunk, 0).start
            raise _changed(one.path, start, "has been edited since, at the lines that the stage changed")
        at, fitting = found
        count = len(fitting.new)
        lines[at : at + count] = _old_lines(fitting, lines[at : at + count], known)
        hashes[at : at + count] = [""] * (len(lines) - len(hashes) + count)
    return b"".join(lines)


def _old_lines(hunk: _Hunk, now: Sequence[bytes], known: Mapping[str, bytes]) -> list[bytes]:
    """Return a hunk's lines as they were; those that stayed are taken from the file as it is."""
    made: list[bytes] = []
    standing = iter(now)
    for sign, value in hunk.rows:
        if sign in (_STAYED, _CAME):
            line = next(standing)
            if sign == _STAYED:
                made.append(line)
        elif sign == _HIDDEN:
            made.append(known[value])
        else:
            made.append(value.encode("utf-8", "surrogateescape"))
    return made


def _find(hashes: Sequence[str], hunk: _Hunk) -> tuple[int, _Hunk] | None:
    """Return where a hunk's new lines stand, and the hunk as it fits there.

    Nearest to where they stood; where a neighbour has been edited since, with fewer lines around the change, and then only
    where that is one place in the whole file.
    """
    places = _places(hashes, hunk.new)
    if places:
        distance = [abs(at - (hunk.start - 1)) for at in places]
        nearest = min(distance)
        return (places[distance.index(nearest)], hunk) if distance.count(nearest) == 1 else None
    for kept in range(_CONTEXT - 1, -1, -1):
        fitting = _trimmed(hunk, kept)
        places = _places(hashes, fitting.new) if fitting.new else []
        if len(places) == 1:
            return places[0], fitting
    return None


def _places(hashes: Sequence[str], wanted: Sequence[str]) -> list[int]:
    size = len(wanted)
    return [at for at in range(len(hashes) - size + 1) if list(hashes[at : at + size]) == list(wanted)]


def _trimmed(hunk: _Hunk, kept: int) -> _Hunk:
    """Return a hunk with at most `kept` unchanged lines on either side."""
    before = sum(1 for _ in takewhile(_has_stayed, hunk.rows))
    after = sum(1 for _ in takewhile(_has_stayed, reversed(hunk.rows)))
    first, last = max(0, before - kept), max(0, after - kept)
    return _Hunk(hunk.start + first, hunk.rows[first : len(hunk.rows) - last])


def _has_stayed(row: tuple[str, str]) -> bool:
    return row[0] == _STAYED


def _parse(journal: bytes, path: str) -> list[_File]:
    """Read a journal.

    Raises:
        EditError: it is none.
    """
    files: list[_File] = []
    text = journal.decode("utf-8", "surrogateescape").removesuffix("\n")
    for number, line in enumerate(text.split("\n"), 1):
        hunk = files[-1].hunks[-1] if files and files[-1].hunks else None
        if line.startswith("#") and not files:
            continue
        if match := _FILE.match(line):
            files.append(_File(json.loads(match["path"]), match["what"], match["hash"] or ""))
        elif files and (match := _HUNK.match(line)):
            files[-1].hunks.append(_Hunk(int(match[1])))
        elif hunk and line[:1] in (_STAYED, _CAME, _HIDDEN):
            hunk.rows.append((line[0], line[1:]))
        elif hunk and line[:1] == _WENT:
            hunk.rows.append((_WENT, f"{line[1:]}\n"))
        elif hunk and hunk.rows and line == _NO_END:
            hunk.rows[-1] = (_WENT, hunk.rows[-1][1].removesuffix("\n"))
        else:
            message = "is no journal of phase2 any more; take the change back with git"
            raise EditError(message, Location(path, number))
    return files


def _changed(path: str, line: int, what: str) -> EditError:
    return EditError(
        f"{what}; take the stage back with git, or restore the file and run the command again", Location(path, line)
    )
