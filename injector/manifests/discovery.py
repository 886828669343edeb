"""Where a tree's deployment starts: which Kustomizations, Applications and folders nobody else deploys.

The tree's bytes are looked at, and only what says ``kustomize.toolkit.fluxcd.io`` or ``Application`` is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from injector.manifests import argo, flux
from injector.manifests.document import Document, is_object, items, mapping, text
from injector.manifests.files import KUSTOMIZATION_NAMES, Files, join, parent
from injector.manifests.flux import FluxKustomization
from injector.manifests.render import resource_of
from injector.manifests.yamldoc import Map

_FIXTURES: Final = re.compile(
    r"(?:^|/)(?:tests?|testdata|test-data|fixtures?|__fixtures__|__tests__|e2e|vendor|vendored|third_party)(?:/|$)"
)
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
    """

    flux: list[FluxKustomization] = field(default_factory=list)
    argo: list[argo.ArgoSource] = field(default_factory=list)
    argo_files: set[str] = field(default_factory=set)
    sync_paths: list[tuple[str, str]] = field(default_factory=list)
    config_maps: list[str] = field(default_factory=list)
    kustomizations: dict[str, str] = field(default_factory=dict)


def scan(files: Files) -> Scan:
    """Look at every file once."""
    made = Scan()
    for path in files.found:
        if path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
            made.kustomizations[parent(path)] = path
        data = files.read(path)
        if data is None or is_fixture(path):
            continue
        if b"ConfigMap" in data:
            made.config_maps.append(path)
        is_flux = b"kustomize.toolkit.fluxcd.io" in data or b"FluxInstance" in data or b"flux-instance" in data
        if is_flux or (b"argoproj.io/" in data and b"Application" in data):
            for document in files.load(path):
                _note(document, files, made)
    return made


def is_fixture(path: str) -> bool:
    """Tell test fixtures and vendored files: they count only when a root reaches them."""
    return bool(_FIXTURES.search(path))


def _note(document: Document, files: Files, made: Scan) -> None:
    body = document.value
    if not isinstance(body, Map) or not is_object(body):
        return
    name = mapping(body, "metadata").get("name")
    if not isinstance(name, str) or "{{" in name:
        return
    if flux.is_flux_kustomization(body):
        made.flux.append(flux.read_kustomization(resource_of(document)))
    elif argo.is_application(body):
        made.argo_files.add(document.path)
        for application in argo.expand(resource_of(document), files):
            made.argo.extend(argo.read_sources(application))
    elif body.get("kind") == "FluxInstance":
        sync = mapping(mapping(body, "spec"), "sync")
        if text(sync.get("path")):
            made.sync_paths.append((document.path, text(sync["path"])))
    elif body.get("kind") == "HelmRelease":
        sync = mapping(mapping(mapping(mapping(body, "spec"), "values"), "instance"), "sync")
        if text(sync.get("path")):
            made.sync_paths.append((document.path, text(sync["path"])))


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
    entries = set()
    for own, file, _ in declared:
        if not any(folder and other != own and is_below(file, folder) for other, _, folder in declared):
            entries.add(own)
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
