"""What is deployed, and from where: the entry points of a tree.

A root is one thing that somebody applies: a Flux Kustomization, an Argo CD Application, a kustomization that
nobody else lists, or a set of plain files. Everything that no root reaches is an orphan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from injector.location import Location
from injector.manifests.yamldoc import Map


class RootKind(StrEnum):
    """How a root's folder becomes objects."""

    FLUX = "flux"
    ARGO = "argo"
    KUSTOMIZE = "kustomize"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Root:
    """One thing that somebody applies.

    Attributes:
        id: ``flux:ns/name``, ``argo:ns/name``, ``kustomize:folder`` or ``files``.
        folder: relative to the tree, empty when `files` says all.
        files: for `RootKind.FILES` and plain Argo folders: the files that are applied.
        extra: a kustomization-like mapping laid over the folder's own (Flux patches, targetNamespace, ...).
        variables: Flux ``postBuild`` variables; None when there is no substitution at all.
        is_partial: some ``substituteFrom`` could not be read, so unknown variables may exist.
        cluster: roots of one cluster see each other's Secrets; empty when the tree names no clusters.
        namespace: default namespace of what has none (Argo destination).
        depends_on: ids of roots that must be ready first.
        is_orphan: nothing deploys it; it is read all the same, and listed apart.
        shared: files whose ConfigMaps and chart sources the root sees beside its own: plain files are one build, which is
            only cut to pieces for speed.
        location: where the root is declared.
    """

    id: str
    kind: RootKind
    folder: str = ""
    files: tuple[str, ...] = ()
    extra: Map | None = None
    variables: Mapping[str, str] | None = None
    is_partial: bool = False
    cluster: str = ""
    namespace: str = ""
    depends_on: tuple[str, ...] = ()
    is_orphan: bool = False
    shared: tuple[str, ...] = ()
    location: Location = field(default_factory=lambda: Location("", 0))
