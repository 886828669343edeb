"""``labels``, ``commonLabels`` and ``commonAnnotations``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from injector.manifests.document import items, mapping
from injector.manifests.kustomize.config import Config
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.paths import FieldSpec, field_spec, read_field_spec, visit
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map

_METADATA_LABELS: Final = field_spec("metadata/labels", create=True)


def add_marks(session: Session, layer: Layer, resources: list[Tracked], config: Config) -> None:
    """Apply the three fields, in kustomize's order.

    Source: kustomize api/internal/target/kusttarget_configplugin.go LabelTransformer, AnnotationsTransformer.
    """
    for entry in items(layer.body, "labels"):
        if not isinstance(entry, Map):
            continue
        found = (read_field_spec(one) for one in items(entry, "fields"))
        specs = [spec for spec in found if spec is not None]
        if entry.get("includeSelectors") is True:
            specs += config.common_labels
        else:
            specs.append(_METADATA_LABELS)
            if entry.get("includeTemplates") is True:
                specs += config.template_labels
        _mark(mapping(entry, "pairs"), resources, specs)
    _mark(mapping(layer.body, "commonLabels"), resources, config.common_labels)
    _mark(mapping(layer.body, "commonAnnotations"), resources, config.common_annotations)


def _mark(pairs: Map, resources: list[Tracked], specs: Sequence[FieldSpec]) -> None:
    if not pairs:
        return
    at = pairs.at()

    def put(holder: Map, key: str) -> None:
        found = holder.get(key)
        if found is None:
            found = Map(at.path, at.line)
            holder.put(key, found, at)
        if isinstance(found, Map):
            for name, value in pairs.items():
                if not isinstance(value, (Map, list)):
                    found.put(name, value, pairs.at(name))

    by_kind: dict[str, list[FieldSpec]] = {}
    for spec in specs:
        by_kind.setdefault(spec.kind, []).append(spec)
    for one in resources:
        gvk = one.gvk
        for spec in (*by_kind.get("", ()), *by_kind.get(gvk.kind, ())):
            if spec.selects(gvk) and not (one.is_header_only and spec.segments[0] != "metadata"):
                visit(one.body, spec, put, at)
