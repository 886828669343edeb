"""Which resources a patch, a replacement or a replica count means.

Source: kustomize api/types/selector.go (anchored regular expressions), api/resmap/reswrangler.go Select, and
Kubernetes label selectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from injector.manifests.document import mapping, text
from injector.manifests.kustomize.identity import DEFAULT_NAMESPACE, Tracked, is_cluster_scoped
from injector.manifests.yamldoc import Map, Value

_Test: TypeAlias = Callable[[str], bool]
_PLAIN = re.compile(r"[A-Za-z0-9/_ -]*\Z")
_SPLIT = re.compile(r",(?![^(]*\))")
_REQUIREMENT = re.compile(
    r"\s*(?P<not>!)?\s*(?P<key>[A-Za-z0-9_./-]+)\s*"
    r"(?:(?P<op>\bnotin\b|\bin\b)\s*\((?P<set>[^)]*)\)"
    r"|(?P<eq>==|=|!=)\s*(?P<value>[A-Za-z0-9_.-]*))?\s*\Z"
)


class SelectorError(Exception):
    """A selector that cannot be understood."""


def _matcher(pattern: str, *, is_regex: bool = True) -> _Test | None:
    """Return a test of whole texts; None when everything passes."""
    if not pattern:
        return None
    if not is_regex or _PLAIN.match(pattern):
        return pattern.__eq__
    try:
        return _anchored(pattern)
    except (re.error, OverflowError, RecursionError) as err:
        raise SelectorError(f"{pattern!r} is no regular expression") from err


def _anchored(pattern: str) -> _Test:
    found = re.compile(f"(?:{pattern})")
    return lambda value: found.fullmatch(value) is not None


class Selector:
    """A target, compiled once."""

    __slots__ = ("_annotations", "_group", "_kind", "_labels", "_name", "_namespace", "_version")

    def __init__(self, value: Map, *, is_regex: bool = True) -> None:
        """Compile a ``target:`` or ``select:`` mapping.

        Raises:
            SelectorError: a pattern is no regular expression, or a label selector is none.
        """
        texts = {key: text(value.get(key)) for key in ("group", "version", "kind", "name", "namespace")}
        if "apiVersion" in value and not (texts["group"] or texts["version"]):
            texts["group"], _, texts["version"] = text(value["apiVersion"]).rpartition("/")
        self._group = _matcher(texts["group"], is_regex=is_regex)
        self._version = _matcher(texts["version"], is_regex=is_regex)
        self._kind = _matcher(texts["kind"], is_regex=is_regex)
        self._name = _matcher(texts["name"], is_regex=is_regex)
        self._namespace = _matcher(texts["namespace"], is_regex=is_regex)
        self._labels = _requirements(text(value.get("labelSelector")))
        self._annotations = _requirements(text(value.get("annotationSelector")))

    def selects(self, one: Tracked) -> bool:
        """Tell whether a patch with this target means the resource: by its first or its present name."""
        if self._kind and not self._kind(one.kind):
            return False
        gvk = one.gvk
        if (self._group and not self._group(gvk.group)) or (self._version and not self._version(gvk.version)):
            return False
        first, now = one.first_id, one.id
        if self._name and not self._name(first.name) and not self._name(now.name):
            return False
        if self._namespace and not any(map(self._namespace, (_namespace(first.namespace), _namespace(now.namespace)))):
            return False
        return self._has_marks(one)

    def selects_any_id(self, one: Tracked) -> bool:
        """Tell whether a replacement means the resource: by any identity it ever had."""
        for known in one.ids():
            space = _namespace(known.namespace) if not is_cluster_scoped(known.gvk) else known.namespace
            if (
                (not self._kind or self._kind(known.gvk.kind))
                and (not self._group or self._group(known.gvk.group))
                and (not self._version or self._version(known.gvk.version))
                and (not self._name or self._name(known.name))
                and (not self._namespace or self._namespace(space) or self._namespace(known.namespace))
            ):
                return self._has_marks(one)
        return False

    def _has_marks(self, one: Tracked) -> bool:
        metadata = mapping(one.body, "metadata")
        return _meets(self._labels, mapping(metadata, "labels")) and _meets(
            self._annotations, mapping(metadata, "annotations")
        )


def _namespace(name: str) -> str:
    return name or DEFAULT_NAMESPACE


_Requirement: TypeAlias = tuple[str, str, frozenset[str]]


def _requirements(selector: str) -> tuple[_Requirement, ...]:
    return tuple(_read_requirements(selector))


def _read_requirements(selector: str) -> Iterator[_Requirement]:
    if not selector.strip():
        return
    for part in _SPLIT.split(selector):
        match = _REQUIREMENT.match(part)
        if not match:
            raise SelectorError(f"{selector!r} is no label selector")
        operator = match["op"] or match["eq"] or ("!" if match["not"] else "exists")
        values = match["set"].split(",") if match["set"] is not None else [match["value"] or ""]
        yield match["key"], operator, frozenset(value.strip() for value in values)


def _meets(requirements: Sequence[_Requirement], marks: Map) -> bool:
    return all(_meets_one(operator, marks.get(key), key in marks, values) for key, operator, values in requirements)


def _meets_one(operator: str, value: Value, is_there: bool, values: frozenset[str]) -> bool:  # noqa: FBT001
    match operator:
        case "exists":
            return is_there
        case "!":
            return not is_there
        case "!=" | "notin":
            return not is_there or text(value) not in values
        case _:
            return is_there and text(value) in values
