"""What a HelmRelease's own ``postRenderers`` would take from the pods that its chart makes.

The chart's objects are not known here, so each patch is tried on a pod template of every kind that it may mean.

Source: https://fluxcd.io/flux/components/helm/helmreleases/#post-renderers (kustomize ``patches``; until v2beta2 also
``patchesStrategicMerge`` and ``patchesJson6902``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from injector.inventory.consumers_embedded import parse_text
from injector.location import Location
from injector.manifests.document import items, mapping, text
from injector.manifests.kustomize.jsonpatch import JsonPatchError, apply_operations, read_operations
from injector.manifests.kustomize.merge import MismatchError, merge
from injector.manifests.kustomize.mergekeys import schema_of
from injector.manifests.yamldoc import Map, Seq, Value

_PATCHES: Final = ("patchesStrategicMerge", "patches", "patchesJson6902")
_KINDS: Final = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
_PARTS: Final = ("labels", "annotations")
_PROBE: Final = "phase2.example/probe"
"""Stands for what the chart's pods have from its values, whatever it is called."""
_LIST: Final = "/secrets"
_OURS: Final = ("/inject", "/secrets", "/agent-inject")


def find_undoing(release: Map) -> tuple[tuple[str, Location], ...]:
    """Return (``labels`` or ``annotations``, where) of what would take these from the release's pods again.

    What a later post-renderer gives them anew is not lost.

    Args:
        release: a Flux HelmRelease.
    """
    found: dict[tuple[str, Location], None] = {}
    for patch, at in _all_patches(release):
        given = {part for part, names in zip(_PARTS, _given(patch), strict=True) if names}
        found = {own: None for own in found if own[0] not in given}
        found.update(dict.fromkeys((part, at) for part in sorted(_lost(patch))))
    return tuple(found)


def sets_label(release: Map) -> bool:
    """Tell whether a post-renderer gives the pods the opt-in label."""
    return any(_given(patch)[0] for patch, _ in _all_patches(release))


def _all_patches(release: Map) -> Iterator[tuple[Value, Location]]:
    for entry in items(mapping(release, "spec"), "postRenderers"):
        kustomize = mapping(mapping(entry), "kustomize")
        for key in _PATCHES:
            yield from _patches(kustomize, key)


def _given(patch: Value) -> tuple[bool, bool]:
    """Tell whether a strategic merge patch gives pods the opt-in label, and a list of migrations."""
    if not isinstance(patch, Map):
        return False, False
    metadata = mapping(_template(patch, text(patch.get("kind"))), "metadata")
    labels, annotations = mapping(metadata, "labels"), mapping(metadata, "annotations")
    has_label = any(key.endswith("/inject") and value == "true" for key, value in labels.items())
    return has_label, any(key.endswith(_LIST) for key in annotations)


def _patches(kustomize: Map, key: str) -> Iterator[tuple[Value, Location]]:
    entries = kustomize.get(key)
    for index, entry in enumerate(entries) if isinstance(entries, Seq) else ():
        at = entries.at(index) if isinstance(entries, Seq) else kustomize.at(key)
        patch, where = entry, at
        if isinstance(entry, Map) and "patch" in entry:
            patch, where = entry["patch"], entry.at("patch")
        yield (parse_text(patch, where) if isinstance(patch, str) else patch), at


def _lost(patch: Value) -> set[str]:
    """Return which of a pod template's labels and annotations a patch takes away."""
    names = (_PROBE, *_names(patch))
    lost: set[str] = set()
    for kind, version in _KINDS.items():
        body = _probe(kind, names)
        _apply(body, patch, kind, version)
        after = mapping(_template(body, kind), "metadata")
        lost.update(part for part in _PARTS if any(not _is_kept(mapping(after, part), name) for name in names))
    return lost


def _is_kept(there: Map, name: str) -> bool:
    # A list of other names is what a stage itself writes for charts without a place for it.
    return name in there and (name.endswith(_LIST) or there[name] == "true")


def _names(patch: Value) -> Iterator[str]:
    """Yield the names of ours that a patch speaks of: it may set another value for one of them."""
    if isinstance(patch, Map):
        for key, value in patch.items():
            word = text(value).rpartition("/")[2].replace("~1", "/") if key == "path" else key
            if word.endswith(_OURS):
                yield word
            yield from _names(value)
    elif isinstance(patch, Seq):
        for value in patch:
            yield from _names(value)


def _probe(kind: str, names: tuple[str, ...]) -> Map:
    metadata = _map({part: _map(dict.fromkeys(names, "true")) for part in _PARTS})
    spec = _map({"template": _map({"metadata": metadata, "spec": Map()})})
    if kind == "CronJob":
        spec = _map({"jobTemplate": _map({"spec": spec})})
    return _map({"kind": kind, "metadata": Map(), "spec": spec})


def _template(body: Map, kind: str) -> Map:
    spec = mapping(body, "spec")
    return mapping(mapping(mapping(spec, "jobTemplate"), "spec") if kind == "CronJob" else spec, "template")


def _map(values: dict[str, Value]) -> Map:
    made = Map()
    made.update(values)
    return made


def _apply(body: Map, patch: Value, kind: str, version: str) -> None:
    """Apply what of a patch can be applied to a template of which little is known."""
    if isinstance(patch, Map):
        if text(patch.get("kind")) in ("", kind):
            with contextlib.suppress(MismatchError):
                merge(body, patch, schema_of(version, kind))
        return
    with contextlib.suppress(JsonPatchError):
        for one in read_operations(patch) or ():
            with contextlib.suppress(JsonPatchError):
                apply_operations(body, [one])
