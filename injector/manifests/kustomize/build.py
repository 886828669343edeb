"""One folder's kustomization to the objects it yields: what is listed, then every transformer in kustomize's order.

Source: kustomize api/internal/target/kusttarget.go (accumulateTarget) and kusttarget_configplugin.go for the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from injector.location import Location
from injector.manifests.document import Document, Resource, is_object, items, mapping, text
from injector.manifests.files import KUSTOMIZATION_NAMES, YAML_SUFFIXES, Files, join, parent
from injector.manifests.kustomize.config import DEFAULT, Config, read_configuration
from injector.manifests.kustomize.counting import set_images, set_replicas
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.marking import add_marks
from injector.manifests.kustomize.naming import add_affixes, set_namespace
from injector.manifests.kustomize.patches import apply_json_patches, apply_merges
from injector.manifests.kustomize.references import update_references
from injector.manifests.kustomize.session import MAX_VISITS, Layer, Session, is_bad_path, is_remote
from injector.manifests.yamldoc import Map, Seq, clone
from injector.model import Diagnostic

_REDACTED: Final = "<redacted>"
_NOT_RENDERED: Final = ("helmCharts", "helmChartInflationGenerator", "generators", "transformers", "validators")
_NOT_YET: Final = ("replacements", "vars")


@dataclass(slots=True)
class Build:
    """What a folder yields.

    Attributes:
        resources: in the order they are listed.
        diagnostics: what could not be found, read or applied; the rest went on.
        reached: every file read on the way.
    """

    resources: list[Resource] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)


def build(files: Files, folder: str, *, extra: Map | None = None) -> Build:
    """Render a folder's kustomization.

    Args:
        files: reads and parses.
        folder: relative to the tree.
        extra: a kustomization's fields that are laid over the folder's own (Flux, Argo CD).
    """
    session = Session(files)
    resources, config = _enter(session, folder, ())
    return _finish(session, folder, resources, config, extra)


def build_generated(files: Files, folder: str, *, extra: Map | None = None) -> Build:
    """Render a folder without a kustomization as Flux does: every file below it, folders with one as folders.

    Source: fluxcd/pkg/kustomize kustomize_generator.go (scanManifests).
    """
    session = Session(files)
    resources: list[Tracked] = []
    entered: list[str] = []
    prefix = "" if folder == "." else folder + "/"
    below = [path for path in files.found if path.startswith(prefix)]
    for path in below:
        if path.rpartition("/")[2] in KUSTOMIZATION_NAMES and not _is_inside(parent(path), entered):
            entered.append(parent(path))
    for own in entered:
        resources += _enter(session, own, (folder,))[0]
    for path in below:
        if path.endswith(YAML_SUFFIXES) and not _is_inside(path, entered):
            session.reached.add(path)
            resources += [_tracked(document, (folder,)) for document in files.load(path) if is_object(document.value)]
    return _finish(session, folder, resources, DEFAULT, extra)


def _is_inside(path: str, folders: list[str]) -> bool:
    return any(folder in (".", path) or path.startswith(folder + "/") for folder in folders)


def _finish(session: Session, folder: str, resources: list[Tracked], config: Config, extra: Map | None) -> Build:
    if extra:
        layer = Layer(folder, extra, (folder,))
        for index, entry in enumerate(items(extra, "components")):
            _enter_listed(session, layer, text(entry), _at(extra, "components", index), resources)
        _transform(session, layer, resources, config)
    return Build([one.resource for one in resources], session.diagnostics, session.reached)


def _enter(
    session: Session, folder: str, chain: tuple[str, ...], into: list[Tracked] | None = None
) -> tuple[list[Tracked], Config]:
    """Render a folder; a component works on the resources that are there already (`into`)."""
    path = session.files.kustomization(folder)
    session.visits += 1
    if path is None or session.visits > MAX_VISITS:
        message = f"{folder} has no kustomization; add one or remove the entry"
        session.report(Location(join(folder, KUSTOMIZATION_NAMES[0]), 1), "missing-file", message)
        return [], DEFAULT
    session.reached.add(path)
    bodies = [one.value for one in session.files.load(path) if isinstance(one.value, Map)]
    if not bodies:
        return [], DEFAULT
    layer = Layer(folder, bodies[0], (*chain, folder))
    is_component = layer.body.get("kind") == "Component" and into is not None
    resources: list[Tracked] = into if is_component and into is not None else []
    _report_unsupported(session, layer)
    for key in ("resources", "bases"):
        for index, entry in enumerate(items(layer.body, key)):
            _enter_listed(session, layer, text(entry), _at(layer.body, key, index), resources)
    _generate(session, layer, resources)
    config = _configuration(session, layer)
    for index, entry in enumerate(items(layer.body, "components")):
        _enter_listed(session, layer, text(entry), _at(layer.body, "components", index), resources, is_component=True)
    _transform(session, layer, resources, config)
    return resources, config


def _enter_listed(
    session: Session, layer: Layer, entry: str, at: Location, resources: list[Tracked], *, is_component: bool = False
) -> None:
    files = session.files
    path = join(layer.folder, entry)
    if not is_bad_path(entry) and files.is_dir(path):
        if any(session.real_path(path) == session.real_path(passed) for passed in layer.chain):
            session.report(at, "cycle", f"{entry} leads back to a folder that is being built; remove the entry")
            return
        is_part = is_component or _is_component(files, path)
        made, _ = _enter(session, path, layer.chain, resources if is_part else None)
        if made is not resources:
            resources.extend(made)
        return
    if not is_bad_path(entry) and files.is_file(path):
        session.reached.add(path)
        resources.extend(_tracked(one, layer.chain) for one in files.load(path) if is_object(one.value))
        return
    if is_remote(entry):
        session.report(at, "remote-base", f"{entry} is remote and is not fetched; vendor it into the tree")
    else:
        session.report(at, "missing-file", f"{entry} does not exist; correct the path or remove the entry")


def _is_component(files: Files, folder: str) -> bool:
    path = files.kustomization(folder)
    return path is not None and any(
        isinstance(one.value, Map) and one.value.get("kind") == "Component" for one in files.load(path)
    )


def _tracked(document: Document, chain: tuple[str, ...]) -> Tracked:
    body = clone(document.value)
    resource = Resource(body if isinstance(body, Map) else Map(), document.location, document.index, chain)
    resource.original_name = resource.ref.name
    return Tracked(resource, document.is_header_only)


def _transform(session: Session, layer: Layer, resources: list[Tracked], config: Config) -> None:
    apply_merges(session, layer, resources)
    set_namespace(session, layer, resources, config)
    add_affixes(session, layer, resources, config)
    add_marks(session, layer, resources, config)
    apply_json_patches(session, layer, resources)
    set_replicas(session, layer, resources, config)
    set_images(session, layer, resources, config)
    update_references(resources, config)


def _configuration(session: Session, layer: Layer) -> Config:
    config = DEFAULT
    for index, entry in enumerate(items(layer.body, "configurations")):
        at = _at(layer.body, "configurations", index)
        for value in session.read(layer, text(entry), at, "configurations"):
            if isinstance(value, Map):
                config = config.merged(read_configuration(value))
    return config


def _report_unsupported(session: Session, layer: Layer) -> None:
    for key in (*_NOT_RENDERED, *_NOT_YET):
        if layer.body.get(key):
            session.report(
                layer.body.at(key), "unresolved", f"{key} is not rendered; what it makes or changes is not seen"
            )


def _generate(session: Session, layer: Layer, resources: list[Tracked]) -> None:
    """Make the objects of configMapGenerator and secretGenerator; a Secret's values are never read.

    The hash suffix is left out: it would only rename the object and its readers alike.
    """
    for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for index, entry in enumerate(items(layer.body, key)):
            if isinstance(entry, Map) and text(entry.get("name")):
                at = _at(layer.body, key, index)
                data = _data(session, layer, entry, at, is_secret=kind == "Secret")
                resource = Resource(_object(entry, kind, data, at), at, 0, layer.chain, text(entry.get("name")), True)
                resources.append(Tracked(resource))


def _object(entry: Map, kind: str, data: Map, at: Location) -> Map:
    body = Map(at.path, at.line)
    metadata = Map(at.path, at.line)
    metadata.put("name", text(entry.get("name")), at)
    if text(entry.get("namespace")):
        metadata.put("namespace", text(entry.get("namespace")), at)
    for key in ("labels", "annotations"):
        if mapping(mapping(entry, "options"), key):
            metadata.put(key, clone(mapping(entry, "options")[key]), at)
    body.put("apiVersion", "v1", at)
    body.put("kind", kind, at)
    body.put("metadata", metadata, at)
    if text(entry.get("type")):
        body.put("type", text(entry.get("type")), at)
    body.put("data", data, at)
    return body


def _data(session: Session, layer: Layer, entry: Map, at: Location, *, is_secret: bool) -> Map:
    data = Map(at.path, at.line)
    for literal in items(entry, "literals"):
        name, _, value = text(literal).partition("=")
        data.put(name, _REDACTED if is_secret else value.strip("'\""), at)
    for listed in items(entry, "files"):
        name, separator, path = text(listed).partition("=")
        path = path if separator else name
        found = session.find_file(layer, path, at, "files")
        if found is not None:
            key = name if separator else path.rpartition("/")[2]
            value = _REDACTED if is_secret else (session.files.read(found) or b"").decode(errors="replace")
            data.put(key, value, Location(found, 1))
    for listed in [*items(entry, "envs"), entry.get("env")]:
        found = session.find_file(layer, text(listed), at, "envs") if text(listed) else None
        for line in (session.files.read(found) or b"").decode(errors="replace").splitlines() if found else ():
            name, separator, value = line.partition("=")
            if separator and not line.startswith("#"):
                data.put(name.strip(), _REDACTED if is_secret else value, Location(found or "", 1))
    return data


def _at(body: Map, key: str, index: int) -> Location:
    found = body.get(key)
    return found.at(index) if isinstance(found, Seq) else body.at(key)


__all__ = ["Build", "build", "build_generated"]
