"""Stage inject: the workloads' pods opt in. One label each, so that taking it away is the way back.

Once a manifest names its Secrets no more (stage release), its pods say by an annotation which migrations they want.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from injector.config.model import Config
from injector.delivery.charts import find_places, place_of
from injector.edit.values import Path
from injector.errors import EditError
from injector.migration.model import Workload
from injector.model import Consumer
from injector.pod.names import OPT_IN, SECRETS
from injector.stages.documents import find_document
from injector.stages.places import TEMPLATES
from injector.stages.postrenderer import find_listed, set_post_renderer
from injector.stages.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PodPlace:
    """Where a manifest describes pods.

    Attributes:
        consumer: one that these pods are.
        labels: path of the pods' labels in the consumer's object.
        annotations: the same for annotations; empty when nobody knows.
        default_labels: path of labels that count only as long as `labels` does not exist; empty for none.
        default_annotations: the same for annotations.
        post_renderer: what the chart makes, where a post-renderer of its release gives labels and annotations; else empty.
    """

    consumer: Consumer
    labels: Path
    annotations: Path = ()
    default_labels: Path = ()
    default_annotations: Path = ()
    post_renderer: str = ""


def opt_in(workspace: Workspace, workload: Workload, consumers: Iterable[Consumer], config: Config, name: str) -> None:
    """Give a workload's pods the opt-in label.

    Args:
        workspace: the tree.
        workload: of the migration.
        consumers: the workload's: they know the manifests.
        config: the label's prefix, and where charts take labels.
        name: of the migration; added to the pods' list of migrations where they have one.

    Raises:
        EditError: nobody knows where the label belongs, or a manifest cannot be edited.
    """
    for place in find_pods(workload, consumers, config):
        if place.post_renderer:
            there = find_listed(workspace, place.consumer, place.post_renderer, config.label_prefix)
            added = [name] if there else []
            set_post_renderer(workspace, place.consumer, place.post_renderer, config.label_prefix, added)
            continue
        keep_defaults(workspace, place.consumer, place.labels, place.default_labels)
        _set(workspace, place.consumer, (*place.labels, f"{config.label_prefix}/{OPT_IN}"), "true")
        if place.annotations and _listed(workspace, place, config):
            _name(workspace, place, config, [name])


def name_migrations(
    workspace: Workspace, workload: Workload, consumers: Iterable[Consumer], config: Config, names: Sequence[str]
) -> None:
    """Let a workload's pods say which migrations they want; their manifest names the Secrets no more.

    Raises:
        EditError: nobody knows where the annotation belongs, or a manifest cannot be edited.
    """
    for place in find_pods(workload, consumers, config):
        if place.post_renderer:
            set_post_renderer(workspace, place.consumer, place.post_renderer, config.label_prefix, names)
            continue
        if not place.annotations:
            message = (
                f"{place.consumer.ref}: nobody knows where its chart takes its pods' annotations; write annotationsPath in "
                f"{config.path or 'phase2.yaml'} under workloads"
            )
            raise EditError(message, place.consumer.origin.location)
        keep_defaults(workspace, place.consumer, place.annotations, place.default_annotations)
        _name(workspace, place, config, names)


def keep_defaults(workspace: Workspace, consumer: Consumer, path: Path, defaults: Path) -> None:
    """Copy what is said of all pods to where these pods get a word of their own, which would hide it.

    Args:
        workspace: the tree.
        consumer: knows the object.
        path: of the pods' own labels or annotations, in the object.
        defaults: of those that count as long as there are none; empty for none.
    """
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    if not defaults or file.has(document, (*own, *path)) or not file.has(document, (*own, *defaults)):
        return
    there = file.value(document, (*own, *defaults))
    if isinstance(there, Mapping) and there:
        workspace.save(file.set(document, (*own, *path), there))


def _name(workspace: Workspace, place: PodPlace, config: Config, names: Sequence[str]) -> None:
    known = _listed(workspace, place, config)
    wanted = [*known, *(name for name in names if name not in known)]
    _set(workspace, place.consumer, _annotation(place, config), ",".join(wanted))


def _listed(workspace: Workspace, place: PodPlace, config: Config) -> list[str]:
    file, document, own = find_document(workspace, place.consumer.ref, place.consumer.origin)
    path = (*own, *_annotation(place, config))
    value = file.value(document, path) if file.has(document, path) else ""
    return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else []


def _annotation(place: PodPlace, config: Config) -> Path:
    return (*place.annotations, f"{config.label_prefix}/{SECRETS}")


def _set(workspace: Workspace, consumer: Consumer, path: Path, value: str) -> None:
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    workspace.save(file.set(document, (*own, *path), value))


def find_pods(workload: Workload, consumers: Iterable[Consumer], config: Config) -> list[PodPlace]:
    """Return where a workload's manifests describe the pods that read the Secret, each once.

    Raises:
        EditError: a chart's place for labels is not known.
    """
    found: dict[tuple[object, ...], PodPlace] = {}
    for consumer in consumers:
        place = _pod_of(workload, consumer, config)
        found[consumer.origin.location.path, consumer.origin.document, place.labels] = place
    return list(found.values())


def _pod_of(workload: Workload, consumer: Consumer, config: Config) -> PodPlace:
    template = TEMPLATES.get(workload.kind)
    if template is not None:
        return PodPlace(consumer, (*template, "metadata", "labels"), (*template, "metadata", "annotations"))
    values = values_path(consumer)
    known = config.find_workload(workload.kind, consumer.ref.namespace, workload.name)
    places = find_places(consumer.chart, consumer.ref.name, place_of(consumer))
    labels = _dotted(known.labels_path if known else "") or (places.labels if places else ())
    annotations = _dotted(known.annotations_path if known else "") or (places.annotations if places else ())
    if known and known.post_renderer and not known.labels_path:
        return PodPlace(consumer, (), post_renderer=known.post_renderer)
    if not labels:
        message = (
            f"{consumer.ref}: nobody knows where chart {consumer.chart or '?'} takes its pods' labels; write labelsPath in "
            f"{config.path or 'phase2.yaml'} under workloads, or postRenderer where the chart has no place for them"
        )
        raise EditError(message, consumer.origin.location)
    is_usual = places is not None and labels == places.labels
    return PodPlace(
        consumer,
        (*values, *labels),
        (*values, *annotations) if annotations else (),
        (*values, *places.default_labels) if places and is_usual and places.default_labels else (),
        (*values, *places.default_annotations) if places and is_usual and places.default_annotations else (),
    )


def _dotted(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split(".") if part)


def values_path(consumer: Consumer) -> Path:
    """Return where the values of a chart stand in the object that deploys it.

    Raises:
        EditError: the object is no HelmRelease.
    """
    if consumer.ref.kind == "HelmRelease":
        return ("spec", "values")
    message = f"{consumer.ref}: values of a {consumer.ref.kind} are not edited; set the label there by hand"
    raise EditError(message, consumer.origin.location)
