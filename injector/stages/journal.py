"""What a stage did, kept beside the tree as a diff, so that going back is byte for byte.

A comment that went with a removed key stands nowhere else, so the way back cannot be computed: it is recorded.
One file for each migration and stage, ``.phase2/journal/<namespace>.<name>.<stage>.diff``, reviewed and committed
with the change. Taking it back needs only that the changed lines and their neighbours still stand as the stage left
them; other edits of the same files are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from injector.edit.changes import Change, ChangeSet
from injector.edit.diff import CONTEXT, render_diff
from injector.errors import EditError
from injector.location import Location
from injector.migration.model import Stage

FOLDER: Final = ".phase2/journal"
_CONTEXT: Final = 3
"""Unchanged lines around a change, as diffs have them."""
_HUNK: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@\Z")

Delta = Mapping[str, "tuple[bytes | None, bytes | None]"]
"""Path -> (old bytes, new bytes); None where there is no such file."""


def journal_path(namespace: str, name: str, stage: Stage) -> str:
    """Return where the journal of a migration's stage stands."""
    return f"{FOLDER}/{namespace}.{name}.{stage}.diff"


def write_journal(title: str, order: int, delta: Delta) -> bytes:
    """Return the journal's text.

    Args:
        title: whose stage it is.
        order: number of the stage among all that are recorded; the highest is taken back first.
        delta: what the stage changed.
    """
    head = f"# phase2 journal: {title}\n# order: {order}\n"
    return head.encode() + render_delta(delta)


def render_delta(delta: Delta, context: int = CONTEXT) -> bytes:
    """Return a unified diff that ``git apply`` takes, files sorted by path; empty for nothing."""
    return render_diff(ChangeSet.of(Change(path, *pair) for path, pair in delta.items()), context)


def read_order(data: bytes) -> int:
    """Return the number of a journal, 0 when it has none."""
    match = re.search(rb"^# order: (\d+)$", data, re.MULTILINE)
    return int(match[1]) if match else 0


def _lines(data: bytes | None) -> list[str]:
    text = (data or b"").decode("utf-8", "surrogateescape")
    return re.findall(r"[^\n]*\n|[^\n]+", text)


@dataclass(slots=True)
class _Hunk:
    """Lines before and after; `last` is the sign of the line that was read last."""

    start: int
    old: list[str]
    new: list[str]
    last: str = " "


@dataclass(slots=True)
class _File:
    path: str
    is_created: bool = False
    is_deleted: bool = False
    hunks: list[_Hunk] = field(default_factory=list)


def take_back(journal: bytes, path: str, current: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Return the files as they were before the stage.

    Args:
        journal: as `write_journal` made it.
        path: where it stands, for errors.
        current: path -> bytes now, for at least the files that `changed_paths` names.

    Raises:
        EditError: a place that the stage changed has been changed since.
    """
    found: dict[str, bytes | None] = {}
    for one in _parse(journal.decode("utf-8", "surrogateescape"), path):
        found[one.path] = _take_back(one, current.get(one.path))
    return found


def changed_paths(journal: bytes, path: str) -> list[str]:
    """Return the files that a journal speaks of."""
    return [one.path for one in _parse(journal.decode("utf-8", "surrogateescape"), path)]


def _take_back(one: _File, data: bytes | None) -> bytes | None:
    if one.is_deleted:
        if data is not None:
            raise _changed(one.path, 1, "stands there again")
        return "".join(line for hunk in one.hunks for line in hunk.old).encode("utf-8", "surrogateescape")
    if data is None:
        raise _changed(one.path, 1, "does not exist any more")
    lines = _lines(data)
    if one.is_created:
        if lines != [line for hunk in one.hunks for line in hunk.new]:
            raise _changed(one.path, 1, "has been edited since")
        return None
    for hunk in reversed(one.hunks):
        found = _find(lines, hunk)
        if found is None:
            raise _changed(
                one.path, _trimmed(hunk, 0).start, "has been edited since, at the lines that the stage changed"
            )
        at, fitting = found
        lines[at : at + len(fitting.new)] = fitting.old
    return "".join(lines).encode("utf-8", "surrogateescape")


def _find(lines: Sequence[str], hunk: _Hunk) -> tuple[int, _Hunk] | None:
    """Return where a hunk's new lines stand, and the hunk as it fits there.

    Nearest to where they stood; where a neighbour has been edited since, with fewer lines around the change, and then only
    where that is one place in the whole file.
    """
    places = _places(lines, hunk.new)
    if places:
        distance = [abs(at - (hunk.start - 1)) for at in places]
        nearest = min(distance)
        return (places[distance.index(nearest)], hunk) if distance.count(nearest) == 1 else None
    for kept in range(_CONTEXT - 1, -1, -1):
        fitting = _trimmed(hunk, kept)
        places = _places(lines, fitting.new) if fitting.new else []
        if len(places) == 1:
            return places[0], fitting
    return None


def _places(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    size = len(wanted)
    return [at for at in range(len(lines) - size + 1) if list(lines[at : at + size]) == list(wanted)]


def _trimmed(hunk: _Hunk, kept: int) -> _Hunk:
    """Return a hunk with at most `kept` unchanged lines on either side."""
    pairs = list(zip(hunk.old, hunk.new, strict=False))
    before = sum(1 for _ in takewhile(_is_same, pairs))
    rest = min(len(hunk.old), len(hunk.new)) - before
    backwards = zip(reversed(hunk.old), reversed(hunk.new), strict=False)
    after = min(rest, sum(1 for _ in takewhile(_is_same, backwards)))
    first, last = max(0, before - kept), max(0, after - kept)
    return _Hunk(hunk.start + first, hunk.old[first : len(hunk.old) - last], hunk.new[first : len(hunk.new) - last])


def _is_same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def _parse(text: str, path: str) -> list[_File]:
    files: list[_File] = []
    hunk: _Hunk | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("diff --git a/"):
            name = line[len("diff --git a/") :]
            files.append(_File(name[: (len(name) - len(" b/")) // 2]))
            hunk = None
        elif not files or (not line and hunk is None):
            continue
        elif hunk is None and line.startswith(("new file", "--- ", "+++ ", "deleted file")):
            files[-1].is_created |= line.startswith("new file")
            files[-1].is_deleted |= line.startswith("deleted file")
        elif match := _HUNK.match(line):
            hunk = _Hunk(int(match[2]), [], [])
            files[-1].hunks.append(hunk)
        elif hunk is not None and line:
            _add(hunk, line, Location(path, number))
    return files


def _add(hunk: _Hunk, line: str, at: Location) -> None:
    sign, rest = line[0], f"{line[1:]}\n"
    match sign:
        case " ":
            hunk.old.append(rest)
            hunk.new.append(rest)
        case "-":
            hunk.old.append(rest)
        case "+":
            hunk.new.append(rest)
        case "\\":
            _strip_last(hunk)
        case _:
            raise EditError("is no journal of phase2 any more; take the change back with git", at)
    hunk.last = sign


def _strip_last(hunk: _Hunk) -> None:
    """Obey the mark of a missing last newline: it speaks of the line before it, on the side or sides it was on."""
    last_old = hunk.old[-1] if hunk.old else None
    last_new = hunk.new[-1] if hunk.new else None
    if hunk.last == "-" and last_old is not None:
        hunk.old[-1] = last_old.removesuffix("\n")
    elif hunk.last == "+" and last_new is not None:
        hunk.new[-1] = last_new.removesuffix("\n")
    else:
        if last_old is not None:
            hunk.old[-1] = last_old.removesuffix("\n")
        if last_new is not None:
            hunk.new[-1] = last_new.removesuffix("\n")


def _changed(path: str, line: int, what: str) -> EditError:
    return EditError(
        f"{what}; take the stage back with git, or restore the file and run the command again", Location(path, line)
    )
