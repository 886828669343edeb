"""The JSON Patch (RFC 6902) from a pod as it was sent to the pod as it will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from injector.pod.model import Body, Json


def make_patch(old: Body, new: Body) -> list[dict[str, Json]]:
    """Return the operations that turn `old` into `new`; none when they are equal.

    Mappings are gone into; a list that differs is replaced as a whole, because indexes of a list that somebody else
    patches, too, are no place to aim at. Where a parent is missing it is added whole.
    """
    return [] if old is new else list(_differences("", old, new))


def _differences(path: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    for key in old:
        if key not in new:
            yield {"op": "remove", "path": f"{path}/{_escape(key)}"}
    for key, value in new.items():
        here = f"{path}/{_escape(key)}"
        if key not in old:
            yield {"op": "add", "path": here, "value": value}
            continue
        before = old[key]
        if before is value:
            continue  # most of a pod is shared
        if isinstance(before, dict) and isinstance(value, dict):
            yield from _differences(here, before, value)
        elif before != value or type(before) is not type(value):
            yield {"op": "replace", "path": here, "value": value}


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
