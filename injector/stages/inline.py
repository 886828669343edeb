"""Writes into manifests what the webhook would do to the pods: for people who run without it.

A pod template is mutated by `injector.pod` itself, and the difference written; for charts' values see `chartvalues`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from injector.config.model import Config
from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.migration.model import SecretMigration, Stage
from injector.model import Consumer
from injector.pod.expect import settings_of
from injector.pod.model import Json
from injector.pod.mutate import mutate_pod
from injector.pod.names import OPT_IN, REVISION
from injector.pod.reading import as_list, iter_containers
from injector.pod.rewire import MAIN_VOLUME
from injector.stages.chartvalues import Chosen, write_values
from injector.stages.documents import find_document
from injector.stages.places import TEMPLATES
from injector.stages.workspace import Workspace


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
            write_values(workspace, consumer, chosen, config, is_substituted=is_substituted)
        elif at not in seen:
            seen.add(at)
            _write_template(
                workspace, consumer, migrations, TEMPLATES[workload.kind], config, is_substituted=is_substituted
            )


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
    left = sorted({one.secret for one in migrations} - set(change.moved))
    if left:
        why = "; ".join(one.removeprefix("phase2: ") for one in change.warnings) or f"Secret {', '.join(left)} stays"
        raise EditError(f"{consumer.ref}: {why}", consumer.origin.location)
    if template and _mounts_injectors_volume(change.pod):
        message = (
            f"{consumer.ref}: mounts a single file of Secret {', '.join(change.moved)} by subPath, and a pod template cannot name "
            "the injector's volume; mount the folder, or let the webhook do it"
        )
        raise EditError(message, consumer.origin.location)
    for key in ("metadata", "spec"):
        wanted = cast("Data", change.pod.get(key))
        if is_substituted:
            wanted = _escaped(wanted, frozenset(_texts(body)))
        workspace.save(_set(workspace.open(file.source.path), document, (*where, key), wanted))


def _mounts_injectors_volume(pod: Mapping[str, Json]) -> bool:
    """Tell whether a container mounts a volume that only the injector adds: the API server refuses such a pod template."""
    return any(
        mount.get("name") == MAIN_VOLUME
        for _, container in iter_containers(pod)
        for mount in as_list(container.get("volumeMounts"))
    )


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
