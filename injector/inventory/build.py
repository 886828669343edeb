"""A tree to its `Inventory`: find the roots, render them level by level, then read what nobody deploys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from injector.inventory.collect import RootFacts
from injector.inventory.eso import StoreIndex, resolve
from injector.inventory.esopush import find_round_trips
from injector.inventory.facts import Facts, Inventory
from injector.inventory.workers import Runner, make_runner, run_all, scan_all
from injector.location import Location
from injector.manifests import argo, flux
from injector.manifests.discovery import (
    Scan,
    cluster_names,
    entry_points,
    find_config_maps,
    find_shared,
    is_below,
    is_fixture,
    iter_ancestors,
    resolve_folder,
    top_kustomizations,
)
from injector.manifests.document import mapping, text
from injector.manifests.files import YAML_SUFFIXES, Files, join, parent
from injector.manifests.render import is_chart_template
from injector.manifests.roots import Root, RootKind
from injector.manifests.tree import Tree
from injector.manifests.yamldoc import Map
from injector.model import Diagnostic

Progress = Callable[[str, int, int], None]
"""Called with (what is done, done so far, of how many)."""

_CHUNK: Final = 48
"""Files without a root that are read as one piece of work, at least."""
_CHUNKS: Final = 32
"""Pieces at most: each sees the ConfigMaps of all others, so more pieces cost more than they share out."""
_UNREADABLE: Final = frozenset(
    {"unreadable", "not-a-file", "too-large", "yaml-syntax", "yaml-encoding", "yaml-nesting", "yaml-alias-bomb",
     "missing-file", "missing-resource", "missing-kustomization"}
)  # fmt: skip
"""What leaves the answer incomplete: kustomize itself would refuse to build for a missing entry."""


def build_inventory(tree: Tree, *, jobs: int | None = None, progress: Progress | None = None) -> Inventory:
    """Read all facts of a tree.

    Args:
        tree: what `load_tree` found.
        jobs: how many processes; None decides by the tree's size.
        progress: is told how far it is.

    Returns:
        The facts, the same for the same bytes whatever the machine. Never raises for what stands in a file.
    """
    runner = make_runner(tree, jobs)
    try:
        return _Builder(tree, runner, progress or _no_progress).build()
    finally:
        runner.close()


def _no_progress(_what: str, _done: int, _total: int) -> None:
    return


@dataclass(slots=True)
class _Builder:
    tree: Tree
    runner: Runner
    progress: Progress
    files: Files = field(init=False)
    first: Scan = field(init=False)
    roots: dict[str, Root] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    deployed: Facts = field(default_factory=Facts)
    orphaned: Facts = field(default_factory=Facts)
    broken: dict[str, tuple[list[Diagnostic], bool]] = field(default_factory=dict)
    templated: dict[str, Diagnostic] = field(default_factory=dict)
    notes: list[Diagnostic] = field(default_factory=list)
    entry_files: set[str] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)
    holders: dict[str, list[str]] | None = None
    config_maps: dict[str, list[tuple[str, Map]]] = field(default_factory=dict)

    def build(self) -> Inventory:
        self.files = self.tree.open()
        self.first = scan_all(self.runner, self.files)
        self._levels(self._entries(), is_orphan=False)
        ruled = self._ruled()
        self._read_entry_files()
        if self.tree.explicit:
            self._levels([_plain_root("files", self.tree.explicit)], is_orphan=False)
        self._switched_off()
        self._rest(ruled)
        return self._inventory()

    # -- which roots ------------------------------------------------------------------------------

    def _entries(self) -> list[Root]:
        declared: list[tuple[str, str, str | None]] = []
        for number, one in enumerate(self.first.flux):
            folder = None if self.first.is_foreign(one) else resolve_folder(one.path, one.location.path, self.files)
            declared.append((f"flux {number}", one.location.path, folder))
        for number, source in enumerate(self.first.argo):
            folder = resolve_folder(source.path, source.location.path, self.files)
            declared.append((f"argo {number}", source.location.path, folder))
        entries = entry_points(declared)
        clusters = cluster_names(file for _, file, _ in declared)
        roots = []
        for number, (own, file, _) in enumerate(declared):
            if own not in entries or file in self.tree.explicit:
                continue
            cluster = clusters[file]
            if own.startswith("flux"):
                roots.append(self._flux_root(self.first.flux[number], cluster))
            else:
                roots.append(self._argo_root(self.first.argo[number - len(self.first.flux)], cluster))
            self.entry_files.add(file)
        # An Application of a chart declares no folder, but starts like one of a folder.
        folders = {folder for _, _, folder in declared if folder}
        self.entry_files |= {file for file in self.first.argo_files if folders.isdisjoint(iter_ancestors(file))}
        roots += [self._sync_root(file, path) for file, path in self.first.sync_paths]
        return [root for root in roots if root is not None]

    def _read_entry_files(self) -> None:
        # Their other documents (a GitRepository, a ConfigMap, charts of an Application) are applied with them.
        wanted = sorted(self.entry_files - self.reached - set(self.tree.explicit))
        if wanted:
            self._take(run_all(self.runner, [_plain_root("entries", tuple(wanted))]), is_orphan=False)

    def _ruled(self) -> set[str]:
        """Return the named folders that roots reach into: what no root reaches there is not deployed."""
        return {folder for folder in self.tree.folders if any(is_below(path, folder) for path in sorted(self.reached))}

    def _flux_root(self, one: flux.FluxKustomization, cluster: str) -> Root | None:
        folder = resolve_folder(one.path, one.location.path, self.files) if not self.first.is_foreign(one) else None
        if folder is None:
            message = f"the path {one.path} of Flux Kustomization {one.name} is not in the tree"
            self.notes.append(Diagnostic(one.location, "unresolved-path", message))
            return None
        variables, missing = flux.collect_variables(one, lambda name: self._config_map(name, one.location.path))
        self.notes.extend(missing)
        tag = f"{cluster}:" if cluster else ""
        return Root(
            id=f"flux:{tag}{one.namespace}/{one.name}",
            kind=RootKind.FLUX,
            folder=folder,
            extra=one.extra,
            variables=variables,
            is_partial=bool(missing),
            cluster=cluster,
            depends_on=tuple(f"flux:{tag}{namespace}/{name}" for namespace, name in one.depends_on),
            location=one.location,
        )

    def _sync_root(self, file: str, path: str) -> Root | None:
        folder = resolve_folder(path, file, self.files)
        if folder is None:
            return None
        return Root(id="flux:flux-system/flux-system", kind=RootKind.FLUX, folder=folder)

    def _argo_root(self, one: argo.ArgoSource, cluster: str) -> Root | None:
        folder = resolve_folder(one.path, one.location.path, self.files)
        if folder is None:
            message = f"the path {one.path} of Application {one.name} is not in the tree"
            self.notes.append(Diagnostic(one.location, "unresolved-path", message))
            return None
        is_plain = not self.files.kustomization(folder) and not self.files.is_file(join(folder, "Chart.yaml"))
        tag = one.cluster or cluster
        plain = self._plain_files(folder, one) if is_plain else ()
        return Root(
            id=f"argo:{tag + ':' if tag else ''}{one.namespace}/{one.name}:{folder}",
            kind=RootKind.ARGO,
            folder=folder,
            files=plain or (),
            extra=one.extra,
            cluster=tag,
            namespace=one.destination,
            location=one.location,
        )

    def _plain_files(self, folder: str, one: argo.ArgoSource) -> tuple[str, ...]:
        below = [path for path in self.files.below(folder) if path.endswith(YAML_SUFFIXES)]
        start = 0 if folder == "." else len(folder) + 1
        return tuple(path for path in below if one.takes(path[start:]))

    def _config_map(self, name: str, near: str) -> Map | None:
        if name not in self.config_maps:
            self.config_maps[name] = list(self._config_maps(name))
        found = self.config_maps[name]
        return min(found, key=lambda one: (-_shared_prefix(one[0], near), one[0]))[1] if found else None

    def _config_maps(self, name: str) -> Iterator[tuple[str, Map]]:
        if self.holders is None:
            self.holders = find_config_maps(self.files, self.first.config_maps)
        for path in self.holders.get(name, ()):
            for document in self.files.load(path):
                body = document.value
                if not isinstance(body, Map) or body.get("kind") != "ConfigMap" or "sops" in body:
                    continue
                if text(mapping(body, "metadata").get("name")) == name:
                    yield path, body

    # -- rendering --------------------------------------------------------------------------------

    def _levels(self, roots: Iterable[Root], *, is_orphan: bool) -> None:
        level = list(roots)
        while level:
            fresh = {root.id: root for root in reversed(level) if root.id not in self.roots}
            self.roots.update(fresh)
            self.folders.update(root.folder for root in fresh.values())
            done = run_all(self.runner, [fresh[own] for own in sorted(fresh)])
            level = self._take(done, is_orphan=is_orphan)

    def _take(self, done: list[RootFacts], *, is_orphan: bool) -> list[Root]:
        children: list[Root | None] = []
        for made in done:
            (self.orphaned if is_orphan else self.deployed).add(made.facts)
            self.reached |= made.reached
            for path, found in made.broken.items():
                was_deployed = self.broken[path][1] if path in self.broken else False
                self.broken[path] = (found, was_deployed or not is_orphan)
            self.templated.update(made.templated)
            cluster = made.root.cluster
            children += [self._flux_root(one, cluster) for one in made.flux]
            children += [self._argo_root(one, cluster) for one in made.argo]
            children += [self._sync_root(namespace, path) for namespace, path in made.sync_paths]
            self.progress("reading", len(self.reached), len(self.tree.found))
        return [replace(root, is_orphan=is_orphan) for root in children if root is not None]

    # -- what nobody deploys ----------------------------------------------------------------------

    def _switched_off(self) -> None:
        """Render Kustomizations and Applications that stand in the tree and that nothing deploys."""
        off = [self._flux_root(one, "") for one in self.first.flux if one.location.path not in self.reached]
        off += [self._argo_root(one, "") for one in self.first.argo if one.location.path not in self.reached]
        for root in off:
            # Another root may deploy the same folder: then nothing of it is an orphan.
            if root is not None and root.folder not in self.folders:
                self._levels([replace(root, id=f"off-{root.id}", is_orphan=True)], is_orphan=True)

    def _rest(self, ruled: set[str]) -> None:
        folders = {
            folder: path
            for folder, path in self.first.kustomizations.items()
            if path not in self.reached and not is_fixture(path, self.first.environments)
        }
        if self.tree.links:
            real = self._real_reached()
            folders = {folder: path for folder, path in folders.items() if self._real(path) not in real}
        tops = top_kustomizations(folders, self.files)
        clusters = _overlay_names(tops)
        for is_orphan, own in _parted(tops, ruled):
            self._levels(
                [
                    Root(
                        f"kustomize:{folder}", RootKind.KUSTOMIZE, folder, cluster=clusters[folder], is_orphan=is_orphan
                    )
                    for folder in own
                ],
                is_orphan=is_orphan,
            )
        ruled = ruled | {folder for folder in self.tree.folders if any(_is_in(top, folder) for top in tops)}
        number = 0
        listed = set(self.first.kustomizations.values())
        rest = self._distinct([path for path in self.files.found if path not in listed and self._is_left(path)])
        self.loose.update(rest)
        for is_orphan, own in _parted(rest, ruled):
            size = max(_CHUNK, len(own) // _CHUNKS)
            chunks = [tuple(own[start : start + size]) for start in range(0, len(own), size)]
            # Orphans are only judged as if they were deployed: for them the files around are enough.
            shared = find_shared(self.files, own) if len(chunks) > 1 and not is_orphan else ()
            roots = [
                replace(_plain_root(f"files:{number + count:06}", chunk), shared=shared)
                for count, chunk in enumerate(chunks)
            ]
            number += len(roots)
            children = self._take(run_all(self.runner, roots), is_orphan=is_orphan)
            known = self.folders.copy()
            self._levels([root for root in children if root.folder not in known], is_orphan=is_orphan)

    def _may_hold_objects(self, path: str) -> bool:
        """Tell a broken manifest from a broken file of an editor or CI, which nobody applies."""
        if not (path.startswith(".") or "/." in path):
            return True
        data = self.files.read(path)
        return data is None or b"apiVersion" in data

    def _real(self, path: str) -> str:
        return os.path.realpath(self.files.absolute(path))

    def _real_reached(self) -> set[str]:
        """Return what was reached by another path than its own."""
        found = set(self.tree.found) - self.tree.links
        return {self._real(path) for path in self.reached - found}

    def _distinct(self, paths: list[str]) -> list[str]:
        """Leave out what was reached or stands there by another path, which only symbolic links make possible."""
        if not self.tree.links:
            return paths
        seen = self._real_reached()
        kept: list[str] = []
        for path in sorted(paths, key=lambda path: (path in self.tree.links, path)):
            real = self._real(path)
            if real not in seen:
                kept.append(path)
            seen.add(real)
        return sorted(kept)

    def _is_left(self, path: str) -> bool:
        if path in self.reached or is_fixture(path, self.first.environments):
            return False
        if "/templates/" in f"/{path}" and is_chart_template(path, self.files):
            message = "is a Helm chart's template"
            self.templated.setdefault(path, _at_start(path, "templated", message))
            return False
        return True

    # -- the answer -------------------------------------------------------------------------------

    def _resolve_stores(self) -> None:
        """Compose remote paths, now that every store is known; a deployed store wins over an orphan."""
        known = [*self.deployed.stores, *self.orphaned.stores]
        stores, clusters = StoreIndex.of(known), {own: root.cluster for own, root in self.roots.items()}
        indexes = {cluster: StoreIndex.of_cluster(known, cluster, clusters) for cluster in {"", *clusters.values()}}
        for facts in (self.deployed, self.orphaned):
            resolved = [resolve(source, indexes[clusters.get(source.origin.root, "")]) for source in facts.sources]
            facts.sources = [source for source, _ in resolved]
            for source, found in resolved:
                facts.findings += [replace(one, subject=source.ref, root=source.origin.root) for one in found]
            facts.findings += [one for _, one in find_round_trips(facts.sources, self.deployed.writes, stores)]

    def _inventory(self) -> Inventory:
        self._resolve_stores()
        unreadable: list[Diagnostic] = []
        unresolved = [replace(one, is_deployed=True) for one in self.notes]
        for path, (found, was_deployed) in self.broken.items():
            if path in self.templated:
                continue
            is_deployed = was_deployed and (path not in self.loose or self._may_hold_objects(path))
            for one in found:
                (unreadable if one.code in _UNREADABLE else unresolved).append(replace(one, is_deployed=is_deployed))
        for facts, is_deployed in ((self.deployed, True), (self.orphaned, False)):
            for one in facts.diagnostics:
                if one.code in _UNREADABLE:
                    unreadable.append(replace(one, is_deployed=is_deployed))
                else:
                    unresolved.append(replace(one, is_deployed=is_deployed))
            for one in facts.templated:
                self.templated.setdefault(one.location.path, one)
        return Inventory(
            deployed=self.deployed,
            orphaned=self.orphaned,
            roots=self.roots,
            unreadable=_sorted(unreadable),
            templated=_sorted(self.templated.values()),
            unresolved=_sorted(unresolved),
            files=len(self.tree.found),
        )


def _parted(places: list[str], ruled: set[str]) -> Iterator[tuple[bool, list[str]]]:
    """Yield the places below no ruled folder, then with True, as orphans, those below one."""
    orphans = {place for place in places if any(_is_in(place, folder) for folder in ruled)}
    yield False, [place for place in places if place not in orphans]
    yield True, [place for place in places if place in orphans]


def _is_in(place: str, folder: str) -> bool:
    return place == folder or is_below(place, folder)


def _plain_root(own: str, paths: tuple[str, ...]) -> Root:
    return Root(id=own, kind=RootKind.FILES, files=paths)


def _at_start(path: str, code: str, message: str) -> Diagnostic:
    return Diagnostic(Location(path, 1), code, message)


def _sorted(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(set(diagnostics), key=lambda one: (one.location, one.code, one.message)))


def _shared_prefix(left: str, right: str) -> int:
    count = 0
    for one, other in zip(left.split("/"), right.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _overlay_names(folders: list[str]) -> dict[str, str]:
    """Name the environment of each plain kustomize root: ``overlays/prod`` is prod, most roots have none."""
    markers = ("overlays", "environments", "envs", "clusters", "overlay")
    return {
        folder: folder.rpartition("/")[2] if parent(folder).rpartition("/")[2] in markers else "" for folder in folders
    }
