"""Argo CD: from Applications and ApplicationSets to roots.

Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml and
.../applicationset/Generators-Git/.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from injector.location import Location
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.files import Files, join
from injector.manifests.globs import matches
from injector.manifests.yamldoc import Map, Seq, Value, clone

GROUP: Final = "argoproj.io"
_MAX_COMBINED: Final = 5000
"""Applications that a matrix may make; more are nobody's."""
VALUES_READ: Final = "(value files)"
"""Under this key of ``helm:`` stand the values that were read from files; no field of Argo CD is called so."""


@dataclass(frozen=True, slots=True)
class ArgoSource:
    """A path source of an Application.

    Attributes:
        namespace, name: of the Application.
        path: folder in the repository.
        is_recursive: ``directory.recurse``.
        include, exclude: ``directory``'s patterns of paths below the folder, empty when absent.
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
    include: str = ""
    exclude: str = ""

    def takes(self, path: str) -> bool:
        """Tell whether the source deploys the file at `path`, relative to its folder, when it is no kustomization."""
        is_included = not self.include or matches(self.include, path, passes_slash=True)
        is_deep = "/" in path and not self.is_recursive
        return is_included and not is_deep and not (self.exclude and matches(self.exclude, path, passes_slash=True))

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
    for found in (*_git_directories(git, files), *_git_files(git, files)):
        # https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git/#pass-additional-key-value-pairs-via-values-field
        found.update((f"values.{key}", _fill(text(value), found)) for key, value in mapping(git, "values").items())
        yield found
    yield from _matrix([list(_parameters(part, files)) for part in items(mapping(generator, "matrix"), "generators")])
    merge = mapping(generator, "merge")
    keys = [text(key) for key in items(merge, "mergeKeys")]
    yield from _merge([list(_parameters(part, files)) for part in items(merge, "generators")], keys)


def _matrix(parts: list[list[dict[str, str]]]) -> list[dict[str, str]]:
    """Combine every element with every other; a generator that yields nothing here (clusters) is left out."""
    parts = [part for part in parts if part]
    combined: list[dict[str, str]] = [{}] if parts else []
    for part in parts:
        combined = [{**left, **right} for left in combined for right in part][:_MAX_COMBINED]
    return combined


def _merge(parts: list[list[dict[str, str]]], keys: list[str]) -> list[dict[str, str]]:
    """Lay the elements of later generators over those of the first that agree in `keys`."""
    base = parts[0] if parts else []
    for part in parts[1:]:
        over = {tuple(one.get(key, "") for key in keys): one for one in part}
        base = [{**one, **over.get(tuple(one.get(key, "") for key in keys), {})} for one in base]
    return base


def _git_directories(git: Map, files: Files) -> Iterator[dict[str, str]]:
    wanted = [entry for entry in items(git, "directories") if isinstance(entry, Map)]
    excluded = [text(entry.get("path")) for entry in wanted if entry.get("exclude") is True]
    for entry in wanted:
        pattern = text(entry.get("path"))
        if not pattern or entry.get("exclude") is True:
            continue
        for folder in files.folders():
            if _means(pattern, folder) and not any(_means(other, folder) for other in excluded):
                yield _path_parameters(folder)


def _git_files(git: Map, files: Files) -> Iterator[dict[str, str]]:
    for entry in items(git, "files"):
        pattern = text(mapping(entry).get("path"))
        for path in files.found if pattern else ():
            if _means(pattern, path):
                parameters = _path_parameters(posixpath.dirname(path) or ".")
                for document in files.load(path):
                    if isinstance(document.value, Map):
                        parameters.update(_flatten(document.value))
                yield parameters


def _means(pattern: str, path: str) -> bool:
    return matches(posixpath.normpath(pattern), path)


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


def _fill(value: str, parameters: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        name = match["name"] or f"path.segments.{match['segment']}"
        return parameters.get(name, match[0])

    return _PLACEHOLDER.sub(one, value)


def _render(template: Map, parameters: Mapping[str, str]) -> Map:
    """Fill ``{{name}}`` and ``{{.name}}``; what is not known keeps its braces."""
    made = clone(template)
    stack: list[Value] = [made]
    while stack:
        current = stack.pop()
        entries = list(current.items()) if isinstance(current, Map) else enumerate(current or ())  # type: ignore[arg-type]
        for key, value in entries:
            if isinstance(value, str) and "{{" in value:
                current[key] = _fill(value, parameters)  # type: ignore[index]
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
            include=text(mapping(source, "directory").get("include")),
            exclude=text(mapping(source, "directory").get("exclude")),
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


def merge_value_files(application: Resource, files: Files, resolve: Callable[[str], str | None]) -> list[str]:
    """Put what stands in the value files of an Application's Helm sources under `VALUES_READ`, in place.

    Lowest are the values of a chart that lies in the tree, then come ``valueFiles``, each over the one before.

    Args:
        application: owned by the caller.
        files: reads the tree.
        resolve: finds the folder that a repository path means.

    Returns:
        The value files that were read.
    """
    spec = mapping(application.body, "spec")
    sources = [source for source in [spec.get("source"), *items(spec, "sources")] if isinstance(source, Map)]
    references = {text(source.get("ref")) for source in sources if text(source.get("ref"))}
    reached: list[str] = []
    for source in sources:
        helm = mapping(source, "helm")
        folder = resolve(text(source["path"])) if text(source.get("path")) else None
        paths = [_value_path(text(entry), folder, references, resolve) for entry in items(helm, "valueFiles")]
        if folder is not None and files.is_file(join(folder, "Chart.yaml")):
            paths.insert(0, join(folder, "values.yaml"))
        merged = Map(source.path, source.line)
        for path in paths:
            if not path or not files.is_file(path):
                continue
            reached.append(path)
            for document in files.load(path):
                overlay(merged, clone(document.value))
        if merged:
            if not helm:
                helm = Map(source.path, source.line)
                source.put("helm", helm, source.line)
            helm.put(VALUES_READ, merged, source.line)
    return reached


def _value_path(entry: str, folder: str | None, references: set[str], resolve: Callable[[str], str | None]) -> str:
    """Return the path of a value file; empty when it lies in a repository that is not here."""
    if entry.startswith(("$", "/")):
        name, _, rest = entry.partition("/")
        base = resolve(posixpath.dirname(rest) or ".") if name[1:] in references or not name else None
        return join(base, posixpath.basename(rest)) if base is not None else ""
    return join(folder, entry) if folder is not None and entry else ""


def overlay(base: Value, top: Value) -> None:
    """Merge `top` over the mapping `base` as Helm merges values: mappings deep, everything else replaced."""
    if not isinstance(base, Map) or not isinstance(top, Map):
        return
    for key, value in top.items():
        if isinstance(value, Map) and isinstance(base.get(key), Map):
            overlay(base[key], value)
        else:
            base.put(key, value, top.at(key))
