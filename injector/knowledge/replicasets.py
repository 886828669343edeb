"""What makes a ReplicaSet, told by its name: that of its maker, with the hash of the pod template behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

HASHES: Final = {
    "rollouts-pod-template-hash": ("argoproj.io/v1alpha1", "Rollout"),
    "pod-template-hash": ("apps/v1", "Deployment"),
}
"""Label of a ReplicaSet and of its pods -> apiVersion and kind of what makes it.
Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label"""


def iter_makers(replica_set: str, label_of: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
    """Yield (apiVersion, kind, name) of what a ReplicaSet is called after.

    Args:
        replica_set: its name.
        label_of: the value of a label of it, or of a pod of it; empty when it has none.
    """
    for label, (version, kind) in HASHES.items():
        ending = f"-{label_of(label)}"
        if ending != "-" and replica_set.endswith(ending):
            yield version, kind, replica_set.removesuffix(ending)
