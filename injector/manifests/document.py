"""A Kubernetes object as it stands in a file, or as a build has made it.

`Document` is what a file holds; `Resource` is what a root deploys: a copy of a document's body that
kustomize has worked on, with the way it came.
"""

from __future__ import annotations

from dataclasses import dataclass

from injector.location import Location
from injector.manifests.yamldoc import Map, Value
from injector.model import ObjectRef, Origin


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a file; `value` is not to be changed, `clone` it first.

    Attributes:
        path: the file, relative to the tree's root.
        index: the document's number in the file, from 0.
        line: the line of the document's first key.
        value: anything YAML can hold; None for an empty document.
        is_header_only: only ``apiVersion``, ``kind`` and ``metadata`` were kept, because nothing else of such
            an object matters here.
    """

    path: str
    index: int
    line: int
    value: Value
    is_header_only: bool = False

    @property
    def location(self) -> Location:
        """Return where the document starts."""
        return Location(self.path, self.line)


@dataclass(slots=True)
class Resource:
    """An object that a root deploys; builds own their resources and may change them.

    Attributes:
        body: the object, after overlays.
        location: first key of the manifest it was written in.
        document: that document's index in its file.
        deployed_by: kustomization folders passed, outermost first.
        original_name: metadata.name before any prefix, suffix or hash: what references in files say.
        is_generated: made by a configMapGenerator or secretGenerator.
    """

    body: Map
    location: Location
    document: int
    deployed_by: tuple[str, ...] = ()
    original_name: str = ""
    is_generated: bool = False

    @property
    def ref(self) -> ObjectRef:
        """Return the object's identity as it is deployed."""
        return ref_of(self.body)

    def origin(self, root: str) -> Origin:
        """Return the way it came, with the id of the root that deploys it."""
        return Origin(self.location, self.document, root, self.deployed_by)


def text(value: Value) -> str:
    """Return a scalar as text; empty for None, containers and nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return ""


def mapping(value: Value, key: str | None = None) -> Map:
    """Return `value` (or `value[key]`) when it is a mapping, else an empty one."""
    if key is not None:
        value = value.get(key) if isinstance(value, Map) else None
    return value if isinstance(value, Map) else Map()


def items(value: Value, key: str | None = None) -> list[Value]:
    """Return `value` (or `value[key]`) when it is a sequence, else an empty list."""
    if key is not None:
        value = value.get(key) if isinstance(value, Map) else None
    return value if isinstance(value, list) else []


def is_object(value: Value) -> bool:
    """Tell whether a document is a Kubernetes object: it has ``apiVersion`` and ``kind`` as text."""
    return isinstance(value, Map) and all(
        isinstance(value.get(key), str) and value[key] for key in ("apiVersion", "kind")
    )


def ref_of(body: Map) -> ObjectRef:
    """Return an object's identity."""
    metadata = mapping(body, "metadata")
    name = text(metadata.get("name")) or text(metadata.get("generateName"))
    return ObjectRef(text(body.get("kind")), text(metadata.get("namespace")), name)


def api_group(body: Map) -> str:
    """Return the API group of an object, empty for the core group."""
    version = text(body.get("apiVersion"))
    return version.rpartition("/")[0]
