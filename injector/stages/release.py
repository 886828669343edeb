"""Stage release: manifests stop naming the Secret, and the ExternalSecret lets go of it, in the way that ESO obeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from injector.delivery.charts import Places, find_places, literal, place_of
from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.location import Location
from injector.migration.model import Delivery, Read, SecretMigration, Workload
from injector.model import Consumer, SecretSource, SourceKind
from injector.stages.documents import find_document
from injector.stages.mounts import drop_volume
from injector.stages.orphan import Policies, find_orphaning
from injector.stages.places import Form, Reference, find_references
from injector.stages.workspace import Workspace


def drop_references(
    workspace: Workspace, migration: SecretMigration, workload: Workload, consumer: Consumer, *, is_whole: bool
) -> None:
    """Take the references to moved keys out of a workload's manifest; the webhook knows the rest from the migration.

    Raises:
        EditError: a reference has a form that nobody can take out for sure.
    """
    file, document, place = find_document(workspace, consumer.ref, consumer.origin)
    reads = {(read.key, read.env): read for container in workload.containers for read in container.reads}
    body = file.value(document, place) if place else file.value(document)
    places = find_places(consumer.chart, consumer.ref.name, place_of(consumer)) if consumer.chart else None
    for reference in find_references(body, migration.secret):
        file = _drop(file, document, place, reference, migration, reads, places=places, is_whole=is_whole)
    workspace.save(file)


def _drop(
    file: YamlFile,
    document: int,
    place: Path,
    reference: Reference,
    migration: SecretMigration,
    reads: Mapping[tuple[str, str], Read],
    *,
    places: Places | None,
    is_whole: bool,
) -> YamlFile:
    path = (*place, *reference.path)
    if reference.key and reference.key not in migration.keys:
        return file
    match reference.form:
        case Form.ENV_ITEM | Form.ENV_KEY:
            return _drop_variable(file, document, path, reference, reads, places)
        case Form.ENV_FROM:
            return file.delete(document, path, is_pruning=True) if is_whole else file
        case Form.VOLUME | Form.PERSISTENCE | Form.SECRET_MOUNT:
            return drop_volume(file, document, path, reference, migration, is_whole=is_whole)
        case _ if is_whole:
            message = f"names Secret {migration.secret} in {reference.name}, and only its chart knows what for; change it by hand"
            raise EditError(message, _at(file, document))
        case _:
            return file


def _drop_variable(
    file: YamlFile,
    document: int,
    path: Path,
    reference: Reference,
    reads: Mapping[tuple[str, str], Read],
    places: Places | None,
) -> YamlFile:
    read = reads.get((reference.key, reference.name)) or reads.get(("*", ""))
    if read is None or read.delivery is not Delivery.ENV_FILE:
        return file.delete(document, path, is_pruning=True)
    if reference.form is Form.ENV_ITEM:
        return file.set(document, path, {"name": read.file_env, "value": read.path})
    # A chart that has references apart from literals (grafana's envValueFrom) has the literals under env.
    siblings = (*path[:-2], "env") if path[-2] == "envValueFrom" else path[:-1]
    value = literal(places, read.path)
    return file.set(document, (*siblings, read.file_env), value).delete(document, path, is_pruning=True)


def let_go(workspace: Workspace, source: SecretSource, migration: SecretMigration, *, is_whole: bool) -> None:
    """Make the ExternalSecret let go of its Secret, or of the moved keys.

    Raises:
        EditError: it cannot be done in a way that is known to be right.
    """
    file, document, place = find_document(workspace, source.ref, source.origin)
    inner = ("externalSecretSpec",) if source.kind is SourceKind.CLUSTER_EXTERNAL_SECRET else ()
    spec = (*place, "spec", *inner)
    if is_whole:
        workspace.save(_orphan(file, document, spec, source))
    else:
        workspace.save(_trim(file, document, spec, migration, source))


def _orphan(file: YamlFile, document: int, spec: Path, source: SecretSource) -> YamlFile:
    policies = Policies(
        creation=source.creation_policy,
        deletion=source.deletion_policy,
        refresh=source.refresh_policy,
        refresh_interval=source.refresh_interval,
    )
    settings = find_orphaning(policies)
    if settings is None:
        message = f"{source.ref}: creationPolicy None keeps the ownerReference of an earlier Owner; set Orphan first and let it reconcile"
        raise EditError(message, source.origin.location)
    for one in settings:
        file = file.set(document, (*spec, *one.path), one.value, after=one.after)
    return file


def _trim(file: YamlFile, document: int, spec: Path, migration: SecretMigration, source: SecretSource) -> YamlFile:
    """Take the moved keys out: template keys, and what only they used of ``data``."""
    moved = set(migration.keys)
    data_path, template_path = (*spec, "data"), (*spec, "target", "template", "data")
    has_template = file.has(document, template_path)
    for key in migration.keys:
        if has_template:
            file = file.delete(document, (*template_path, key))
    kept = {
        name
        for key in source.keys
        if key.name not in moved
        for name in (key.variables if has_template else (key.name,))
    }
    used = {
        name for key in source.keys if key.name in moved for name in (key.variables if has_template else (key.name,))
    }
    gone = used - kept
    entries = file.value(document, data_path) if file.has(document, data_path) else []
    for index, name in reversed(list(enumerate(_names(entries)))):
        if name in gone:
            file = file.delete(document, (*data_path, index))
            gone.discard(name)
    return file


def _names(entries: Data) -> Sequence[str]:
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return []
    return [str(entry.get("secretKey", "")) if isinstance(entry, Mapping) else "" for entry in entries]


def _at(file: YamlFile, document: int) -> Location:
    return Location(file.source.path, file.source.spans()[document].line)
