"""Flux: from a Kustomization object to a root, and ``postBuild`` substitution.

Source: https://fluxcd.io/flux/components/kustomize/kustomizations/ and fluxcd/pkg/kustomize
(kustomize_varsub.go, which uses fluxcd/pkg/envsubst).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from injector.location import Location
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.envsubst import DEFAULTS, transform
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import Diagnostic

GROUP: Final = "kustomize.toolkit.fluxcd.io"
NAMESPACE: Final = "flux-system"
_SUBSTITUTE: Final = f"{GROUP}/substitute"


@dataclass(frozen=True, slots=True)
class FluxKustomization:
    """A ``kustomize.toolkit.fluxcd.io`` Kustomization, read.

    Attributes:
        namespace, name: its identity.
        path: ``spec.path`` relative to the source's root, ``.`` when absent.
        source: kind/name of ``spec.sourceRef``.
        depends_on: (namespace, name) of the Kustomizations that must be ready first.
        substitute: ``postBuild.substitute``; None when there is no ``postBuild`` at all.
        substitute_from: (kind, name, is_optional, location) of ``postBuild.substituteFrom``.
        extra: what of its spec is a kustomization's field, None when there is nothing.
        is_suspended: ``spec.suspend``: still deployed, only not reconciled.
    """

    namespace: str
    name: str
    path: str
    source: tuple[str, str]
    depends_on: tuple[tuple[str, str], ...]
    substitute: Mapping[str, str] | None
    substitute_from: tuple[tuple[str, str, bool, Location], ...]
    extra: Map | None
    location: Location

    @property
    def id(self) -> str:
        """Return the root id."""
        return f"flux:{self.namespace}/{self.name}"


def is_flux_kustomization(body: Map) -> bool:
    """Tell a Flux Kustomization from kustomize's file of the same kind."""
    return body.get("kind") == "Kustomization" and api_group(body) == GROUP


def read_kustomization(resource: Resource) -> FluxKustomization:
    """Read a Flux Kustomization; what is missing or of a wrong type counts as absent."""
    body = resource.body
    spec = mapping(body, "spec")
    metadata = mapping(body, "metadata")
    namespace = text(metadata.get("namespace")) or NAMESPACE
    source = mapping(spec, "sourceRef")
    post = mapping(spec, "postBuild")
    substitute = {key: text(value) for key, value in mapping(post, "substitute").items()} if post else None
    return FluxKustomization(
        namespace=namespace,
        name=text(metadata.get("name")),
        path=text(spec.get("path")) or ".",
        source=(text(source.get("kind")) or "GitRepository", text(source.get("name"))),
        depends_on=tuple(
            (text(entry.get("namespace")) or namespace, text(entry.get("name")))
            for entry in items(spec, "dependsOn")
            if isinstance(entry, Map)
        ),
        substitute=substitute,
        substitute_from=tuple(
            (text(entry.get("kind")), text(entry.get("name")), entry.get("optional") is True, entry.at("name"))
            for entry in items(post, "substituteFrom")
            if isinstance(entry, Map)
        ),
        extra=_extra_of(spec),
        location=resource.location,
    )


def _extra_of(spec: Map) -> Map | None:
    """Return spec fields that flux lays over the folder's kustomization.

    Source: fluxcd/pkg/kustomize/kustomize_generator.go (patches, components, images, targetNamespace,
    namePrefix, nameSuffix, commonMetadata).
    """
    extra = Map(spec.path, spec.line)
    for key in ("patches", "patchesStrategicMerge", "patchesJson6902", "components", "images"):
        if items(spec, key):
            extra.put(key, spec[key], spec.lines.get(key))
    for key, ours in (("targetNamespace", "namespace"), ("namePrefix",) * 2, ("nameSuffix",) * 2):
        if text(spec.get(key)):
            extra.put(ours, spec[key], spec.lines.get(key))
    common = mapping(spec, "commonMetadata")
    if common.get("annotations"):
        extra.put("commonAnnotations", common["annotations"], common.lines.get("annotations"))
    return extra or None


_VARIABLE: Final = re.compile(
    r"\$\$\{|\$\{(?P<size>#)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<op>:[=?+-]|=|-|/[/#%]?|##?|%%?|,,?|\^\^?|:)?"
    r"(?P<rest>(?:[^{}]|\{[^{}]*\})*)\}"
)


class Substitution:
    """Replaces ``${VAR}`` in the scalars of objects.

    Flux replaces what it does not know by nothing. Here an unknown variable is *kept* and reported: its value
    may come from a Secret or a ConfigMap that is not in the tree. What Flux refuses to read is kept as well.

    Attributes:
        unknown: variables that nothing sets -> where the first one stands.
        refused: variables in a form that Flux does not know -> the same.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.unknown: dict[str, Location] = {}
        self.refused: dict[str, Location] = {}

    def apply(self, resource: Resource) -> None:
        """Substitute in a whole object, in place, unless the object opts out."""
        metadata = mapping(resource.body, "metadata")
        for holder in (mapping(metadata, "labels"), mapping(metadata, "annotations")):
            if text(holder.get(_SUBSTITUTE)) == "disabled":
                return
        self._walk(resource.body)

    def _walk(self, root: Map) -> None:
        stack: list[Map | Seq] = [root]
        while stack:
            current = stack.pop()
            if isinstance(current, Map) and "${" in "\n".join(current):
                self._rename(current)
            # Setting a key that is there does not disturb the walk.
            entries: Iterable[tuple[str | int, Value]]
            entries = current.items() if isinstance(current, Map) else enumerate(current)
            for key, value in entries:
                if isinstance(value, str):
                    if "${" in value:
                        current[key] = self.replace(value, current.at(key))  # type: ignore[index,arg-type]
                elif isinstance(value, (Map, Seq)):
                    stack.append(value)

    def _rename(self, holder: Map) -> None:
        """Substitute in keys, which stay where they are."""
        entries = [(self.replace(key, holder.at(key)), value, holder.at(key)) for key, value in holder.items()]
        holder.clear()
        holder.lines.clear()
        for key, value, at in entries:
            holder.put(key, value, at)

    def replace(self, value: str, at: Location) -> str:
        """Return the text with every known variable replaced, also in the default of an unknown one."""

        def one(match: re.Match[str]) -> str:
            name = match["name"]
            if name is None:
                return "${"
            known = self._variables.get(name)
            operator, rest = match["op"] or "", match["rest"]
            if operator in DEFAULTS and not match["size"]:
                return known or self.replace(rest, at)
            if known is None:
                self.unknown.setdefault(name, at)
                return match[0]
            if match["size"]:
                made = str(len(known)) if not operator + rest else None
            else:
                made = transform(known, operator, self.replace(rest, at)) if operator + rest else known
            if made is None:
                self.refused.setdefault(name, at)
            return match[0] if made is None else made

        return _VARIABLE.sub(one, value)


def collect_variables(
    flux: FluxKustomization, find_config_map: Callable[[str], Map | None]
) -> tuple[dict[str, str] | None, list[Diagnostic]]:
    """Gather a Kustomization's variables; ``substitute`` wins over ``substituteFrom``, later over earlier.

    Args:
        flux: the Kustomization.
        find_config_map: returns the ConfigMap of a name in the tree, None when it is not there.

    Returns:
        The variables (None when nothing is substituted), and what could not be read.
    """
    if flux.substitute is None:
        return None, []
    variables: dict[str, str] = {}
    missing: list[Diagnostic] = []
    for kind, name, is_optional, at in flux.substitute_from:
        found = find_config_map(name) if kind == "ConfigMap" else None
        if found is not None:
            variables.update((key, text(value)) for key, value in mapping(found, "data").items())
        elif not is_optional or kind == "Secret":
            why = "values of Secrets are not read" if kind == "Secret" else "it is not in the tree"
            message = f"substituteFrom {kind} {name} is not known ({why}); its ${{VARS}} are kept as they are"
            missing.append(Diagnostic(at, "substitute-from", message))
    variables.update(flux.substitute)
    return variables, missing
