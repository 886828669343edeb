"""From a folder to the resources that its kustomization makes.

Source: kustomize api/internal/target/kusttarget.go: per kustomization first the resources, then generators,
components and transformers; names are hashed and references updated once, at the very end.
"""

from __future__ import annotations

from typing import Final

from injector.location import Location
from injector.manifests.document import Document, Resource, is_object, items, mapping, text
from injector.manifests.files import KUSTOMIZATION_NAMES, join
from injector.manifests.kustomize import config as configs
from injector.manifests.kustomize.config import Config
from injector.manifests.kustomize.counting import set_images, set_replicas
from injector.manifests.kustomize.fields import check_fields, legacy_images
from injector.manifests.kustomize.generators import run_generators
from injector.manifests.kustomize.hashing import add_hashes
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.layering import lay_over
from injector.manifests.kustomize.marking import add_marks
from injector.manifests.kustomize.naming import add_affixes, set_namespace
from injector.manifests.kustomize.patches import apply_json_patches, apply_merges
from injector.manifests.kustomize.references import update_references
from injector.manifests.kustomize.replacements import replace_values
from injector.manifests.kustomize.session import (
    MAX_VISITS,
    Layer,
    Session,
    describe,
    is_bad_path,
    is_remote,
    show_entry,
)
from injector.manifests.yamldoc import Map, Seq

_LOCAL_CONFIG: Final = "config.kubernetes.io/local-config"


class Accumulated:
    """The resources of a layer so far, and the field specs they brought along."""

    __slots__ = ("_known", "config", "resources")

    def __init__(self) -> None:
        self.resources: list[Tracked] = []
        self.config: Config = configs.DEFAULT
        self._known: set[tuple[object, str, str]] | None = None

    def renamed(self) -> None:
        """Forget the identities that were seen: a transformer may have changed them."""
        self._known = None

    def take(self, other: Accumulated, session: Session, at: Location) -> None:
        """Add what a base made; an object that is there already is left out.

        kustomize refuses such a build; one of the two is as good as the other here.
        """
        self.config = self.config.merged(other.config)
        if self._known is None:
            self._known = {_key(one) for one in self.resources}
        known = self._known
        for one in other.resources:
            key = _key(one)
            if key[2] and key in known:
                message = f"{describe(one)} is in the build already; kustomize refuses this, list it once"
                session.report(at, "duplicate-resource", message)
                continue
            known.add(key)
            self.resources.append(one)


def _key(one: Tracked) -> tuple[object, str, str]:
    now = one.id
    return (now.gvk, now.effective_namespace, now.name)


def finish(session: Session, made: Accumulated) -> list[Resource]:
    """Hash the names, update the references, and return what is deployed."""
    add_hashes(made.resources)
    update_references(made.resources, made.config)
    return [one.resource for one in made.resources if not _is_local(one)]


def _is_local(one: Tracked) -> bool:
    annotations = mapping(mapping(one.body, "metadata"), "annotations")
    return _LOCAL_CONFIG in annotations and text(annotations[_LOCAL_CONFIG]) != "false"


def accumulate_folder(
    session: Session, folder: str, at: Location, chain: tuple[str, ...], *, extra: Map | None = None
) -> Accumulated | None:
    """Build a folder's kustomization; None with a diagnostic when it cannot be.

    Args:
        session: the build.
        folder: the folder.
        at: the entry that names it.
        chain: the folders passed to get there, outermost first.
        extra: laid over the folder's kustomization.
    """
    layer = _enter(session, folder, at, chain, extra)
    if layer is None:
        return None
    if layer.body.get("kind") == "Component" and chain:
        session.report(at, "wrong-kind", f"{folder} is a Component; list it under components")
    return run_layer(session, layer, Accumulated())


def _enter(
    session: Session, folder: str, at: Location, chain: tuple[str, ...], extra: Map | None = None
) -> Layer | None:
    session.visits += 1
    if session.visits > MAX_VISITS:
        if session.visits == MAX_VISITS + 1:
            session.report(at, "too-large", f"more than {MAX_VISITS} bases in one build; something doubles them")
        return None
    if chain and session.real_path(folder) in {session.real_path(passed) for passed in chain}:
        session.report(at, "cycle", f"{folder} leads back to itself ({' -> '.join(chain)}); remove one of the entries")
        return None
    path = session.files.kustomization(folder)
    if path is None:
        names = ", ".join(KUSTOMIZATION_NAMES)
        session.report(at, "missing-kustomization", f"{folder} has none of {names}; add one or list its files")
        return None
    session.reached.add(path)
    documents = session.files.load(path)
    body = next((document.value for document in documents if isinstance(document.value, Map)), None)
    if body is None:
        if path not in session.files.diagnostics:
            session.report(Location(path, 1), "bad-kustomization", "is no mapping; write a kustomization or remove it")
        body = Map(path, 1)
    if extra:
        body = lay_over(body, extra)
    return Layer(folder, legacy_images(body), (*chain, folder))


def run_layer(session: Session, layer: Layer, made: Accumulated) -> Accumulated:
    """Do all that one kustomization says, on top of what `made` holds (a component starts with its parent's)."""
    check_fields(session, layer)
    made.renamed()
    for key in ("resources", "bases"):
        entries = layer.body.get(key)
        for index, entry in enumerate(items(entries)):
            at = entries.at(index) if isinstance(entries, Seq) else layer.body.at(key)
            if isinstance(entry, str):
                _add_entry(session, layer, entry, at, made)
            elif entry is not None:
                session.report(at, "bad-entry", f"{key}: an entry is a path; correct it")
    _read_configurations(session, layer, made)
    run_generators(session, layer, made.resources)
    for index, entry in enumerate(items(layer.body, "components")):
        entries = layer.body["components"]
        at = entries.at(index) if isinstance(entries, Seq) else layer.body.at("components")
        _add_component(session, layer, text(entry), at, made)
    _transform(session, layer, made)
    made.renamed()
    return made


def _transform(session: Session, layer: Layer, made: Accumulated) -> None:
    resources, config = made.resources, made.config
    apply_merges(session, layer, resources)
    set_namespace(session, layer, resources, config)
    add_affixes(session, layer, resources, config)
    add_marks(session, layer, resources, config)
    apply_json_patches(session, layer, resources)
    set_replicas(session, layer, resources, config)
    set_images(session, layer, resources, config)
    replace_values(session, layer, resources)


def _read_configurations(session: Session, layer: Layer, made: Accumulated) -> None:
    key = "configurations"
    entries = layer.body.get(key)
    for index, entry in enumerate(items(entries)):
        at = entries.at(index) if isinstance(entries, Seq) else layer.body.at(key)
        for document in session.read(layer, text(entry), at, key):
            if isinstance(document, Map):
                made.config = made.config.merged(configs.read_configuration(document))


def _add_entry(session: Session, layer: Layer, entry: str, at: Location, made: Accumulated) -> None:
    path = join(layer.folder, entry)
    files = session.files
    if is_bad_path(entry):
        session.report(at, "bad-entry", f"{show_entry(entry)} is no path below the kustomization; write a relative one")
    elif files.is_file(path):
        _add_file(session, layer, path, at, made)
    elif files.is_dir(path):
        found = accumulate_folder(session, path, at, layer.chain)
        if found is not None:
            made.take(found, session, at)
    elif is_remote(entry):
        session.report(
            at,
            "remote-base",
            f"{show_entry(entry)} is remote and is not fetched; vendor it, or pipe a rendered stream in",
        )
    else:
        session.report(
            at, "missing-resource", f"{show_entry(entry)} is neither file nor folder; correct the path or remove it"
        )


def _add_file(session: Session, layer: Layer, path: str, at: Location, made: Accumulated) -> None:
    session.reached.add(path)
    if path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
        session.report(at, "bad-entry", f"{path} is a kustomization; list its folder instead of the file")
        return
    found = Accumulated()
    for document in session.files.take(path):
        if is_object(document.value):
            found.resources.append(_track(document, layer))
        elif document.value is not None:
            message = "is no Kubernetes object (apiVersion or kind is missing); remove it from the resources"
            session.report(document.location, "not-an-object", message)
    made.take(found, session, at)


def _track(document: Document, layer: Layer) -> Tracked:
    body = document.value if isinstance(document.value, Map) else Map(document.path, document.line)
    resource = Resource(body, document.location, document.index, layer.chain)
    resource.original_name = resource.ref.name
    return Tracked(resource, is_header_only=document.is_header_only)


def _add_component(session: Session, layer: Layer, entry: str, at: Location, made: Accumulated) -> None:
    path = join(layer.folder, entry)
    if is_bad_path(entry) or not session.files.is_dir(path):
        if is_remote(entry):
            session.report(at, "remote-base", f"component {show_entry(entry)} is remote and is not fetched; vendor it")
        else:
            session.report(
                at, "missing-resource", f"component {show_entry(entry)} is no folder; correct the path or remove it"
            )
        return
    inner = _enter(session, path, at, layer.chain)
    if inner is None:
        return
    if inner.body.get("kind") != "Component":
        session.report(at, "wrong-kind", f"{path} is no Component; list it under resources")
    run_layer(session, inner, made)
