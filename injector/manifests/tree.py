"""What the user pointed at: folders, files or a stream, found but not yet read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final

from injector.errors import InputError
from injector.manifests.files import YAML_SUFFIXES, Files, find_files
from injector.manifests.heads import HEADS

STDIN: Final = "<stdin>"


@dataclass(frozen=True, slots=True)
class Tree:
    """The files to look at.

    Attributes:
        root: the folder that all paths are relative to.
        found: YAML and JSON files and kustomizations, sorted.
        explicit: those that were named one by one (with ``<stdin>``): they count as deployed.
        overlay: bytes of files that are not on disk; None for one that shall count as gone.
        folders: those that were named, relative to `root`.
        links: those of `found` that are, or lie below, symbolic links.
    """

    root: Path
    found: tuple[str, ...]
    explicit: tuple[str, ...] = ()
    overlay: Mapping[str, bytes | None] = field(default_factory=dict)
    folders: tuple[str, ...] = (".",)
    links: frozenset[str] = frozenset()

    def open(self) -> Files:
        """Return a reader of the tree's files."""
        return Files(self.root, self.found, self.overlay, heads=HEADS)

    def changed(self, changes: Mapping[str, bytes | None]) -> Tree:
        """Return the tree as it would be with other bytes.

        Args:
            changes: path -> bytes, None for a file that goes.
        """
        gone = {path for path, data in changes.items() if data is None}
        new = {path for path, data in changes.items() if data is not None and path.endswith(YAML_SUFFIXES)}
        found = tuple(sorted({*self.found, *new} - gone))
        return replace(self, found=found, overlay={**self.overlay, **changes})


def load_tree(paths: Sequence[str | os.PathLike[str]] = (".",), stdin: BinaryIO | None = None) -> Tree:
    """Find the files below `paths`.

    Args:
        paths: folders and files; ``-`` for `stdin`, once.
        stdin: where a rendered stream is read from.

    Raises:
        InputError: a path does not exist, cannot be looked into, or ``-`` stands there twice.
    """
    overlay: dict[str, bytes | None] = {}
    folders: list[Path] = []
    files: list[Path] = []
    for given in [os.fspath(path) for path in paths] or ["."]:
        if given == "-":
            if stdin is None or STDIN in overlay:
                raise InputError("-: standard input can be read once only; name it once")
            overlay[STDIN] = stdin.read()
            continue
        path = Path(given)
        if path.is_dir():
            folders.append(path)
        elif path.is_file():
            files.append(path)
        elif path.is_fifo():
            overlay[given] = _read_pipe(path)
        else:
            raise InputError(f"{given}: no such file or folder; name one that exists, or - for standard input")
    root = _common_root(folders, files)
    found: set[str] = set()
    named: list[str] = []
    links: set[str] = set()
    for folder in folders:
        if not os.access(folder, os.R_OK | os.X_OK):
            raise InputError(f"{folder}: cannot be looked into; check its permissions")
        named.append(_relative(folder, root))
        found.update(find_files(root, named[-1], links=links))
    explicit = [_relative(file, root) for file in files] + sorted(overlay)
    found.update(explicit)
    return Tree(root, tuple(sorted(found)), tuple(sorted(set(explicit))), overlay, tuple(named), frozenset(links))


def _read_pipe(path: Path) -> bytes:
    """Read what ``<(kustomize build .)`` of a shell writes."""
    try:
        return path.read_bytes()
    except OSError as err:
        raise InputError(f"{path}: cannot be read ({os.strerror(err.errno or 0)}); check its permissions") from err


def locate_root(paths: Sequence[str | os.PathLike[str]] = (".",)) -> Path:
    """Return the folder that all paths of the facts will be relative to, without looking into anything."""
    given = [Path(path) for path in paths or (".",) if os.fspath(path) != "-"]
    return _common_root([one for one in given if one.is_dir()], [one for one in given if not one.is_dir()])


def _common_root(folders: Sequence[Path], files: Sequence[Path]) -> Path:
    if len(folders) == 1 and not files:
        return folders[0]
    places = [os.path.abspath(folder) for folder in folders]
    places += [os.path.dirname(os.path.abspath(file)) for file in files]
    return Path(os.path.commonpath(places)) if places else Path()


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(os.path.abspath(path), os.path.abspath(root)).replace(os.sep, "/")
