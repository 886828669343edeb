"""What a run is about to write, noted beside the tree before it writes, so that a run that was killed can be taken back.

Each file changes at once, but several files do not: a run that ends between two of them leaves a tree that is neither old
nor new. The note says which files, and where their old bytes are kept; it holds no bytes of theirs itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from injector.errors import TreeError

FOLDER: Final = ".phase2"
RECORD: Final = f"{FOLDER}/interrupted.json"
_FINISHED: Final = f"{FOLDER}/finished.json"
SUFFIX: Final = ".phase2-tmp"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run.

    Attributes:
        path: as the run names it, for messages.
        place: its real place, relative to the tree's root; links are followed.
        beside: name of the file with its new bytes, in the same folder.
        kept: the same for its old bytes.
        old, new: digests; empty for a file that is not there.
    """

    path: str
    place: str
    beside: str
    kept: str
    old: str
    new: str


def digest_of(data: bytes | None) -> str:
    """Return a digest of a file's bytes; empty for no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def make_entry(path: str, place: str, old: bytes | None, new: bytes | None) -> Entry:
    """Return an entry with names that no file has."""
    name, token = place.rpartition("/")[2][:50], secrets.token_hex(4)
    return Entry(
        path, place, f".{name}.{token}.new{SUFFIX}", f".{name}.{token}.old{SUFFIX}", digest_of(old), digest_of(new)
    )


def write_record(entries: Iterable[Entry], folders: Sequence[str], root: Path) -> None:
    """Note what a run is about to write.

    Args:
        entries: the files.
        folders: that the run makes, relative to the root, outer ones first.
        root: the tree's root.

    Raises:
        TreeError: another run has noted something and not ended.
        OSError: the note cannot be written.
    """
    place = root / RECORD
    if not place.parent.resolve().is_relative_to(root):
        raise TreeError(f"{FOLDER}:1: is a link that leads out of the tree; replace the link by a folder first")
    place.parent.mkdir(exist_ok=True)
    body = {
        "folders": list(folders),
        "files": [{name: getattr(one, name) for name in Entry.__slots__} for one in entries],
    }
    try:
        number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError as err:
        raise TreeError(_told(RECORD)) from err
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(json.dumps(body, indent=1).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        remove_record(root)
        raise


def remove_record(root: Path, name: str = RECORD) -> None:
    """Remove the note: nothing of the run is left."""
    with contextlib.suppress(OSError):
        (root / name).unlink(missing_ok=True)
        (root / FOLDER).rmdir()  # only when nothing else is in there


def finish_record(root: Path) -> None:
    """Note that everything is written, and only what was written beside is left to be removed."""
    (root / RECORD).replace(root / _FINISHED)


def clean_finished(root: Path) -> None:
    """Remove what a run wrote beside its files, when it came to its end."""
    if (root / _FINISHED).exists():
        _remove_besides(_read(root, _FINISHED)[0], root)
        remove_record(root, _FINISHED)


def _remove_besides(entries: Iterable[Entry], root: Path) -> None:
    for one in entries:
        for name in (one.beside, one.kept):
            (root / one.place).with_name(name).unlink(missing_ok=True)


def check_no_record(root: Path) -> None:
    """Refuse to go on with a tree that an interrupted run has left half changed.

    Raises:
        TreeError: there is a note of one.
    """
    if (root / RECORD).exists():
        raise TreeError(_told(RECORD))


def _told(path: str) -> str:
    return f"{path}:1: a run is writing, or was ended while it wrote; take it back with `phase2 rollback --write`, then go on"


def find_interrupted(root: Path) -> tuple[str, ...] | None:
    """Return the files that an interrupted run changed, or was about to; None when there was none.

    Raises:
        TreeError: a file is neither as the run found it nor as it left it.
    """
    if not (root / RECORD).exists():
        return None
    entries, _ = _read(root)
    return tuple(one.path for one in entries if _is_changed(one, root))


def take_back_interrupted(root: Path) -> tuple[str, ...]:
    """Make a tree what it was before an interrupted run, and return the files that were changed back.

    It can be interrupted itself, and called again.

    Raises:
        TreeError: a file is neither as the run found it nor as it left it, or the file system refused; nothing is lost.
    """
    entries, folders = _read(root)
    changed = [one for one in entries if _is_changed(one, root)]
    try:
        for one in changed:
            place = root / one.place
            if one.old:
                place.with_name(one.kept).replace(place)
            else:
                place.unlink()
        _remove_besides(entries, root)
    except OSError as err:
        message = (
            f"{err.filename or RECORD}:1: cannot be put back ({err.strerror}); see to it and run the command again"
        )
        raise TreeError(message) from err
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()
    remove_record(root)
    return tuple(one.path for one in changed)


def _is_changed(entry: Entry, root: Path) -> bool:
    place = root / entry.place
    found = digest_of(place.read_bytes() if place.is_file() else None)
    if found == entry.old:
        return False
    if found != entry.new:
        message = (
            f"{entry.path}:1: has been edited after a run was ended while it wrote; its old content is in "
            f"{place.with_name(entry.kept).name} beside it: put it right by hand, then remove {RECORD}"
        )
        raise TreeError(message)
    return True


def _read(root: Path, name: str = RECORD) -> tuple[list[Entry], list[str]]:
    try:
        body = json.loads((root / name).read_bytes())
        return [Entry(**one) for one in body["files"]], list(body["folders"])
    except (ValueError, TypeError, KeyError):
        return [], []  # ended while the note itself was written: before anything else
