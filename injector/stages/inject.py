"""Stage inject: the workloads' pods opt in. One label each, so that taking it away is the way back."""

from __future__ import annotations

from typing import Final

from injector.config.model import Config
from injector.delivery.charts import find_places, place_of
from injector.edit.values import Path
from injector.errors import EditError
from injector.location import Location
from injector.migration.model import Workload
from injector.model import Consumer
from injector.stages.documents import find_document
from injector.stages.places import TEMPLATES
from injector.stages.workspace import Workspace

INJECT: Final = "inject"


def opt_in(workspace: Workspace, workload: Workload, consumer: Consumer, config: Config) -> None:
    """Give a workload's pods the opt-in label.

    Args:
        workspace: the tree.
        workload: of the migration.
        consumer: one of the workload's consumers: it knows the manifest.
        config: the label's prefix, and where charts take labels.

    Raises:
        EditError: nobody knows where the label belongs, or the manifest cannot be edited.
    """
    file, document, place = find_document(workspace, consumer.ref, consumer.origin)
    where = (*place, *label_path(workload, consumer, config))
    workspace.save(file.set(document, (*where, f"{config.label_prefix}/{INJECT}"), "true"))


def label_path(workload: Workload, consumer: Consumer, config: Config) -> Path:
    """Return where a workload's manifest has its pods' labels.

    Raises:
        EditError: a chart's place is not known.
    """
    template = TEMPLATES.get(workload.kind)
    if template is not None:
        return (*template, "metadata", "labels")
    values = values_path(consumer)
    known = config.find_workload(workload.kind, consumer.ref.namespace, workload.name)
    if known and known.labels_path:
        return (*values, *known.labels_path.split("."))
    places = find_places(consumer.chart, consumer.ref.name, place_of(consumer))
    if places:
        return (*values, *places.labels)
    message = (
        f"{consumer.ref}: nobody knows where chart {consumer.chart or '?'} takes its pods' labels; write labelsPath in "
        f"{config.path or 'phase2.yaml'} under workloads"
    )
    raise EditError(message, _at(consumer))


def values_path(consumer: Consumer) -> Path:
    """Return where the values of a chart stand in the object that deploys it.

    Raises:
        EditError: the object is no HelmRelease.
    """
    if consumer.ref.kind == "HelmRelease":
        return ("spec", "values")
    message = f"{consumer.ref}: values of a {consumer.ref.kind} are not edited; set the label there by hand"
    raise EditError(message, _at(consumer))


def _at(consumer: Consumer) -> Location:
    return consumer.origin.location
