"""SecretMigrations, and copies of a cluster's objects, from a folder that may change at any time: a mounted ConfigMap, or a checkout.

What was good stays: a file that breaks keeps what it last said until it is mended, and only files that changed are read
again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from injector.cluster import ClusterObject, ClusterState, WatchedKind
from injector.errors import InputError
from injector.migration.load import (
    Held,
    Identity,
    Loaded,
    Read,
    identity_of,
    join_migrations,
    list_files,
    read_migrations,
)
from injector.migration.model import SecretMigration
from injector.pod.model import Settings
from webhook.state import Snapshot, index_migrations

Mark: TypeAlias = "tuple[int, int, int, int]"


class PolicyFolder:
    """Reads one folder again and again."""

    def __init__(self, folder: str, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._marks: dict[str, Mark] | None = None
        self._lost = ""
        self._read: dict[str, Read] = {}
        self._held: dict[Identity, tuple[str, Held]] = {}
        """What -> the file that said it, and what it last said."""
        self._cluster = ClusterState()

    def load(self) -> Snapshot | None:
        """Return a new snapshot, or None when nothing has changed since the last one; never raises.

        A folder that went away keeps everything; it and every broken file are problems of the snapshot.
        """
        try:
            files = list_files(self._folder)
        except InputError as err:
            return self._without_folder(str(err))
        except OSError as err:
            return self._without_folder(f"{self._folder}: cannot be read: {os.strerror(err.errno or 0)}; mend it")
        self._lost = ""
        marks = {str(path): _mark(path) for path in files}
        if marks == self._marks:
            return None
        known = self._marks or {}
        self._read = {
            name: self._read[name] if known.get(name) == mark else read_migrations(Path(name))
            for name, mark in marks.items()
        }
        self._marks = marks
        return self._take(join_migrations(self._read))

    def _take(self, loaded: Loaded) -> Snapshot:
        said_in = {identity_of(one): name for name, one in _iter_said(self._read.items())}
        everything: list[Held] = [*loaded.migrations, *loaded.objects]
        held = {identity_of(one): (said_in[identity_of(one)], one) for one in everything}
        for own, (file, one) in self._held.items():
            if own not in held and file in loaded.broken:
                held[own] = (file, one)
        self._held = held
        return self._snapshot(loaded.problems)

    def _without_folder(self, problem: str) -> Snapshot | None:
        if problem == self._lost:
            return None
        self._lost, self._marks, self._read = problem, None, {}
        return self._snapshot((problem,), is_complete=bool(self._held))

    def _snapshot(self, problems: tuple[str, ...], *, is_complete: bool = True) -> Snapshot:
        objects = [one for _, one in self._held.values() if isinstance(one, ClusterObject)]
        for kind in WatchedKind:
            items = ((one.namespace, one.name, one.packed) for one in objects if one.kind is kind)
            self._cluster = self._cluster.with_kind(kind, self._cluster.of(kind).replaced(items))
        return Snapshot(
            migrations=index_migrations(one for _, one in self._held.values() if isinstance(one, SecretMigration)),
            cluster=self._cluster,
            settings=self._settings,
            is_complete=is_complete,
            problems=problems,
        )


def _iter_said(files: Iterable[tuple[str, Read]]) -> Iterable[tuple[str, Held]]:
    return ((name, one) for name, parts in files for one in parts if not isinstance(one, str))


def _mark(path: Path) -> Mark:
    """Return what differs when a file does: a ConfigMap's are replaced as a whole by a link that points elsewhere."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
