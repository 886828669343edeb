"""Where resources live and what they are called: ``namespace``, ``namePrefix`` and ``nameSuffix``."""

from __future__ import annotations

from typing import Final

from injector.location import Location
from injector.manifests.document import items, text
from injector.manifests.kustomize.config import Config
from injector.manifests.kustomize.identity import Tracked, is_cluster_scoped
from injector.manifests.kustomize.paths import FieldSpec, visit
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map

_METADATA_NAMESPACE: Final = ("metadata", "namespace")
_BINDINGS: Final = frozenset({"RoleBinding", "ClusterRoleBinding"})
_KEEPS_NAME: Final = frozenset({"CustomResourceDefinition", "Namespace"})


def set_namespace(session: Session, layer: Layer, resources: list[Tracked], config: Config) -> None:
    """Apply ``namespace``.

    Cluster-scoped kinds that kustomize knows get none, everything else does, custom resources included. Of a
    binding's subjects only those called ``default`` follow here; those that name a ServiceAccount of the same
    build follow with the names.

    Source: kustomize api/filters/namespace/namespace.go.
    """
    namespace = text(layer.body.get("namespace"))
    if not namespace:
        return
    at = layer.body.at("namespace")
    specs = [spec for spec in config.namespace if spec.segments != _METADATA_NAMESPACE]
    for one in resources:
        before = one.id
        if not is_cluster_scoped(before.gvk):
            one.metadata().put("namespace", namespace, at)
        if before.gvk.kind in _BINDINGS:
            _set_subjects(one.body, namespace, at)
        for spec in specs:
            if spec.selects(before.gvk) and not (before.gvk.kind in _BINDINGS and spec.segments == ("subjects",)):
                _put(one, spec, namespace, at)
        one.previous.append(before)


def _put(one: Tracked, spec: FieldSpec, value: str, at: Location) -> None:
    if one.is_header_only and spec.segments[0] != "metadata":
        return
    visit(one.body, spec, lambda holder, key: holder.put(key, value, at), at)


def _set_subjects(body: Map, namespace: str, at: Location) -> None:
    for subject in items(body, "subjects"):
        if isinstance(subject, Map) and subject.get("name") == "default":
            subject.put("namespace", namespace, at)


def add_affixes(session: Session, layer: Layer, resources: list[Tracked], config: Config) -> None:
    """Apply ``namePrefix`` and ``nameSuffix``.

    Source: kustomize api/internal/builtins/PrefixTransformer.go and SuffixTransformer.go.
    """
    prefix, suffix = text(layer.body.get("namePrefix")), text(layer.body.get("nameSuffix"))
    if not prefix and not suffix:
        return
    for one in resources:
        first = one.first_id.gvk
        if first.kind in _KEEPS_NAME or (first.kind == "APIService" and first.group == "apiregistration.k8s.io"):
            continue
        metadata = one.metadata()
        name = text(metadata.get("name"))
        one.remember()
        metadata["name"] = f"{prefix}{name}{suffix}"
        if prefix:
            one.prefixes.append(prefix)
        if suffix:
            one.suffixes.append(suffix)
        for spec in config.name_prefix if prefix else ():
            if spec.selects(first) and spec.segments != ("metadata", "name"):
                visit(one.body, spec, lambda holder, key: _affix(holder, key, prefix, ""))
        for spec in config.name_suffix if suffix else ():
            if spec.selects(first) and spec.segments != ("metadata", "name"):
                visit(one.body, spec, lambda holder, key: _affix(holder, key, "", suffix))


def _affix(holder: Map, key: str, prefix: str, suffix: str) -> None:
    value = holder[key]
    if isinstance(value, str):
        holder[key] = f"{prefix}{value}{suffix}"
