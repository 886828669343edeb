"""Texts that may not stand in a file. What is found is named by its entry in ``phase2.yaml``, never shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from injector.config.verify import TREE_ONLY, Forbidden, Level, Verify
from injector.location import Location
from injector.verify.model import Violation


def entries_for(path: str, verify: Verify) -> tuple[Forbidden, ...]:
    """Return the entries that look into a file.

    Args:
        path: as globs in ``phase2.yaml`` name it.
        verify: what the user decided.
    """
    return tuple(one for one in verify.forbidden if level_of(one, verify) is not Level.OFF and one.takes(path))


def level_of(entry: Forbidden, verify: Verify) -> Level:
    """Return what an entry does: nothing when the whole rule is off."""
    own = verify.level(TREE_ONLY)
    return own if own is Level.OFF or entry.level is None else entry.level


def find_forbidden(path: str, data: bytes, entries: Iterable[Forbidden], verify: Verify) -> Iterator[Violation]:
    """Yield a violation for every line of a file and every entry that it breaks, as ``grep`` would.

    Args:
        path: as evidence names it.
        data: the file, of whatever kind.
        entries: those to ask.
        verify: what the user decided.
    """
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    for one in entries:
        pattern = one.pattern()
        if not one.regex and one.text.encode() not in data:
            continue
        message = f"{one.name} stands here" + (f": {one.reason}" if one.reason else "")
        for number, line in enumerate(lines, 1):
            if pattern.search(line.removesuffix("\r")):
                yield Violation(
                    rule=TREE_ONLY, level=level_of(one, verify), message=message, location=Location(path, number)
                )
