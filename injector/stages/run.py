"""Applies a stage to a plan, and takes the last one back: which migrations, in which order, what is refused and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from injector.config.model import Config
from injector.errors import EditError
from injector.inventory.facts import Inventory
from injector.location import Location
from injector.migration.model import SecretMigration, Stage
from injector.migration.write import write_migration
from injector.model import Consumer, ObjectRef, SecretSource, SourceKind
from injector.plan.model import Plan, Proposal
from injector.stages.inject import opt_in
from injector.stages.journal import changed_paths, journal_path, read_order, take_back, write_journal
from injector.stages.listing import add_file, remove_source
from injector.stages.release import drop_references, let_go
from injector.stages.workspace import Workspace
from injector.vault.build import build_vault_plan
from injector.vault.hcl import render_files
from injector.vault.terraform import render_terraform

VAULT_FOLDER: Final = ".phase2/vault"
BEFORE: Final[Mapping[Stage, Stage | None]] = {
    Stage.PREPARE: None,
    Stage.INJECT: Stage.PREPARE,
    Stage.RELEASE: Stage.INJECT,
    Stage.RETIRE: Stage.RELEASE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A migration that a stage was not applied to, and why."""

    migration: ObjectRef
    why: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A migration that moved on, or back; `stage` is the one it has now, None when it is gone."""

    migration: ObjectRef
    stage: Stage | None


@dataclass(slots=True)
class Outcome:
    """What a run would change.

    Attributes:
        workspace: the tree as it would be.
        done: what moved, in order.
        already: what had the stage before: nothing to do.
        waiting: what is not prepared yet, while a later stage is applied.
        refused: what could not be done; its files are untouched.
    """

    workspace: Workspace
    done: list[Done] = field(default_factory=list)
    already: list[ObjectRef] = field(default_factory=list)
    waiting: list[ObjectRef] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


Wanted = Callable[[str, str], bool]
"""Tells by namespace and name whether a migration is meant."""


def apply_stage(
    stage: Stage,
    plan: Plan,
    inventory: Inventory,
    workspace: Workspace,
    config: Config,
    *,
    wanted: Wanted,
    journals: Collection[str],
) -> Outcome:
    """Apply a stage to every migration that is meant.

    Args:
        stage: where they shall be afterwards.
        plan: of the tree as it is.
        inventory: of the same tree.
        workspace: the same tree; it gets the changes.
        config: what the user decided.
        wanted: which migrations.
        journals: paths of the journals that the tree has.
    """
    made = Outcome(workspace)
    order = max((read_order(workspace.get(path) or b"") for path in journals), default=0)
    before = _vault_files([one.migration for one in plan.proposals if one.is_committed], config)
    now: list[SecretMigration] = []
    for proposal in plan.proposals:
        migration = proposal.migration
        if not wanted(migration.namespace, migration.name):
            now += [migration] if proposal.is_committed else []
            continue
        if not proposal.is_committed and stage is not Stage.PREPARE:
            made.waiting.append(migration.ref)
            continue
        fork = workspace.fork()
        try:
            moved = _apply(stage, proposal, plan, inventory, fork, config)
        except EditError as err:
            made.refused.append(Refused(migration=migration.ref, why=_reason(err), location=err.location))
            now += [migration] if proposal.is_committed else []
            continue
        now.append(moved)
        if not fork.since(workspace.changed):
            made.already.append(migration.ref)
            continue
        order += 1
        title = f"{migration.namespace}/{migration.name} {stage}"
        path = journal_path(migration.namespace, migration.name, stage)
        fork.put(path, write_journal(title, order, fork.since(workspace.changed)))
        workspace.take(fork)
        made.done.append(Done(migration=migration.ref, stage=stage))
    _put_vault_files(workspace, before, _vault_files(now, config))
    return made


def _apply(
    stage: Stage, proposal: Proposal, plan: Plan, inventory: Inventory, workspace: Workspace, config: Config
) -> SecretMigration:
    """Make one migration's changes.

    Raises:
        EditError: the stage is not to be applied, or an edit is not possible.
    """
    migration = proposal.migration
    current = migration.stage if proposal.is_committed else None
    if current is not None and current.rank >= stage.rank:
        return migration
    if current is not BEFORE[stage]:
        raise EditError(f"is at stage {current}; apply stage {BEFORE[stage]} first", _at(proposal))
    open_questions = [one for one in plan.undecided if one.migration == migration.ref]
    if open_questions:
        raise EditError("; ".join(f"{one.what}; {one.remedy}" for one in open_questions), _at(proposal))
    match stage:
        case Stage.PREPARE:
            _prepare(proposal, workspace)
            return migration
        case Stage.INJECT:
            _inject(proposal, workspace, config)
        case Stage.RELEASE:
            _check_release(proposal, inventory)
            _release(proposal, workspace)
        case Stage.RETIRE if proposal.is_whole:
            _check_retire(proposal, inventory)
            remove_source(workspace, _source(proposal))
        case Stage.RETIRE:
            pass  # the ExternalSecret goes on for the keys that stay
    _set_stage(workspace, migration, stage)
    return replace(migration, stage=stage)


def _prepare(proposal: Proposal, workspace: Workspace) -> None:
    path = migration_path(proposal)
    if workspace.get(path) is not None:
        raise EditError("stands there and is no SecretMigration that the tree reads; remove it", Location(path, 1))
    add_file(workspace, path, write_migration(proposal.migration, proposal.comments).encode())


def migration_path(proposal: Proposal) -> str:
    """Return where a proposal's document is written: beside the ExternalSecret's own manifest."""
    source = _source(proposal).origin.location.path
    return f"{source.rpartition('.')[0]}.{proposal.migration.name}.secretmigration.yaml"


def _inject(proposal: Proposal, workspace: Workspace, config: Config) -> None:
    consumers = _consumers(proposal)
    if not proposal.migration.workloads:
        raise EditError("nobody reads it by a way that can move; there is nothing to inject", _at(proposal))
    for workload in proposal.migration.workloads:
        own = [one for one in consumers if (one.ref.kind, one.ref.name) == (workload.kind, workload.name)]
        if not own:
            message = f"no {workload.kind} {workload.name} in the tree reads the Secret; mend the SecretMigration"
            raise EditError(message, workload.location)
        opt_in(workspace, workload, own[0], config)


def _release(proposal: Proposal, workspace: Workspace) -> None:
    migration = proposal.migration
    consumers = _consumers(proposal)
    for workload in migration.workloads:
        seen: set[tuple[str, int]] = set()
        for consumer in consumers:
            at = (consumer.origin.location.path, consumer.origin.document)
            if (consumer.ref.kind, consumer.ref.name) == (workload.kind, workload.name) and at not in seen:
                seen.add(at)
                drop_references(workspace, migration, workload, consumer, is_whole=proposal.is_whole)
    let_go(workspace, _source(proposal), migration, is_whole=proposal.is_whole)


def _check_release(proposal: Proposal, inventory: Inventory) -> None:
    """Refuse while somebody reads a moved key who is not moved, or while a Secret's data would be deleted in Vault."""
    migration = proposal.migration
    moved = {(one.kind, one.name) for one in migration.workloads}
    for consumer in _consumers(proposal):
        if (consumer.ref.kind, consumer.ref.name) not in moved:
            message = f"{consumer.ref} still reads {consumer.key or 'the Secret'} and is not moved; move it first, or leave this key static"
            raise EditError(message, consumer.location)
    _check_push(proposal, inventory)
    others = _other_writers(_source(proposal), inventory.deployed.sources)
    if others and proposal.is_whole:
        message = f"{others[0].ref} writes the same Secret ({others[0].origin.location}); leave one writer first"
        raise EditError(message, _source(proposal).origin.location)


def _check_push(proposal: Proposal, inventory: Inventory) -> None:
    """A PushSecret may delete Vault's copy when its Secret goes: external-secrets pushsecret_controller.go:266-273@v2.9.0."""
    migration = proposal.migration
    for push in inventory.deployed.pushed:
        if push.secret == migration.secret and push.ref.namespace == migration.namespace and proposal.is_whole:
            message = (
                f"{push.ref} pushes this Secret to Vault; with deletionPolicy Delete it would delete Vault's copy with it; remove the "
                "PushSecret, or the deletionPolicy, first"
            )
            raise EditError(message, _source(proposal).origin.location)


def _check_retire(proposal: Proposal, inventory: Inventory) -> None:
    readers = _consumers(proposal)
    if readers:
        names = ", ".join(f"{one.ref} ({one.location})" for one in readers[:5])
        raise EditError(f"is still read by {names}; take the Secret out of these manifests first", readers[0].location)
    _check_push(proposal, inventory)


def _other_writers(source: SecretSource, sources: Iterable[SecretSource]) -> Sequence[SecretSource]:
    return [
        one
        for one in sources
        if one.target == source.target
        and one.ref.namespace == source.ref.namespace
        and one.ref != source.ref
        and one.kind is not SourceKind.PUSH_SECRET
        and one.origin.root == source.origin.root
    ]


def _consumers(proposal: Proposal) -> list[Consumer]:
    """Return who reads a moved key, in the order of the report."""
    keys = {"", *proposal.migration.keys}
    found: dict[tuple[object, ...], Consumer] = {}
    for credential in proposal.item.credentials if proposal.item else ():
        for one in credential.consumers:
            consumer = one.consumer
            if consumer.key in keys and (consumer.key or proposal.is_whole or set(credential.keys) & keys):
                found[consumer.ref, consumer.location, consumer.key, consumer.env] = consumer
    return list(found.values())


def _set_stage(workspace: Workspace, migration: SecretMigration, stage: Stage) -> None:
    file = workspace.open(migration.location.path)
    for document in range(len(file.source.spans())):
        if file.has(document, ("spec", "stage")) and file.value(document, ("metadata", "name")) == migration.name:
            workspace.save(file.set(document, ("spec", "stage"), stage.value))
            return
    raise EditError("holds no SecretMigration of that name any more", migration.location)


def _source(proposal: Proposal) -> SecretSource:
    if proposal.item is None:
        ref = proposal.migration.source
        message = f"{ref} is not in the tree; put it back, or remove the SecretMigration"
        raise EditError(message, proposal.migration.location)
    return proposal.item.source


def _at(proposal: Proposal) -> Location:
    return proposal.migration.location if proposal.is_committed else _source(proposal).origin.location


def _reason(err: EditError) -> str:
    text = str(err)
    return text.removeprefix(f"{err.location}: ")


# -- Vault's side in files ------------------------------------------------------------------------


def _vault_files(migrations: Sequence[SecretMigration], config: Config) -> dict[str, bytes]:
    if not migrations:
        return {}
    plan = build_vault_plan(migrations, config)
    files = {**render_files(plan), "main.tf": render_terraform(plan)}
    return {f"{VAULT_FOLDER}/{name}": text.encode() for name, text in files.items()}


def _put_vault_files(workspace: Workspace, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    for path in sorted({*before, *after}):
        workspace.put(path, after.get(path))


# -- the way back ---------------------------------------------------------------------------------


def roll_back(
    plan: Plan, workspace: Workspace, config: Config, *, wanted: Wanted, journals: Collection[str]
) -> Outcome:
    """Take the last stage of every migration that is meant back, the latest first.

    Args:
        plan: of the tree as it is.
        workspace: the tree; it gets the changes.
        config: what the user decided.
        wanted: which migrations.
        journals: paths of the journals that the tree has.
    """
    made = Outcome(workspace)
    committed = [one.migration for one in plan.proposals if one.is_committed]
    before = _vault_files(committed, config)
    now = {one.ref: one for one in committed}
    last: list[tuple[int, str, SecretMigration]] = []
    for migration in committed:
        if wanted(migration.namespace, migration.name):
            path = journal_path(migration.namespace, migration.name, migration.stage)
            last.append((-read_order(workspace.get(path) or b""), path, migration))
    for _, path, migration in sorted(last, key=lambda one: one[:2]):
        try:
            stage = _take_back(workspace, path, migration, journals)
        except EditError as err:
            made.refused.append(Refused(migration=migration.ref, why=_reason(err), location=err.location))
            continue
        made.done.append(Done(migration=migration.ref, stage=stage))
        if stage is None:
            del now[migration.ref]
        else:
            now[migration.ref] = replace(migration, stage=stage)
    _put_vault_files(workspace, before, _vault_files(list(now.values()), config))
    return made


def _take_back(workspace: Workspace, path: str, migration: SecretMigration, journals: Collection[str]) -> Stage | None:
    data = workspace.get(path) if path in journals else None
    if data is None:
        message = (
            f"stage {migration.stage} has no journal {path}; it was not made by phase2 apply: take it back with git"
        )
        raise EditError(message, migration.location)
    fork = workspace.fork()
    current = {name: fork.get(name) for name in changed_paths(data, path)}
    for name, old in take_back(data, path, current).items():
        fork.put(name, old)
    fork.put(path, None)
    workspace.take(fork)
    return BEFORE[migration.stage]
