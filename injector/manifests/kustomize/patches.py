"""``patches``, ``patchesStrategicMerge`` and ``patchesJson6902`` of a kustomization.

Source: kustomize api/internal/builtins/PatchTransformer.go, PatchStrategicMergeTransformer.go and
PatchJson6902Transformer.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from injector.location import Location
from injector.manifests.document import is_object, items, mapping, text
from injector.manifests.kustomize.identity import ResourceId, Tracked, gvk_of
from injector.manifests.kustomize.jsonpatch import JsonPatchError, Operation, apply_operations, read_operations
from injector.manifests.kustomize.merge import DIRECTIVE, MismatchError, merge
from injector.manifests.kustomize.mergekeys import schema_of
from injector.manifests.kustomize.selector import Selector, SelectorError
from injector.manifests.kustomize.session import Layer, Session, describe
from injector.manifests.yamldoc import Map, Value


@dataclass(slots=True)
class _Patch:
    """One entry, read.

    Attributes:
        merges: strategic merge patches.
        operations: a JSON patch; empty when `merges` is not.
        target: None when the patch names its object itself.
        options: ``allowNameChange`` and ``allowKindChange`` that are true.
    """

    at: Location
    merges: list[Map] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    target: Selector | None = None
    options: frozenset[str] = frozenset()


def apply_merges(session: Session, layer: Layer, resources: list[Tracked]) -> None:
    """Apply ``patchesStrategicMerge``, then ``patches``; deleted resources leave the list."""
    for key in ("patchesStrategicMerge", "patches"):
        for index, entry in enumerate(items(layer.body, key)):
            at = _at(layer.body, key, index)
            if key == "patches":
                _apply(session, _read_patch(session, layer, entry, at, key), resources)
            elif isinstance(entry, str):
                is_inline = "\n" in entry or entry.lstrip().startswith("{")
                documents = session.parse_inline(entry, at, key) if is_inline else session.read(layer, entry, at, key)
                _apply(session, _patch_of(session, documents, at, key), resources)
            else:
                session.report(at, "bad-patch", f"{key}: an entry is a path or YAML text; correct it")


def apply_json_patches(session: Session, layer: Layer, resources: list[Tracked]) -> None:
    """Apply ``patchesJson6902``."""
    key = "patchesJson6902"
    for index, entry in enumerate(items(layer.body, key)):
        _apply(session, _read_patch(session, layer, entry, _at(layer.body, key, index), key), resources)


def _at(body: Map, key: str, index: int) -> Location:
    found = body.get(key)
    return found.at(index) if hasattr(found, "at") and not isinstance(found, Map) else body.at(key)  # type: ignore[union-attr]


def _read_patch(session: Session, layer: Layer, entry: Value, at: Location, key: str) -> _Patch | None:
    if not isinstance(entry, Map):
        session.report(at, "bad-patch", f"{key}: an entry is a mapping with patch or path; correct it")
        return None
    path, inline = entry.get("path"), entry.get("patch", entry.get("jsonOp"))
    if isinstance(path, str) and path:
        documents = session.read(layer, path, entry.at("path"), key)
    elif isinstance(inline, str) and inline.strip():
        documents = session.parse_inline(inline, entry.at("patch"), key)
    else:
        session.report(at, "bad-patch", f"{key}: the entry has neither patch nor path; add one")
        return None
    made = _patch_of(session, documents, at, key)
    if made is None:
        return None
    target = entry.get("target")
    if isinstance(target, Map):
        try:
            made.target = Selector(target)
        except SelectorError as err:
            session.report(entry.at("target"), "bad-selector", f"{key}: {err}; correct the target")
            return None
    made.options = frozenset(key for key, value in mapping(entry, "options").items() if value is True)
    return made


def _patch_of(session: Session, documents: list[Value], at: Location, key: str) -> _Patch | None:
    made = _Patch(at)
    for document in documents:
        if isinstance(document, Map) and "op" not in document:
            made.merges.append(document)
            continue
        try:
            operations = read_operations(document)
        except JsonPatchError as err:
            session.report(err.at, "bad-patch", f"{key}: {err}; correct the patch")
            continue
        if operations is None:
            session.report(at, "bad-patch", f"{key}: is neither an object nor a list of operations; correct it")
        else:
            made.operations += operations
    return made if made.merges or made.operations else None


def _apply(session: Session, patch: _Patch | None, resources: list[Tracked]) -> None:
    if patch is None:
        return
    deleted: set[int] = set()
    if patch.operations:
        if patch.target is None:
            session.report(patch.at, "patch-without-target", "a JSON patch needs a target; add one")
        else:
            for one in resources:
                if patch.target.selects(one):
                    _apply_operations(session, patch, one)
    for body in patch.merges:
        if patch.target is not None:
            chosen = [one for one in resources if patch.target.selects(one)]
        else:
            chosen = _named(session, patch, body, resources)
        for one in chosen:
            if not _merge_into(session, patch, body, one):
                deleted.add(id(one))
    if deleted:
        resources[:] = [one for one in resources if id(one) not in deleted]


def _named(session: Session, patch: _Patch, body: Map, resources: list[Tracked]) -> list[Tracked]:
    """Return the resource that a patch names itself."""
    metadata = mapping(body, "metadata")
    wanted = ResourceId(gvk_of(body), text(metadata.get("namespace")), text(metadata.get("name")))
    if not is_object(body) or not wanted.name:
        session.report(
            body.at(), "patch-without-target", "the patch has no target and does not name its object; add a target"
        )
        return []
    found = [one for one in resources if any(known.matches(wanted) for known in one.ids_named(wanted.name))]
    if not found:
        name = f"{wanted.gvk.kind}/{wanted.name}"
        message = f"no object {name} of this apiVersion and namespace is in the build; correct the patch or remove it"
        session.report(body.at(), "patch-without-target", message)
    return found[:1]


def _apply_operations(session: Session, patch: _Patch, one: Tracked) -> None:
    one.remember()
    try:
        apply_operations(one.body, patch.operations, is_header_only=one.is_header_only)
    except JsonPatchError as err:
        session.report(err.at, "bad-patch", f"does not apply to {describe(one)}: {err}; correct the patch")
    if one.id == one.previous[-1]:
        # Unchanged names need no following; the history stays short.
        one.previous.pop()


_IDENTITY = ("apiVersion", "kind")


def _merge_into(session: Session, patch: _Patch, body: Map, one: Tracked) -> bool:
    """Merge one patch into one resource; False when it deletes it."""
    before = {key: one.body.get(key) for key in _IDENTITY}
    metadata = one.metadata()
    name, namespace = metadata.get("name"), metadata.get("namespace")
    places = {key: metadata.lines.get(key) for key in ("name", "namespace")}
    if patch.options & {"allowNameChange", "allowKindChange"}:
        one.remember()
    schema = schema_of(text(before["apiVersion"]), text(before["kind"]))
    if one.is_header_only:
        part = Map(body.path, body.line)
        for key in ("metadata", DIRECTIVE):
            if key in body:
                part.put(key, body[key], body.lines.get(key))
        body = part
    try:
        if not merge(one.body, body, schema):
            return False
    except MismatchError as err:
        message = f"does not apply to {describe(one)}: {err.key} is of another form there; correct the patch"
        session.report(err.at, "bad-patch", message)
    if "allowKindChange" not in patch.options:
        for key, value in before.items():
            one.body[key] = value
    metadata = one.metadata()
    if "allowNameChange" not in patch.options:
        metadata.put("name", name, places["name"])
    if namespace is None:
        metadata.pop("namespace", None)
    else:
        metadata.put("namespace", namespace, places["namespace"])
    return True
