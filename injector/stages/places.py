"""Where in a document a Secret is read, and where the pods of a workload get their labels.

References are found by their structure, as `injector.inventory` does: the same words mean the same in a pod spec, in a
chart's values and in a custom resource that holds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from injector.edit.values import Data, Path

TEMPLATES: Final[Mapping[str, Path]] = {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"),
        ("spec", "template"),
    ),
}
"""Kind -> where its pod template stands."""


class Form(StrEnum):
    """In which form a document names a Secret."""

    ENV_ITEM = "env item"
    ENV_KEY = "env key"
    ENV_FROM = "envFrom"
    VOLUME = "volume"
    PERSISTENCE = "persistence"
    SECRET_MOUNT = "secret mount"  # noqa: S105 - charts' lists of Secrets with the path they are mounted at
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reference:
    """One place that names a Secret.

    Attributes:
        path: of the entry as a whole: the list item or the key that would be removed.
        name: the variable, the volume, or the key of a mapping.
        key: the Secret key, empty for all.
    """

    form: Form
    path: Path
    name: str
    key: str = ""


def find_references(data: Data, secret: str) -> list[Reference]:
    """Return every place of a document that names the Secret, deepest and last first.

    In this order each can be removed without moving the paths of those that follow.
    """
    found = list(_walk(data, (), secret))
    return list(reversed(found))


def _walk(node: Data, path: Path, secret: str) -> Iterator[Reference]:
    if isinstance(node, Mapping):
        here = _reference(node, path, secret)
        if here:
            yield here
            return
        for key, value in node.items():
            if value == secret and _is_secret_word(key):
                yield Reference(Form.OTHER, (*path, key), key)
            else:
                yield from _walk(value, (*path, key), secret)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for index, item in enumerate(node):
            yield from _walk(item, (*path, index), secret)


def _is_secret_word(key: str) -> bool:
    # A name with a slash is a label's or an annotation's; ours list migrations.
    return "secret" in key.lower() and "/" not in key


def _reference(node: Mapping[str, Data], path: Path, secret: str) -> Reference | None:
    """Read one mapping as an entry that names the Secret; None when it is none."""
    own = path[-1] if path else ""
    ref = node.get("secretKeyRef")
    value_from = node.get("valueFrom")
    if isinstance(value_from, Mapping):
        ref = value_from.get("secretKeyRef")
    if isinstance(ref, Mapping) and ref.get("name") == secret and own != "valueFrom":
        name = node.get("name")
        key = str(ref.get("key") or "")
        if isinstance(own, int) and isinstance(name, str):
            return Reference(Form.ENV_ITEM, path, name, key)
        return Reference(Form.ENV_KEY, path, str(own), key)
    if node.get("secret") == secret and "envFrom" in path:
        return Reference(Form.ENV_FROM, path, secret)  # the app-template's short form
    source = node.get("secretRef")
    if isinstance(source, Mapping) and source.get("name") == secret:
        return Reference(Form.ENV_FROM, path, str(source.get("name")))
    projected = node.get("projected", node)
    if isinstance(projected, Mapping) and _only_source(projected) == secret:
        is_entry = "persistence" in path and "projected" not in node
        return Reference(Form.PERSISTENCE if is_entry else Form.VOLUME, path, str(node.get("name", own)))
    volume = node.get("secret")
    if isinstance(volume, Mapping) and secret in (volume.get("secretName"), volume.get("name")) and "name" in node:
        return Reference(Form.VOLUME, path, str(node.get("name")))
    if secret in (node.get("secretName"), node.get("existingSecret")) and "mountPath" in node and isinstance(own, int):
        return Reference(Form.SECRET_MOUNT, path, str(node.get("name") or ""))
    if node.get("type") == "secret" and node.get("name") == secret and "persistence" in path:
        return Reference(Form.PERSISTENCE, path, str(own))
    return None


def _only_source(projected: Mapping[str, Data]) -> str:
    """Return the Secret that is a projected volume's only source; empty where others stand beside it."""
    sources = projected.get("sources")
    if isinstance(sources, Sequence) and not isinstance(sources, str) and len(sources) == 1:
        only = sources[0]
        secret = only.get("secret") if isinstance(only, Mapping) else None
        return str(secret.get("name", "")) if isinstance(secret, Mapping) else ""
    return ""


def find_mounts(data: Data, volume: str, path: Path = ()) -> list[Path]:
    """Return the items of ``volumeMounts``, and of what charts call so (``extraVolumeMounts``), that mount a volume, last first."""
    found: list[Path] = []
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key.lower().endswith("volumemounts") and isinstance(value, Sequence) and not isinstance(value, str):
                found += [
                    (*path, key, index)
                    for index, item in enumerate(value)
                    if isinstance(item, Mapping) and item.get("name") == volume
                ][::-1]
            else:
                found += find_mounts(value, volume, (*path, key))
    elif isinstance(data, Sequence) and not isinstance(data, str):
        for index, item in enumerate(data):
            found += find_mounts(item, volume, (*path, index))
    return found
