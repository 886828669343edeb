"""Pods that opted in to injection: what a stage of a move wrote must arrive in the cluster, whatever overlays patch."""

from __future__ import annotations

from typing import Final

from injector.inventory.facts import OptedPods
from injector.manifests.document import Resource, mapping, text

_INJECTOR: Final = "vault.hashicorp.com/agent-inject"


def read_opted_pods(resource: Resource, root: str) -> OptedPods | None:
    """Return what the pods of a workload say of injection; None for what has no pod template, or says nothing.

    The part before the slash is the user's own; the names behind it are those of `injector.pod.names`.
    """
    body = resource.body
    spec = mapping(body, "spec")
    if text(body.get("kind")) == "CronJob":
        spec = mapping(mapping(spec, "jobTemplate"), "spec")
    metadata = mapping(body if text(body.get("kind")) == "Pod" else mapping(spec, "template"), "metadata")
    labels, annotations = mapping(metadata, "labels"), mapping(metadata, "annotations")
    if not any(key.endswith("/inject") and text(value) == "true" for key, value in labels.items()):
        return None
    lists = [text(value) for key, value in annotations.items() if key.endswith("/secrets")]
    return OptedPods(
        ref=resource.ref,
        root=root,
        migrations=tuple(name.strip() for one in lists for name in one.split(",") if name.strip()),
        is_written=text(annotations.get(_INJECTOR)) == "true",
    )
