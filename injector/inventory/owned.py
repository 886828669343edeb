"""Objects that a controller made of others: a cluster's dump holds both, and who reads a Secret counts once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from injector.manifests.document import Resource, items, mapping, text
from injector.manifests.yamldoc import Map
from injector.model import ObjectRef

_HASHES: Final = {"pod-template-hash": "Deployment", "rollouts-pod-template-hash": "Rollout"}
"""Label -> what makes ReplicaSets that are called after it, with the label's value behind.
Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label"""


def without_made(resources: Sequence[Resource]) -> Sequence[Resource]:
    """Return what nobody made, or somebody who is not there: whoever is there says it already.

    In Git nothing names its controller; `kubectl get -o yaml` prints a Deployment, its ReplicaSets and their Pods, an
    ExternalSecret and its Secret. A ClusterExternalSecret's children are kept: only they tell their namespaces.
    """
    if not any("ownerReferences" in mapping(one.body, "metadata") for one in resources):
        return resources
    there = {one.ref for one in resources}
    return [one for one in resources if there.isdisjoint(_makers(one))]


def _makers(resource: Resource) -> Iterator[ObjectRef]:
    metadata = mapping(resource.body, "metadata")
    for entry in items(metadata, "ownerReferences"):
        owner = mapping(entry)
        kind, name = text(owner.get("kind")), text(owner.get("name"))
        if owner.get("controller") is True and kind != "ClusterExternalSecret":
            yield ObjectRef(kind, resource.ref.namespace, name)
            if kind == "ReplicaSet":
                yield from _above(mapping(metadata, "labels"), name, resource.ref.namespace)


def _above(labels: Map, name: str, namespace: str) -> Iterator[ObjectRef]:
    """Yield what makes a Pod's ReplicaSet, which may have been left out of the dump."""
    for label, kind in _HASHES.items():
        ending = f"-{text(labels.get(label))}"
        if ending != "-" and name.endswith(ending):
            yield ObjectRef(kind, namespace, name.removesuffix(ending))
