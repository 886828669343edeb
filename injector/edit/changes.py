"""Files that are to change, as values; and the door that writes them, all or none.

What is written was shown first, so a file that is no longer as it was shown is refused. Symbolic links are followed
only where they stay inside the tree.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from injector.edit.record import Entry, clean_finished, finish_record, make_entry, remove_record, write_record
from injector.errors import TreeError


@dataclass(frozen=True, slots=True)
class Change:
    """One file's way from old bytes to new ones.

    Attributes:
        path: relative to the tree's root, with ``/``.
        old: None when there is no such file.
        new: None when it shall go.
    """

    path: str
    old: bytes | None
    new: bytes | None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes of different files, sorted by path; those that change nothing are left out."""

    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change]) -> ChangeSet:
        """Return changes as a set; of one file's changes, each goes on where the one before ended.

        Raises:
            TreeError: one file's changes do not follow on each other.
        """
        merged: dict[str, Change] = {}
        for change in changes:
            before = merged.get(change.path)
            if before is not None and before.new != change.old:
                message = f"{change.path}:1: two changes of it do not follow on each other; make one after the other"
                raise TreeError(message)
            merged[change.path] = Change(change.path, before.old if before else change.old, change.new)
        return cls(tuple(sorted((one for one in merged.values() if one.old != one.new), key=lambda one: one.path)))

    def then(self, later: ChangeSet) -> ChangeSet:
        """Return both sets as one, `later` applied to what this one makes."""
        return ChangeSet.of((*self.changes, *later.changes))

    def reversed(self) -> ChangeSet:
        """Return the way back."""
        return ChangeSet(tuple(Change(one.path, one.new, one.old) for one in self.changes))

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that change, sorted."""
        return tuple(change.path for change in self.changes)

    def __bool__(self) -> bool:
        """Tell whether anything changes."""
        return bool(self.changes)


def check_changes(changes: ChangeSet, root: Path) -> None:
    """Check that a set can be written below `root`, and write nothing.

    Raises:
        TreeError: a file has changed since, a path leads out of the tree, or something is in the way.
    """
    _resolve_all(changes, root)


def write_changes(changes: ChangeSet, root: Path) -> None:
    """Write a set of changes below `root`: every file beside its place first, then each renamed into it.

    Mode bits stay; new files get those of the process; folders come and go with their files, as in git. When
    something fails on the way, what was done is taken back.

    Raises:
        TreeError: as `check_changes`, or the file system refused; the tree is as it was, or the message says which
            files are not.
    """
    planned = _resolve_all(changes, root)
    if not planned:
        return
    top = root.resolve()
    entries = [make_entry(one.path, place.relative_to(top).as_posix(), one.old, one.new) for one, place in planned]
    undo = _Undo()
    try:
        clean_finished(top)
        folders = _missing(place.parent for change, place in planned if change.new is not None)
        write_record(entries, [one.relative_to(top).as_posix() for one in folders], top)
        undo.is_noted = True
        for folder in folders:
            folder.mkdir(exist_ok=True)
            undo.folders.append(folder)
        staged = [
            (change, place, *_stage(change, place, one, undo))
            for (change, place), one in zip(planned, entries, strict=True)
        ]
        for change, place, beside, kept in staged:
            _check_old(change, place)
            if beside is None:
                place.unlink()
            else:
                beside.replace(place)
            undo.swaps.append((change.path, place, kept))
        finish_record(top)
    except OSError as err:
        lost = undo.take_back()
        if undo.is_noted and not lost:
            remove_record(top)
        state = f"could not be put back: {', '.join(lost)}" if lost else "nothing was changed"
        message = f"{err.filename or root}:1: cannot be written ({err.strerror}), {state}; see to it and try again"
        raise TreeError(message) from err
    except BaseException:
        if not undo.take_back() and undo.is_noted:
            remove_record(top)
        raise
    undo.clean()
    with contextlib.suppress(OSError):  # what cannot be removed now is removed by the next run
        clean_finished(top)
    for change, place in planned:
        if change.new is None:
            _remove_empty_folders(place.parent, root)


class _Undo:
    """What must be taken back when a later step fails."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.besides: list[Path] = []
        self.swaps: list[tuple[str, Path, Path | None]] = []
        self.is_noted = False

    def take_back(self) -> list[str]:
        """Put the old files back and remove the new ones; return the paths for which that failed."""
        lost: list[str] = []
        for path, place, kept in reversed(self.swaps):
            try:
                if kept is not None:
                    kept.replace(place)
                else:
                    place.unlink(missing_ok=True)
            except OSError:
                lost.append(path if kept is None else f"{path} (kept as {kept.name})")
                if kept is not None:
                    self.besides.remove(kept)
        self.clean()
        for folder in reversed(self.folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return sorted(lost)

    def clean(self) -> None:
        """Remove what was written beside."""
        for beside in self.besides:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def _resolve_all(changes: ChangeSet, root: Path) -> list[tuple[Change, Path]]:
    top = root.resolve()
    planned = [(change, _resolve(change, top)) for change in changes.changes]
    seen: dict[Path, str] = {}
    for change, place in planned:
        if place in seen:
            raise TreeError(f"{change.path}:1: is the same file as {seen[place]}; name it once")
        seen[place] = change.path
        _check_old(change, place)
    return planned


def _resolve(change: Change, top: Path) -> Path:
    """Return the real place of a change's file, which lies inside the tree."""
    parts = change.path.split("/")
    if change.path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise TreeError(f"{change.path}:1: is no path inside the tree; name it relative to its root")
    try:
        place = (top / change.path).resolve()
    except (OSError, RuntimeError) as err:
        raise TreeError(f"{change.path}:1: is a link that leads nowhere; remove the link first") from err
    if not place.is_relative_to(top):
        raise TreeError(f"{change.path}:1: is a link that leads out of the tree; replace the link by a file first")
    if change.new is None and (top / change.path).is_symlink():
        raise TreeError(f"{change.path}:1: is a link; remove it, or name the file that it leads to")
    return place


def _check_old(change: Change, place: Path) -> None:
    found: bytes | None = None
    try:
        if not stat.S_ISREG(place.stat().st_mode):
            raise TreeError(f"{change.path}:1: is no regular file; move it out of the way")
        found = place.read_bytes()
    except FileNotFoundError:
        pass
    except NotADirectoryError as err:
        raise TreeError(f"{change.path}:1: a file stands where its folder should be; move it out of the way") from err
    except OSError as err:
        raise TreeError(f"{change.path}:1: cannot be read ({err.strerror}); make it readable") from err
    if found != change.old:
        what = "is there already" if change.old is None else "is gone" if found is None else "has changed"
        raise TreeError(f"{change.path}:1: {what} since the change was made; make the change anew")


def _stage(change: Change, place: Path, entry: Entry, undo: _Undo) -> tuple[Path | None, Path | None]:
    """Write a file's new bytes beside its place, and its old ones: putting them back is then a mere rename."""
    beside = None if change.new is None else _write_beside(change.new, place, entry.beside, undo)
    return beside, None if change.old is None else _write_beside(change.old, place, entry.kept, undo)


def _write_beside(data: bytes, place: Path, name: str, undo: _Undo) -> Path:
    beside = place.with_name(name)
    # O_EXCL: never through a link that somebody else put there.
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    undo.besides.append(beside)
    with os.fdopen(number, "wb") as stream:
        os.fchmod(stream.fileno(), _mode(place))
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return beside


def _mode(place: Path) -> int:
    """Return a file's mode bits; for a new one those that the process gives."""
    try:
        return stat.S_IMODE(place.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _missing(folders: Iterable[Path]) -> list[Path]:
    """Return the folders that must be made first, outer ones before inner ones."""
    return list(dict.fromkeys(one for folder in folders for one in _missing_folders(folder)))


def _missing_folders(folder: Path) -> Iterator[Path]:
    if not folder.exists():
        yield from _missing_folders(folder.parent)
        yield folder


def _remove_empty_folders(folder: Path, root: Path) -> None:
    top = root.resolve()
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
