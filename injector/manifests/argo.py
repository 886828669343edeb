"""Argo CD: from Applications and ApplicationSets to roots.

Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml and
.../applicationset/Generators-Git/.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from injector.location import Location
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.files import Files, join
from injector.manifests.yamldoc import Map, Seq, Value, clone

GROUP: Final = "argoproj.io"


@dataclass(frozen=True, slots=True)
class ArgoSource:
    """A path source of an Application.

    Attributes:
        namespace, name: of the Application.
        path: folder in the repository.
        is_recursive: ``directory.recurse``.
        extra: ``kustomize:`` options as a kustomization's fields.
        destination: the destination's namespace.
        cluster: the destination's name or server when it is no template and not the local cluster.
    """

    namespace: str
    name: str
    path: str
    is_recursive: bool
    extra: Map | None
    destination: str
    cluster: str
    location: Location

    @property
    def id(self) -> str:
        """Return the root id."""
        return f"argo:{self.namespace}/{self.name}"


def is_application(body: Map) -> bool:
    """Tell whether the object is an Application or an ApplicationSet."""
    return body.get("kind") in ("Application", "ApplicationSet") and api_group(body) == GROUP


def expand(resource: Resource, files: Files) -> Iterator[Resource]:
    """Yield the Applications that an object is or generates.

    An ApplicationSet's git directory and list generators are expanded against the tree; others (clusters,
    SCM, pull requests) yield one Application with its template's braces left in.
    """
    if resource.body.get("kind") == "Application":
        yield resource
        return
    spec = mapping(resource.body, "spec")
    template = mapping(spec, "template")
    seen = False
    for generator in items(spec, "generators"):
        for parameters in _parameters(generator, files):
            seen = True
            body = _render(template, parameters)
            body.put("apiVersion", f"{GROUP}/v1alpha1", resource.body.line)
            body.put("kind", "Application", resource.body.line)
            yield Resource(body, resource.location, resource.document, resource.deployed_by)
    if not seen and template:
        body = _render(template, {})
        body.put("apiVersion", f"{GROUP}/v1alpha1", resource.body.line)
        body.put("kind", "Application", resource.body.line)
        yield Resource(body, resource.location, resource.document, resource.deployed_by)


def _parameters(generator: Value, files: Files) -> Iterator[dict[str, str]]:
    if not isinstance(generator, Map):
        return
    for element in items(mapping(generator, "list"), "elements"):
        if isinstance(element, Map):
            yield dict(_flatten(element))
    git = mapping(generator, "git")
    yield from _git_directories(git, files)
    yield from _git_files(git, files)
    for kind in ("matrix", "merge"):
        parts = [list(_parameters(part, files)) for part in items(mapping(generator, kind), "generators")]
        parts = [part for part in parts if part]
        if not parts:
            continue
        combined: list[dict[str, str]] = [{}]
        for part in parts:
            combined = [{**left, **right} for left in combined for right in part][:5000]
        yield from combined


def _git_directories(git: Map, files: Files) -> Iterator[dict[str, str]]:
    wanted = [entry for entry in items(git, "directories") if isinstance(entry, Map)]
    excluded = [text(entry.get("path")) for entry in wanted if entry.get("exclude") is True]
    for entry in wanted:
        pattern = text(entry.get("path"))
        if not pattern or entry.get("exclude") is True:
            continue
        for folder in files.folders():
            if _matches(folder, pattern) and not any(_matches(folder, other) for other in excluded):
                yield _path_parameters(folder)


def _git_files(git: Map, files: Files) -> Iterator[dict[str, str]]:
    for entry in items(git, "files"):
        pattern = text(mapping(entry).get("path"))
        for path in files.found if pattern else ():
            if fnmatchcase(path, pattern):
                parameters = _path_parameters(posixpath.dirname(path) or ".")
                for document in files.load(path):
                    if isinstance(document.value, Map):
                        parameters.update(_flatten(document.value))
                yield parameters


def _matches(folder: str, pattern: str) -> bool:
    pattern = posixpath.normpath(pattern)
    return folder.count("/") == pattern.count("/") and fnmatchcase(folder, pattern)


def _path_parameters(folder: str) -> dict[str, str]:
    parts = folder.split("/")
    found = {"path": folder, "path.path": folder, "path.basename": parts[-1]}
    found["path.basenameNormalized"] = re.sub(r"[^a-z0-9-]", "-", parts[-1].lower())
    for index, part in enumerate(parts):
        found[f"path[{index}]"] = part
        found[f"path.segments.{index}"] = part
    return found


def _flatten(value: Map, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, Map) and depth < 8:  # noqa: PLR2004 - deeper parameters are nobody's
            yield from _flatten(item, f"{name}.", depth + 1)
        elif not isinstance(item, (Map, Seq)):
            yield name, text(item)


_PLACEHOLDER: Final = re.compile(
    r"\{\{-?\s*(?:index\s+\.path\.segments\s+(?P<segment>\d+)|\.?(?P<name>[\w.\[\]-]+))\s*-?\}\}"
)


def _render(template: Map, parameters: Mapping[str, str]) -> Map:
    """Fill ``{{name}}`` and ``{{.name}}``; what is not known keeps its braces."""

    def one(match: re.Match[str]) -> str:
        name = match["name"] or f"path.segments.{match['segment']}"
        return parameters.get(name, match[0])

    made = clone(template)
    stack: list[Value] = [made]
    while stack:
        current = stack.pop()
        entries = list(current.items()) if isinstance(current, Map) else enumerate(current or ())  # type: ignore[arg-type]
        for key, value in entries:
            if isinstance(value, str) and "{{" in value:
                current[key] = _PLACEHOLDER.sub(one, value)  # type: ignore[index]
            elif isinstance(value, (Map, Seq)):
                stack.append(value)
    return made if isinstance(made, Map) else Map()


def read_sources(application: Resource) -> Iterator[ArgoSource]:
    """Yield the path sources of an Application; chart sources have no folder and are consumers only."""
    body = application.body
    spec = mapping(body, "spec")
    metadata = mapping(body, "metadata")
    destination = mapping(spec, "destination")
    for source in [spec.get("source"), *items(spec, "sources")]:
        if not isinstance(source, Map) or not isinstance(source.get("path"), str):
            continue
        yield ArgoSource(
            namespace=text(metadata.get("namespace")) or "argocd",
            name=text(metadata.get("name")),
            path=posixpath.normpath(text(source["path"]) or "."),
            is_recursive=mapping(source, "directory").get("recurse") is True,
            extra=_extra_of(mapping(source, "kustomize")),
            destination=_plain(text(destination.get("namespace"))),
            cluster=_cluster(destination),
            location=source.at("path"),
        )


def _plain(name: str) -> str:
    return "" if "{{" in name else name


def _cluster(destination: Map) -> str:
    name = text(destination.get("name")) or text(destination.get("server"))
    is_local = name in ("in-cluster", "https://kubernetes.default.svc", "")
    return "" if is_local or "{{" in name else name


def _extra_of(options: Map) -> Map | None:
    extra = Map(options.path, options.line)
    for key in ("patches", "components"):
        if items(options, key):
            extra.put(key, options[key], options.lines.get(key))
    for key in ("namespace", "namePrefix", "nameSuffix"):
        if text(options.get(key)):
            extra.put(key, options[key], options.lines.get(key))
    return extra or None


def merge_value_files(application: Resource, files: Files) -> list[str]:
    """Lay the value files of an Application's Helm sources under its inline values, in place.

    Returns:
        The value files that were read.
    """
    spec = mapping(application.body, "spec")
    sources = [source for source in [spec.get("source"), *items(spec, "sources")] if isinstance(source, Map)]
    roots = {text(source.get("ref")): "." for source in sources if text(source.get("ref"))}
    reached: list[str] = []
    for source in sources:
        helm = mapping(source, "helm")
        for entry in items(helm, "valueFiles"):
            path = _value_path(text(entry), text(source.get("path")) or ".", roots)
            if not path or not files.is_file(path):
                continue
            reached.append(path)
            for document in files.load(path):
                if isinstance(document.value, Map):
                    merged = clone(document.value)
                    overlay(merged, mapping(helm, "valuesObject"))
                    helm.put("valuesObject", merged, document.location)
    return reached


def _value_path(entry: str, folder: str, roots: Mapping[str, str]) -> str:
    if entry.startswith("$"):
        name, _, rest = entry[1:].partition("/")
        return join(roots[name], rest) if name in roots else ""
    return posixpath.normpath(entry[1:]) if entry.startswith("/") else join(folder, entry)


def overlay(base: Value, top: Value) -> None:
    """Merge `top` over the mapping `base` as Helm merges values: mappings deep, everything else replaced."""
    if not isinstance(base, Map) or not isinstance(top, Map):
        return
    for key, value in top.items():
        if isinstance(value, Map) and isinstance(base.get(key), Map):
            overlay(base[key], value)
        else:
            base.put(key, value, top.at(key))
