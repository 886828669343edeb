"""Who reads which Secret: every object of a tree to its consumers.

A consumer is found by structure, because the kinds that read Secrets are without number: a part of a pod spec
is one wherever it stands, and a field that names a Secret is one whatever resource it belongs to.
"""

from __future__ import annotations

from functools import lru_cache

from injector.inventory.consumers_helm import read_helm
from injector.inventory.consumers_kinds import DEFAULT_NAMESPACES, reads_nothing
from injector.inventory.consumers_objects import read_object
from injector.inventory.consumers_reader import Charts, ConfigMaps, Reader, Redact, labels_of
from injector.manifests.document import Resource, api_group, mapping, text
from injector.model import Consumer
from injector.redact import redact as redact_text

_redact_cached: Redact = lru_cache(maxsize=8192)(redact_text)
"""A tree says ``true``, its time zone and the database's host a thousand times."""


def read_consumers(
    resource: Resource,
    root: str,
    *,
    config_map: ConfigMaps | None = None,
    chart: Charts | None = None,
    redact: Redact = _redact_cached,
) -> list[Consumer]:
    """Return everything by which an object reads a Secret.

    Args:
        resource: any object; what is misshapen in it is no consumer, and nothing raises.
        root: id of the root that deploys it, empty for an orphan.
        config_map: data of a ConfigMap of the same build, for ``envFrom`` and ``configMapKeyRef``.
        chart: the chart's name of a HelmRelease's ``chartRef``.
        redact: takes secret values out of literals.

    Returns:
        Consumers in the order of the file, each once.
    """
    body = resource.body
    kind = text(body.get("kind"))
    if reads_nothing(kind, api_group(body)):
        return []
    reader = Reader(
        ref=resource.ref,
        origin=resource.origin(root),
        redact=redact,
        config_maps=config_map,
        charts=chart,
        namespace=DEFAULT_NAMESPACES.get(kind, ""),
        labels=labels_of(mapping(body, "metadata")),
    )
    found = read_helm(body, reader)
    return _unique(read_object(body, reader) if found is None else found)


def _unique(consumers: list[Consumer]) -> list[Consumer]:
    """Drop repetitions: YAML anchors name one line many times."""
    seen: dict[tuple[object, ...], list[Consumer]] = {}
    kept = []
    for one in consumers:
        same = seen.setdefault((one.location, one.how, one.secret, one.key, one.env, one.path), [])
        if one not in same:
            same.append(one)
            kept.append(one)
    return kept
