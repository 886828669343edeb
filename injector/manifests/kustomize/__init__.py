"""kustomize, rendered in memory: what a folder's kustomization deploys, with the lines it came from.

Nothing is fetched, no plugin and no chart is run. Where kustomize would stop, a diagnostic is made and the
rest goes on.

Source: kubernetes-sigs/kustomize v5.5 (kubectl 1.32).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from injector.location import Location
from injector.manifests.document import Resource
from injector.manifests.files import Files
from injector.manifests.kustomize.accumulate import Accumulated, accumulate_folder, finish, run_layer
from injector.manifests.kustomize.layering import generated, lay_over
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map
from injector.model import Diagnostic

__all__ = ["Build", "build", "build_generated"]


@dataclass(slots=True)
class Build:
    """What a kustomization makes.

    Attributes:
        resources: in the order in which the entries list them, not kustomize's sorted one.
        diagnostics: what is missing, remote, wrong or not supported. What cannot be read or parsed is in
            `Files.diagnostics` of the files in `reached`.
        reached: every file read on the way, relative to the tree's root.
    """

    resources: list[Resource] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)


def build(files: Files, folder: str, *, extra: Map | None = None) -> Build:
    """Build the kustomization of a folder.

    Args:
        files: reads the tree.
        folder: relative to the tree's root; ``.`` for the root itself.
        extra: a kustomization's fields laid over the folder's own, as Flux (``spec.patches``,
            ``spec.targetNamespace``) and Argo CD (``kustomize:``) do.

    Never raises for what stands in the files.
    """
    session = Session(files)
    made = accumulate_folder(session, folder, Location(folder, 1), (), extra=extra)
    return _result(session, made or Accumulated())


def build_generated(files: Files, folder: str, *, extra: Map | None = None) -> Build:
    """Build the kustomization that Flux makes for a folder that has none: all its manifests, recursively."""
    session = Session(files)
    body = generated(files, folder)
    if extra:
        body = lay_over(body, extra)
    made = run_layer(session, Layer(folder, body, (folder,)), Accumulated())
    return _result(session, made)


def _result(session: Session, made: Accumulated) -> Build:
    resources = finish(session, made)
    return Build(resources, session.diagnostics, session.reached)
