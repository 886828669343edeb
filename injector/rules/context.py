"""What of a tree as a whole bears on single Secrets, gathered once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from injector.config.model import DEFAULT, Config
from injector.inventory.facts import Facts, Inventory
from injector.location import Location
from injector.manifests.files import parent
from injector.manifests.roots import Root, RootKind
from injector.model import Finding, How, ObjectRef, SecretSource, SourceKind, Store, StoreRef

_GITOPS: Final = frozenset({RootKind.FLUX, RootKind.ARGO})

_PLAIN: Final = re.compile(r"[a-z0-9-]*")

StoreKey = tuple[str, str, str]
"""Kind, namespace (empty for a ClusterSecretStore) and name."""


@dataclass(frozen=True, slots=True)
class Context:
    """What of a tree as a whole bears on single Secrets.

    Attributes:
        roots: root id -> root.
        before_store: roots that must be ready before the store of Vault is: what runs there is bootstrap.
        store_logins: (namespace, name) of the Secrets that stores log in with; namespace may be empty.
        stores: the stores that are deployed.
        lost_stores: stores that stand in the tree and are not deployed -> where.
        lost_sources: (namespace, Secret's name) -> manifests that would make it and that nothing deploys; the
            namespace may be empty.
        copies: a Secret's name -> the namespaces that a tool copies one of this name to, patterns among them.
        unread: folders that hold a deployed file which could not be read: it may make what seems to be missing.
        deleting_pushes: PushSecrets that delete the remote copy with the Secret.
        config: what only a person can know of the tree.
        reported: (object, the root that deploys it, whether it is an orphan) -> what the reader of its manifest found
            wrong with it.
    """

    roots: Mapping[str, Root] = field(default_factory=dict)
    before_store: frozenset[str] = frozenset()
    store_logins: frozenset[tuple[str, str]] = frozenset()
    stores: frozenset[StoreKey] = frozenset()
    lost_stores: Mapping[StoreKey, Location] = field(default_factory=dict)
    lost_sources: Mapping[tuple[str, str], tuple[SecretSource, ...]] = field(default_factory=dict)
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    deleting_pushes: frozenset[ObjectRef] = frozenset()
    reported: Mapping[tuple[ObjectRef, str, bool], tuple[Finding, ...]] = field(default_factory=dict)
    config: Config = DEFAULT

    @staticmethod
    def of(inventory: Inventory, config: Config = DEFAULT) -> Context:
        """Gather the context of an inventory."""
        deployed, orphaned = inventory.deployed, inventory.orphaned
        logins = {
            (one.secret_namespace or one.ref.namespace, one.secret)
            for facts in (deployed, orphaned)
            for one in facts.consumers
            if one.how is How.STORE_AUTH
        }
        stores = frozenset(_store_key(one) for one in deployed.stores)
        lost = {_store_key(one): one.origin.location for one in reversed(orphaned.stores)}
        return Context(
            roots=inventory.roots,
            before_store=frozenset(_before_store(inventory)),
            store_logins=frozenset(logins),
            stores=stores,
            lost_stores={key: lost[key] for key in lost if key not in stores},
            lost_sources=_lost_sources(orphaned),
            copies=_copies(deployed),
            unread=frozenset(parent(one.location.path) for one in inventory.unreadable if one.is_deployed),
            deleting_pushes=frozenset(_deleting_pushes(deployed)),
            reported=_reported(inventory),
            config=config,
        )

    def reported_of(self, source: SecretSource, *, is_orphan: bool) -> tuple[Finding, ...]:
        """Return what the reader of a source's manifest found wrong with it."""
        root = source.origin.root
        found = self.reported.get((source.ref, root, is_orphan), ())
        if source.kind is SourceKind.CLUSTER_EXTERNAL_SECRET and source.ref.namespace:
            found += self.reported.get((ObjectRef(source.ref.kind, "", source.ref.name), root, is_orphan), ())
        return found

    def has_store(self, store: StoreRef, namespace: str) -> bool:
        """Tell whether a store is deployed for an ExternalSecret of a namespace."""
        return _key(store, namespace) in self.stores

    def find_lost_store(self, store: StoreRef, namespace: str) -> Location | None:
        """Return where a store stands that nothing deploys, None when it is deployed or not in the tree."""
        return self.lost_stores.get(_key(store, namespace))

    def may_copy(self, namespace: str, name: str) -> bool:
        """Tell whether a tool copies a Secret here; of a pattern of namespaces only the plain start is compared."""
        starts = ((one, _PLAIN.match(one)) for one in self.copies.get(name, ()))
        return any(
            start is not None and (namespace == one if start[0] == one else namespace.startswith(start[0]))
            for one, start in starts
        )

    def is_read_around(self, path: str) -> bool:
        """Tell whether all deployed files in a file's folder, and in those above it, could be read."""
        return not any(one == "." or path.startswith(f"{one}/") for one in self.unread)

    def is_gitops(self, root: str) -> bool:
        """Tell whether a root is one of a cluster's own, not a folder or stream that may be a part of a tree."""
        return root in self.roots and self.roots[root].kind in _GITOPS

    def is_partial(self, root: str) -> bool:
        """Tell whether a root has variables that the tree does not tell."""
        return root in self.roots and self.roots[root].is_partial


def _key(store: StoreRef, namespace: str) -> StoreKey:
    return store.kind, "" if store.kind.startswith("Cluster") else namespace, store.name


def _store_key(store: Store) -> StoreKey:
    return store.ref.kind, store.ref.namespace, store.ref.name


def _before_store(inventory: Inventory) -> set[str]:
    roots = inventory.roots
    own = {store.origin.root for store in inventory.deployed.stores if store.provider == "vault"}
    before: set[str] = set()
    waiting = [root for start in sorted(own & set(roots)) for root in roots[start].depends_on]
    while waiting:
        root = waiting.pop()
        if root not in before and root in roots and root not in own:
            before.add(root)
            waiting.extend(roots[root].depends_on)
    return before


def _lost_sources(orphaned: Facts) -> dict[tuple[str, str], tuple[SecretSource, ...]]:
    found: dict[tuple[str, str], list[SecretSource]] = defaultdict(list)
    for source in orphaned.sources:
        found[source.ref.namespace, source.target].append(source)
    return {key: tuple(sorted(found[key], key=lambda one: one.origin.location)) for key in found}


def _copies(deployed: Facts) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one in deployed.consumers:
        if one.how is How.COPY:
            found[one.ref.name].add(one.ref.namespace)
    return {name: tuple(sorted(found[name])) for name in found}


def _deleting_pushes(deployed: Facts) -> Iterator[ObjectRef]:
    for one in deployed.findings:
        if one.rule == "push-secret-deletes-remote" and one.subject:
            yield one.subject


def _reported(inventory: Inventory) -> dict[tuple[ObjectRef, str, bool], tuple[Finding, ...]]:
    found: dict[tuple[ObjectRef, str, bool], list[Finding]] = defaultdict(list)
    for facts, is_orphan in ((inventory.deployed, False), (inventory.orphaned, True)):
        for finding in facts.findings:
            if finding.subject:
                found[finding.subject, finding.root, is_orphan].append(finding)
    return {key: tuple(found[key]) for key in found}
