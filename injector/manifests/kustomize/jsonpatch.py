"""JSON patches (RFC 6902) on objects, with the lines of what they set.

Source: RFC 6902 and RFC 6901, with the habits of github.com/evanphx/json-patch that kustomize uses: negative
indices count from the end, ``add`` never makes parents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from injector.location import Location
from injector.manifests.document import text
from injector.manifests.yamldoc import Map, Seq, Value, clone

Tokens: TypeAlias = tuple[str, ...]


class JsonPatchError(Exception):
    """An operation does not apply, or is none.

    Attributes:
        at: the operation's line.
    """

    def __init__(self, at: Location, message: str) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, read."""

    op: str
    path: Tokens
    source: Tokens
    value: Value
    at: Location
    value_at: Location


def read_operations(value: Value) -> list[Operation] | None:
    """Return a JSON patch's operations; None when the value is no list of operations.

    Raises:
        JsonPatchError: it is a list of operations and one of them is wrong.
    """
    if not isinstance(value, Seq) or not value:
        return None
    made: list[Operation] = []
    for index, entry in enumerate(value):
        if not isinstance(entry, Map) or "op" not in entry:
            return None
        op, at = text(entry["op"]), value.at(index)
        if op not in ("add", "remove", "replace", "move", "copy", "test"):
            raise JsonPatchError(entry.at("op"), f"has the unknown operation {op!r}")
        path = entry.get("path")
        source = entry.get("from", "")
        if not isinstance(path, str) or not isinstance(source, str):
            raise JsonPatchError(at, f"{op} needs a path")
        where = entry.at("value") if "value" in entry else entry.at("op")
        made.append(Operation(op, _tokens(path), _tokens(source), entry.get("value"), at, where))
    return made


def _tokens(path: str) -> Tokens:
    parts = path.split("/")[1:] if path.startswith("/") else ([path] if path else [])
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def apply_operations(body: Map, operations: list[Operation], *, is_header_only: bool = False) -> None:
    """Apply operations in order, in place.

    Args:
        body: the object.
        operations: as `read_operations` returns them.
        is_header_only: only ``metadata`` is there: operations elsewhere are passed over.

    Raises:
        JsonPatchError: one does not apply; those before it have been applied.
    """
    for one in operations:
        if is_header_only and (not one.path or one.path[0] not in ("metadata", "apiVersion", "kind")):
            continue
        match one.op:
            case "add":
                _add(body, one, clone(one.value), one.value_at)
            case "remove":
                _remove(body, one, one.path)
            case "replace":
                _replace(body, one)
            case "move":
                value = _get(body, one, one.source)
                _remove(body, one, one.source)
                _add(body, one, value, one.at)
            case "copy":
                _add(body, one, clone(_get(body, one, one.source)), one.at)
            case "test":
                _test(body, one)


def _written(path: Tokens) -> str:
    return "/" + "/".join(path)


def _holder(body: Map, one: Operation, path: Tokens) -> Map | Seq:
    node: Value = body
    for token in path[:-1]:
        if isinstance(node, Map):
            node = node.get(token)
        elif isinstance(node, Seq):
            node = node[_index(node, one, token)]
        else:
            node = None
    if not path or not isinstance(node, (Map, Seq)):
        raise JsonPatchError(one.at, f"{one.op}: {_written(path)} has no parent in the object")
    return node


def _index(node: Seq, one: Operation, token: str, *, is_add: bool = False) -> int:
    if is_add and token == "-":
        return len(node)
    try:
        index = int(token)
    except ValueError:
        raise JsonPatchError(one.at, f"{one.op}: {token!r} is no index of a list") from None
    size = len(node) + (1 if is_add else 0)
    if index < -size or index >= size:
        raise JsonPatchError(one.at, f"{one.op}: index {index} is beyond the list's end")
    return index + size if index < 0 else index


def _get(body: Map, one: Operation, path: Tokens) -> Value:
    holder = _holder(body, one, path)
    if isinstance(holder, Seq):
        return holder[_index(holder, one, path[-1])]
    if path[-1] not in holder:
        raise JsonPatchError(one.at, f"{one.op}: {_written(path)} is not in the object")
    return holder[path[-1]]


def _add(body: Map, one: Operation, value: Value, at: Location) -> None:
    holder = _holder(body, one, one.path)
    if isinstance(holder, Map):
        holder.put(one.path[-1], value, at)
        return
    index = _index(holder, one, one.path[-1], is_add=True)
    _fill_lines(holder)
    holder.insert(index, value)
    holder.lines.insert(index, at)


def _remove(body: Map, one: Operation, path: Tokens) -> None:
    holder = _holder(body, one, path)
    if isinstance(holder, Map):
        if path[-1] not in holder:
            raise JsonPatchError(one.at, f"{one.op}: {_written(path)} is not in the object")
        del holder[path[-1]]
        holder.lines.pop(path[-1], None)
        return
    index = _index(holder, one, path[-1])
    _fill_lines(holder)
    del holder[index]
    del holder.lines[index]


def _replace(body: Map, one: Operation) -> None:
    if not one.path:
        if not isinstance(one.value, Map):
            raise JsonPatchError(one.at, "replace: an object can be replaced by an object only")
        made = clone(one.value)
        body.clear()
        if isinstance(made, Map):
            body.update(made)
            body.lines = {key: made.at(key) for key in made}
        return
    _get(body, one, one.path)
    holder = _holder(body, one, one.path)
    if isinstance(holder, Map):
        holder.put(one.path[-1], clone(one.value), one.value_at)
        return
    index = _index(holder, one, one.path[-1])
    _fill_lines(holder)
    holder[index] = clone(one.value)
    holder.lines[index] = one.value_at


def _test(body: Map, one: Operation) -> None:
    holder = _holder(body, one, one.path)
    last = one.path[-1]
    found = holder.get(last) if isinstance(holder, Map) else holder[_index(holder, one, last)]
    if found != one.value:
        raise JsonPatchError(one.at, f"test: {_written(one.path)} has another value")


def _fill_lines(node: Seq) -> None:
    """Give every item a line of its own, so that inserting shifts none."""
    while len(node.lines) < len(node):
        node.lines.append(node.at())
    del node.lines[len(node) :]
