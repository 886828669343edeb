"""Writes into a chart's values what the webhook would do to the pods that the chart makes.

The annotations, variables, commands and volumes go to the chart's own places; what has no place is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from injector.config.model import AnnotationsForm, Config
from injector.delivery.charts import Places, find_places, literal, place_of
from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.migration.model import ContainerReads, Delivery, Read, SecretMigration, Workload
from injector.model import Consumer
from injector.pod.annotate import TOKEN_FOLDER, TOKEN_VOLUME
from injector.pod.environment import wrap_command
from injector.pod.expect import expect_annotations, settings_of
from injector.pod.mutate import token_volume
from injector.pod.names import ESO, RELEASED, REVISION, SKIP
from injector.pod.rewire import FOLDER
from injector.stages.documents import find_document
from injector.stages.inject import keep_defaults, values_path
from injector.stages.mounts import drop_volume
from injector.stages.places import Form, Reference, find_references
from injector.stages.workspace import Workspace
from injector.templates.helm import quote_for_tpl

Chosen = Sequence[tuple[SecretMigration, Workload]]
"""The migrations that one workload's pods obey, each with the workload as it describes it."""
_VOLUMES = (Form.VOLUME, Form.PERSISTENCE, Form.SECRET_MOUNT)


def write_values(
    workspace: Workspace, consumer: Consumer, chosen: Chosen, config: Config, *, is_substituted: bool
) -> None:
    """Write one consumer's part of a release; a second time changes nothing.

    Args:
        workspace: the tree.
        consumer: a container, or a field that becomes one.
        chosen: all that its pods obey, together.
        config: the label's prefix, where Vault is, and where charts take what.
        is_substituted: Flux puts values in the place of ``${...}`` in the manifest.

    Raises:
        EditError: nobody knows where the chart takes it.
    """
    places = find_places(consumer.chart, consumer.ref.name, place_of(consumer))
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    if places and places.default_annotations:
        values = values_path(consumer)
        keep_defaults(workspace, consumer, (*values, *places.annotations), (*values, *places.default_annotations))
        file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    writer = _Writer(file, document, own, (*own, *values_path(consumer)), consumer, places, is_substituted)
    writer.annotate(chosen, config)
    for migration, workload in chosen:
        writer.rewire(migration, workload)
    workspace.save(writer.file)


@dataclass(slots=True)
class _Writer:
    """The values of one release in the making.

    Attributes:
        own: path of the release in its document.
        values: path of its values.
    """

    file: YamlFile
    document: int
    own: Path
    values: Path
    consumer: Consumer
    places: Places | None
    is_substituted: bool

    def annotate(self, chosen: Chosen, config: Config) -> None:
        """Write annotations and labels, and the volume with the agent's token."""
        consumer, places = self.consumer, self.places
        known = config.find_workload(consumer.ref.kind, consumer.ref.namespace, consumer.ref.name)
        annotations = _dotted(known.annotations_path if known else "") or (places.annotations if places else ())
        labels = _dotted(known.labels_path if known else "") or (places.labels if places else ())
        if not annotations:
            self._refuse(
                f"nobody knows where chart {consumer.chart or '?'} takes its pods' annotations; write annotationsPath in "
                f"{config.path or 'phase2.yaml'} under workloads"
            )
        settings = settings_of(config)
        made = expect_annotations(chosen, settings)
        made[f"{config.label_prefix}/{RELEASED}"] = ",".join(sorted(one.secret for one, _ in chosen))
        made[f"{config.label_prefix}/{REVISION}"] = "inline"
        is_said = bool(known and known.annotations_form is AnnotationsForm.TEMPLATE)
        is_tpl = is_said or bool(places and places.is_template and annotations == places.annotations)
        for name in sorted(made):
            self._set((*self.values, *annotations, name), quote_for_tpl(made[name]) if is_tpl else made[name])
        self._set((*self.values, *labels, f"{config.label_prefix}/{ESO}"), SKIP)
        if settings.audience:
            self._add_token(settings.audience)

    def _add_token(self, audience: str) -> None:
        places, consumer = self.places, self.consumer
        if places and places.persistence:
            token = cast("Mapping[str, Data]", token_volume(audience))
            # A volume that no container mounts is left out by the chart, and one without mounts goes to all containers:
            # the agent's own container is named, which the chart does not know and the injector adds.
            mounts = {places.controller: {"vault-agent": [{"path": TOKEN_FOLDER}]}}
            spec: Data = {"projected": token["projected"]}
            path = (*self.values, *places.persistence, TOKEN_VOLUME)
            there = self.file.value(self.document, path) if self.file.has(self.document, path) else None
            if isinstance(there, Mapping):
                self._set((*path, "advancedMounts", places.controller), mounts[places.controller])
            else:
                self._set(path, {"type": "custom", "volumeSpec": spec, "advancedMounts": mounts})
            return
        if places is None or not places.volumes:
            self._refuse(
                f"nobody knows where chart {consumer.chart or '?'} takes a pod volume as it is, and the agent needs one "
                "with a token for vault.auth.audience; leave the audience out, or let the webhook do it"
            )
            return
        path = (*self.values, *places.volumes)
        there = self.file.value(self.document, path) if self.file.has(self.document, path) else []
        if isinstance(there, Sequence) and any(
            isinstance(one, Mapping) and one.get("name") == TOKEN_VOLUME for one in there
        ):
            return
        self.file = self.file.append(self.document, path, cast("Data", token_volume(audience)))

    def rewire(self, migration: SecretMigration, workload: Workload) -> None:
        """Put files in the place of what the container reads from the Secret."""
        wrapped: dict[str, str] = {}
        command: tuple[str, ...] = ()
        for container in self._containers(workload):
            for read in container.reads:
                self._check(read)
                if read.delivery is Delivery.ENV_WRAPPED:
                    command = container.command
                    keys = migration.keys if read.key == "*" else (read.key,)
                    for key in keys:
                        env = f"{read.env}{key}" if read.key == "*" else read.env
                        wrapped[env] = read.path or f"{FOLDER}/{migration.secret}/{key}"
            reads = {(read.key, read.env): read for read in container.reads}
            for reference in find_references(self._body(), migration.secret):
                if self._is_here(reference):
                    self._replace(reference, reads, migration)
            if any(read.delivery is Delivery.FILE for read in container.reads):
                self._check_volumes(migration)
        if wrapped:
            self._wrap(wrapped, command)

    def _containers(self, workload: Workload) -> list[ContainerReads]:
        """Return what the migration says of this consumer's container; of all where a chart hides its name."""
        name = self.consumer.container.name if self.consumer.container else ""
        own = [one for one in workload.containers if one.name == name]
        return own or list(workload.containers)

    def _is_here(self, reference: Reference) -> bool:
        """Tell whether a reference is this container's; volumes stand anywhere in the values."""
        place = self.consumer.container.place if self.consumer.container else ()
        start = (*self.values[len(self.own) :], *place)
        return reference.form in _VOLUMES or reference.path[: len(start)] == start

    def _check(self, read: Read) -> None:
        if read.is_single:
            self._refuse(
                f"mounts {read.path} alone by subPath, and the values cannot name the injector's volume; mount the folder, or let "
                "the webhook do it"
            )

    def _check_volumes(self, migration: SecretMigration) -> None:
        """Refuse where the Secret is still mounted in a way that is not understood: two volumes want one path."""
        left = next((one for one in find_references(self._body(), migration.secret) if one.form is Form.OTHER), None)
        if left is not None:
            self._refuse(
                f"mounts Secret {migration.secret} by {left.name}, in a form that cannot be rewritten in its values; let the "
                "webhook do it"
            )

    def _replace(self, reference: Reference, reads: Mapping[tuple[str, str], Read], migration: SecretMigration) -> None:
        path = (*self.own, *reference.path)
        if reference.form in _VOLUMES:
            if any(read.delivery is Delivery.FILE for read in reads.values()):
                is_whole = any(key == "*" for key, _ in reads)
                self.file = drop_volume(self.file, self.document, path, reference, migration, is_whole=is_whole)
            return
        read = reads.get((reference.key, reference.name))
        if read is None or reference.key not in migration.keys:
            return
        if reference.form not in (Form.ENV_ITEM, Form.ENV_KEY):
            return
        if read.delivery is not Delivery.ENV_FILE:
            self.file = self.file.delete(self.document, path, is_pruning=True)
        elif reference.form is Form.ENV_ITEM:
            self._set(path, {"name": read.file_env, "value": read.path})
        else:
            places = self.places
            siblings = (*self.values, *places.env) if places and places.env else path[:-1]
            self._set((*siblings, read.file_env), literal(places, read.path))
            self.file = self.file.delete(self.document, path, is_pruning=True)

    def _wrap(self, variables: Mapping[str, str], command: Sequence[str]) -> None:
        """Wrap the container's command, as the values name it, or as the migration says that the image has it."""
        container = self.consumer.container
        takes = self.places is not None and self.places.is_container
        if container is None or not (container.has_command or takes):
            names = ", ".join(sorted(variables))
            self._refuse(
                f"its command, which would have to be wrapped to set {names}, is made by the chart, and cannot be "
                "rewritten in its values; let the webhook do it"
            )
            return
        path = (*self.values, *container.place, "command")
        there = self.file.value(self.document, path) if self.file.has(self.document, path) else None
        own = [there] if isinstance(there, str) and there else list(there) if isinstance(there, Sequence) else []
        if not own and container.has_command:
            self._refuse(
                "its command stands among the defaults, which other containers share; write it at the container itself"
            )
        words = [str(one) for one in own] or list(command)
        wrapped = wrap_command(words, variables)
        if self._escaped(wrapped[2]) in words or not words:
            return
        self.file = self.file.set(
            self.document, path, [*(self._escaped(one) for one in wrapped[:4]), *(own or wrapped[4:])]
        )

    def _set(self, path: Path, value: Data) -> None:
        self.file = self.file.set(self.document, path, self._escaped(value) if isinstance(value, str) else value)

    def _escaped(self, text: str) -> str:
        """Return a text that survives Flux' substitution."""
        return text.replace("${", "$${") if self.is_substituted else text

    def _body(self) -> Data:
        return self.file.value(self.document, self.own) if self.own else self.file.value(self.document)

    def _refuse(self, why: str) -> None:
        raise EditError(f"{self.consumer.ref}: {why}", self.consumer.origin.location)


def _dotted(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split(".") if part)
