"""Volumes of Helm values: where they are declared, where they are mounted, and charts' short forms of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from injector.inventory.consumers_reader import Named, Reader
from injector.inventory.helmvalues_scope import Scope
from injector.inventory.podspec import (
    SecretSource,
    Volume,
    mount_uses,
    read_items,
    read_mode,
    read_volume_sources,
)
from injector.manifests.document import items, mapping, text
from injector.manifests.yamldoc import Map, Seq, Value


@dataclass(slots=True)
class MountBook:
    """Volumes and mounts of one release; values declare them apart, and far apart."""

    volumes: list[tuple[Scope, Volume]] = field(default_factory=list)
    mounts: list[tuple[Scope, Map]] = field(default_factory=list)

    def add_volumes(self, value: Value, scope: Scope, reader: Reader) -> None:
        """Take a list of volumes, or a mapping from name to volume."""
        for name, entry in _named_entries(value):
            sources = read_volume_sources(entry, reader)
            if sources:
                self.volumes.append((scope, Volume(text(entry.get("name")) or name, sources)))

    def add_mounts(self, value: Value, scope: Scope) -> None:
        """Take a list of volume mounts."""
        self.mounts += [(scope, mount) for mount in items(value) if isinstance(mount, Map)]

    def settle(self) -> None:
        """Give every volume to the components that mount it, and unmounted ones to where they are declared."""
        for scope, volume in self.volumes:
            found = [pair for pair in self.mounts if text(pair[1].get("name")) == volume.name]
            # Sub-charts may use one name twice: the nearest declaration is meant.
            nearest = max((_shared(scope.path, other.path) for other, _ in found), default=0)
            found = [pair for pair in found if _shared(scope.path, pair[0].path) == nearest]
            for other, mount in found:
                other.uses += mount_uses(volume, mount)
            if not found:
                scope.uses += mount_uses(volume, Map())


def _named_entries(value: Value) -> Iterable[tuple[str, Map]]:
    if isinstance(value, Map):
        if "secretName" in mapping(value, "secret"):
            return [("", value)]  # tailscale-operator: oauthSecretVolume is one volume
        return [(name, entry) for name, entry in value.items() if isinstance(entry, Map)]
    return [("", entry) for entry in items(value) if isinstance(entry, Map)]


def _shared(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def add_secret_mounts(value: Value, scope: Scope, book: MountBook, reader: Reader) -> None:
    """Take entries that are a Secret and its mount in one: ``{name, secretName, mountPath, subPath, items}``.

    They go to the book like volumes, because init containers mount them by name once more.

    Source: grafana and prometheus charts, ``extraSecretMounts``.
    """
    for name, entry in _named_entries(value):
        sources = read_volume_sources(entry, reader)
        if not sources:
            named = secret_of(entry, reader)
            sources = (SecretSource(named, read_items(entry.get("items")), mode=read_mode(entry)),) if named else ()
        if sources:
            volume = Volume(text(entry.get("name")) or name, sources)
            mount = _mount_of(entry)
            mount["name"] = volume.name
            book.volumes.append((scope, volume))
            book.mounts.append((scope, mount))


def secret_of(entry: Map, reader: Reader) -> Named | None:
    """Return the Secret that an entry of a list of mounts names."""
    for key in ("secretName", "existingSecret", "secret"):
        secret = reader.name_of(entry.get(key))
        if secret:
            return Named(secret, entry.at(key), is_optional=entry.get("optional") is True)
    return None


def _mount_of(entry: Map) -> Map:
    made = Map(entry.path, entry.line)
    made["mountPath"] = text(entry.get("mountPath")) or text(entry.get("path"))
    made["subPath"] = text(entry.get("subPath"))
    return made


_DEFAULT_ROOT: Final = "/"


def read_persistence(
    persistence: Map,
    book: MountBook,
    reader: Reader,
    scopes: Iterable[tuple[tuple[str, str], Scope]],
) -> set[str]:
    """Read ``persistence`` entries that are Secrets, as the bjw-s common library and app-template have them.

    Args:
        persistence: name -> entry.
        book: takes ``type: custom`` volumes, which are mounted by the same entry.
        reader: the release.
        scopes: ((controller, container), component) of every container.

    Returns:
        The entries that were read; the rest is nothing that this module knows.

    Source: https://github.com/bjw-s-labs/helm-charts charts/library/common values.yaml, v1 to v4.
    """
    known = set()
    targets = list(scopes)
    for name, entry in persistence.items():
        if not isinstance(entry, Map):
            continue
        sources = _persistence_sources(entry, reader)
        if sources is None:
            continue
        known.add(name)
        if entry.get("enabled") is False or not sources:
            continue
        volume = Volume(name, sources)
        mounts = list(_persistence_mounts(name, entry, targets))
        for scope, mount in mounts:
            scope.uses += mount_uses(volume, mount)
        if not mounts:
            book.volumes += [(scope, volume) for _, scope in targets[:1]]
    return known


def _persistence_sources(entry: Map, reader: Reader) -> tuple[SecretSource, ...] | None:
    kind = entry.get("type")
    if kind == "secret":
        named = reader.named(entry)
        # An identifier names a Secret that the chart makes itself from its values.
        if not named:
            return ()
        return (SecretSource(replace(named, key=""), read_items(entry.get("items")), mode=read_mode(entry)),)
    if kind in ("custom", "projected"):
        spec = mapping(entry, "volumeSpec")
        if not spec and isinstance(entry.get("sources"), Seq):
            spec = Map(entry.path, entry.line)
            spec.put("projected", entry)
        return read_volume_sources(spec, reader)
    return None


def _persistence_mounts(
    name: str, entry: Map, targets: list[tuple[tuple[str, str], Scope]]
) -> Iterable[tuple[Scope, Map]]:
    advanced = mapping(entry, "advancedMounts")
    for (controller, container), scope in targets:
        for mount in items(mapping(advanced, controller), container):
            if isinstance(mount, Map):
                yield scope, _mount_of(mount)
    if advanced:
        return
    everywhere = [mount for mount in items(entry, "globalMounts") if isinstance(mount, Map)]
    for _, scope in targets:
        for mount in everywhere or [entry]:
            made = _mount_of(mount)
            if not made["mountPath"]:
                made["mountPath"] = f"{_DEFAULT_ROOT}{name}"
            yield scope, made
