"""Strategic merge of a patch into an object, with the lines of both kept.

Source: kustomize kyaml/yaml/merge2/merge2.go and kyaml/yaml/walk/*.go, called by
api/filters/patchstrategicmerge with MergeOptionsListPrepend: items that a patch adds to a list come first.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        at = patch.at(key)
        known = schema.fields.get(key, NOTHING)
        had = target.get(key)
        if value is None or (isinstance(value, Map) and value.get(DIRECTIVE) == "delete"):
            target.pop(key, None)
            target.lines.pop(key, None)
        elif had is None:
            target.put(key, _added(value, known, depth + 1), at)
        elif isinstance(value, Map):
            if not isinstance(had, Map):
                raise MismatchError(at, key)
            if value.get(DIRECTIVE) == "replace":
                target.put(key, _added(value, known, depth + 1), at)
            else:
                _merge_map(had, value, known, depth + 1)
        elif isinstance(value, Seq):
            if not isinstance(had, Seq):
                raise MismatchError(at, key)
            merged = _merge_list(had, value, known, depth + 1)
            if merged is None:
                target.pop(key, None)
            else:
                target.put(key, merged, None if merged.path == had.path and known.is_associative else at)
        elif isinstance(had, (Map, Seq)):
            raise MismatchError(at, key)
        else:
            target.put(key, value, at)
    _drop_nulls(target, patch)


def _drop_nulls(target: Map, patch: Map) -> None:
    """Drop the nulls that the object had itself: kustomize's walk clears them in every mapping it enters."""
    empty = [key for key, value in target.items() if value is None and key not in patch]
    for key in empty:
        target.pop(key)
        target.lines.pop(key, None)


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
            made.put(key, _added(item, schema.fields.get(key, NOTHING), depth + 1), value.lines.get(key))
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
    """Merge a list of mappings: the patch's items first, then those it does not name."""
    fields = Schema(schema.fields)
    taken: set[int] = set()
    made = Seq(had.path, had.line)
    for index, item in enumerate(patch):
        if not isinstance(item, Map):
            _append(made, clone(item), patch.at(index))
            continue
        found = _find(had, item, schema.keys, taken)
        if found is None:
            if item.get(DIRECTIVE) != "delete":
                _append(made, _added(item, fields, depth), patch.at(index))
            continue
        taken.add(found)
        if item.get(DIRECTIVE) == "delete":
            continue
        target = had[found]
        if isinstance(target, Map) and item.get(DIRECTIVE) != "replace":
            _merge_map(target, item, fields, depth)
            _append(made, target, had.at(found))
        else:
            _append(made, _added(item, fields, depth), patch.at(index))
    for index, item in enumerate(had):
        if index not in taken:
            _append(made, item, had.at(index))
    return made


def _find(had: Seq, item: Map, keys: Sequence[str], taken: set[int]) -> int | None:
    """Return the item that a patch's item means: keys that the patch's item lacks are not compared.

    Source: kustomize kyaml/yaml/walk/associative_sequence.go validateKeys.
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
