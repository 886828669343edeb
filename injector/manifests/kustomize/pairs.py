"""What a generator's ``files``, ``literals`` and ``envs`` hold: keys, bytes and where each stands.

Source: kustomize api/kv/kv.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from injector.location import Location
from injector.manifests.document import items, text
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map, Seq, Value

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """One key of a generated object; `repr` shows nothing, for the bytes may be a secret's."""

    key: str
    data: bytes
    at: Location


def iter_pairs(session: Session, layer: Layer, entry: Map) -> Iterator[Pair]:
    """Yield the generator entry's keys in kustomize's order; what cannot be read becomes a diagnostic."""
    for written, at in _texts(entry, "files"):
        yield from _file(session, layer, written, at)
    for written, at in _texts(entry, "literals"):
        key, equals, value = written.partition("=")
        if not equals or not key:
            session.report(at, "bad-generator", "literals: an entry is key=value; correct it")
            continue
        yield Pair(key, _unquoted(value).encode(errors="replace"), at)
    for written, at in (*_texts(entry, "envs"), *_texts(entry, "env")):
        yield from _env_file(session, layer, written, at)


def _texts(entry: Map, key: str) -> Iterator[tuple[str, Location]]:
    value: Value = entry.get(key)
    if isinstance(value, str):
        yield value, entry.at(key)
    elif isinstance(value, Seq):
        for index, item in enumerate(items(value)):
            yield text(item), value.at(index)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _file(session: Session, layer: Layer, written: str, at: Location) -> Iterator[Pair]:
    key, equals, name = written.partition("=")
    if not equals:
        key, name = posixpath.basename(written), written
    path = session.find_file(layer, name, at, "files")
    data = session.files.read(path) if path else None
    if data is not None and path:
        yield Pair(key, data, Location(path, 1))


def _env_file(session: Session, layer: Layer, written: str, at: Location) -> Iterator[Pair]:
    path = session.find_file(layer, written, at, "envs")
    data = session.files.read(path) if path else None
    if data is None or path is None:
        return
    for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        stripped = line.removesuffix(b"\r").lstrip()
        if not stripped or stripped.startswith(b"#"):
            continue
        name, equals, value = stripped.partition(b"=")
        where = Location(path, number)
        if not equals:
            # kustomize takes the value from its own environment, which no tree can know.
            session.report(where, "unresolved", "takes its value from the environment of kustomize; write key=value")
        yield Pair(name.decode(errors="replace"), value, where)
