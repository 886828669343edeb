"""JSON that libyaml refuses: tabs for indentation, surrogate pairs. Lines are not known there."""

from __future__ import annotations

import json

from injector.manifests.yamldoc import MAX_NESTING, Map, Seq, Value


def parse_json(data: bytes, path: str) -> Value:
    """Return the value of a JSON text; every key of it has the line on which the first one stands.

    Raises:
        ValueError: it is no JSON either, or nested too deep.
    """
    line = data.count(b"\n", 0, max(data.find(b'"'), 0)) + 1
    try:
        return _convert(json.loads(data), path, line, 0)
    except RecursionError as err:
        raise ValueError("nested too deep") from err


def _convert(value: object, path: str, line: int, depth: int) -> Value:
    if depth > MAX_NESTING:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        made = Map(path, line)
        for key, item in value.items():
            made.put(key, _convert(item, path, line, depth + 1), line)
        return made
    if isinstance(value, list):
        listed = Seq(path, line)
        listed.extend(_convert(item, path, line, depth + 1) for item in value)
        return listed
    return value if isinstance(value, (str, int, float)) else None
