"""From a pod as it is admitted back to the workload that it is of, as its manifest would stand in a tree.

What Kubernetes adds to each pod is taken away again, so that all pods of one template make the same workload.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from injector.cluster import Body, Json
from injector.knowledge.replicasets import HASHES, iter_makers

TOKEN: Final = "kube-api-access-"  # noqa: S105 - a volume's name
"""Start of the volume with the ServiceAccount's token. Source: kubernetes plugin/pkg/admission/serviceaccount/admission.go."""
_CRON_JOB: Final = re.compile(r"(.+)-\d{8,10}\Z")
"""A CronJob's Jobs end in the minute they are scheduled for. Source: kubernetes pkg/controller/cronjob/utils.go, getJobName."""
_GENERATED_LABELS: Final = frozenset(
    {
        *HASHES,
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
        "controller-uid",
        "job-name",
    }
)
_SPEC: Final = (
    "automountServiceAccountToken",
    "containers",
    "hostNetwork",
    "imagePullSecrets",
    "initContainers",
    "restartPolicy",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
)
"""What of a pod spec may bear on a decision; the rest differs from pod to pod (node, host name, claims)."""
_TEMPLATED: Final = {
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "ReplicationController": "v1",
}


@dataclass(frozen=True, slots=True)
class Owner:
    """The object in Git that makes a pod."""

    version: str
    kind: str
    name: str


def build_workload(pod: Body, namespace: str, *, owner: Owner | None = None) -> dict[str, Json] | str:
    """Return the manifest of the workload that a pod is of, or in words whose pod it is when nobody can tell its manifest.

    Args:
        pod: as it is sent to admission.
        namespace: where it is made.
        owner: whose pod it is, when that is known otherwise than by the pod's ownerReferences.
    """
    metadata = _map(pod.get("metadata"))
    labels = _map(metadata.get("labels"))
    maker = owner or find_owner(pod)
    if isinstance(maker, str):
        return maker
    kept: dict[str, Json] = {key: value for key, value in labels.items() if key not in _GENERATED_LABELS}
    template: dict[str, Json] = {"metadata": {"labels": kept}, "spec": _spec(_map(pod.get("spec")))}
    own: dict[str, Json] = {"name": maker.name, "namespace": namespace}
    made: dict[str, Json] = {"apiVersion": maker.version, "kind": maker.kind, "metadata": own}
    match maker.kind:
        case "Pod":
            return {**made, "metadata": {**own, "labels": kept}, "spec": template["spec"]}
        case "CronJob":
            return {**made, "spec": {"jobTemplate": {"spec": {"template": template}}}}
        case _:
            return {**made, "spec": {"template": template}}


def find_owner(pod: Body) -> Owner | str:
    """Return what stands in Git for a pod; the kind of its controller when that is an operator's."""
    metadata = _map(pod.get("metadata"))
    owners = metadata.get("ownerReferences")
    controllers = [
        one
        for one in (owners if isinstance(owners, list) else [])
        if isinstance(one, dict) and one.get("controller") is True
    ]
    if not controllers:
        return Owner("v1", "Pod", _text(metadata.get("name")) or _text(metadata.get("generateName")).rstrip("-"))
    kind, name = _text(controllers[0].get("kind")), _text(controllers[0].get("name"))
    version = _TEMPLATED.get(kind)
    if version is None or _text(controllers[0].get("apiVersion")) not in ("", version):
        return f"{kind or 'another object'}"
    labels = _map(metadata.get("labels"))
    if kind == "ReplicaSet":
        above = next(iter_makers(name, lambda label: _text(labels.get(label))), None)
        if above:
            return Owner(*above)
    match = _CRON_JOB.match(name) if kind == "Job" else None
    if match:
        return Owner(version, "CronJob", match[1])
    return Owner(version, kind, name)


def _spec(spec: Mapping[str, Json]) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for key in _SPEC:
        value = spec.get(key)
        if value is None:
            continue
        is_list = key in ("containers", "initContainers") and isinstance(value, list)
        made[key] = [_container(one) for one in value] if is_list else value  # type: ignore[union-attr]
    volumes = spec.get("volumes")
    kept = [one for one in volumes if _is_told(one)] if isinstance(volumes, list) else []
    if kept:
        made["volumes"] = kept
    return made


def _container(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    mounts = value.get("volumeMounts")
    if not isinstance(mounts, list):
        return value
    kept: list[Json] = [
        one for one in mounts if not (isinstance(one, dict) and _text(one.get("name")).startswith(TOKEN))
    ]
    return {**value, "volumeMounts": kept}


def _is_told(volume: Json) -> bool:
    """Tell whether a volume stands in the template: no token, and no claim, whose name each pod of a StatefulSet has its own."""
    if not isinstance(volume, dict):
        return True
    return not (_text(volume.get("name")).startswith(TOKEN) or "persistentVolumeClaim" in volume)


def _map(value: Json | None) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json | None) -> str:
    return value if isinstance(value, str) else ""
