"""What only shows once a pod's annotations are made: what the injector, or the API server behind it, would refuse then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from injector.pod.annotate import MAX_CONFIG, config_size
from injector.pod.model import Body
from injector.pod.names import annotation
from injector.pod.reading import as_list, iter_containers, metadata_of, spec_of
from injector.pod.rewire import File

_MAX_ANNOTATIONS: Final = 262_144
"""All annotations of an object together: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations."""


def why_clashing(pod: Body, annotations: Mapping[str, str], containers: Iterable[str]) -> str:
    """Return in words why a pod would be refused with these annotations; empty when it would not.

    Args:
        pod: rewired, without the annotations.
        annotations: the injector's.
        containers: names of those that get the files; init containers get them all.

    Source: vault-k8s agent-inject/agent/agent.go, Patch and setShareProcessNamespace, container_volume.go@v1.6.2.
    """
    if config_size(annotations) > MAX_CONFIG:
        return "its templates together are too large for the agent's configuration (about 98 kB); move fewer keys"
    there = metadata_of(pod, "annotations")
    size = sum(len(key.encode()) + len(value.encode()) for one in (annotations, there) for key, value in one.items())
    if size > _MAX_ANNOTATIONS - 1024:
        return "its annotations would be larger than the API server takes (256 KiB); move fewer keys"
    wants_shared = annotations.get(annotation("agent-share-process-namespace")) == "true"
    if wants_shared and spec_of(pod).get("shareProcessNamespace") is False:
        return "shareProcessNamespace is false, and its app is told of new credentials by a signal; remove it"
    if wants_shared and spec_of(pod).get("hostPID") is True:
        return "hostPID is true, which goes with no signal between its own containers; remove it, or let the app read its file again"
    return _why_mounted_twice(pod, annotations, set(containers))


def why_colliding(files: Iterable[File]) -> str:
    """Return in words that two values would be rendered as one file, or over a whole file system; empty when they would not."""
    known: dict[str, File] = {}
    for file in files:
        other = known.setdefault(file.path, file)
        if (other.secret, other.key) != (file.secret, file.key):
            return (
                f"Secrets {other.secret} and {file.secret} would be rendered at one path, {file.path}, for all of its containers; "
                "mount one of them elsewhere"
            )
        if not file.path.rpartition("/")[0]:
            return f"a file in the root folder would be rendered, {file.path}, and hide all that is there; mount it elsewhere"
    return ""


def _why_mounted_twice(pod: Body, annotations: Mapping[str, str], containers: set[str]) -> str:
    """The injector mounts each folder of files into every container that gets them and into every init container."""
    prefix = annotation("secret-volume-path-")
    folders = {value.rstrip("/") for name, value in annotations.items() if name.startswith(prefix)}
    for kind, container in iter_containers(pod):
        if kind == "containers" and str(container.get("name")) not in containers:  # whatever stands there
            continue
        for mount in as_list(container.get("volumeMounts")):
            path = str(mount.get("mountPath", "")).rstrip("/")
            if path in folders:
                return (
                    f"container {container.get('name')} mounts something of its own at {path}, where the agent renders for the "
                    "others; mount it elsewhere, or let its SecretMigration speak of the container"
                )
    return ""
