"""``replacements``: values copied from one field to others.

Source: kustomize api/filters/replacement/replacement.go.
"""

from __future__ import annotations

from injector.location import Location
from injector.manifests.document import items, mapping, text
from injector.manifests.kustomize.fieldpath import Place, find_places, split_field_path
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.sealed import REDACTED
from injector.manifests.kustomize.selector import Selector, SelectorError
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map, Seq, Value, clone, resolve_scalar

_CODE = "bad-replacement"
_DEFAULT_PATH = "metadata.name"


def replace_values(session: Session, layer: Layer, resources: list[Tracked]) -> None:
    """Apply ``replacements``, inline ones and those in files."""
    key = "replacements"
    entries = layer.body.get(key)
    for index, entry in enumerate(items(entries)):
        at = entries.at(index) if isinstance(entries, Seq) else layer.body.at(key)
        if not isinstance(entry, Map):
            session.report(at, _CODE, f"{key}: an entry is a mapping; correct it")
            continue
        found: list[Value] = [entry]
        if isinstance(entry.get("path"), str):
            found = []
            for document in session.read(layer, text(entry["path"]), entry.at("path"), key):
                found += document if isinstance(document, Seq) else [document]
        for one in found:
            if isinstance(one, Map):
                _replace(session, one, resources)


def _replace(session: Session, entry: Map, resources: list[Tracked]) -> None:
    source = mapping(entry, "source")
    try:
        if "sourceValue" in entry:
            value: Value = text(entry["sourceValue"])
        else:
            found = _source(session, entry, source, resources)
            if found is None:
                return
            value = found[0]
        for target in items(entry, "targets"):
            if isinstance(target, Map):
                _apply(session, value, target, resources)
    except SelectorError as err:
        session.report(entry.at(), "bad-selector", f"replacements: {err}; correct the selector")


def _source(session: Session, entry: Map, source: Map, resources: list[Tracked]) -> tuple[Value] | None:
    selector = Selector(source, is_regex=False)
    found = [one for one in resources if selector.selects_any_id(one)]
    at = entry.at("source")
    if len(found) != 1:
        many = "no object" if not found else "more than one object"
        session.report(at, _CODE, f"replacements: the source selects {many}; make it select one")
        return None
    path = text(source.get("fieldPath")) or _DEFAULT_PATH
    place = next(find_places(found[0].body, split_field_path(path)), None)
    if place is None:
        if not found[0].is_header_only:
            session.report(at, _CODE, f"replacements: the source has no field {path}; correct fieldPath")
        return None
    value = _at(place)
    options = mapping(source, "options")
    delimiter, index = text(options.get("delimiter")), options.get("index")
    if not delimiter or value == REDACTED:
        return (value,)
    parts = text(value).split(delimiter)
    index = index if isinstance(index, int) else 0
    if not 0 <= index < len(parts):
        session.report(at, _CODE, f"replacements: index {index} is beyond the source's parts; correct options")
        return None
    return (parts[index],)


def _at(place: Place) -> Value:
    holder, key = place
    if isinstance(holder, Map):
        return holder.get(key) if isinstance(key, str) else None
    return holder[key] if isinstance(key, int) else None


def _apply(session: Session, value: Value, target: Map, resources: list[Tracked]) -> None:
    # Unlike the targets of patches these are no patterns: kustomize 5.5 compares them literally.
    selector = Selector(mapping(target, "select"), is_regex=False)
    rejects = [Selector(one, is_regex=False) for one in items(target, "reject") if isinstance(one, Map)]
    options = mapping(target, "options")
    paths = [text(path) for path in items(target, "fieldPaths")] or [_DEFAULT_PATH]
    written = target.get("fieldPaths")
    for index, path in enumerate(paths):
        at = written.at(index) if isinstance(written, Seq) else target.at()
        create = at if options.get("create") is True else None
        parts = split_field_path(path)
        for one in resources:
            if not selector.selects_any_id(one) or any(reject.selects_any_id(one) for reject in rejects):
                continue
            if one.is_header_only and parts[:1] != ["metadata"]:
                continue
            before = one.id if parts[:1] == ["metadata"] else None
            places = list(find_places(one.body, parts, create))
            for place in places:
                _set(place, value, options, at)
            if before is not None and one.id != before:
                one.previous.append(before)
            if not places:
                message = f"replacements: {one.resource.ref} has no field {path}; correct it or set options.create"
                session.report(at, _CODE, message)


def _set(place: Place, value: Value, options: Map, at: Location) -> None:
    had = _at(place)
    made = clone(value)
    delimiter, index = text(options.get("delimiter")), options.get("index")
    if delimiter and not isinstance(had, (Map, Seq)):
        parts = text(had).split(delimiter)
        index = index if isinstance(index, int) else 0
        if index < 0:
            parts.insert(0, text(value))
        elif index >= len(parts):
            parts.append(text(value))
        else:
            parts[index] = text(value)
        made = delimiter.join(parts)
    if not isinstance(made, (Map, Seq)) and not isinstance(had, (Map, Seq)):
        # A scalar keeps its own type: a port that was a number stays one.
        made = text(made) if isinstance(had, str) else resolve_scalar(text(made))
    holder, key = place
    if isinstance(holder, Map) and isinstance(key, str):
        holder.put(key, made, at)
    elif isinstance(holder, Seq) and isinstance(key, int):
        holder[key] = made
        if key < len(holder.lines):
            holder.lines[key] = at
