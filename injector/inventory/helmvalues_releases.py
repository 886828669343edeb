"""Helm releases of every GitOps engine: which chart, which release name, which namespace, which values.

Flux ``HelmRelease``, Argo CD ``Application`` and k3s ``HelmChart`` say the same things in different fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from injector.inventory.consumers_embedded import parse_embedded
from injector.inventory.consumers_reader import Reader, Release
from injector.inventory.helmvalues import read_values
from injector.location import Location
from injector.manifests.argo import VALUES_READ, is_application, overlay
from injector.manifests.document import Resource, api_group, items, mapping, ref_of, text
from injector.manifests.yamldoc import Map, Seq, Value, clone
from injector.model import ObjectRef

_FLUX_GROUPS: Final = ("helm.toolkit.fluxcd.io", "helm.fluxcd.io")
_K3S_GROUP: Final = "helm.cattle.io"
_MAX_PARTS: Final = 30


def is_flux_release(body: Map) -> bool:
    """Tell whether an object is a Flux HelmRelease, of the old helm-operator or the new helm-controller."""
    return body.get("kind") == "HelmRelease" and api_group(body) in _FLUX_GROUPS


def is_k3s_chart(body: Map) -> bool:
    """Tell whether an object is a HelmChart or HelmChartConfig of k3s and RKE2."""
    return body.get("kind") in ("HelmChart", "HelmChartConfig") and api_group(body) == _K3S_GROUP


def iter_releases(body: Map, reader: Reader) -> Iterator[tuple[Map, Reader]]:
    """Yield the releases that an object makes.

    Args:
        body: any object; what makes no Helm release yields nothing.
        reader: the object's.

    Yields:
        The release's values, and its reader: with the chart, the release name and the namespace it installs to.
    """
    if is_flux_release(body):
        yield _flux_release(body, reader)
    elif is_k3s_chart(body):
        yield _k3s_chart(body, reader)
    elif is_application(body):
        yield from _applications(body, reader)


def embedded_objects(resource: Resource) -> list[Resource]:
    """Return the whole objects that stand in a release's values (``extraObjects``, ``rawResources``).

    A chart deploys them like objects of their own, so an ExternalSecret among them is a source. Their consumers
    are read with the release; only who looks for sources needs this.
    """
    if not (is_flux_release(resource.body) or is_k3s_chart(resource.body) or is_application(resource.body)):
        return []
    reader = Reader(ref=resource.ref, origin=resource.origin(""), redact=_as_is)
    made: list[Resource] = []
    for values, inner in iter_releases(resource.body, reader):
        if not _may_hold_objects(values):
            continue
        for found in read_values(values, inner)[1]:
            body = clone(found)
            if isinstance(body, Map) and ("metadata" in body or "spec" in body):
                ref = object_ref(body, inner)
                metadata = mapping(body, "metadata") or Map(body.path, body.line)
                metadata.put("namespace", ref.namespace)
                metadata.put("name", ref.name)
                body.put("metadata", metadata)
                at = Location(body.path, body.line)
                made.append(replace(resource, body=body, location=at, original_name=""))
    return made


def _may_hold_objects(values: Map) -> bool:
    """Tell at little cost whether the values of a release may hold whole objects: most do not."""
    stack: list[Value] = [values]
    while stack:
        current = stack.pop()
        if isinstance(current, Map):
            if "apiVersion" in current:
                return True
            stack.extend(current.values())
        elif isinstance(current, Seq):
            stack.extend(current)
        elif isinstance(current, str) and "apiVersion" in current:
            return True
    return False


def object_ref(body: Map, reader: Reader) -> ObjectRef:
    """Return the identity of an object in the values of `reader`'s release."""
    ref = ref_of(body)
    name = reader.name_of(ref.name) or (reader.release.name if reader.release else "")
    namespace = reader.name_of(ref.namespace) or reader.namespace or reader.ref.namespace
    return replace(ref, namespace=namespace, name=name)


def _as_is(value: str) -> str:
    return value


def _flux_release(body: Map, reader: Reader) -> tuple[Map, Reader]:
    spec = mapping(body, "spec")
    target = text(spec.get("targetNamespace"))
    # https://fluxcd.io/flux/components/helm/helmreleases/#release-name
    name = text(spec.get("releaseName")) or (f"{target}-{reader.ref.name}" if target else reader.ref.name)
    release = Release(name, target or reader.ref.namespace)
    inner = replace(reader, namespace=target, chart=_chart_of(spec, reader), release=release)
    return mapping(spec, "values"), inner


def _chart_of(spec: Map, reader: Reader) -> str:
    chart = spec.get("chart")
    if isinstance(chart, Map):
        # helm.fluxcd.io/v1 had the chart's name, or its path in a git repository, directly in spec.chart.
        name = text(mapping(chart, "spec").get("chart")) or text(chart.get("name"))
        return _last_part(name or text(chart.get("path")))
    reference = mapping(spec, "chartRef")
    kind, name = text(reference.get("kind")), text(reference.get("name"))
    known = reader.charts(kind, name) if reader.charts is not None and name else ""
    return known or name


def _last_part(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _applications(body: Map, reader: Reader) -> Iterator[tuple[Map, Reader]]:
    spec = mapping(body, "spec")
    if body.get("kind") == "ApplicationSet":
        spec = mapping(mapping(spec, "template"), "spec")
    namespace = reader.name_of(mapping(spec, "destination").get("namespace"))
    for source in [spec.get("source"), *items(spec, "sources")]:
        helm = mapping(source, "helm")
        if helm and isinstance(source, Map):
            name = text(helm.get("releaseName")) or reader.ref.name
            chart = _last_part(text(source.get("chart")) or text(source.get("path")))
            release = Release(name, namespace or reader.ref.namespace)
            yield (
                _argo_values(helm),
                replace(reader, namespace=namespace, chart=chart, release=release),
            )


def _argo_values(helm: Map) -> Map:
    """Lay an Application's values over those of its files, parameters on top; ``valuesObject`` switches ``values`` off.

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-value-precedence.
    """
    merged = mapping(clone(mapping(helm, VALUES_READ)))
    overlay(merged, clone(mapping(helm, "valuesObject")) or parse_embedded(helm, "values"))
    for parameter in items(helm, "parameters"):
        if isinstance(parameter, Map):
            _put_dotted(merged, text(parameter.get("name")), parameter)
    return merged


def _put_dotted(values: Map, name: str, parameter: Map) -> None:
    parts = name.split(".")
    if not name or "[" in name or len(parts) > _MAX_PARTS:
        return
    at = parameter.at("value")
    for part in parts[:-1]:
        inner = values.get(part)
        if not isinstance(inner, Map):
            inner = Map(at.path, at.line)
            values.put(part, inner, at)
        values = inner
    values.put(parts[-1], parameter.get("value"), at)


def _k3s_chart(body: Map, reader: Reader) -> tuple[Map, Reader]:
    # https://docs.k3s.io/helm#helmchart-field-definitions
    spec = mapping(body, "spec")
    target = text(spec.get("targetNamespace"))
    chart = _last_part(text(spec.get("chart"))) or reader.ref.name
    release = Release(reader.ref.name, target or reader.ref.namespace)
    inner = replace(reader, namespace=target, chart=chart, release=release)
    return mapping(parse_embedded(spec, "valuesContent")), inner
