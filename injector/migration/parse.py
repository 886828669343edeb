"""A YAML document to a `SecretMigration`, or to all that is wrong with it, each at its line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final, cast

from injector.config.model import AuthMethod
from injector.location import Location
from injector.manifests.shape import Misshape, check_shape
from injector.manifests.yamldoc import Map, Seq
from injector.migration.model import (
    API_VERSION,
    KIND,
    Auth,
    ContainerReads,
    Delivery,
    Mode,
    MovedCredential,
    Read,
    RenderedFile,
    Rotation,
    RotationAction,
    SecretMigration,
    Stage,
    Workload,
)
from injector.migration.schema import GROUP, SPEC
from injector.model import ObjectRef

_ENVELOPE: Final = {
    "type": "object",
    "required": ["metadata", "spec"],
    "properties": {
        "apiVersion": {"type": "string", "enum": [API_VERSION]},
        "kind": {"type": "string"},
        "metadata": {
            "type": "object",
            "required": ["name"],
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"name": {"type": "string", "minLength": 1}, "namespace": {"type": "string"}},
        },
        "spec": SPEC,
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


def is_migration(body: object) -> bool:
    """Tell whether a document is a SecretMigration, of whatever version."""
    if not isinstance(body, Map) or body.get("kind") != KIND:
        return False
    version = body.get("apiVersion")
    return isinstance(version, str) and version.partition("/")[0] == GROUP


def parse_migration(body: Map, *, namespace: str = "") -> SecretMigration | tuple[Misshape, ...]:
    """Return what a document says.

    Args:
        body: a document for which `is_migration` holds.
        namespace: where it is deployed when it names no namespace itself.

    Returns:
        The migration, or everything that is wrong with the document, in its order. Never raises.
    """
    wrong = tuple(check_shape(body, _ENVELOPE, body.at()))
    if wrong:
        return wrong
    made = _build(body, namespace)
    return tuple(_contradictions(made)) or made


def _build(body: Map, namespace: str) -> SecretMigration:
    metadata, spec = _map(body, "metadata"), _map(body, "spec")
    source, auth = _map(spec, "source"), _map(spec, "auth")
    own = _text(metadata, "namespace") or namespace
    return SecretMigration(
        namespace=own,
        name=_text(metadata, "name"),
        source=ObjectRef(_text(source, "kind"), own if _text(source, "kind") == "ExternalSecret" else "", _text(source, "name")),
        secret=_text(spec, "secret"),
        stage=Stage(_text(spec, "stage")),
        auth=Auth(method=AuthMethod(_text(auth, "method")), mount=_text(auth, "mount")),
        credentials=tuple(
            MovedCredential(
                name=_text(one, "name"),
                keys=tuple(sorted(cast("Iterable[str]", _seq(one, "keys")))),
                engine=_text(one, "engine"),
                path=_text(one, "path"),
                location=one.at(),
            )
            for one in _maps(spec, "credentials")
        ),
        files=tuple(
            sorted(
                (RenderedFile(key=_text(one, "key"), template=_text(one, "template"), location=one.at()) for one in _maps(spec, "files")),
                key=lambda one: one.key,
            )
        ),
        workloads=tuple(sorted((_workload(one) for one in _maps(spec, "workloads")), key=lambda one: (one.kind, one.name))),
        location=body.at(),
    )  # fmt: skip


def _workload(body: Map) -> Workload:
    rotation = _map(body, "rotation") if "rotation" in body else Map()
    return Workload(
        kind=_text(body, "kind"),
        name=_text(body, "name"),
        service_account=_text(body, "serviceAccount"),
        role=_text(body, "role"),
        containers=tuple(_container(one) for one in _maps(body, "containers")),
        mode=Mode(_text(body, "mode") or Mode.SIDECAR),
        rotation=Rotation(
            action=RotationAction(_text(rotation, "action") or RotationAction.RESTART),
            signal=_text(rotation, "signal"),
            process=_text(rotation, "process"),
        ),
        run_as_user=_number(body, "runAsUser"),
        run_as_group=_number(body, "runAsGroup"),
        init_first=body.get("initFirst") is True,
        location=body.at(),
    )


def _container(body: Map) -> ContainerReads:
    reads = tuple(
        Read(
            key=_text(one, "key"),
            delivery=Delivery(_text(one, "delivery")),
            path=_text(one, "path"),
            env=_text(one, "env"),
            file_env=_text(one, "fileEnv"),
            mode=_text(one, "mode"),
            is_single=one.get("single") is True,
            location=one.at(),
        )
        for one in _maps(body, "reads")
    )
    command = tuple(cast("Iterable[str]", _seq(body, "command"))) if "command" in body else ()
    return ContainerReads(
        name=_text(body, "name"), reads=reads, is_init=body.get("init") is True, command=command, location=body.at()
    )


def _contradictions(made: SecretMigration) -> Iterator[Misshape]:
    """Yield what no single field can tell; `schema.RULES` says the like to the API server."""
    held = [key for one in made.credentials for key in one.keys]
    rendered = [one.key for one in made.files]
    for key in _twice(rendered):
        yield Misshape(_at(made.files, key), "spec.files", f"key {key} is rendered twice; keep one of them")
    for credential in made.credentials:
        for key in credential.keys:
            if key not in rendered:
                yield Misshape(
                    credential.location, "spec.files", f"moved key {key} has no file; add one with its template"
                )
    for one in made.files:
        if one.key not in held:
            yield Misshape(
                one.location, "spec.files", f"key {one.key} belongs to no credential; add it to one, or drop it"
            )
    for name in _twice([one.name for one in made.credentials]):
        yield Misshape(made.credentials[0].location, "spec.credentials", f"name {name} stands twice; names must differ")
    for workload in made.workloads:
        for container in workload.containers:
            for read in container.reads:
                yield from _read_contradictions(read, container.name, rendered)


def _read_contradictions(read: Read, container: str, rendered: list[str]) -> Iterator[Misshape]:
    field = f"containers[{container}].reads"
    if read.key != "*" and read.key not in rendered:
        yield Misshape(read.location, field, f"key {read.key} is rendered by no file; add it to spec.files, or drop it")
    if read.delivery in (Delivery.FILE, Delivery.ENV_FILE, Delivery.NATIVE) and not read.path:
        yield Misshape(
            read.location, field, f"delivery {read.delivery} needs a path; give the file's path in the container"
        )
    if read.delivery is Delivery.ENV_FILE and not read.file_env:
        yield Misshape(
            read.location, field, "delivery env-file needs fileEnv; name the app's variable that names a file"
        )
    if read.is_single and (read.delivery is not Delivery.FILE or read.key == "*"):
        yield Misshape(read.location, field, "single is for delivery file and one key; drop it")
    if read.delivery is Delivery.ENV_WRAPPED and read.key != "*" and not read.env:
        yield Misshape(read.location, field, "delivery env-wrapped needs env; name the variable that the app reads")


def _twice(names: list[str]) -> list[str]:
    return sorted({one for one in names if names.count(one) > 1})


def _at(files: tuple[RenderedFile, ...], key: str) -> Location:
    return [one.location for one in files if one.key == key][-1]


def _map(body: Map, key: str) -> Map:
    return cast("Map", body[key])


def _seq(body: Map, key: str) -> Seq:
    return cast("Seq", body[key])


def _maps(body: Map, key: str) -> list[Map]:
    return cast("list[Map]", list(_seq(body, key)))


def _text(body: Map, key: str) -> str:
    # Most texts stand in every migration: kinds, mounts, names. Held once they take a third less memory.
    return sys.intern(cast("str", body.get(key) or ""))


def _number(body: Map, key: str) -> int | None:
    value = body.get(key)
    return value if isinstance(value, int) else None
