"""Where a tree's deployment starts: which Kustomizations, Applications and folders nobody else deploys.

The tree's bytes are looked at, and only what says ``kustomize.toolkit.fluxcd.io`` or ``Application`` is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from injector.manifests import argo, flux
from injector.manifests.document import Document, is_object, items, mapping, text
from injector.manifests.files import KUSTOMIZATION_NAMES, Files, join, parent
from injector.manifests.flux import FluxKustomization
from injector.manifests.render import resource_of
from injector.manifests.yamldoc import Map

_FIXTURES: Final = re.compile(
    r"(?:^|/)(?:tests?|testdata|test-data|fixtures?|__fixtures__|__tests__|e2e|vendor|vendored|third_party)(?=/|$)"
)
_ENVIRONMENT: Final = "test"
_STAGES: Final = frozenset(
    {"overlays", "overlay", "environments", "environment", "envs", "env", "clusters", "cluster", "stages", "variants"}
)
_NEIGHBOURS: Final = (
    "base", "dev", "develop", "development", "int", "live", "preprod", "prod", "production", "qa", "stage", "staging",
    "stg", "uat",
)  # fmt: skip
_SHARED: Final = re.compile(rb"kind\"?:[ \t]*[\"']?(?:ConfigMap|OCIRepository|HelmChart)\b")
_CONFIG_MAP: Final = re.compile(rb"^(?:kind[ \t]*:.*(?:ConfigMap|List)|\s*[{\[\"'])", re.MULTILINE)
_NAMES: Final = re.compile(rb"\bname[\"']?:[ \t]*(?:&\S+[ \t]+)?[\"']?([A-Za-z0-9._-]+)")
_CLUSTER: Final = re.compile(r"(?:^|/)clusters?/([^/]+)/")


@dataclass(slots=True)
class Scan:
    """What a first look at the bytes found.

    Attributes:
        flux: Flux Kustomizations as they are written, before any overlay.
        argo: path sources of Applications as they are written.
        sync_paths: (location's file, path) of FluxInstances.
        config_maps: files that hold a ConfigMap.
        kustomizations: folders with a kustomization file -> that file.
        repositories: name of a GitRepository -> the addresses it has in the tree.
        sync_sources: names of the GitRepositories that the tree itself comes from.
        own: their addresses.
        environments: folders called ``test`` that hold no fixtures but an environment.
    """

    flux: list[FluxKustomization] = field(default_factory=list)
    argo: list[argo.ArgoSource] = field(default_factory=list)
    argo_files: set[str] = field(default_factory=set)
    sync_paths: list[tuple[str, str]] = field(default_factory=list)
    config_maps: list[str] = field(default_factory=list)
    kustomizations: dict[str, str] = field(default_factory=dict)
    repositories: dict[str, set[str]] = field(default_factory=dict)
    sync_sources: set[str] = field(default_factory=lambda: {flux.NAMESPACE})
    own: set[str] = field(default_factory=set)
    environments: frozenset[str] = frozenset()

    def is_foreign(self, one: FluxKustomization) -> bool:
        """Tell whether a Kustomization deploys from a repository that is known to be another one."""
        kind, name = one.source
        known = self.repositories.get(name, set()) if kind == "GitRepository" else set()
        return bool(known and self.own) and "" not in known and not known & self.own

    def add(self, other: Scan) -> None:
        """Take over what was found in the files that come next."""
        self.flux += other.flux
        self.argo += other.argo
        self.argo_files |= other.argo_files
        self.sync_paths += other.sync_paths
        self.config_maps += other.config_maps
        self.kustomizations.update(other.kustomizations)
        self.sync_sources |= other.sync_sources
        for name, addresses in other.repositories.items():
            self.repositories.setdefault(name, set()).update(addresses)
        for name in self.sync_sources:
            self.own |= self.repositories.get(name, set()) - {""}


@dataclass(frozen=True, slots=True)
class Look:
    """A piece of the work of `scan`.

    Attributes:
        paths: the files to look at.
        environments: see `Scan`.
    """

    paths: tuple[str, ...]
    environments: frozenset[str] = frozenset()


def scan(files: Files, look: Look) -> Scan:
    """Look at some of a tree's files."""
    made = Scan(environments=look.environments)
    for path in look.paths:
        if path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
            made.kustomizations[parent(path)] = path
        data = files.read(path)
        if data is None or is_fixture(path, made.environments):
            continue
        if b"ConfigMap" in data and _CONFIG_MAP.search(data):  # and not only in some ``valuesFrom``
            made.config_maps.append(path)
        is_flux = b"kustomize.toolkit.fluxcd.io" in data or b"FluxInstance" in data or b"flux-instance" in data
        is_flux = is_flux or (b"source.toolkit.fluxcd.io" in data and b"GitRepository" in data)
        if is_flux or (b"argoproj.io/" in data and b"Application" in data):
            for document in files.parse(path):
                _note(document, files, made)
    return made


def find_shared(files: Files, paths: Iterable[str]) -> tuple[str, ...]:
    """Return which of the files hold a ConfigMap or the source of a chart."""
    return tuple(path for path in paths if _SHARED.search(files.read(path) or b""))


def is_fixture(path: str, environments: frozenset[str] = frozenset()) -> bool:
    """Tell test fixtures and vendored files: they count only when a root reaches them."""
    return any(path[: match.end()] not in environments for match in _FIXTURES.finditer(path))


def find_environments(files: Files) -> frozenset[str]:
    """Return the folders called ``test`` that stand where environments do, or beside other environments."""
    folders = frozenset(files.folders())
    return frozenset(
        folder
        for folder in folders
        if folder.rpartition("/")[2] == _ENVIRONMENT
        and (
            parent(folder).rpartition("/")[2] in _STAGES
            or any(join(parent(folder), other) in folders for other in _NEIGHBOURS)
        )
    )


def _note(document: Document, files: Files, made: Scan) -> None:
    body = document.value
    if not isinstance(body, Map) or not is_object(body):
        return
    name = mapping(body, "metadata").get("name")
    if not isinstance(name, str) or "{{" in name:
        return
    if flux.is_flux_kustomization(body):
        made.flux.append(flux.read_kustomization(resource_of(document)))
        one = made.flux[-1]
        folder = resolve_folder(one.path, document.path, files)
        is_own = folder is not None and is_below(document.path, folder)
        # A whole repository's root holds every file, so there the name must say that it is this one's.
        if is_own and (folder != "." or one.source[1] == one.name):
            made.sync_sources.add(one.source[1])
    elif body.get("kind") == "GitRepository":
        address = _address(text(mapping(body, "spec").get("url")))
        made.repositories.setdefault(name, set()).add(address)
    elif argo.is_application(body):
        made.argo_files.add(document.path)
        for application in argo.expand(resource_of(document), files):
            made.argo.extend(argo.read_sources(application))
    elif body.get("kind") == "FluxInstance":
        sync = mapping(mapping(body, "spec"), "sync")
        made.repositories.setdefault(flux.NAMESPACE, set()).add(_address(text(sync.get("url"))))
        if text(sync.get("path")):
            made.sync_paths.append((document.path, text(sync["path"])))
    elif body.get("kind") == "HelmRelease":
        sync = mapping(mapping(mapping(mapping(body, "spec"), "values"), "instance"), "sync")
        if text(sync.get("path")):
            made.repositories.setdefault(flux.NAMESPACE, set()).add(_address(text(sync.get("url"))))
            made.sync_paths.append((document.path, text(sync["path"])))


def _address(url: str) -> str:
    """Return what the ways to write one repository's address have in common; empty while variables stand in it."""
    host, _, path = url.partition("://")[2].rpartition("@")[2].partition("/") if "://" in url else _scp(url)
    return "" if "$" in url else f"{host.partition(':')[0]}/{path.strip('/').removesuffix('.git')}".lower().strip("/")


def _scp(url: str) -> tuple[str, str, str]:
    return url.rpartition("@")[2].partition(":")


def find_config_maps(files: Files, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return, by every name that stands in them, which of the files may hold a ConfigMap of that name."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for name in set(_NAMES.findall(files.read(path) or b"")):
            found.setdefault(name.decode(), []).append(path)
    return found


def resolve_folder(path: str, declared_in: str, files: Files) -> str | None:
    """Find the folder that a repository path means.

    The repository's root is the tree's root, or a folder above the declaring file (a tree that holds several
    repositories), or a folder above the tree (a tree that is a part of a repository).
    """
    path = path.lstrip("/") or "."
    parts = [part for part in parent(declared_in).split("/") if part not in (".", "")]
    candidates = [".", *("/".join(parts[: count + 1]) for count in range(len(parts)))]
    for base in candidates:
        folder = join(base, path)
        if files.is_dir(folder):
            return folder
    return _resolve_above(path, files)


def _resolve_above(path: str, files: Files) -> str | None:
    up = ""
    for _ in range(12):  # deeper below a repository's root nobody points the tool at
        if files.is_dir(join(up or ".", ".git")):
            break
        up = join(up or ".", "..")
        folder = join(up, path)
        # Only a real repository vouches for what lies outside the tree that was named.
        if files.is_dir(folder) and files.is_dir(join(up, ".git")):
            return folder
    return None


def iter_ancestors(path: str) -> Iterator[str]:
    """Yield every folder that a file lies below, ``.`` last: asking them one by one is cheaper than asking all folders."""
    folder = parent(path)
    while folder not in (".", "..", "/"):
        yield folder
        folder = parent(folder)
    yield "."


def is_below(path: str, folder: str) -> bool:
    """Tell whether a file lies in a folder or deeper."""
    return folder == "." or path.startswith(folder + "/")


def entry_points(declared: Sequence[tuple[str, str, str | None]]) -> set[str]:
    """Tell which declared roots nobody else deploys.

    Args:
        declared: (id, file it is declared in, folder it deploys or None).

    Returns:
        The ids whose file lies below no *other* root's folder. A Kustomization that lies there is either
        deployed by that other root, which the build shows, or switched off. When everything lies below
        everything, all are entries.
    """
    owners: dict[str, set[str]] = {}
    for own, _, folder in declared:
        if folder:
            owners.setdefault(folder, set()).add(own)
    entries = {
        own
        for own, file, _ in declared
        if not any(
            len(owners[folder]) > 1 or own not in owners[folder] for folder in iter_ancestors(file) if folder in owners
        )
    }
    return entries or {own for own, _, _ in declared if own.endswith("/flux-system")} or {d[0] for d in declared}


def cluster_names(paths: Iterable[str]) -> dict[str, str]:
    """Name the cluster of each declaring file, by the folder below ``clusters/``; empty when there is one only."""
    found = {path: match[1] if (match := _CLUSTER.search(path)) else "" for path in paths}
    return found if len({name for name in found.values() if name}) > 1 else dict.fromkeys(found, "")


def top_kustomizations(folders: dict[str, str], files: Files) -> list[str]:
    """Return the folders whose kustomization no other one lists, sorted; components are no roots."""
    listed: set[str] = set()
    components: set[str] = set()
    for folder, path in folders.items():
        for document in files.load(path):
            body = document.value
            if not isinstance(body, Map):
                continue
            if body.get("kind") == "Component":
                components.add(folder)
            for key in ("resources", "bases", "components"):
                listed.update(join(folder, entry) for entry in items(body, key) if isinstance(entry, str))
    return sorted(folder for folder in folders if folder not in listed and folder not in components)
