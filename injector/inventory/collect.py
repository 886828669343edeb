"""From a tree to its inventory: every root rendered, every object read once.

The work is cut by root, because roots do not share state: with more than one processor, worker processes
render roots and send back facts, never documents. Roots that a root deploys (Flux Kustomizations, Argo CD
Applications) come back with the facts and are rendered next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from injector.inventory.consumers import read_consumers
from injector.inventory.consumers_embedded import parse_embedded
from injector.inventory.eso import StoreIndex, read_external_secret, read_push_secret, read_store
from injector.inventory.facts import Facts
from injector.inventory.helmvalues_releases import embedded_objects
from injector.inventory.opted import read_opted_pods
from injector.inventory.owned import without_made
from injector.inventory.sources import read_copies, read_sources
from injector.manifests import argo, flux
from injector.manifests.discovery import resolve_folder
from injector.manifests.document import Resource, items, mapping, text
from injector.manifests.files import Files
from injector.manifests.render import render, resource_of
from injector.manifests.roots import Root
from injector.manifests.yamldoc import Map
from injector.migration.model import SecretMigration
from injector.migration.parse import is_migration, parse_migration
from injector.model import Diagnostic, Finding

_ESO_GROUP = "external-secrets.io/"
_GENERATORS = "generators.external-secrets.io/"
_SHARED_KINDS = ("ConfigMap", "OCIRepository", "HelmChart")


@dataclass(slots=True)
class RootFacts:
    """What came of one root.

    Attributes:
        root: the root.
        reached: files that were read on the way.
        flux: Flux Kustomizations that it deploys.
        argo: path sources of Argo CD Applications that it deploys.
        broken: diagnostics of the files it read, by path.
    """

    root: Root
    facts: Facts = field(default_factory=Facts)
    reached: set[str] = field(default_factory=set)
    flux: list[flux.FluxKustomization] = field(default_factory=list)
    argo: list[argo.ArgoSource] = field(default_factory=list)
    sync_paths: list[tuple[str, str]] = field(default_factory=list)
    broken: dict[str, list[Diagnostic]] = field(default_factory=dict)
    templated: dict[str, Diagnostic] = field(default_factory=dict)


def collect_root(root: Root, files: Files) -> RootFacts:
    """Render one root and read its objects."""
    rendered = render(root, files)
    made = RootFacts(root, reached=rendered.reached)
    made.facts.diagnostics += rendered.diagnostics
    made.facts.templated += rendered.templated
    shared = _shared(root, files)
    names = _ChartNames([*shared, *rendered.resources])
    config_maps = _ConfigMaps([*rendered.resources, *shared])
    for resource in without_made(rendered.resources):
        _read(resource, made, names, config_maps, files)
        for embedded in embedded_objects(resource):
            _read_sources(embedded, made, config_maps)
    for path in sorted(made.reached):
        if path in files.diagnostics:
            made.broken[path] = files.diagnostics[path]
        if path in files.templated:
            made.templated[path] = files.templated[path]
    return made


def _shared(root: Root, files: Files) -> tuple[Resource, ...]:
    """Return what a root sees of other files; the same for all pieces of a build, so it is kept with the files."""
    if not root.shared:
        return ()
    if root.shared not in files.shared:
        files.shared[root.shared] = tuple(
            resource_of(document)
            for path in root.shared
            for document in files.parse(path)
            if isinstance(document.value, Map) and document.value.get("kind") in _SHARED_KINDS
        )
    return files.shared[root.shared]


def _read(resource: Resource, made: RootFacts, names: _ChartNames, maps: _ConfigMaps, files: Files) -> None:
    root, facts = made.root, made.facts
    body = resource.body
    kind = text(body.get("kind"))
    if flux.is_flux_kustomization(body):
        made.flux.append(flux.read_kustomization(resource))
    elif argo.is_application(body):
        for application in argo.expand(resource, files):
            at = application.location.path
            made.reached.update(
                argo.merge_value_files(application, files, lambda path, at=at: resolve_folder(path, at, files))  # type: ignore[misc]
            )
            made.argo.extend(argo.read_sources(application))
            facts.consumers += read_consumers(application, root.id)
        return
    elif kind == "FluxInstance":
        sync = mapping(mapping(body, "spec"), "sync")
        if text(sync.get("path")):
            made.sync_paths.append((text(mapping(body, "metadata").get("namespace")), text(sync["path"])))
    elif kind == "HelmRelease":
        maps.lay_under(resource)
    elif is_migration(body):
        _read_migration(resource, facts)
        return
    opted = read_opted_pods(resource, root.id)
    if opted is not None:
        facts.opted.append(opted)
    _read_sources(resource, made, maps)
    facts.consumers += read_consumers(resource, root.id, config_map=maps.data, chart=names.find)


def _read_sources(resource: Resource, made: RootFacts, maps: _ConfigMaps) -> None:
    if text(resource.body.get("apiVersion")).startswith((_ESO_GROUP, _GENERATORS)):
        _read_eso(resource, text(resource.body.get("kind")), made, maps)
    else:
        made.facts.sources += read_sources(resource, made.root.id)
    made.facts.consumers += read_copies(resource, made.root.id)


def _read_migration(resource: Resource, facts: Facts) -> None:
    made = parse_migration(resource.body, namespace=resource.ref.namespace)
    if isinstance(made, SecretMigration):
        facts.migrations.append(made)
    else:
        facts.findings += [
            Finding("migration-malformed", f"{resource.ref}: {one.field}: {one.message}", one.location, resource.ref)
            for one in made
        ]


def _read_eso(resource: Resource, kind: str, made: RootFacts, maps: _ConfigMaps) -> None:
    root, facts = made.root, made.facts
    if kind in ("SecretStore", "ClusterSecretStore") or text(resource.body.get("apiVersion")).startswith(_GENERATORS):
        store = read_store(resource, root.id)
        if store:
            facts.stores.append(store)
    elif kind in ("ExternalSecret", "ClusterExternalSecret"):
        # Stores may come from another root: paths are composed when all of them are known.
        sources, findings = read_external_secret(resource, root.id, StoreIndex.empty(), config_map=maps.data)
        facts.sources += sources
        facts.findings += [replace(one, subject=resource.ref, root=root.id) for one in findings]
    elif kind in ("PushSecret", "ClusterPushSecret"):
        push = read_push_secret(resource, root.id)
        facts.consumers += push.consumers
        facts.pushed += push.pushed
        facts.writes += push.writes
        facts.findings += [replace(one, subject=resource.ref, root=root.id) for one in push.findings]


class _ChartNames:
    """Chart names of the sources that HelmReleases refer to by ``chartRef``."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._names: dict[tuple[str, str], str] = {}
        for resource in resources:
            if resource.body.get("kind") in ("OCIRepository", "HelmChart"):
                spec = mapping(resource.body, "spec")
                name = text(spec.get("chart")) or text(spec.get("url")).rstrip("/").rpartition("/")[2]
                self._names[resource.ref.kind, resource.ref.name] = name

    def find(self, kind: str, name: str) -> str:
        return self._names.get((kind, name), "")


class _ConfigMaps:
    """ConfigMaps of one build, for ``envFrom`` and Helm ``valuesFrom``."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._maps: dict[tuple[str, str], Map] = {}
        for resource in resources:
            if resource.body.get("kind") == "ConfigMap":
                ref = resource.ref
                self._maps.setdefault((ref.namespace, ref.name), resource.body)

    def data(self, namespace: str, name: str) -> Map | None:
        """Return the data; when one side says no namespace, the name alone decides."""
        found = self._maps.get((namespace, name)) or self._maps.get(("", name))
        if found is None and not namespace:
            same = sorted(key for key in self._maps if key[1] == name)
            found = self._maps[same[0]] if same else None
        return mapping(found, "data") if found is not None else None

    def lay_under(self, release: Resource) -> None:
        """Lay the values of ConfigMaps that a HelmRelease reads under its inline values, in place."""
        spec = mapping(release.body, "spec")
        merged = Map(spec.path, spec.line)
        for entry in items(spec, "valuesFrom"):
            reference = mapping(entry)
            if text(reference.get("kind")) != "ConfigMap":
                continue
            data = self.data(release.ref.namespace, text(reference.get("name")))
            key = text(reference.get("valuesKey")) or "values.yaml"
            if data is not None:
                argo.overlay(merged, parse_embedded(data, key))
        if merged:
            argo.overlay(merged, mapping(spec, "values"))
            spec.put("values", merged, spec.line)
