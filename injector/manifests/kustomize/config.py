"""Which fields the transformers touch: kustomize's own table, and what ``configurations:`` adds to it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Final

from injector.manifests.document import items, mapping, text
from injector.manifests.kustomize import backrefs
from injector.manifests.kustomize.backrefs import BackReference
from injector.manifests.kustomize.identity import Gvk
from injector.manifests.kustomize.paths import FieldSpec, field_spec, read_field_spec
from injector.manifests.yamldoc import Map, Value


def _templates(field_name: str, *, is_any_batch: bool = False) -> tuple[FieldSpec, ...]:
    """Return where pod templates hold labels or annotations.

    Source: kustomize api/internal/konfig/builtinpluginconsts/metadatalabels.go and commonannotations.go.
    """
    place = f"spec/template/metadata/{field_name}"
    made = [field_spec(place, "ReplicationController", version="v1", create=True)]
    made += [field_spec(place, kind, create=True) for kind in ("Deployment", "ReplicaSet", "DaemonSet")]
    made.append(field_spec(place, "StatefulSet", group="" if is_any_batch else "apps", create=True))
    made.append(field_spec(place, "Job", group="batch", create=True))
    for start in ("spec/jobTemplate", "spec/jobTemplate/spec/template"):
        made.append(field_spec(f"{start}/metadata/{field_name}", "CronJob", group="batch", create=True))
    return tuple(made)


_TERM: Final = "labelSelector/matchLabels"
_AFFINITIES: Final = tuple(
    f"spec/template/spec/{place}/{_TERM}"
    for place in (
        "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
        "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution",
        "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
        "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution",
        "topologySpreadConstraints",
    )
)
_METADATA_LABELS: Final = field_spec("metadata/labels", create=True)
_CLAIM_LABELS: Final = field_spec(
    "spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", group="apps", create=True
)
_SELECTORS: Final = (
    field_spec("spec/selector", "Service", version="v1", create=True),
    field_spec("spec/selector", "ReplicationController", version="v1", create=True),
    *(field_spec("spec/selector/matchLabels", kind, create=True) for kind in ("Deployment", "ReplicaSet", "DaemonSet")),
    field_spec("spec/selector/matchLabels", "StatefulSet", group="apps", create=True),
    *(field_spec(path, kind, group="apps") for kind in ("Deployment", "StatefulSet") for path in _AFFINITIES),
    field_spec("spec/selector/matchLabels", "Job", group="batch"),
    field_spec("spec/jobTemplate/spec/selector/matchLabels", "CronJob", group="batch"),
    field_spec("spec/selector/matchLabels", "PodDisruptionBudget", group="policy"),
    *(
        field_spec(path, "NetworkPolicy", group="networking.k8s.io")
        for path in (
            "spec/podSelector/matchLabels",
            "spec/ingress/from/podSelector/matchLabels",
            "spec/egress/to/podSelector/matchLabels",
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The field specs of each transformer; the names are those of kustomize's configuration files."""

    common_labels: tuple[FieldSpec, ...] = (_METADATA_LABELS, *_templates("labels"), _CLAIM_LABELS, *_SELECTORS)
    template_labels: tuple[FieldSpec, ...] = (*_templates("labels"), _CLAIM_LABELS)
    common_annotations: tuple[FieldSpec, ...] = (
        field_spec("metadata/annotations", create=True),
        *_templates("annotations", is_any_batch=True),
    )
    namespace: tuple[FieldSpec, ...] = (
        field_spec("metadata/name", "Namespace", create=True),
        field_spec("spec/service/namespace", "APIService", group="apiregistration.k8s.io", create=True),
        field_spec(
            "spec/conversion/webhook/clientConfig/service/namespace",
            "CustomResourceDefinition",
            group="apiextensions.k8s.io",
        ),
    )
    images: tuple[FieldSpec, ...] = ()
    replicas: tuple[FieldSpec, ...] = tuple(
        field_spec("spec/replicas", kind, create=True)
        for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
    )
    name_prefix: tuple[FieldSpec, ...] = ()
    name_suffix: tuple[FieldSpec, ...] = ()
    references: tuple[BackReference, ...] = backrefs.DEFAULT
    custom_references: bool = field(default=False)

    def merged(self, other: Config) -> Config:
        """Return both tables in one; equal entries count once."""
        if other is DEFAULT or other is self:
            return self
        if self is DEFAULT:
            return other
        changes: dict[str, tuple[FieldSpec, ...]] = {}
        for one in fields(self):
            mine = getattr(self, one.name)
            if one.name not in ("references", "custom_references"):
                changes[one.name] = tuple(dict.fromkeys((*mine, *getattr(other, one.name))))
        return replace(
            self,
            **changes,
            references=_merge_references(self.references, other.references),
            custom_references=self.custom_references or other.custom_references,
        )


def _merge_references(mine: tuple[BackReference, ...], theirs: tuple[BackReference, ...]) -> tuple[BackReference, ...]:
    merged: dict[Gvk, dict[FieldSpec, None]] = {}
    for reference in (*mine, *theirs):
        merged.setdefault(reference.target, {}).update(dict.fromkeys(reference.specs))
    return tuple(BackReference(target, tuple(specs)) for target, specs in merged.items())


DEFAULT: Final = Config()


def read_configuration(value: Map) -> Config:
    """Return a configuration file's field specs, on top of kustomize's own.

    Source: kustomize api/internal/plugins/builtinconfig/transformerconfig.go.
    """
    references = []
    for entry in items(value, "nameReference"):
        target = mapping(entry)
        gvk = Gvk(text(target.get("group")), text(target.get("version")), text(target.get("kind")))
        references.append(BackReference(gvk, _specs(target.get("fieldSpecs"))))
    labels = _specs(value.get("commonLabels"))
    return Config(
        common_labels=(*DEFAULT.common_labels, *labels),
        template_labels=(*DEFAULT.template_labels, *_specs(value.get("templateLabels"))),
        common_annotations=(*DEFAULT.common_annotations, *_specs(value.get("commonAnnotations"))),
        namespace=(*DEFAULT.namespace, *_specs(value.get("namespace"))),
        images=_specs(value.get("images")),
        replicas=(*DEFAULT.replicas, *_specs(value.get("replicas"))),
        name_prefix=_specs(value.get("namePrefix")),
        name_suffix=_specs(value.get("nameSuffix")),
        references=_merge_references(DEFAULT.references, tuple(references)),
        custom_references=bool(references),
    )


def _specs(value: Value) -> tuple[FieldSpec, ...]:
    found = (read_field_spec(entry) for entry in items(value))
    return tuple(spec for spec in found if spec is not None)
