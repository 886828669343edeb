"""``configMapGenerator`` and ``secretGenerator``.

Of a generated Secret only the keys are kept; see `injector.manifests.kustomize.sealed`.

Source: kustomize api/internal/generators/configmap.go, secret.go, utils.go and api/types/generatorargs.go.
"""

from __future__ import annotations

import base64
from typing import Final

from injector.location import Location
from injector.manifests.document import Resource, items, mapping, text
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.pairs import Pair, iter_pairs
from injector.manifests.kustomize.sealed import REDACTED, Sealed
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map

_LINE: Final = 70
"""kustomize breaks base64 text into lines of this length, and the hash is of the broken text."""


def run_generators(session: Session, layer: Layer, resources: list[Tracked]) -> None:
    """Add what the layer generates to `resources`, or merge it into what is there."""
    for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for index, entry in enumerate(items(layer.body, key)):
            if isinstance(entry, Map):
                _absorb(session, _generate(session, layer, entry, kind), resources)
            else:
                at = layer.body.at(key)
                session.report(at, "bad-generator", f"{key}: entry {index} is no mapping; correct it")


def _generate(session: Session, layer: Layer, entry: Map, kind: str) -> Tracked:
    shared, own = mapping(layer.body, "generatorOptions"), mapping(entry, "options")
    at = entry.at("name")
    body = Map(at.path, at.line)
    body.put("apiVersion", "v1", at)
    body.put("kind", kind, at)
    metadata = Map(at.path, at.line)
    metadata.put("name", text(entry.get("name")), at)
    if text(entry.get("namespace")):
        metadata.put("namespace", text(entry["namespace"]), entry.at("namespace"))
    body.put("metadata", metadata, at)
    for field_name in ("labels", "annotations"):
        _put_marks(metadata, field_name, shared, own)
    if any(options.get("immutable") is True for options in (shared, own)):
        body.put("immutable", True, at)
    made = Tracked(Resource(body, at, 0, layer.chain, text(entry.get("name")), is_generated=True))
    made.behavior = text(entry.get("behavior")) or "create"
    made.needs_hash = not any(options.get("disableNameSuffixHash") is True for options in (shared, own))
    pairs = list(iter_pairs(session, layer, entry))
    if kind == "Secret":
        body.put("type", text(entry.get("type")) or "Opaque", entry.at("type") if "type" in entry else at)
        _fill_secret(made, pairs, at)
    else:
        _fill_config_map(body, pairs, at)
    return made


def _put_marks(metadata: Map, field_name: str, shared: Map, own: Map) -> None:
    made = Map()
    for source in (mapping(shared, field_name), mapping(own, field_name)):
        for key, value in source.items():
            made.path, made.line = source.path, source.line
            made.put(key, text(value), source.at(key))
    if made:
        metadata.put(field_name, made, made.at())


def _fill_secret(made: Tracked, pairs: list[Pair], at: Location) -> None:
    data = Map(at.path, at.line)
    for pair in pairs:
        data.put(pair.key, REDACTED, pair.at)
    made.sealed = Sealed({pair.key: _encoded(pair.data) for pair in pairs})
    made.body.put("data", data, at)


def _fill_config_map(body: Map, pairs: list[Pair], at: Location) -> None:
    fields = {"data": Map(at.path, at.line), "binaryData": Map(at.path, at.line)}
    for pair in pairs:
        try:
            fields["data"].put(pair.key, pair.data.decode(), pair.at)
        except UnicodeDecodeError:
            fields["binaryData"].put(pair.key, _encoded(pair.data), pair.at)
    for key, value in fields.items():
        if value:
            body.put(key, value, at)


def _encoded(data: bytes) -> str:
    plain = base64.b64encode(data).decode()
    if len(plain) < _LINE:
        return plain
    return "".join(f"{plain[start : start + _LINE]}\n" for start in range(0, len(plain), _LINE))


def _absorb(session: Session, made: Tracked, resources: list[Tracked]) -> None:
    """Add a generated object, or lay it over the one it names.

    Source: kustomize api/resmap/reswrangler.go appendReplaceOrMerge.
    """
    wanted = made.id
    at = made.resource.location
    index = next(
        (i for i, one in enumerate(resources) if any(known.matches(wanted) for known in one.ids_named(wanted.name))),
        None,
    )
    if index is None:
        if made.behavior != "create":
            message = f"behavior {made.behavior}: no {wanted.gvk.kind} {wanted.name!r} is in the build; use create"
            session.report(at, "bad-generator", message)
        resources.append(made)
        return
    old = resources[index]
    if made.behavior not in ("merge", "replace"):
        message = f"{wanted.gvk.kind} {wanted.name!r} is in the build already; use behavior merge or replace"
        session.report(at, "bad-generator", message)
        return
    resources[index] = made
    _inherit(old, made)
    if made.behavior == "merge":
        if made.sealed is not None:
            made.sealed = (old.sealed or Sealed(_plain_data(old))).under(made.sealed)
        for key in ("data", "binaryData"):
            _underlay(old.body, made.body, key)


def _inherit(old: Tracked, made: Tracked) -> None:
    metadata, former = made.metadata(), mapping(old.body, "metadata")
    for key in ("labels", "annotations"):
        _underlay(former, metadata, key)
    metadata.put("name", former.get("name"), former.lines.get("name"))
    if "namespace" in former:
        metadata.put("namespace", former["namespace"], former.lines.get("namespace"))
    made.previous, made.prefixes, made.suffixes = old.previous, old.prefixes, old.suffixes
    made.needs_hash = made.needs_hash and old.needs_hash
    made.resource.location, made.resource.document = old.resource.location, old.resource.document
    made.resource.deployed_by = old.resource.deployed_by
    made.resource.original_name = old.resource.original_name


def _underlay(old: Map, made: Map, key: str) -> None:
    before, now = old.get(key), made.get(key)
    if not isinstance(before, Map):
        return
    if isinstance(now, Map):
        for name, value in now.items():
            before.put(name, value, now.at(name))
    made.put(key, before, old.lines.get(key))


def _plain_data(old: Tracked) -> dict[str, str]:
    """Return the data of a Secret that a file holds, before it is replaced by placeholders."""
    data = mapping(old.body, "data")
    found = {key: text(value) for key, value in data.items()}
    for key in data:
        data[key] = REDACTED
    return found
