"""Takes a container's Secret away and gives it the rendered files instead: mounts, variables, command."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from injector.migration.model import ContainerReads, Delivery, Read, SecretMigration
from injector.pod.environment import (
    is_settable,
    iter_handlers,
    mentions,
    refers_to,
    split_dependent,
    wrap_command,
    wrap_handler,
)
from injector.pod.mentions import find_mention
from injector.pod.model import Json
from injector.pod.reading import Item, as_list, as_map, loads_whole, variables_of, volume_secrets

FOLDER: Final = "/vault/secrets"
MAIN_VOLUME: Final = "vault-secrets"
"""The injector's own volume, mounted at `FOLDER`. Source: vault-k8s agent-inject/agent/container_volume.go@v1.6.2."""


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A file that the agent renders: a key of a Secret at a path; `mode` is octal text or empty."""

    secret: str
    key: str
    path: str
    mode: str = ""


class CannotRewireError(Exception):
    """A container cannot take files; the text says why, for a person."""


def rewire(
    container: dict[str, Json], volumes: Sequence[Mapping[str, Json]], migration: SecretMigration, reads: ContainerReads
) -> list[File]:
    """Change a container in place, and return the files that it needs.

    Args:
        container: of a pod; a copy that may be changed.
        volumes: of the pod, as they were.
        migration: whose Secret it reads.
        reads: what the migration says of it.

    Raises:
        CannotRewireError: before anything was changed.
    """
    files: list[File] = []
    for volume in volumes:
        files += _drop_mounts(container, volume, migration)
    is_told = bool(files)  # by the container's own mounts, which know better than the migration where its app looks
    wrapped: dict[str, str] = {}
    from_files: dict[str, str] = {}
    for read in reads.reads:
        if read.delivery is Delivery.FILE:
            if not is_told:
                files += (
                    _single_file(container, read, migration, files)
                    if read.is_single
                    else _files_of(read, migration, files)
                )
            continue
        for key, env in _variables(read, migration):
            path = _path_of(read, migration, key)
            files.append(File(migration.secret, key, path, read.mode))
            if read.delivery is Delivery.ENV_FILE:
                _set_file_variable(container, migration, key, env, read, path)
                from_files[env] = path
            else:
                _drop_variable(container, migration, key, env)
                wrapped[env] = path
    _check_left(container, migration)
    _check_loaded(container, migration, {**wrapped, **from_files})
    more = _wrap(container, wrapped, reads) if wrapped else {}
    mention = find_mention(container, from_files)
    if mention:
        raise CannotRewireError(mention)
    _wrap_handlers(container, wrapped, from_files, more)
    return files


def _variables(read: Read, migration: SecretMigration) -> list[tuple[str, str]]:
    """Return (key, variable) of a read by the environment; ``*`` is every moved key behind a prefix."""
    if read.key == "*":
        return [(key, f"{read.env}{key}") for key in migration.keys]
    return [(read.key, read.env)]


def _path_of(read: Read, migration: SecretMigration, key: str) -> str:
    if not read.path:
        return f"{FOLDER}/{migration.secret}/{key}"
    return f"{read.path.rstrip('/')}/{key}" if read.key == "*" else read.path


def _files_of(read: Read, migration: SecretMigration, known: Sequence[File]) -> list[File]:
    """Return the files of a read that no mount of the pod told of: its manifest names the Secret no more."""
    if read.key == "*":
        wanted = [File(migration.secret, key, f"{read.path.rstrip('/')}/{key}", read.mode) for key in migration.keys]
    else:
        wanted = [File(migration.secret, read.key, read.path, read.mode)]
    if any(one.path.startswith(f"{read.path.rstrip('/')}/") for one in known):
        return []  # the pod's own mount has told what belongs into the folder
    paths = {one.path for one in known}
    return [one for one in wanted if one.path not in paths]


def _single_file(
    container: dict[str, Json], read: Read, migration: SecretMigration, known: Sequence[File]
) -> list[File]:
    """Return the file of a read that stands alone in its folder's midst, and mount it; nothing when its mount has told.

    Rendered at its own path it would hide all else in the folder: the injector mounts a volume there.
    """
    file = File(migration.secret, read.key, f"{FOLDER}/{migration.secret}/{read.key}", read.mode)
    mounts: list[Json] = [dict(one) for one in as_list(container.get("volumeMounts"))]
    if any(isinstance(one, dict) and one.get("mountPath") == read.path for one in mounts):
        return [] if any(one.path == file.path for one in known) else [file]
    container["volumeMounts"] = [*mounts, _sub_mount(read.path, f"{migration.secret}/{read.key}")]
    return [] if any(one.path == file.path for one in known) else [file]


def _sub_mount(path: Json, sub_path: str) -> Json:
    """Return the mount of one file from the injector's own volume, which it adds to the pod after us."""
    return {"name": MAIN_VOLUME, "mountPath": path, "subPath": sub_path, "readOnly": True}


def _drop_mounts(container: dict[str, Json], volume: Mapping[str, Json], migration: SecretMigration) -> list[File]:
    """Take out the mounts of a volume that holds the Secret, and return the files that stand in for it."""
    items = next((items for name, items in volume_secrets(volume) if name == migration.secret), None)
    if items is None:
        return []
    mounts = [one for one in as_list(container.get("volumeMounts")) if one.get("name") == volume.get("name")]
    if not mounts:
        return []
    projected = as_list(as_map(volume.get("projected")).get("sources"))
    if len(projected) > 1:
        raise CannotRewireError(
            f"volume {volume.get('name')} joins Secret {migration.secret} with other sources; give it a volume of its own"
        )
    stays = sorted({one.key for one in items} - set(migration.keys))
    if stays:
        raise CannotRewireError(
            f"volume {volume.get('name')} also holds {', '.join(stays)}, which stays with the Secret"
        )
    layout = items or tuple(Item(key, key) for key in migration.keys)
    common = _mode_of(volume)
    files: list[File] = []
    for mount in mounts:
        files += _files_of_mount(container, mount, layout, migration.secret, common)
    kept: list[Json] = [dict(one) for one in as_list(container.get("volumeMounts")) if one not in mounts]
    container["volumeMounts"] = kept + _sub_mounts(mounts, layout, migration.secret)
    return files


def _files_of_mount(
    container: Mapping[str, Json], mount: Mapping[str, Json], layout: Sequence[Item], secret: str, common: int | None
) -> list[File]:
    path = str(mount.get("mountPath", ""))
    sub_path = str(mount.get("subPath", "")).strip("/")
    if mount.get("subPathExpr"):
        raise CannotRewireError(
            f"container {container.get('name')} mounts it by subPathExpr, which is known only when the pod runs"
        )
    if not sub_path:
        folder = path.rstrip("/")
        return [File(secret, one.key, f"{folder}/{one.path}", _octal(one.mode or common)) for one in layout]
    found = next((one for one in layout if one.path == sub_path), None)
    if found is None:
        raise CannotRewireError(f"container {container.get('name')} mounts {sub_path} of it, which is no moved key")
    return [File(secret, found.key, f"{FOLDER}/{secret}/{found.key}", _octal(found.mode or common))]


def _sub_mounts(mounts: Sequence[Mapping[str, Json]], layout: Sequence[Item], secret: str) -> list[Json]:
    """Return the mounts of single files."""
    made: list[Json] = []
    for mount in mounts:
        sub_path = str(mount.get("subPath", "")).strip("/")
        key = next((one.key for one in layout if one.path == sub_path), None)
        if sub_path and key:
            made.append(_sub_mount(mount.get("mountPath"), f"{secret}/{key}"))
    return made


def _mode_of(volume: Mapping[str, Json]) -> int | None:
    """Return the permissions of a volume's files; None where it names none."""
    for part in ("secret", "projected"):
        mode = as_map(volume.get(part)).get("defaultMode")
        if isinstance(mode, int):
            return mode
    return None


def _octal(mode: int | None) -> str:
    """Return permissions as octal text; empty for Kubernetes' default, which the agent's is too."""
    return "" if mode is None or mode == 0o644 else f"{mode:04o}"  # noqa: PLR2004 - the default


def _refers(variable: Mapping[str, Json], migration: SecretMigration, key: str) -> bool:
    ref = as_map(as_map(variable.get("valueFrom")).get("secretKeyRef"))
    return ref.get("name") == migration.secret and ref.get("key") == key


def _set_file_variable(
    container: dict[str, Json], migration: SecretMigration, key: str, env: str, read: Read, path: str
) -> None:
    """Put the variable that names the file in the place of the one that held the value."""
    file_env = read.file_env if read.key != "*" else f"{env}{read.file_env.removeprefix(read.env)}"
    replacement: Json = {"name": file_env, "value": path}
    made: list[Json] = []
    is_there = False
    for variable in as_list(container.get("env")):
        if variable.get("name") == env and _refers(variable, migration, key):
            made.append(replacement)
            is_there = True
        elif variable.get("name") == env and variable.get("value", "x") != "":  # an empty one says that its file counts
            raise CannotRewireError(
                f"container {container.get('name')} sets {env} otherwise than by {key} of it, and an app takes it or its file, "
                "not both; take one out"
            )
        elif variable.get("name") != file_env:
            made.append(dict(variable))
    if not is_there:
        made.append(replacement)
        if loads_whole(container, migration.secret):
            # envFrom would still set the old variable, and many apps refuse both: an empty one counts as unset.
            made.append({"name": env, "value": ""})
    container["env"] = made


def _drop_variable(container: dict[str, Json], migration: SecretMigration, key: str, env: str) -> None:
    made: list[Json] = []
    for one in as_list(container.get("env")):
        if one.get("name") != env:
            made.append(dict(one))
        elif not _refers(one, migration, key):
            raise CannotRewireError(
                f"container {container.get('name')} sets {env} otherwise than by {key} of it; take that out, or let its "
                "SecretMigration name the variable"
            )
    if "env" in container:
        container["env"] = made


def _check_left(container: Mapping[str, Json], migration: SecretMigration) -> None:
    """Refuse when a variable still reads a moved key: the migration does not speak of it."""
    for variable, key in variables_of(container, migration.secret):
        if key in migration.keys:
            raise CannotRewireError(
                f"container {container.get('name')} reads {key} as {variable}, of which SecretMigration {migration.name} "
                "does not speak"
            )


def _check_loaded(container: Mapping[str, Json], migration: SecretMigration, variables: Collection[str]) -> None:
    """Refuse when ``envFrom`` sets a variable to a moved key and the migration does not speak of that variable.

    The container would go on with the old login, or with half of it.
    """
    for source in as_list(container.get("envFrom")):
        if as_map(source.get("secretRef")).get("name") != migration.secret:
            continue
        prefix = source.get("prefix")
        names = [f"{prefix if isinstance(prefix, str) else ''}{key}" for key in migration.keys]
        lost = sorted(set(names) - set(variables))
        if len(lost) == len(names):
            raise CannotRewireError(
                f"container {container.get('name')} reads all of it by envFrom, of which SecretMigration {migration.name} does not "
                "speak"
            )
        if lost:
            raise CannotRewireError(
                f"container {container.get('name')} reads {', '.join(lost)} by envFrom, of which SecretMigration {migration.name} "
                "does not speak"
            )


def _wrap(container: dict[str, Json], variables: Mapping[str, str], reads: ContainerReads) -> dict[str, str]:
    """Let a shell read the files into the environment before the container's own command runs.

    Returns:
        Variables whose texts hold such a value, which it sets as well.
    """
    command = container.get("command")
    own = [str(one) for one in command] if isinstance(command, list) and command else list(reads.command)
    if not own:
        raise CannotRewireError(
            f"container {container.get('name')} names no command that could be wrapped to set {', '.join(sorted(variables))}"
        )
    kept, more = split_dependent(as_list(container.get("env")), variables)
    strange = sorted(one for one in (*variables, *more) if not is_settable(one))
    if strange:
        raise CannotRewireError(
            f"container {container.get('name')} reads {', '.join(strange)}, a name that no shell can set; give the key another one"
        )
    if more:
        container["env"] = kept
    args = container.get("args")
    if isinstance(args, list) and any(refers_to(one, {*variables, *more}) for one in args):
        own += [str(one) for one in args]
        del container["args"]
    container["command"] = list(wrap_command(own, variables, more))
    return more


def _wrap_handlers(
    container: dict[str, Json], wrapped: Mapping[str, str], from_files: Mapping[str, str], more: Mapping[str, str]
) -> None:
    """Give probes and hooks the variables that Kubernetes gave them: they do not run below the container's own command."""
    for path, command in list(iter_handlers(container)):
        variables = {**wrapped, **{env: file for env, file in from_files.items() if mentions(command, (env,))}}
        if not variables:
            continue
        node = container
        for step in (*path, "exec"):
            inner: dict[str, Json] = dict(as_map(node.get(step)))
            node[step] = inner
            node = inner
        node["command"] = list(wrap_handler(command, variables, more))
