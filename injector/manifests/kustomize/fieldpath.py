"""Paths of ``replacements``: ``spec.template.spec.containers.[name=app].env.0.value``.

Source: kustomize kyaml/utils/pathsplitter.go SmarterPathSplitter and kyaml/yaml/match.go PathMatcher.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from injector.location import Location
from injector.manifests.document import text
from injector.manifests.yamldoc import Map, Seq, Value

Place: TypeAlias = tuple[Map | Seq, str | int]
"""A holder, and the key or index in it."""


def split_field_path(path: str) -> list[str]:
    r"""Cut a path at its dots, except in ``[...]`` and where a dot is written ``\.``."""
    parts: list[str] = []
    current, depth, index = "", 0, 0
    while index < len(path):
        char = path[index]
        if char == "\\" and path[index + 1 : index + 2] == ".":
            current += "."
            index += 2
            continue
        if char == "." and depth == 0:
            parts.append(current)
            current = ""
        else:
            depth += {"[": 1, "]": -1}.get(char, 0)
            current += char
        index += 1
    parts.append(current)
    return [_unbracketed(part) for part in parts if part]


def _unbracketed(part: str) -> str:
    is_plain_key = part.startswith("[") and part.endswith("]") and "=" not in part
    return part[1:-1] if is_plain_key else part


def find_places(node: Value, parts: list[str], create: Location | None = None) -> Iterator[Place]:
    """Yield every place that a path leads to.

    Args:
        node: the object.
        parts: as `split_field_path` returns them.
        create: where missing fields are said to stand when they are to be made; None makes none.
    """
    if not parts:
        return
    head, rest = parts[0], parts[1:]
    for holder, key in _steps(node, head, rest, create):
        if not rest:
            yield holder, key
        elif isinstance(holder, Map) and isinstance(key, str):
            yield from find_places(holder.get(key), rest, create)
        elif isinstance(holder, Seq) and isinstance(key, int):
            yield from find_places(holder[key], rest, create)


def _steps(node: Value, head: str, rest: list[str], create: Location | None) -> Iterator[Place]:
    if isinstance(node, Seq):
        yield from _items(node, head, create)
    elif isinstance(node, Map):
        if head == "*":
            for key in list(node):
                yield node, key
            return
        if node.get(head) is None:
            if create is None:
                if head not in node:
                    return
            else:
                node.put(head, _made(rest, create), create)
        yield node, head


def _made(rest: list[str], at: Location) -> Value:
    if not rest:
        return ""
    if rest[0].startswith("[") or rest[0].isdecimal():
        return Seq(at.path, at.line)
    return Map(at.path, at.line)


def _items(node: Seq, head: str, create: Location | None) -> Iterator[Place]:
    if head == "*":
        for index in range(len(node)):
            yield node, index
    elif head.lstrip("-").isdecimal():
        index = int(head)
        if 0 <= index < len(node):
            yield node, index
    elif head.startswith("[") and "=" in head:
        key, _, value = head[1:-1].partition("=")
        is_found = False
        for index, item in enumerate(node):
            if (text(item.get(key)) if isinstance(item, Map) else text(item)) == value and (
                key or not isinstance(item, Map)
            ):
                is_found = True
                yield node, index
        if not is_found and create is not None and key:
            made = Map(create.path, create.line)
            made.put(key, value, create)
            node.append(made)
            yield node, len(node) - 1
