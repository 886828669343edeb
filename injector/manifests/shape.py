"""Checks a document against a structural schema and says at which line it is wrong.

The schema is the subset of OpenAPI v3 that Kubernetes calls structural (types, properties, required, enum, pattern,
lengths, bounds, items): one definition serves the CRD, the JSON Schema and this check. A JSON Schema library knows no
lines, and its messages quote the value, which may be a secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from injector.location import Location
from injector.manifests.yamldoc import Map, Seq, Value

Schema: TypeAlias = Mapping[str, object]

_NAMES: Final = {
    "object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number", "boolean": "true or false",
    "number": "a number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Misshape:
    """One thing that is wrong.

    Attributes:
        field: dotted path of the field, ``spec.files[0].key``.
        message: what is wrong and what to do; never the value itself, unless the schema lists what it may be.
    """

    location: Location
    field: str
    message: str

    def __str__(self) -> str:
        """Return ``file:line: field: message``."""
        return f"{self.location}: {self.field or 'document'}: {self.message}"


def check_shape(value: Value, schema: Schema, at: Location, field: str = "") -> Iterator[Misshape]:
    """Yield all that is wrong with `value`, in the order of the document.

    Args:
        value: the document, or a part of it.
        schema: structural; objects without ``x-kubernetes-preserve-unknown-fields`` or ``additionalProperties`` are
            closed.
        at: where `value` stands.
        field: its dotted path.
    """
    kind = schema.get("type")
    if not isinstance(kind, str):
        return
    if not _is_a(value, kind):
        yield Misshape(at, field, f"must be {_NAMES[kind]}, not {_kind_of(value)}")
    elif isinstance(value, Map):
        yield from _check_map(value, schema, field)
    elif isinstance(value, Seq):
        yield from _check_seq(value, schema, at, field)
    elif isinstance(value, str):
        yield from _check_text(value, schema, at, field)
    elif isinstance(value, int) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if isinstance(low, int) and value < low:
            yield Misshape(at, field, f"must be at least {low}")
        if isinstance(high, int) and value > high:
            yield Misshape(at, field, f"must be at most {high}")


def _check_map(value: Map, schema: Schema, field: str) -> Iterator[Misshape]:
    properties = schema.get("properties")
    known: Mapping[str, object] = properties if isinstance(properties, Mapping) else {}
    extra = schema.get("additionalProperties")
    is_open = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    for name, item in value.items():
        inner = known.get(name)
        path = f"{field}.{name}" if field else name
        if isinstance(inner, Mapping):
            if item is None and inner.get("nullable"):
                continue
            yield from check_shape(item, inner, value.at(name), path)
        elif isinstance(extra, Mapping):
            yield from check_shape(item, extra, value.at(name), path)
        elif not is_open:
            close = difflib.get_close_matches(name, list(known), n=1)
            advice = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
            yield Misshape(value.at(name), path, f"is not a known field; {advice}")
    required = schema.get("required")
    for name in required if isinstance(required, Sequence) else ():
        if name not in value:
            yield Misshape(value.at(), f"{field}.{name}" if field else name, "is missing; it must be given")


def _check_seq(value: Seq, schema: Schema, at: Location, field: str) -> Iterator[Misshape]:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if isinstance(least, int) and len(value) < least:
        yield Misshape(at, field, f"must have at least {least} item{'s' if least > 1 else ''}")
    if isinstance(most, int) and len(value) > most:
        yield Misshape(at, field, f"must have at most {most} items")
    inner = schema.get("items")
    if isinstance(inner, Mapping):
        for number, item in enumerate(value):
            yield from check_shape(item, inner, value.at(number), f"{field}[{number}]")


def _check_text(value: str, schema: Schema, at: Location, field: str) -> Iterator[Misshape]:
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and value not in choices:
        close = difflib.get_close_matches(value, [str(one) for one in choices], n=1)
        advice = f"did you mean {close[0]}?" if close else f"it may be {', '.join(map(str, choices))}"
        yield Misshape(at, field, f"is not one of the known words; {advice}")
        return
    least, most, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if isinstance(least, int) and len(value) < least:
        yield Misshape(at, field, "must not be empty")
    elif isinstance(most, int) and len(value) > most:
        yield Misshape(at, field, f"must be at most {most} characters long, not {len(value)}")
    elif isinstance(pattern, str) and not re.search(pattern, value):
        told = schema.get("x-says")
        yield Misshape(at, field, f"must be {told}" if isinstance(told, str) else f"must match {pattern}")


def _is_a(value: Value, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, Map)
        case "array":
            return isinstance(value, Seq)
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case _:
            return isinstance(value, bool)


def _kind_of(value: Value) -> str:
    match value:
        case None:
            return "empty"
        case Map():
            return "a mapping"
        case Seq():
            return "a list"
        case bool():
            return "true or false (quote it to make it text)"
        case int() | float():
            return "a number (quote it to make it text)"
        case _:
            return "text"
