"""SecretMigrations from the files of a folder: a mounted ConfigMap, or a part of a Git tree.

The one module of this package that reads files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from injector.errors import InputError
from injector.location import Location
from injector.manifests.yamldoc import MAX_DOCUMENT_BYTES, Map, YamlError, iter_documents
from injector.migration.model import SecretMigration
from injector.migration.parse import is_migration, parse_migration

_SUFFIXES: Final = (".yaml", ".yml", ".json")


Read: TypeAlias = "tuple[SecretMigration | str, ...]"
"""What a file holds, in its order: migrations, and ``file:line: what`` for what could not be taken."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder holds.

    Attributes:
        migrations: sorted by namespace and name; of two with one name none counts.
        problems: ``file:line: what``: what could not be taken, without any value.
        broken: the files that a problem is about, as they were named.
    """

    migrations: tuple[SecretMigration, ...]
    problems: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()


def load_migrations(folder: str | os.PathLike[str], *, namespace: str = "") -> Loaded:
    """Read every SecretMigration below a folder; other objects are passed over.

    Args:
        folder: a folder, or one file.
        namespace: of documents that name none.

    Raises:
        InputError: it does not exist.
    """
    return join_migrations({str(path): read_migrations(path, namespace=namespace) for path in list_files(folder)})


def list_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the files below a folder that may hold SecretMigrations, sorted; a file stands for itself.

    Raises:
        InputError: it does not exist.
    """
    root = Path(folder)
    if not root.exists():
        raise InputError(f"{folder}: no such file or folder; name one that exists")
    return sorted(_files(root))


def join_migrations(files: Mapping[str, Read]) -> Loaded:
    """Return what several files hold together.

    Args:
        files: name -> what `read_migrations` found in it.
    """
    found: dict[tuple[str, str], tuple[str, SecretMigration]] = {}
    twice: set[tuple[str, str]] = set()
    problems: list[str] = []
    broken: set[str] = set()
    for name, parts in files.items():
        for made in parts:
            if isinstance(made, str):
                problems.append(made)
                broken.add(name)
                continue
            own = (made.namespace, made.name)
            if own in found or own in twice:
                problems.append(
                    f"{made.location}: SecretMigration {'/'.join(own)} stands twice; none of them counts, remove one"
                )
                broken |= {name, found[own][0]} if own in found else {name}
                twice.add(own)
                found.pop(own, None)
            else:
                found[own] = (name, made)
    return Loaded(tuple(found[own][1] for own in sorted(found)), tuple(problems), frozenset(broken))


def read_migrations(path: Path, *, namespace: str = "") -> Read:
    """Return what a file holds; never raises.

    Args:
        path: the file.
        namespace: of documents that name none.
    """
    return tuple(_read(path, namespace))


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, names, files in os.walk(root, followlinks=True):
        # A mounted ConfigMap has its files twice: as links, and in folders that begin with two dots.
        names[:] = [name for name in names if not name.startswith("..")]
        yield from (Path(folder, name) for name in files if name.endswith(_SUFFIXES) and not name.startswith(".."))


def _read(path: Path, namespace: str) -> Iterator[SecretMigration | str]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as err:
        yield f"{path}:1: cannot be read: {os.strerror(err.errno or 0)}; make it readable"
        return
    for chunk, parsed in iter_documents(data, str(path)):
        if isinstance(parsed, YamlError):
            yield f"{Location(str(path), parsed.line)}: is no YAML: {parsed}; mend it"
        elif isinstance(parsed.value, Map) and is_migration(parsed.value):
            made = parse_migration(parsed.value, namespace=namespace)
            if isinstance(made, SecretMigration):
                yield made
            else:
                yield from (str(one) for one in made)
        del chunk
