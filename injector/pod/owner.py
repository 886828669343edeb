"""Of which workload a pod is, where several share a ServiceAccount: by who made it, then by its containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from injector.migration.model import Workload
from injector.pod.model import Body, Json
from injector.pod.reading import as_list, as_map, ends_first, iter_containers

_ALL = "*"


def nearest_first(pod: Body, workloads: Sequence[Workload]) -> list[Workload]:
    """Return workloads that a pod may be of, the likeliest first; those that are alike keep their order.

    What makes a pod writes itself down as its owner; a chart's workload has another kind in Git, so that only the
    containers tell. Source of the names: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
    and https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ (the Job's name starts with the CronJob's).
    """
    if len(workloads) < 2:  # noqa: PLR2004 - nothing to choose
        return list(workloads)
    owners = [one for one in as_list(as_map(pod.get("metadata")).get("ownerReferences")) if one.get("controller")]
    names = {(ends_first(kind, container), container.get("name")) for kind, container in iter_containers(pod)}

    def rank(one: Workload) -> tuple[bool, int, int]:
        shared = _shared(names, one)
        return not shared, -_made_by(owners, one), -shared

    return sorted(workloads, key=rank)


def _made_by(owners: Sequence[Mapping[str, Json]], workload: Workload) -> int:
    """Return how surely an owner is the workload: 1 for yes, -1 for no, 0 where the kinds cannot be compared."""
    sure = 0
    for owner in owners:
        kind, name = str(owner.get("kind")), str(owner.get("name"))
        direct = _MAKES.get(workload.kind)
        if direct is None:
            continue  # a HelmRelease, or an operator's: it makes what it likes
        if kind == direct and (name == workload.name if kind == workload.kind else _is_child(name, workload.name)):
            return 1
        sure = -1
    return sure


def _is_child(name: str, parent: str) -> bool:
    """Tell whether a ReplicaSet or a Job is called after what made it: its name, a dash, and one word."""
    head, dash, tail = name.rpartition("-")
    return bool(dash and tail) and head == parent


_MAKES: Mapping[str, str] = {
    "Deployment": "ReplicaSet",
    "Rollout": "ReplicaSet",
    "CronJob": "Job",
    **{kind: kind for kind in ("StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job")},
}
"""Kind in Git -> kind of what its pods name as their owner."""


def _shared(names: set[tuple[bool, Json]], workload: Workload) -> int:
    """Return how many containers of the workload the pod has."""
    return sum(1 for one in workload.containers if one.name == _ALL or (one.is_init, one.name) in names)
