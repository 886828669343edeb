"""The facts that a tree yields, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from injector.inventory.labelselector import LabelSelector
from injector.location import Location
from injector.manifests.roots import Root
from injector.migration.model import SecretMigration
from injector.model import Consumer, Diagnostic, Finding, ObjectRef, Remote, SecretSource, Store


@dataclass(frozen=True, slots=True)
class PushedPath:
    """A remote path that a PushSecret writes: reading it again is a round trip.

    Attributes:
        secret: name of the Secret it pushes, in `ref.namespace`; empty when a selector or a generator provides the value.
        path: remote key as written.
        prop: property, empty for none.
        is_deleting: ``deletionPolicy: Delete``: the value goes when its Secret goes.
        selector: labels of the Secrets that it pushes when it names none; None for no selector.
    """

    ref: ObjectRef
    secret: str
    key: str
    path: str
    prop: str
    is_deleting: bool = False
    selector: LabelSelector | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """One value that a PushSecret puts into a store.

    Attributes:
        namespace, secret, key: where the value comes from; the key is empty for the whole Secret, the Secret when a
            selector or a generator provides the value.
        remote: where it goes; its path is as written until its store is known.
        ref: the PushSecret.
        ignored: its annotations that suppress findings, with their reasons.
    """

    namespace: str
    secret: str
    key: str
    remote: Remote
    ref: ObjectRef
    ignored: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of an object: a digest of it, and where it was set (a patch's place, where a patch set it)."""

    digest: str
    location: Location


@dataclass(frozen=True, slots=True)
class OptedPods:
    """An object whose pods have the opt-in label, as deployed: a workload, or a HelmRelease whose values say it.

    Attributes:
        root: id of the root that deploys it.
        leaves: path -> value of everything in it; paths as of `injector.inventory.opted.iter_leaves`.
        undoing: (``labels`` or ``annotations``, where): what would take these from a chart's pods again.
    """

    ref: ObjectRef
    root: str
    leaves: Mapping[tuple[str, ...], Leaf] = field(default_factory=dict, hash=False)
    undoing: tuple[tuple[str, Location], ...] = ()


@dataclass(slots=True)
class Facts:
    """What one root yields; picklable, so that it can be made in another process."""

    sources: list[SecretSource] = field(default_factory=list)
    consumers: list[Consumer] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    pushed: list[PushedPath] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    migrations: list[SecretMigration] = field(default_factory=list)
    opted: list[OptedPods] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    templated: list[Diagnostic] = field(default_factory=list)

    def add(self, other: Facts) -> None:
        """Take over another root's facts."""
        self.sources += other.sources
        self.consumers += other.consumers
        self.stores += other.stores
        self.pushed += other.pushed
        self.writes += other.writes
        self.migrations += other.migrations
        self.opted += other.opted
        self.findings += other.findings
        self.diagnostics += other.diagnostics
        self.templated += other.templated


@dataclass(frozen=True, slots=True)
class Inventory:
    """All facts of a tree.

    Attributes:
        deployed: facts of what a root reaches.
        orphaned: facts of what no root reaches.
        roots: root id -> root; several clusters may have a root of the same id, then ids carry the cluster.
        unreadable: files that could not be read; `Diagnostic.is_deployed` tells which of them matter.
        files: how many files were looked at.
    """

    deployed: Facts
    orphaned: Facts
    roots: Mapping[str, Root]
    unreadable: tuple[Diagnostic, ...]
    templated: tuple[Diagnostic, ...]
    unresolved: tuple[Diagnostic, ...]
    files: int
