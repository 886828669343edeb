"""Pods that opted in to injection: what a stage of a move wrote must arrive in the cluster, whatever overlays patch.

Of an object that opted in, every leaf is kept as a digest: enough to tell whether an edit of its manifest arrived, and no
value of anybody's in the facts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from injector.inventory.facts import Leaf, OptedPods
from injector.inventory.postrender import find_undoing, sets_label
from injector.location import Location
from injector.manifests.document import Resource, mapping, text
from injector.manifests.yamldoc import Map, Seq

Node: TypeAlias = "str | int | float | bool | Mapping[str, Node] | Sequence[Node] | None"
"""Plain data, of the reader or of the editor."""
PodPath: TypeAlias = "tuple[str, ...]"
"""Keys of mappings; an item of a list by its name or mount path, any other by its digest."""

_POD_KINDS: Final = frozenset(
    {
        "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Rollout",
    }
)  # fmt: skip
_RELEASE: Final = "HelmRelease"


def read_opted_pods(resource: Resource, root: str) -> OptedPods | None:
    """Return what an object says of injection to its pods; None for what makes no pods, or says nothing.

    Args:
        resource: a workload, or a HelmRelease, whose values say it.
        root: id of the root that deploys it.
    """
    kind = text(resource.body.get("kind"))
    if kind in _POD_KINDS:
        spec = mapping(resource.body, "spec")
        if kind == "CronJob":
            spec = mapping(mapping(spec, "jobTemplate"), "spec")
        metadata = mapping(resource.body if kind == "Pod" else mapping(spec, "template"), "metadata")
        is_opted = _says_so(mapping(metadata, "labels"))
    else:
        is_opted = kind == _RELEASE and (_holds_label(mapping(resource.body, "spec")) or sets_label(resource.body))
    if not is_opted:
        return None
    leaves = {path: Leaf(digest(value), _place(holder, key)) for path, value, holder, key in iter_leaves(resource.body)}
    undoing = find_undoing(resource.body) if kind == _RELEASE else ()
    return OptedPods(ref=resource.ref, root=root, leaves=leaves, undoing=undoing)


def is_label(path: PodPath) -> bool:
    """Tell the opt-in label, whatever its prefix is."""
    return bool(path) and path[-1].endswith("/inject")


def is_mark(path: PodPath) -> bool:
    """Tell the label and the lists by which pods say that they want to be injected, whatever their prefix is."""
    return bool(path) and path[-1].endswith(("/inject", "/secrets", "vault.hashicorp.com/agent-inject"))


def _says_so(labels: Mapping[str, Node]) -> bool:
    # The part before the slash is the user's own; the names behind it are those of `injector.pod.names`.
    return any(key.endswith("/inject") and value in ("true", True) for key, value in labels.items())


def _holds_label(node: Map) -> bool:
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Map):
            if _says_so(current):
                return True
            stack.extend(current.values())
        elif isinstance(current, Seq):
            stack.extend(current)
    return False


def digest(value: Node) -> str:
    """Return a short digest of data; ``$$`` as Flux leaves it counts as ``$``, and a number as its text."""
    written = json.dumps(value, sort_keys=True, default=str) if isinstance(value, (Mapping, list)) else text_of(value)
    return hashlib.blake2b(written.replace("$${", "${").encode("utf-8", "replace"), digest_size=8).hexdigest()


def text_of(value: Node) -> str:
    """Return a scalar as text, a boolean as YAML writes it."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def iter_leaves(node: Node, path: PodPath = ()) -> Iterator[tuple[PodPath, Node, Node, str | int]]:
    """Yield every leaf: its path, its value, and the container and key where it stands.

    A list of plain values is one leaf, for its order counts (a command). Of a list of mappings, an item without a name is
    one leaf each: others may put items of theirs beside it.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, (Mapping, list)) and value:
                yield from iter_leaves(value, (*path, key))
            else:
                yield (*path, key), value, node, key
    elif isinstance(node, Sequence) and not isinstance(node, str):
        if not any(isinstance(item, Mapping) for item in node):
            yield path, node, node, 0
            return
        for index, item in enumerate(node):
            name = _name_of(item)
            if name:
                yield from iter_leaves(item, (*path, f"[{name}]"))
            else:
                yield (*path, f"[{digest(item)}]"), item, node, index


def _name_of(item: Node) -> str:
    if isinstance(item, Mapping):
        for key in ("mountPath", "name"):
            value = item.get(key)
            if isinstance(value, str):
                return value
    return ""


def _place(holder: Node, key: str | int) -> Location:
    if isinstance(holder, Map):
        return holder.at(str(key))
    return holder.at(int(key)) if isinstance(holder, Seq) else Location("", 0)
