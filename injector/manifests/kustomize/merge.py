"""Strategic merge of a patch into an object, with the lines of both kept.

Source: kustomize kyaml/yaml/merge2/merge2.go and kyaml/yaml/walk/*.go, called by
api/filters/patchstrategicmerge with MergeOptionsListPrepend: items that a patch adds to a list come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from injector.location import Location
from injector.manifests.document import text
from injector.manifests.kustomize.mergekeys import NOTHING, Schema
from injector.manifests.yamldoc import Map, Seq, Value, clone

DIRECTIVE: Final = "$patch"
_MAX_DEPTH: Final = 300


class MismatchError(Exception):
    """Patch and object disagree on what a field is: mapping, list or scalar.

    Attributes:
        at: the patch's line.
        key: the field.
    """

    def __init__(self, at: Location, key: str) -> None:
        super().__init__(key)
        self.at = at
        self.key = key


def merge(target: Map, patch: Map, schema: Schema) -> bool:
    """Merge `patch` into `target`, in place.

    Returns:
        False when the patch deletes the object (``$patch: delete``).

    Raises:
        MismatchError: a field is of another form in the patch; what came before it is merged.
    """
    directive = patch.get(DIRECTIVE)
    if directive == "delete":
        return False
    if directive == "replace":
        target.clear()
        target.lines.clear()
    _merge_map(target, patch, schema, 0)
    return True


def _merge_map(target: Map, patch: Map, schema: Schema, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise MismatchError(patch.at(), "nested too deeply")
    for key, value in patch.items():
        if key == DIRECTIVE:
            continue
        had = target.get(key)
        if value is None or (isinstance(value, Map) and value.get(DIRECTIVE) == "delete"):
            _put(target, key, None, patch)
        elif had is None:
            _put(target, key, _added(value, schema.fields.get(key, NOTHING), depth + 1), patch)
        else:
            _merge_field(target, key, patch, schema.fields.get(key, NOTHING), depth + 1)


def _merge_field(target: Map, key: str, patch: Map, schema: Schema, depth: int) -> None:
    """Merge a field that both have."""
    had, value = target[key], patch[key]
    if isinstance(had, (Map, Seq)) or isinstance(value, (Map, Seq)):
        if type(had) is not type(value):
            raise MismatchError(patch.at(key), key)
        if isinstance(had, Map) and isinstance(value, Map):
            if value.get(DIRECTIVE) == "replace":
                _put(target, key, _added(value, schema, depth), patch)
            else:
                _merge_map(had, value, schema, depth)
        elif isinstance(had, Seq) and isinstance(value, Seq):
            merged = _merge_list(had, value, schema, depth)
            if merged is None or not schema.is_associative:
                _put(target, key, merged, patch)
            else:
                target[key] = merged
    else:
        _put(target, key, value, patch)


def _put(target: Map, key: str, value: Value, patch: Map) -> None:
    """Set a field where the patch stands, or remove it."""
    if value is None:
        target.pop(key, None)
        target.lines.pop(key, None)
    else:
        target.put(key, value, patch.at(key))


def _added(value: Value, schema: Schema, depth: int) -> Value:
    """Return what a patch adds where nothing stood: a copy without directives."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, Map):
        made = Map(value.path, value.line)
        for key, item in value.items():
            if key == DIRECTIVE or item is None:
                continue
            if isinstance(item, Map) and item.get(DIRECTIVE) == "delete":
                continue
            added = _added(item, schema.fields.get(key, NOTHING), depth + 1)
            if added is not None:
                made.put(key, added, value.lines.get(key))
        return made
    if isinstance(value, Seq) and schema.is_associative:
        return _merge_list(Seq(value.path, value.line), value, schema, depth)
    return clone(value)


def _merge_list(had: Seq, patch: Seq, schema: Schema, depth: int) -> Seq | None:
    if not schema.is_associative:
        return _copied(patch)
    directives = [item.get(DIRECTIVE) for item in patch if isinstance(item, Map) and len(item) == 1]
    if "delete" in directives:
        return None
    if "replace" in directives:
        rest = Seq(patch.path, patch.line)
        for index, item in enumerate(patch):
            if not (isinstance(item, Map) and DIRECTIVE in item and len(item) == 1):
                _append(rest, _added(item, schema, depth), patch.at(index))
        return rest
    if schema.is_set:
        return _merge_set(had, patch)
    return _merge_items(had, patch, schema, depth)


def _merge_set(had: Seq, patch: Seq) -> Seq:
    made = Seq(patch.path, patch.line)
    for source in (patch, had):
        for index, item in enumerate(source):
            if item not in made:
                _append(made, item, source.at(index))
    return made


def _merge_items(had: Seq, patch: Seq, schema: Schema, depth: int) -> Seq:
    """Merge a list of mappings.

    Told apart by one key, the patch's items come first, then those it does not name. Told apart by several,
    only the patch's new items come first and the others keep their places.
    """
    fields = Schema(schema.fields)
    keys = [key for key in schema.keys if any(isinstance(one, Map) and text(one.get(key)) for one in (*patch, *had))]
    named: dict[int, tuple[Value, Location]] = {}
    is_composite = len(keys) > 1
    gone: set[int] = set()
    first: list[tuple[Value, Location]] = []
    for index, item in enumerate(patch):
        if not isinstance(item, Map):
            first.append((clone(item), patch.at(index)))
            continue
        directive = item.get(DIRECTIVE)
        found = _find(had, item, keys or list(schema.keys), gone | named.keys())
        if found is None:
            if directive != "delete":
                first.append((_added(item, fields, depth), patch.at(index)))
        elif directive == "delete":
            gone.add(found)
        else:
            # An item's own "replace" changes nothing: kustomize puts the former item back over it.
            target, at = had[found], had.at(found)
            if isinstance(target, Map) and directive != "replace":
                _merge_map(target, item, fields, depth)
            named[found] = (target, at)
            if not is_composite:
                first.append((target, at))
    rest = [
        named.get(index, (item, had.at(index)))
        for index, item in enumerate(had)
        if index not in gone and (is_composite or index not in named)
    ]
    made = Seq(had.path, had.line)
    for value, at in (*first, *rest):
        _append(made, value, at)
    return made


def _find(had: Seq, item: Map, keys: Sequence[str], taken: AbstractSet[int]) -> int | None:
    """Return the item that a patch's item means: keys that the patch's item lacks are not compared.

    Source: kustomize kyaml/yaml/walk/associative_sequence.go validateKeys, match.
    """
    wanted = [(key, text(item.get(key))) for key in keys if text(item.get(key))]
    if not wanted:
        return None
    for index, candidate in enumerate(had):
        if (
            index not in taken
            and isinstance(candidate, Map)
            and all(text(candidate.get(key)) == value for key, value in wanted)
        ):
            return index
    return None


def _append(made: Seq, item: Value, at: Location) -> None:
    made.append(item)
    made.lines.append(at)


def _copied(value: Seq) -> Seq:
    made = Seq(value.path, value.line)
    made.lines = list(value.lines)
    made.extend(clone(item) for item in value)
    return made
