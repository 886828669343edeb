"""From a root to the objects that it deploys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from injector.location import Location
from injector.manifests import kustomize
from injector.manifests.document import Document, Resource, is_object, mapping, text
from injector.manifests.files import Files, join, parent
from injector.manifests.flux import Substitution
from injector.manifests.roots import Root, RootKind
from injector.manifests.yamldoc import Map
from injector.model import Diagnostic

_PLACEHOLDER_NAME: Final = re.compile(r"[<>]|\{[{%]|\[\[|%%")
_TEMPLATE_TEXT: Final = re.compile(
    rb"\{\{-?\s*(?:\.(?:Values|Release|Chart|Files|Capabilities)|\$|include|template|if|range|with|end|tpl)\b"
)


@dataclass(slots=True)
class Rendered:
    """What a root deploys.

    Attributes:
        reached: every file that was read on the way.
        templated: files that something else must render first.
    """

    resources: list[Resource] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    templated: list[Diagnostic] = field(default_factory=list)


def render(root: Root, files: Files) -> Rendered:
    """Build a root's objects; what fails becomes a diagnostic and the rest goes on."""
    rendered = Rendered()
    if root.files:
        loose = root.id.startswith("files:")
        _read_plain(tuple(one for one in root.files if not (loose and _is_other_json(one, files))), files, rendered)
    elif files.is_file(join(root.folder, "Chart.yaml")):
        _read_chart(root.folder, files, rendered)
    elif root.kind is RootKind.FLUX and files.kustomization(root.folder) is None:
        _take(kustomize.build_generated(files, root.folder, extra=root.extra), rendered)
    else:
        _take(kustomize.build(files, root.folder, extra=root.extra), rendered)
    rendered.resources = [one for one in rendered.resources if not _is_placeholder(one, rendered)]
    _substitute(root, rendered)
    if root.namespace:
        _default_namespace(root.namespace, rendered.resources)
    return rendered


def _take(build: kustomize.Build, rendered: Rendered) -> None:
    rendered.resources.extend(build.resources)
    rendered.diagnostics.extend(build.diagnostics)
    rendered.reached |= build.reached


def _read_plain(paths: tuple[str, ...], files: Files, rendered: Rendered) -> None:
    for path in paths:
        rendered.reached.add(path)
        rendered.resources.extend(resource_of(one) for one in files.take(path) if is_object(one.value))


def _is_other_json(path: str, files: Files) -> bool:
    """Tell JSON that nobody applies (dashboards, settings, schemas) by a look: there is often more of it than YAML."""
    data = files.read(path) if path.endswith(".json") else None
    is_json = data is not None and data[:64].lstrip()[:1] in (b"{", b"[")  # and not YAML, or UTF-16
    return data is not None and is_json and not (b'"apiVersion"' in data and b'"kind"' in data)


def resource_of(document: Document) -> Resource:
    """Return a document as a resource, which owns the document's value from now on."""
    body = document.value
    made = Resource(body if isinstance(body, Map) else Map(), document.location, document.index)
    made.original_name = made.ref.name
    return made


def _read_chart(folder: str, files: Files, rendered: Rendered) -> None:
    """Read what of a Helm chart stands there without templating."""
    rendered.reached.add(join(folder, "Chart.yaml"))
    for path in files.below(join(folder, "templates")):
        rendered.reached.add(path)
        data = files.read(path) or b""
        match = _TEMPLATE_TEXT.search(data)
        if match:
            line = data.count(b"\n", 0, match.start()) + 1
            rendered.templated.append(Diagnostic(Location(path, line), "templated", "is a Helm chart's template"))
        else:
            _read_plain((path,), files, rendered)


def is_chart_template(path: str, files: Files) -> bool:
    """Tell whether a file lies in the templates folder of a Helm chart."""
    folder = parent(path)
    while folder != ".":
        if folder.rpartition("/")[2] == "templates" and files.is_file(join(parent(folder), "Chart.yaml")):
            return True
        folder = parent(folder)
    return False


def _is_placeholder(resource: Resource, rendered: Rendered) -> bool:
    """Recognise an object whose name or namespace something else must fill in first."""
    metadata = mapping(resource.body, "metadata")
    for key in ("name", "namespace"):
        if _PLACEHOLDER_NAME.search(text(metadata.get(key))):
            message = f"has a placeholder for a {key}"
            rendered.templated.append(Diagnostic(metadata.at(key), "templated", message))
            return True
    return False


def _substitute(root: Root, rendered: Rendered) -> None:
    if root.variables is None:
        return
    substitution = Substitution(root.variables)
    for resource in rendered.resources:
        substitution.apply(resource)
    for name, at in sorted(substitution.unknown.items()):
        message = f"${{{name}}} is set nowhere in the tree; it is kept as it is"
        rendered.diagnostics.append(Diagnostic(at, "unresolved-variable", message))
    for name, at in sorted(substitution.refused.items()):
        message = f"Flux does not read ${{{name}}} in this form; it is kept as it is"
        rendered.diagnostics.append(Diagnostic(at, "unresolved-variable", message))


_CLUSTER_SCOPED: Final = frozenset(
    {
        "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume",
        "StorageClass", "IngressClass", "ClusterSecretStore", "ClusterExternalSecret", "ClusterIssuer",
        "ClusterGenerator", "ClusterPushSecret", "PriorityClass", "RuntimeClass", "ClusterPolicy",
    }
)  # fmt: skip


def _default_namespace(namespace: str, resources: list[Resource]) -> None:
    """Give objects without a namespace the one that Argo CD's destination names."""
    for resource in resources:
        if text(resource.body.get("kind")) in _CLUSTER_SCOPED:
            continue
        metadata = resource.body.get("metadata")
        if isinstance(metadata, Map) and not text(metadata.get("namespace")):
            metadata.put("namespace", namespace, metadata.line)
