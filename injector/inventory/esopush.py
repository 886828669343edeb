"""PushSecrets: which Secret they read, and which remote values they write.

A PushSecret is no maker of a Secret. But what it writes, an ExternalSecret may read again: then the value has its
origin in the cluster, and Vault only carries it.

Source: external-secrets apis/externalsecrets/v1alpha1/pushsecret_types.go:91-249@v2.9.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from injector.inventory.esostore import ESO_GROUP, StoreIndex, resolve_remote, store_ref
from injector.inventory.facts import PushedPath, Write
from injector.inventory.labelselector import read_label_selector
from injector.location import Location
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.yamldoc import Map
from injector.model import Consumer, Finding, How, ObjectRef, Remote, SecretSource


@dataclass(frozen=True, slots=True)
class Push:
    """What a PushSecret reads and writes.

    Attributes:
        consumers: the Secret it reads, by `How.PUSH`.
        pushed: the remote paths as written, for `injector.inventory.facts`.
        writes: the same with their stores, one per store.
        selector: labels of the Secrets that it reads when it names none.
    """

    consumers: tuple[Consumer, ...] = ()
    pushed: tuple[PushedPath, ...] = ()
    writes: tuple[Write, ...] = ()
    selector: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()


def read_push_secret(resource: Resource, root: str, stores: StoreIndex | None = None) -> Push:
    """Read a PushSecret or a ClusterPushSecret; anything else yields an empty `Push`.

    Args:
        resource: the object.
        root: id of the root that deploys it.
        stores: stores by which the remote paths of `Push.writes` are composed.
    """
    body, ref = resource.body, resource.ref
    if api_group(body) != ESO_GROUP or ref.kind not in ("PushSecret", "ClusterPushSecret"):
        return Push()
    spec = mapping(body, "spec")
    if ref.kind == "ClusterPushSecret":
        spec = mapping(spec, "pushSecretSpec")
        ref = ObjectRef(ref.kind, "", ref.name)
    chosen = mapping(mapping(spec, "selector"), "secret")
    secret = text(chosen.get("name"))
    consumers: tuple[Consumer, ...] = ()
    findings: list[Finding] = []
    if secret:
        where = chosen.at("name")
        origin = resource.origin(root)
        consumers = (Consumer(ref, secret, How.PUSH, origin, where, path="spec.selector.secret.name"),)
    elif chosen:
        message = "reads every Secret that its selector matches: they cannot be told from the tree"
        findings.append(Finding("push-secret-selector", message, mapping(spec, "selector").at("secret")))
    by_labels = mapping(chosen, "selector")
    labels = mapping(by_labels, "matchLabels")
    selector = read_label_selector(by_labels) if "selector" in chosen and not secret else None
    is_deleting = text(spec.get("deletionPolicy")) == "Delete"
    if is_deleting:
        # Fact 10 of ESO: deleting the Secret deletes the remote copy, which may be all that is left of it.
        message = "deletionPolicy Delete: when the Secret goes away, its copy in the store is deleted as well"
        findings.append(Finding("push-secret-deletes-remote", message, spec.at("deletionPolicy")))
    annotations = mapping(mapping(body, "metadata"), "annotations")
    ignored = tuple((name, text(why)) for name, why in annotations.items() if "/ignore." in name)
    writes: dict[Write, None] = {}
    for remote, key in _iter_remotes(spec):
        composed = resolve_remote(remote, ref.namespace, stores or StoreIndex.empty(), {})
        writes[Write(ref.namespace, secret, key, composed, ref, ignored)] = None
    pushed = dict.fromkeys(
        PushedPath(ref, secret, key, path, prop, is_deleting, selector) for path, prop, key, _ in _iter_matches(spec)
    )
    return Push(
        consumers=consumers,
        pushed=tuple(pushed),
        writes=tuple(writes),
        selector=tuple((key, text(value)) for key, value in labels.items()),
        findings=tuple(findings),
    )


def _iter_remotes(spec: Map) -> Iterator[tuple[Remote, str]]:
    matches = list(_iter_matches(spec))
    for one in items(spec, "secretStoreRefs"):
        store = store_ref(mapping(one))  # a store chosen by labels stays unknown
        if store is not None:
            for path, prop, key, where in matches:
                yield Remote(store, path, prop, where), key


def _iter_matches(spec: Map) -> Iterator[tuple[str, str, str, Location]]:
    """Yield (remote key, property, Secret key, line) of ``data`` and ``dataTo``."""
    for one in items(spec, "data"):
        match = mapping(one, "match")
        ref = mapping(match, "remoteRef")
        path = text(ref.get("remoteKey")).strip()
        if path:
            yield path, text(ref.get("property")), text(match.get("secretKey")), ref.at("remoteKey")
    for one in items(spec, "dataTo"):
        bulk = mapping(one)
        path = text(bulk.get("remoteKey")).strip()
        if path:
            yield path, "", "", bulk.at("remoteKey")


def find_round_trips(
    sources: Iterable[SecretSource], writes: Iterable[Write], stores: StoreIndex
) -> Iterator[tuple[SecretSource, Finding]]:
    """Yield the sources that read what is pushed from the cluster, with the finding that says so.

    Args:
        sources: their paths composed already.
        writes: as they are written.
        stores: all stores of the tree.
    """
    composed = tuple(
        replace(write, remote=resolve_remote(write.remote, write.namespace, stores, {})) for write in writes
    )
    for source in sources if composed else ():
        write = is_round_trip(source, composed)
        if write is not None:
            what = f"Secret {write.namespace}/{write.secret}" if write.secret else "Secrets chosen by labels"
            message = f"reads what a PushSecret writes from {what} ({write.remote.location}): the store only carries it"
            yield (
                source,
                Finding(
                    "push-secret-round-trip",
                    message,
                    source.origin.location,
                    subject=source.ref,
                    root=source.origin.root,
                ),
            )


def is_round_trip(source: SecretSource, writes: tuple[Write, ...]) -> Write | None:
    """Return the write that an ExternalSecret reads back, None when it reads nothing that is pushed.

    Both sides need the same store, by kind and name, and the same path; a write without property fills the whole
    remote secret.
    """
    for key in source.keys:
        for remote in key.remotes:
            for write in writes:
                own = write.remote
                same_place = (own.store.kind, own.store.name, own.path) == (
                    remote.store.kind,
                    remote.store.name,
                    remote.path,
                )
                if same_place and remote.path and own.prop in ("", remote.prop):
                    return write
    return None
