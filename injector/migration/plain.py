"""A `SecretMigration` as plain values: the document as the API server would hold it."""

from __future__ import annotations

from injector.migration.model import API_VERSION, KIND, ContainerReads, Mode, Read, Rotation, SecretMigration, Workload

Json = dict[str, object]


def to_plain(one: SecretMigration) -> Json:
    """Return the document, in the order of the reader; what `write_migration` writes, without comments."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": one.name, **({"namespace": one.namespace} if one.namespace else {})},
        "spec": {
            "stage": one.stage.value,
            "source": {"kind": one.source.kind, "name": one.source.name},
            "secret": one.secret,
            "auth": {"method": one.auth.method.value, "mount": one.auth.mount},
            "credentials": [
                {"name": moved.name, "keys": list(moved.keys), "engine": moved.engine, "path": moved.path}
                for moved in one.credentials
            ],
            "files": [{"key": file.key, "template": file.template} for file in one.files],
            "workloads": [_workload(workload) for workload in one.workloads],
        },
    }


def _workload(one: Workload) -> Json:
    optional: Json = {
        "mode": one.mode.value if one.mode is not Mode.SIDECAR else None,
        "initFirst": one.init_first or None,
        "runAsUser": one.run_as_user,
        "runAsGroup": one.run_as_group,
        "rotation": _rotation(one.rotation) if one.rotation != Rotation() else None,
    }
    return {
        "kind": one.kind,
        "name": one.name,
        "serviceAccount": one.service_account,
        "role": one.role,
        **{key: value for key, value in optional.items() if value is not None},
        "containers": [_container(container) for container in one.containers],
    }


def _rotation(one: Rotation) -> Json:
    return {"action": one.action.value, **_given(signal=one.signal, process=one.process)}


def _container(one: ContainerReads) -> Json:
    return {
        "name": one.name,
        **({"init": True} if one.is_init else {}),
        **({"command": list(one.command)} if one.command else {}),
        "reads": [_read(read) for read in one.reads],
    }


def _read(one: Read) -> Json:
    return {
        "key": one.key,
        "delivery": one.delivery.value,
        **_given(path=one.path, env=one.env, fileEnv=one.file_env, mode=one.mode),
        **({"single": True} if one.is_single else {}),
    }


def _given(**texts: str) -> Json:
    return {key: value for key, value in texts.items() if value}
