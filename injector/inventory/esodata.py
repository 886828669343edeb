"""What an ExternalSecret fetches: ``data`` and ``dataFrom``, before a template makes keys of it.

Source: external-secrets pkg/controllers/externalsecret/externalsecret_controller_secret.go:80-293@v2.9.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from injector.inventory.esorewrite import Undo, read_rewrites, undo_conversion
from injector.inventory.esostore import FIND, GENERATOR, GENERATOR_KEYS, store_ref
from injector.inventory.esotemplate import ALL
from injector.location import Location
from injector.manifests.document import items, mapping, text
from injector.manifests.yamldoc import Map, Seq
from injector.model import Extract, Finding, Remote, StoreRef

NO_STORE: Final = StoreRef("SecretStore", "")
"""Stands where neither the entry nor the ExternalSecret names a store."""


@dataclass(frozen=True, slots=True)
class Named:
    """A value with a known name."""

    remotes: tuple[Remote, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class Open:
    """Values whose names only the provider knows: a ``dataFrom`` entry.

    Attributes:
        remote: the remote secret as a whole.
        undo: value name -> property, None when a rewrite hides it.
        is_whole: every value is a remote secret as a whole (``find``), so that there are no properties.
        conversion: ``conversionStrategy`` as written.
        is_rewritten: a ``rewrite`` changes the names.
    """

    remote: Remote
    undo: Undo
    is_whole: bool = False
    conversion: str = ""
    is_rewritten: bool = False

    def remote_of(self, name: str) -> Remote:
        """Return where the value called `name` would come from."""
        prop = None if self.is_whole else self.undo(name)
        if prop is None:
            return self.remote
        nested = f"{self.remote.prop}.{prop}" if self.remote.prop else prop
        return replace(self.remote, prop=nested)


@dataclass(slots=True)
class Fetched:
    """Everything that one ExternalSecret fetches.

    Attributes:
        named: value name -> where it comes from; ``data`` wins over ``dataFrom``, later entries over earlier ones.
        open: ``dataFrom`` entries whose value names are unknown, in order.
    """

    named: dict[str, Named] = field(default_factory=dict)
    open: list[Open] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Tell whether something can provide a value of this name."""
        return name in self.named or bool(self.open)

    def remotes_of(self, name: str) -> tuple[Remote, ...]:
        """Return where a template variable comes from; of an undefined one every ``dataFrom`` that may hold it."""
        if name == ALL:
            return unique([*(one for named in self.named.values() for one in named.remotes), *self.open_remotes()])
        if name in self.named:
            return self.named[name].remotes
        return unique(one.remote_of(name) for one in self.open)

    def variables(self) -> tuple[tuple[str, Remote], ...]:
        """Return name -> remote of the values that have one each."""
        return tuple((name, named.remotes[0]) for name, named in self.named.items() if len(named.remotes) == 1)

    def extracts(self) -> tuple[Extract, ...]:
        """Return the ``extract`` entries whose value names only the provider knows."""
        return tuple(Extract(one.remote, one.conversion, one.is_rewritten) for one in self.open if not one.is_whole)

    def open_remotes(self) -> Iterator[Remote]:
        """Yield the remote secrets whose value names are unknown."""
        return (one.remote for one in self.open)


def unique(remotes: Iterable[Remote]) -> tuple[Remote, ...]:
    """Return remotes without repetitions, in order."""
    return tuple(dict.fromkeys(remotes))


def read_fetched(spec: Map, default: StoreRef | None) -> Fetched:
    """Read ``data`` and ``dataFrom`` of an ExternalSecret's spec.

    Remote paths are as written: `injector.inventory.esostore.resolve` composes them.

    Args:
        spec: ``ExternalSecret.spec``.
        default: ``secretStoreRef``.
    """
    fetched = Fetched()
    sources = items(spec, "dataFrom")
    for number, entry in enumerate(sources):
        if isinstance(entry, Map):
            _read_source(entry, _item_at(sources, number, entry), default, fetched)
    seen: set[str] = set()
    for entry in items(spec, "data"):
        if isinstance(entry, Map):
            _read_entry(entry, default, fetched, seen)
    return fetched


def _item_at(sequence: object, number: int, entry: Map) -> Location:
    return sequence.at(number) if isinstance(sequence, Seq) else entry.at()


def _read_entry(entry: Map, default: StoreRef | None, fetched: Fetched, seen: set[str]) -> None:
    name = text(entry.get("secretKey"))
    ref = mapping(entry, "remoteRef")
    store = store_ref(mapping(mapping(entry, "sourceRef"), "storeRef"), default) or NO_STORE
    where = ref.at("key") if "key" in ref else entry.at("remoteRef")
    path = text(ref.get("key")).strip()
    if not path:
        _add_empty(fetched, where, name)
    if not name:
        return
    if name in seen:
        # The webhook refuses it only with deletionPolicy Retain; else the last one wins (validator.go:214-226).
        message = f"secretKey {name} is defined twice; the last one wins"
        fetched.findings.append(Finding("eso-duplicate-secret-key", message, entry.at("secretKey")))
    seen.add(name)
    remote = _remote(store, ref, path, where)
    fetched.named.pop(name, None)
    fetched.named[name] = Named((remote,), entry.at("secretKey"))


def _remote(store: StoreRef, ref: Map, path: str, where: Location) -> Remote:
    return Remote(
        store,
        path,
        text(ref.get("property")),
        where,
        version=text(ref.get("version")),
        decoding=text(ref.get("decodingStrategy")),
        metadata=text(ref.get("metadataPolicy")),
    )


def _add_empty(fetched: Fetched, where: Location, name: str) -> None:
    what = f"of {name} " if name else ""
    message = f"remoteRef.key {what}is empty: nothing says which remote secret is read"
    fetched.findings.append(Finding("eso-empty-remote-key", message, where))


def _read_source(entry: Map, where: Location, default: StoreRef | None, fetched: Fetched) -> None:
    source = mapping(entry, "sourceRef")
    generator = mapping(source, "generatorRef") or mapping(source, "generator")
    store = store_ref(mapping(source, "storeRef"), default) or NO_STORE
    undo, into = read_rewrites(items(entry, "rewrite"))
    has_rewrite = bool(items(entry, "rewrite"))
    if generator:
        _read_generator(generator, where, fetched, undo if has_rewrite else None)
        return
    find = mapping(entry, "find")
    # v1alpha1 has the remote reference itself as the entry.
    extract = mapping(entry, "extract") or (entry if "key" in entry else Map())
    if find or "find" in entry:
        remote = Remote(store, f"{text(find.get('path')).strip('/')}{FIND}", "", entry.at("find"))
        made = Open(remote, undo, is_whole=True)
    elif extract or "extract" in entry:
        at = extract.at("key") if "key" in extract else where
        path = text(extract.get("key")).strip()
        if not path:
            _add_empty(fetched, at, "")
        if not has_rewrite:
            undo = undo_conversion(text(extract.get("conversionStrategy")))
        made = Open(
            _remote(store, extract, path, at),
            undo,
            conversion=text(extract.get("conversionStrategy")),
            is_rewritten=has_rewrite,
        )
    else:
        return
    if into:
        fetched.named[into] = Named((made.remote,), where)
    else:
        fetched.open.append(made)


def _read_generator(ref: Map, where: Location, fetched: Fetched, rewritten: Undo | None) -> None:
    """Read ``generatorRef``: its kind says which values there are, unless a rewrite renames them."""
    kind, name = text(ref.get("kind")), text(ref.get("name"))
    store = StoreRef(kind or "Generator", name, GENERATOR)
    remote = Remote(store, "", "", ref.at("name") if "name" in ref else where)
    keys = GENERATOR_KEYS.get(kind, ())
    if keys and rewritten is None:
        for key in keys:
            fetched.named.pop(key, None)
            fetched.named[key] = Named((replace(remote, prop=key),), where)
    else:
        fetched.open.append(Open(remote, rewritten or undo_conversion("")))
