"""What `injector.plan.build` answers, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from injector.location import Location
from injector.migration.model import SecretMigration
from injector.model import NOWHERE, Item, ObjectRef
from injector.vault.objects import Undecided, VaultPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What must change in a workload's manifest before its credential can move, in words."""

    workload: ObjectRef
    what: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One SecretMigration, proposed or already committed.

    Attributes:
        item: the ExternalSecret that it decides for, judged; None when it is gone (stage retire).
        comments: field of the document -> why it is so.
        changes: what `phase2 apply` changes in manifests of the workloads.
        is_committed: the document stands in the tree already and was not computed.
        is_whole: every key of the Secret moves, so that the ExternalSecret goes at the end.
        problem: why no stage can be applied or taken back, in words; empty when nothing is in the way.
    """

    migration: SecretMigration
    item: Item | None
    comments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    is_committed: bool = False
    is_whole: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """What does not move though it is dynamic-capable, and why.

    Attributes:
        ref: the ExternalSecret.
        keys: the keys that it is about; empty for all.
        why: in words, with what would help.
    """

    ref: ObjectRef
    why: str
    keys: tuple[str, ...] = ()
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that could move, each list sorted by namespace and name.

    Attributes:
        undecided: what only a person can know; a stage is not applied to a migration that has any.
    """

    proposals: tuple[Proposal, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    vault: VaultPlan = field(default_factory=VaultPlan)
