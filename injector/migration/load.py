"""SecretMigrations and objects of a cluster from the files of a folder.

It may be a mounted ConfigMap, a part of a Git tree, or what ``kubectl get -o yaml`` printed.
The one module of this package that reads files.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from injector.cluster import Body, ClusterObject, WatchedKind, build_object, find_kind
from injector.errors import InputError
from injector.location import Location
from injector.manifests.yamldoc import MAX_DOCUMENT_BYTES, Map, Seq, YamlError, iter_documents
from injector.migration.model import KIND, SecretMigration
from injector.migration.parse import is_migration, parse_migration

_SUFFIXES: Final = (".yaml", ".yml", ".json")


_MAX_LISTS: Final = 4
"""Lists in lists: kubectl makes one in none."""

Held: TypeAlias = "SecretMigration | ClusterObject"
Identity: TypeAlias = "tuple[str, str, str]"
"""(kind, namespace, name)"""
Read: TypeAlias = "tuple[Held | str, ...]"
"""What a file holds, in its order: migrations, objects, and ``file:line: what`` for what could not be taken."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder holds.

    Attributes:
        migrations: sorted by namespace and name; of two with one name none counts.
        objects: of the kinds of `injector.cluster`, sorted by kind, namespace and name; the same holds for them.
        problems: ``file:line: what``: what could not be taken, without any value.
        broken: the files that a problem is about, as they were named.
    """

    migrations: tuple[SecretMigration, ...]
    problems: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()
    objects: tuple[ClusterObject, ...] = ()


def load_migrations(
    folder: str | os.PathLike[str], *, namespace: str = "", kinds: Collection[WatchedKind] = tuple(WatchedKind)
) -> Loaded:
    """Read every SecretMigration and every object of a wanted kind below a folder; others are passed over.

    Args:
        folder: a folder, or one file.
        namespace: of documents that name none.
        kinds: what is wanted beside migrations.

    Raises:
        InputError: it does not exist.
    """
    files = list_files(folder)
    return join_migrations({str(path): read_migrations(path, namespace=namespace, kinds=kinds) for path in files})


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
    found: dict[Identity, tuple[str, Held]] = {}
    twice: set[Identity] = set()
    problems: list[str] = []
    broken: set[str] = set()
    for name, parts in files.items():
        for made in parts:
            if isinstance(made, str):
                problems.append(made)
                broken.add(name)
                continue
            own = identity_of(made)
            if own in found or own in twice:
                problems.append(f"{made.location}: {_called(own)} stands twice; none of them counts, remove one")
                broken |= {name, found[own][0]} if own in found else {name}
                twice.add(own)
                found.pop(own, None)
            else:
                found[own] = (name, made)
    held = [found[own][1] for own in sorted(found)]
    return Loaded(
        tuple(one for one in held if isinstance(one, SecretMigration)),
        tuple(problems),
        frozenset(broken),
        tuple(one for one in held if isinstance(one, ClusterObject)),
    )


def identity_of(one: Held) -> Identity:
    """Return what tells an object from all others."""
    return (KIND if isinstance(one, SecretMigration) else one.kind.value, one.namespace, one.name)


def _called(own: Identity) -> str:
    kind, namespace, name = own
    return f"{kind} {namespace}/{name}" if namespace or kind == KIND else f"{kind} {name}"


def read_migrations(path: Path, *, namespace: str = "", kinds: Collection[WatchedKind] = tuple(WatchedKind)) -> Read:
    """Return what a file holds; never raises.

    Args:
        path: the file.
        namespace: of documents that name none.
        kinds: what is wanted beside migrations.
    """
    return tuple(_read(path, namespace, kinds))


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, names, files in os.walk(root, followlinks=True):
        # A mounted ConfigMap has its files twice: as links, and in folders that begin with two dots.
        names[:] = [name for name in names if not name.startswith("..")]
        yield from (Path(folder, name) for name in files if name.endswith(_SUFFIXES) and not name.startswith(".."))


def _read(path: Path, namespace: str, kinds: Collection[WatchedKind]) -> Iterator[Held | str]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as err:
        yield f"{path}:1: cannot be read: {os.strerror(err.errno or 0)}; make it readable"
        return
    for chunk, parsed in iter_documents(data, str(path)):
        if isinstance(parsed, YamlError):
            yield f"{Location(str(path), parsed.line)}: is no YAML: {parsed}; mend it"
        elif isinstance(parsed.value, Map):
            for body in _iter_objects(parsed.value):
                yield from _take(body, namespace, kinds)
        del chunk


def _iter_objects(body: Map, depth: int = 0) -> Iterator[Map]:
    """Yield a document, or the items of one that is a List, as kubectl prints several objects."""
    items = body.get("items")
    kind = body.get("kind")
    if not (isinstance(kind, str) and kind.endswith("List") and isinstance(items, Seq) and depth < _MAX_LISTS):
        yield body
        return
    for one in items:
        if isinstance(one, Map):
            yield from _iter_objects(one, depth + 1)


def _take(body: Map, namespace: str, kinds: Collection[WatchedKind]) -> Iterator[Held | str]:
    if is_migration(body):
        made = parse_migration(body, namespace=namespace)
        if isinstance(made, SecretMigration):
            yield made
        else:
            yield from (str(one) for one in made)
        return
    document = cast("Body", body)
    kind = find_kind(document)
    if kind is not None and kind in kinds:
        found = build_object(kind, document, namespace=namespace, location=body.at())
        yield found if isinstance(found, ClusterObject) else f"{body.at()}: {kind} {found}"
