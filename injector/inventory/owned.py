"""Objects that a controller made of others: a cluster's dump holds both, and who reads a Secret counts once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from injector.knowledge.replicasets import iter_makers
from injector.manifests.document import Resource, items, mapping, text
from injector.model import ObjectRef


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
    labels = mapping(metadata, "labels")
    for entry in items(metadata, "ownerReferences"):
        owner = mapping(entry)
        kind, name = text(owner.get("kind")), text(owner.get("name"))
        if owner.get("controller") is True and kind != "ClusterExternalSecret":
            yield ObjectRef(kind, resource.ref.namespace, name)
            if kind == "ReplicaSet":
                # A dump may have been made without its ReplicaSets.
                for _, above, its_name in iter_makers(name, lambda label: text(labels.get(label))):
                    yield ObjectRef(above, resource.ref.namespace, its_name)
