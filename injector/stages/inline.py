"""Writes into manifests what the webhook would do to the pods: for people who run without it.

A pod template is mutated by `injector.pod` itself, and the difference written. What a chart makes is not known: there the
annotations and the variables go to the chart's own places, and what has no place is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from injector.config.model import AnnotationsForm, Config
from injector.delivery.charts import Places, find_places, place_of
from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.migration.model import Delivery, Read, SecretMigration, Stage, Workload
from injector.model import Consumer
from injector.pod.annotate import TOKEN_VOLUME
from injector.pod.expect import expect_annotations, settings_of
from injector.pod.model import Json
from injector.pod.mutate import mutate_pod, token_volume
from injector.pod.names import ESO, OPT_IN, RELEASED, REVISION, SKIP
from injector.stages.documents import find_document
from injector.stages.inject import values_path
from injector.stages.places import TEMPLATES, Form, find_references
from injector.stages.workspace import Workspace
from injector.templates.helm import quote_for_tpl

Chosen = Sequence[tuple[SecretMigration, Workload]]
"""The migrations that one workload's pods obey, each with the workload as it describes it."""
_MARK: Final = f"/{REVISION}: "


def write_inline(
    workspace: Workspace, consumers: Sequence[Consumer], chosen: Chosen, config: Config, *, is_substituted: bool
) -> None:
    """Write a workload's pods as the webhook would make them.

    Args:
        workspace: the tree.
        consumers: the workload's: they know the manifests.
        chosen: all that the pods obey, together: a pod has one set of annotations.
        config: the label's prefix, where Vault is, and where charts take what.
        is_substituted: Flux puts values in the place of ``${...}`` in these manifests.

    Raises:
        EditError: the pods cannot be made so, or nobody knows where the chart takes it.
    """
    migrations = [replace(migration, stage=Stage.INJECT) for migration, _ in chosen]
    workload = chosen[0][1]
    seen: set[object] = set()
    for consumer in consumers:
        at = (consumer.origin.location.path, consumer.origin.document)
        if workload.kind not in TEMPLATES:
            _write_values(workspace, consumer, chosen, config, is_substituted=is_substituted)
        elif at not in seen:
            seen.add(at)
            _write_template(
                workspace, consumer, migrations, TEMPLATES[workload.kind], config, is_substituted=is_substituted
            )


def is_inline(journal: bytes | None) -> bool:
    """Tell by the journal of stage inject whether it wrote the pods themselves."""
    return journal is not None and _MARK.encode() in journal


# -- pod templates --------------------------------------------------------------------------------


def _write_template(
    workspace: Workspace,
    consumer: Consumer,
    migrations: Sequence[SecretMigration],
    template: Path,
    config: Config,
    *,
    is_substituted: bool,
) -> None:
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    where = (*own, *template)
    body = file.value(document, where) if where else file.value(document)
    if not isinstance(body, Mapping):
        raise EditError(f"{consumer.ref}: has no pod template; edit it by hand", consumer.origin.location)
    opted = _with_label(body, f"{config.label_prefix}/{OPT_IN}")
    if f"{config.label_prefix}/{REVISION}" in _part(body, "annotations"):
        return  # written together with the other migrations of these pods
    change = mutate_pod(opted, consumer.ref.namespace, migrations, settings_of(config))
    left = sorted({one.secret for one in migrations} - set(change.released))
    if left:
        why = "; ".join(one.removeprefix("phase2: ") for one in change.warnings) or f"Secret {', '.join(left)} stays"
        raise EditError(f"{consumer.ref}: {why}", consumer.origin.location)
    for key in ("metadata", "spec"):
        wanted = cast("Data", change.pod.get(key))
        if is_substituted:
            wanted = _escaped(wanted, frozenset(_texts(body)))
        workspace.save(_set(workspace.open(file.source.path), document, (*where, key), wanted))


def _set(file: YamlFile, document: int, path: Path, wanted: Data) -> YamlFile:
    """Make a mapping what it shall be; keys that are gone go first."""
    there = file.value(document, path) if file.has(document, path) else None
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        for key in there:
            if key not in wanted:
                file = file.delete(document, (*path, key))
    return file.set(document, path, wanted)


def _escaped(node: Data, old: frozenset[str]) -> Data:
    """Return data whose new texts survive Flux' substitution."""
    if isinstance(node, str):
        return node if node in old else node.replace("${", "$${")
    if isinstance(node, Mapping):
        return {key: _escaped(value, old) for key, value in node.items()}
    if isinstance(node, Sequence):
        return [_escaped(value, old) for value in node]
    return node


def _texts(node: Data) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, Sequence):
        for value in node:
            yield from _texts(value)


def _with_label(body: Mapping[str, Data], label: str) -> Mapping[str, Json]:
    metadata = body.get("metadata")
    own = dict(metadata) if isinstance(metadata, Mapping) else {}
    own["labels"] = {**_part(body, "labels"), label: "true"}
    return cast("Mapping[str, Json]", {**body, "metadata": own})


def _part(body: Mapping[str, Data], part: str) -> Mapping[str, Data]:
    metadata = body.get("metadata")
    found = metadata.get(part) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


# -- charts ---------------------------------------------------------------------------------------


def _write_values(
    workspace: Workspace, consumer: Consumer, chosen: Chosen, config: Config, *, is_substituted: bool
) -> None:
    values = values_path(consumer)
    places = find_places(consumer.chart, consumer.ref.name, place_of(consumer))
    known = config.find_workload(consumer.ref.kind, consumer.ref.namespace, consumer.ref.name)
    own_path = tuple(part for part in (known.annotations_path if known else "").split(".") if part)
    annotations = own_path or (places.annotations if places else ())
    if not annotations:
        message = (
            f"{consumer.ref}: nobody knows where chart {consumer.chart or '?'} takes its pods' annotations; write annotationsPath "
            f"in {config.path or 'phase2.yaml'} under workloads"
        )
        raise EditError(message, consumer.origin.location)
    settings = settings_of(config)
    made = expect_annotations(chosen, settings)
    made[f"{config.label_prefix}/{RELEASED}"] = ",".join(sorted(one.secret for one, _ in chosen))
    made[f"{config.label_prefix}/{REVISION}"] = "inline"
    is_tpl = bool(known and known.annotations_form is AnnotationsForm.TEMPLATE)
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    where = (*own, *values)
    for name in sorted(made):
        value = quote_for_tpl(made[name]) if is_tpl else made[name]
        value = value.replace("${", "$${") if is_substituted else value
        file = file.set(document, (*where, *annotations, name), value)
    labels = own_labels(known.labels_path if known else "", places)
    file = file.set(document, (*where, *labels, f"{config.label_prefix}/{ESO}"), SKIP)
    if settings.audience:
        file = _add_token(file, document, where, places, consumer, settings.audience)
    for migration, workload in chosen:
        file = _rewire(file, document, own, migration, workload, consumer, places)
    workspace.save(file)


def own_labels(path: str, places: Places | None) -> tuple[str, ...]:
    """Return where the chart takes labels."""
    return tuple(part for part in path.split(".") if part) or (places.labels if places else ())


def _add_token(
    file: YamlFile, document: int, where: Path, places: Places | None, consumer: Consumer, audience: str
) -> YamlFile:
    if places is None or not places.volumes:
        message = (
            f"{consumer.ref}: nobody knows where chart {consumer.chart or '?'} takes a pod volume as it is, and the agent needs one "
            "with a token for vault.auth.audience; leave the audience out, or let the webhook do it"
        )
        raise EditError(message, consumer.origin.location)
    path = (*where, *places.volumes)
    there = file.value(document, path) if file.has(document, path) else []
    if isinstance(there, Sequence) and any(
        isinstance(one, Mapping) and one.get("name") == TOKEN_VOLUME for one in there
    ):
        return file
    return file.append(document, path, cast("Data", token_volume(audience)))


def _rewire(
    file: YamlFile,
    document: int,
    own: Path,
    migration: SecretMigration,
    workload: Workload,
    consumer: Consumer,
    places: Places | None,
) -> YamlFile:
    """Put variables for files in the place of those that hold values."""
    reads = {read.env: read for container in workload.containers for read in container.reads}
    odd = next((one for one in reads.values() if one.delivery is not Delivery.ENV_FILE), None)
    if odd is not None:
        raise EditError(_not_in_values(consumer, odd), consumer.origin.location)
    body = file.value(document, own) if own else file.value(document)
    for reference in find_references(body, migration.secret):
        read = reads.get(reference.name)
        if read is None or reference.key not in migration.keys:
            continue
        path = (*own, *reference.path)
        if reference.form is Form.ENV_ITEM:
            file = file.set(document, path, {"name": read.file_env, "value": read.path})
        elif reference.form is Form.ENV_KEY:
            siblings = (*own, "spec", "values", *places.env) if places and places.env else path[:-1]
            file = file.set(document, (*siblings, read.file_env), read.path).delete(document, path, is_pruning=True)
    return file


def _not_in_values(consumer: Consumer, read: Read) -> str:
    what = (
        "its command, which would have to be wrapped,"
        if read.delivery is Delivery.ENV_WRAPPED
        else f"its volume for {read.path}"
    )
    return f"{consumer.ref}: {what} is made by the chart, and cannot be rewritten in its values; let the webhook do it"
