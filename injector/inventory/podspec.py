"""From a pod spec to its consumers: which container reads which Secret, by which variable or at which path.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (core/v1 ``PodSpec``).
The same functions read the parts of pod specs that stand in custom resources and in Helm values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from injector.inventory.consumers_reader import Named, Reader, Use
from injector.inventory.podspec_env import Environment, read_env, read_env_from
from injector.location import Location
from injector.manifests.document import items, mapping, text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import Consumer, ContainerFacts, How

_MAX_COMMAND: Final = 500
_MAX_SCRIPT: Final = 4000
_CONTAINER_LISTS: Final = (
    ("initContainers", True),
    ("containers", False),
    ("ephemeralContainers", False),
)


@dataclass(frozen=True, slots=True)
class SecretSource:
    """A Secret in a volume.

    Attributes:
        items: (key, path below the mount), empty for all keys.
        beside: as of `Consumer`.
        mode: permissions of its files as octal text, empty for the default.
    """

    named: Named
    items: tuple[tuple[str, str], ...] = ()
    beside: tuple[str, ...] = ()
    mode: str = ""


@dataclass(slots=True)
class Volume:
    """A volume that holds Secrets.

    Attributes:
        is_mounted: a container of the pod mounts it.
    """

    name: str
    sources: tuple[SecretSource, ...]
    is_mounted: bool = field(default=False, compare=False)


Volumes = Mapping[str, Volume]


def read_pod_spec(spec: Map, reader: Reader) -> list[Consumer]:
    """Return the consumers of a pod spec, in the order of the file.

    Args:
        spec: a mapping with ``containers`` and the like; what is missing or misshapen is no consumer.
        reader: the workload that the spec belongs to.

    Returns:
        One consumer per variable, ``envFrom`` entry, volume mount (and item of it) and image pull Secret.
    """
    reader = replace(reader, pod_spec=spec)
    volumes = read_volumes(spec.get("volumes"), reader)
    found = []
    for key, is_init in _CONTAINER_LISTS:
        for container in items(spec, key):
            if isinstance(container, Map):
                found += read_container(container, volumes, reader, is_init=is_init)
    found += read_unmounted(volumes, reader)
    found += read_driver_secrets(spec.get("volumes"), reader)
    found += read_pull_secrets(spec.get("imagePullSecrets"), reader)
    return found


def read_container(
    container: Map, volumes: Volumes, reader: Reader, *, is_init: bool, name: str = ""
) -> list[Consumer]:
    """Return what one container reads.

    Args:
        container: a core/v1 ``Container``, or what a custom resource has of one.
        volumes: volume name -> volume, of the pod.
        reader: the workload.
        is_init: it stands among the init containers; one that restarts always is a sidecar all the same.
        name: what it is called when it has no name of its own.
    """
    environment = Environment()
    uses = read_env(container.get("env"), reader, environment)
    uses += read_env_from(container.get("envFrom"), reader, environment)
    for mount in items(container, "volumeMounts"):
        if isinstance(mount, Map):
            volume = volumes.get(text(mount.get("name")))
            if volume is not None:
                volume.is_mounted = True
                uses += mount_uses(volume, mount)
    if not uses:
        return []
    facts = ContainerFacts(
        name=text(container.get("name")) or name,
        image=text(container.get("image")),
        # https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
        is_init=is_init and container.get("restartPolicy") != "Always",
        env=environment.shown(reader),
        env_at=environment.places,
        env_names=tuple(environment.names),
        command=command_of(container, reader),
        has_command=bool(container.get("command")),
        run_as_user=_identity("runAsUser", container, reader.pod_spec),
        run_as_group=_identity("runAsGroup", container, reader.pod_spec),
    )
    return reader.consumers(uses, facts)


def _identity(key: str, *bodies: Map | None) -> int | None:
    """Return the first number that a security context of `bodies` sets."""
    for body in bodies:
        value = mapping(body, "securityContext").get(key) if body is not None else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def command_of(container: Map, reader: Reader) -> str:
    """Return command and args joined by blanks, without what looks like a secret value."""
    parts: list[str] = []
    for key in ("command", "args"):
        value = container.get(key)
        parts += [text(item) for item in value] if isinstance(value, list) else [text(value)]
    joined = " ".join(part for part in parts if part)[:_MAX_SCRIPT]
    # Redacted before it is cut: half a token is not recognised any more.
    return reader.redact(joined)[:_MAX_COMMAND] if joined else ""


def read_pull_secrets(value: Value, reader: Reader, how: How = How.IMAGE_PULL) -> list[Consumer]:
    """Read ``imagePullSecrets``: references, and the plain names that charts and some resources take."""
    if isinstance(value, str):
        return []
    found = []
    for index, item in enumerate(items(value)):
        named: Named | None = None
        if isinstance(item, Map):
            named = reader.named(item)
        elif reader.name_of(item):
            named = Named(reader.name_of(item), _item_at(value, index))
        if named is not None:
            found.append(reader.consumer(Use(named, how)))
    return found


def _item_at(value: Value, index: int) -> Location:
    return value.at(index) if isinstance(value, Seq) else Location("", 0)


def read_volumes(value: Value, reader: Reader) -> dict[str, Volume]:
    """Return the volumes that hold Secrets, by name."""
    found: dict[str, Volume] = {}
    for item in items(value):
        if isinstance(item, Map):
            name = text(item.get("name"))
            sources = read_volume_sources(item, reader)
            if sources:
                found[name] = Volume(name, sources)
    return found


def read_volume_sources(volume: Map, reader: Reader) -> tuple[SecretSource, ...]:
    """Return the Secrets of a core/v1 ``Volume``: ``secret``, or ``projected`` with several."""
    secret = volume.get("secret")
    if isinstance(secret, Map):
        # Kubernetes says secretName; projected sources say name, and people mix them up.
        found = _source(secret, reader, "secretName", read_mode(secret))
        return (found,) if found else ()
    made = []
    mode = read_mode(mapping(volume, "projected"))
    parts = items(mapping(volume, "projected"), "sources")
    for index, part in enumerate(parts):
        projected = mapping(part, "secret")
        found = _source(projected, reader, "name", mode) if projected else None
        if found:
            others = [_described(other) for at, other in enumerate(parts) if at != index]
            made.append(replace(found, beside=tuple(dict.fromkeys(others))))
    return tuple(made)


def _described(part: Value) -> str:
    """Return in words what a projected volume takes up."""
    for kind, word in (("secret", "Secret"), ("configMap", "ConfigMap")):
        if isinstance(part, Map) and kind in part:
            return f"{word} {text(mapping(part, kind).get('name'))}"
    return next(iter(part), "another source") if isinstance(part, Map) else "another source"


def _source(body: Map, reader: Reader, name_key: str, mode: str) -> SecretSource | None:
    named = reader.named(body, name_key=name_key)
    if named is None:
        return None
    return SecretSource(named, read_items(body.get("items")), mode=mode)


_DEFAULT_MODE: Final = 0o644
"""Source: core/v1 ``SecretVolumeSource.defaultMode``; the agent's own default is the same."""


def read_mode(volume: Map) -> str:
    """Return a volume's ``defaultMode`` as octal text, empty for the default and for what is no mode."""
    mode = volume.get("defaultMode")
    is_mode = isinstance(mode, int) and not isinstance(mode, bool) and 0 <= mode <= 0o777  # noqa: PLR2004 - all bits
    return f"{mode:04o}" if is_mode and mode != _DEFAULT_MODE else ""


def read_items(value: Value) -> tuple[tuple[str, str], ...]:
    """Read a volume's ``items`` to (key, path)."""
    return tuple(
        (text(item.get("key")), text(item.get("path")) or text(item.get("key")))
        for item in items(value)
        if isinstance(item, Map) and text(item.get("key"))
    )


def mount_uses(volume: Volume, mount: Map) -> list[Use]:
    """Return what a ``volumeMount`` makes readable: one use per Secret, or per key where keys are pinned."""
    path = text(mount.get("mountPath"))
    sub_path = text(mount.get("subPath")).strip("/")
    return [use for source in volume.sources for use in _source_uses(source, path, sub_path)]


def _source_uses(source: SecretSource, path: str, sub_path: str) -> list[Use]:
    named, mode = source.named, source.mode
    if not source.items:
        key = sub_path.partition("/")[0]
        return [Use(_with_key(named, key), How.VOLUME, path=path, is_single=bool(key), mode=mode, beside=source.beside)]
    if sub_path:
        below = [item for item in source.items if f"{item[1]}/".startswith(f"{sub_path}/")]
        found = [(key, path + target[len(sub_path) :], target == sub_path) for key, target in below]
    else:
        found = [(key, f"{path.rstrip('/')}/{target}", False) for key, target in source.items]
    return [
        Use(_with_key(named, key), How.VOLUME, path=at, is_single=is_single, mode=mode, beside=source.beside)
        for key, at, is_single in found
    ]


def _with_key(named: Named, key: str) -> Named:
    return replace(named, key=key) if key else named


def read_unmounted(volumes: Volumes, reader: Reader) -> list[Consumer]:
    """Return volumes that no container mounts: the pod does not start without their Secrets all the same."""
    found = []
    for volume in volumes.values():
        if not volume.is_mounted:
            for source in volume.sources:
                keys = [key for key, _ in source.items] or [""]
                uses = [Use(_with_key(source.named, key), How.VOLUME) for key in keys]
                found += reader.consumers(uses, None)
    return found


def read_driver_secrets(value: Value, reader: Reader) -> list[Consumer]:
    """Return Secrets that a storage driver reads for a volume.

    The driver asks the API server for the Secret object, no container ever sees it: that is why they are not
    `How.VOLUME`. Sources: core/v1 ``CSIVolumeSource.nodePublishSecretRef`` and the in-tree drivers' fields.
    """
    found = []
    for item in items(value):
        for driver, source in item.items() if isinstance(item, Map) else ():
            if not isinstance(source, Map) or driver in ("secret", "projected"):
                continue
            for key in ("nodePublishSecretRef", "secretRef"):
                named = reader.named(mapping(source, key))
                if named:
                    path = f"volumes.{driver}.{key}"
                    found.append(reader.consumer(Use(named, How.CUSTOM_RESOURCE, path=path)))
            if driver == "azureFile":
                named = reader.named(source, name_key="secretName")
                if named:
                    path = "volumes.azureFile.secretName"
                    found.append(reader.consumer(Use(named, How.CUSTOM_RESOURCE, path=path)))
    return found
