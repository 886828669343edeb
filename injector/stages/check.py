"""Compares a tree with the same tree after a stage: nothing may be different but the move itself.

An edit of a base manifest may break an overlay's patch, a patch may undo the edit, another cluster may deploy the same
file: all that shows as soon as the tree is read again as it would be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from injector.inventory.facts import Inventory
from injector.location import Location
from injector.migration.model import SecretMigration, Stage
from injector.migration.plain import to_plain
from injector.model import NOWHERE, Consumer, ObjectRef, SecretSource, SourceKind
from injector.plan.model import Plan
from injector.stages.arrived import Tree, find_lost
from injector.stages.reach import Reach
from injector.stages.run import Outcome, Refused

Surprise = tuple[ObjectRef, str, Location]
"""The migration, what would be wrong, and where."""
_ESO = (SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET)
_LETTING_GO = frozenset({"Orphan", "Merge", "CreateOrMerge"})


def check_outcome(outcome: Outcome, before: Inventory, after: Inventory, plan: Plan) -> None:
    """Take everything back when a run would do more, or less, than it is meant to do; arguments as of `find_surprises`."""
    surprises = find_surprises(before, after, outcome, plan)
    if surprises:
        outcome.refused += [
            Refused(migration=ref, why=f"{why}; nothing is changed, edit it by hand", location=location)
            for ref, why, location in surprises
        ]
        outcome.done.clear()
        outcome.workspace.changed.clear()


def find_surprises(before: Inventory, after: Inventory, outcome: Outcome, plan: Plan) -> list[Surprise]:
    """Return what a run would do beside what it is meant to do.

    Args:
        before: the tree as it is.
        after: the tree as it would be.
        outcome: of the run.
        plan: of the tree as it is.
    """
    moved = {
        (one.document.namespace, one.document.secret): one.document for one in outcome.done if one.document is not None
    }
    if not moved:
        return []
    refs = {one.ref for one in moved.values()}
    reaches = {one.migration.ref: Reach.of(one, before) for one in plan.proposals if one.migration.ref in refs}
    whole = {(one.migration.namespace, one.migration.secret) for one in plan.proposals if one.is_whole}
    places = {one.migration.ref: one.item.source.origin.location for one in plan.proposals if one.item}
    first = next(iter(moved.values())).ref
    return [
        *_unreadable(before, after, first),
        *(found for one in moved.values() for found in _document(one, after, places.get(one.ref, NOWHERE))),
        *_sources(before, after, moved, whole, places),
        *_consumers(before, after, moved, first),
        *(found for one in moved.values() for found in _left(after, one, reaches[one.ref], whole)),
        *(
            (one.ref, why, at)
            for one in moved.values()
            for why, at in find_lost(one, Tree(before, after, outcome.workspace))
        ),
    ]


def _unreadable(before: Inventory, after: Inventory, ref: ObjectRef) -> Iterator[Surprise]:
    known = {(one.location.path, one.code, one.message) for one in (*before.unreadable, *before.unresolved)}
    for one in (*after.unreadable, *after.unresolved):
        if (one.location.path, one.code, one.message) not in known:
            yield ref, f"afterwards {one.location} could not be read: {one.message}", one.location


def _document(migration: SecretMigration, after: Inventory, place: Location) -> Iterator[Surprise]:
    """The SecretMigration itself is deployed, under its own name and with its own content."""
    found = [
        one for one in after.deployed.migrations if (one.namespace, one.name) == (migration.namespace, migration.name)
    ]
    if not found:
        message = (
            f"no kustomization would deploy it as {migration.namespace}/{migration.name} (is there a namePrefix or a nameSuffix, or is "
            "its folder not listed?)"
        )
        yield migration.ref, message, place
    elif any(to_plain(one) != to_plain(migration) for one in found):
        yield migration.ref, "kustomize would change the SecretMigration on the way", found[0].location


def _sources(
    before: Inventory,
    after: Inventory,
    moved: Mapping[tuple[str, str], SecretMigration],
    whole: set[tuple[str, str]],
    places: Mapping[ObjectRef, Location],
) -> Iterator[Surprise]:
    ref = next(iter(moved.values())).ref
    old, new = _by_source(before), _by_source(after)
    for own in sorted(old.keys() | new.keys(), key=str):
        was, now = old.get(own), new.get(own)
        some = was or now
        if some is None:
            continue
        migration = moved.get((some.ref.namespace, some.target)) if some.kind in _ESO else None
        is_its = migration is not None and places.get(migration.ref) == some.origin.location
        if migration is None or migration.source.name != some.ref.name or not is_its:
            if was is None or now is None or _plain(was) != _plain(now):
                yield ref, f"{some.ref} would change as well", some.origin.location
            continue
        own_place = (migration.namespace, migration.secret)
        message = _wrong(migration, was, now, is_whole=own_place in whole)
        if message:
            yield migration.ref, message, some.origin.location


def _wrong(migration: SecretMigration, was: SecretSource | None, now: SecretSource | None, *, is_whole: bool) -> str:
    """Return what is wrong with a moved ExternalSecret after a stage; empty when nothing is."""
    if migration.stage is Stage.RETIRE and is_whole:
        return f"{now.ref} would still be deployed" if now else ""
    if was is None or now is None:
        return "its ExternalSecret would come or go with it"
    if migration.stage is not Stage.RELEASE:
        return "" if _plain(was) == _plain(now) else "its ExternalSecret would change as well"
    if is_whole:
        if now.creation_policy not in _LETTING_GO:
            return "a patch sets creationPolicy again, so that the ExternalSecret would not let go of its Secret"
        if now.refresh_policy == "CreatedOnce" and was.creation_policy not in _LETTING_GO:
            return "a patch sets refreshPolicy again, so that the ExternalSecret would never let go of its Secret"
        if now.deletion_policy == "Delete" and was.creation_policy not in _LETTING_GO:
            return "a patch sets deletionPolicy Delete again, with which the operator refuses to let go of the Secret"
        return "" if _keys(was, ()) == _keys(now, ()) else "its ExternalSecret would make other keys"
    if _keys(was, migration.keys) != _keys(now, ()):
        return "its ExternalSecret would not make the keys that stay as it does now (does a patch count its entries?)"
    return ""


def _keys(source: SecretSource, without: tuple[str, ...]) -> frozenset[Hashable]:
    return frozenset(
        (key.name, key.template, tuple(replace(one, location=NOWHERE) for one in key.remotes))
        for key in source.keys
        if key.name not in without
    )


def _by_source(inventory: Inventory) -> dict[Hashable, SecretSource]:
    return {(one.kind.value, one.ref, one.target, one.origin.root): one for one in inventory.deployed.sources}


def _plain(source: SecretSource) -> Hashable:
    return (
        source.creation_policy,
        source.deletion_policy,
        source.refresh_policy,
        source.refresh_interval,
        source.secret_type,
        _keys(source, ()),
    )


def _consumers(
    before: Inventory, after: Inventory, moved: Mapping[tuple[str, str], SecretMigration], ref: ObjectRef
) -> Iterator[Surprise]:
    old, new = _count(before), _count(after)
    places = {_own(one): one.location for one in (*after.deployed.consumers, *before.deployed.consumers)}
    for one in sorted((old - new) + (new - old)):
        migration = moved.get((one.namespace, one.secret))
        if migration is None or not _is_meant(one, migration):
            what = "would read" if new[one] > old[one] else "would no longer read"
            yield (migration.ref if migration else ref), f"{one.ref} {what} Secret {one.secret}", places[one]


def _is_meant(one: _Reader, migration: SecretMigration) -> bool:
    # Stage inject takes references out only where it writes the pods itself.
    return migration.stage in (Stage.INJECT, Stage.RELEASE) and any(
        (workload.kind, workload.name) == (one.ref.kind, one.ref.name) for workload in migration.workloads
    )


def _left(
    after: Inventory, migration: SecretMigration, reach: Reach, whole: set[tuple[str, str]]
) -> Iterator[Surprise]:
    """Nobody among the migration's workloads names a moved key any more, or the pod would miss what the Secret loses."""
    if migration.stage is not Stage.RELEASE:
        return
    keys = {*migration.keys, ""} if (migration.namespace, migration.secret) in whole else {*migration.keys}
    own = {(one.kind, one.name) for one in migration.workloads}
    for one in after.deployed.consumers:
        if reach.has(one, after) and one.key in keys and (one.ref.kind, one.ref.name) in own:
            message = (
                f"{one.ref} would still read {one.key or 'all'} of Secret {one.secret}, in a place that was not found"
            )
            yield migration.ref, message, one.location


@dataclass(frozen=True, slots=True, order=True)
class _Reader:
    """A way of reading a Secret, without where it stands."""

    ref: ObjectRef
    namespace: str
    secret: str
    how: str
    key: str
    env: str
    path: str
    container: str
    root: str


def _count(inventory: Inventory) -> Counter[_Reader]:
    return Counter(_own(one) for one in inventory.deployed.consumers)


def _own(one: Consumer) -> _Reader:
    return _Reader(
        ref=one.ref,
        namespace=one.secret_namespace or one.ref.namespace,
        secret=one.secret,
        how=one.how.value,
        key=one.key,
        env=one.env,
        path=one.path,
        container=one.container.name if one.container else "",
        root=one.origin.root,
    )
