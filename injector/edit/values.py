"""What an edit says: paths into a document, and plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

Scalar: TypeAlias = "str | int | float | bool | None"
Data: TypeAlias = "Scalar | Mapping[str, Data] | Sequence[Data]"
"""Plain data; `injector.manifests.yamldoc.Value` is such data too."""

_SIMPLE_KEY: Final = re.compile(r"[\w-]+\Z")


@dataclass(frozen=True, slots=True)
class Item:
    """The item of a list whose `key` is `name`, as strategic merge finds a container or a volume."""

    name: str
    key: str = "name"


Step: TypeAlias = "str | int | Item"
Path: TypeAlias = "tuple[Step, ...]"
"""Keys of mappings, indexes of lists (from 0), or `Item`."""


def render_path(path: Path) -> str:
    """Return a path for messages: ``spec.containers[name=app].env[0]``."""
    made = ""
    for step in path:
        if isinstance(step, Item):
            made += f"[{step.key}={step.name}]"
        elif isinstance(step, int):
            made += f"[{step}]"
        elif _SIMPLE_KEY.match(step):
            made += f".{step}" if made else step
        else:
            made += f'["{step}"]'
    return made or "the document"


def find_value(value: Data, path: Path) -> tuple[Data] | None:
    """Return what stands under a path, wrapped, because null may stand there; None when nothing does."""
    for step in path:
        if isinstance(step, str):
            if not isinstance(value, Mapping) or step not in value:
                return None
            value = value[step]
        else:
            index = _index(value, step)
            if index is None or not is_list(value):
                return None
            value = value[index]
    return (value,)


def put_value(value: Data, path: Path, new: Data) -> Data:
    """Return a copy of `value` in which `new` stands under a path; missing mappings are made.

    Raises:
        LookupError: a step of the path makes no sense there.
    """
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        if value is not None and not isinstance(value, Mapping):
            raise LookupError(step)
        known = value or {}
        return {**known, step: put_value(known.get(step), rest, new)}
    index = _index(value, step)
    if index is None or not is_list(value):
        raise LookupError(step)
    return [*value[:index], put_value(value[index], rest, new), *value[index + 1 :]]


def _index(value: Data, step: int | Item) -> int | None:
    if not is_list(value):
        return None
    if isinstance(step, int):
        return step if 0 <= step < len(value) else None
    found = (index for index, item in enumerate(value) if isinstance(item, Mapping) and item.get(step.key) == step.name)
    return next(found, None)


def is_same(left: Data, right: Data) -> bool:
    """Tell whether two values are equal in type and value; the order of keys does not count."""
    if isinstance(left, Mapping):
        return (
            isinstance(right, Mapping)
            and left.keys() == right.keys()
            and all(is_same(value, right[key]) for key, value in left.items())
        )
    if is_list(left):
        return is_list(right) and len(left) == len(right) and all(map(is_same, left, right))
    return type(left) is type(right) and left == right


def is_list(value: Data) -> TypeGuard[Sequence[Data]]:
    """Tell a list from text, which is a sequence too."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def as_scalar(value: Data) -> Scalar:
    """Return a value that is neither a mapping nor a list.

    Raises:
        TypeError: it is one, or nothing that YAML has.
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    message = f"{type(value).__name__} is no plain data"
    raise TypeError(message)
