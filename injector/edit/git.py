"""What git says of the tree: which of the files that are to change have uncommitted changes, and what files have been.

The only module here that starts another program; its arguments are fixed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from injector.errors import TreeError

# fsmonitor is a program that a repository's configuration names; optional locks would touch the index.
_GIT: Final = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")
_TIMEOUT_S: Final = 60
"""git needs seconds for the largest trees; one that waits for something is not waited for."""
_STATUS: Final = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", ".")

_HISTORY: Final = ("log", "--full-history", "-m", "--raw", "--no-abbrev", "--no-renames", "--format=", "--")


def find_dirty(root: Path, paths: Iterable[str]) -> tuple[str, ...] | None:
    """Return which files have changes that no commit holds, sorted; None when the tree is in no git work tree.

    Args:
        root: the tree's root, anywhere inside a work tree.
        paths: relative to it.

    Raises:
        TreeError: it is a work tree, but git cannot be asked.
    """
    if not _is_work_tree(root):
        return None
    prefix = _ask(root, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").removesuffix("\n")
    dirty = frozenset(_parse_status(_ask(root, *_STATUS)))
    return tuple(sorted(path for path in set(paths) if any(one in dirty for one in _names(prefix + _real(root, path)))))


def _real(root: Path, path: str) -> str:
    """Return the place that a path leads to, relative to the root: git knows nothing of what lies behind a link."""
    return os.path.relpath(os.path.realpath(root / path), os.path.realpath(root)).replace(os.sep, "/")


def check_clean(root: Path, paths: Iterable[str]) -> None:
    """Refuse to go on when files that are to change have uncommitted changes; outside of git there is no such thing.

    Raises:
        TreeError: naming the files.
    """
    dirty = find_dirty(root, paths)
    if dirty:
        others = f" (and {len(dirty) - 1} more: {', '.join(dirty[1:])})" if len(dirty) > 1 else ""
        raise TreeError(f"{dirty[0]}:1: has uncommitted changes{others}; commit or stash them first")


def iter_past(root: Path, path: str) -> Iterator[bytes]:
    """Yield what a file has been in the commits of its history, the newest first; nothing outside of git.

    Raises:
        TreeError: git cannot be asked.
    """
    if not _is_work_tree(root):
        return
    seen: set[str] = set()
    for line in _ask(root, *_HISTORY, _real(root, path)).decode("utf-8", "surrogateescape").splitlines():
        _, _, old, new, *_ = line.split() if line.startswith(":") else ("",) * 4
        for blob in (new, old):
            if blob.strip("0") and blob not in seen:
                seen.add(blob)
                yield _ask(root, "cat-file", "blob", blob)


def _is_work_tree(root: Path) -> bool:
    """Tell whether a ``.git`` stands in the root or above; git itself could not tell "none" from "not allowed"."""
    here = root.resolve()
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def _ask(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [*_GIT, *arguments],
            cwd=root,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as err:
        raise TreeError(f"{root}:1: is a git work tree, and git is not installed; install git") from err
    except subprocess.TimeoutExpired as err:
        raise TreeError(f"{root}:1: git gave no answer in {_TIMEOUT_S} s; run git status to see why") from err
    if done.returncode != 0:
        raise TreeError(f"{root}:1: git {arguments[0]} failed ({done.returncode}); run git status there to see why")
    return done.stdout


def _parse_status(output: bytes) -> Iterator[str]:
    """Yield the paths of ``git status -z``, relative to the work tree's root; a folder ends with ``/``."""
    for entry in output.split(b"\0"):
        if entry:
            yield entry[3:].decode("utf-8", "surrogateescape")


def _names(path: str) -> Iterator[str]:
    """Yield a path and the folders it is in, as git names an untracked repository in the tree."""
    yield path
    parts = path.split("/")
    for count in range(1, len(parts)):
        yield "/".join(parts[:count]) + "/"
