"""Takes the last stage of migrations back, from what `apply` noted when it made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from injector.errors import EditError
from injector.migration.model import SecretMigration, Stage
from injector.plan.model import Proposal
from injector.stages.journal import changed_paths, journal_path, read_order, take_back
from injector.stages.run import BEFORE, Done, Outcome, Scene, refuse
from injector.stages.vaultfiles import put_vault_files, vault_files
from injector.stages.workspace import Workspace


def roll_back(scene: Scene, workspace: Workspace) -> Outcome:
    """Take the last stage of every migration that is meant back, the latest first.

    Args:
        scene: the tree and what is known of it.
        workspace: the same tree; it gets the changes.
    """
    made = Outcome(workspace)
    committed = [one for one in scene.plan.proposals if one.is_committed]
    before = vault_files([one.migration for one in committed], scene.config)
    now = {one.migration.ref: one.migration for one in committed}
    last: list[tuple[int, str, Proposal]] = []
    for proposal in committed:
        migration = proposal.migration
        if scene.wanted(migration.namespace, migration.name):
            path = journal_path(migration.namespace, migration.name, migration.stage)
            last.append((-read_order(workspace.get(path) or b""), path, proposal))
    for _, path, proposal in sorted(last, key=lambda one: one[:2]):
        migration = proposal.migration
        try:
            stage = _take_back(workspace, path, proposal, scene, now.values())
        except EditError as err:
            made.refused.append(refuse(migration.ref, err))
            continue
        if stage is None:
            del now[migration.ref]
            made.done.append(Done(migration=migration.ref, stage=None))
        else:
            now[migration.ref] = replace(migration, stage=stage)
            made.done.append(Done(migration=migration.ref, stage=stage, document=now[migration.ref]))
    put_vault_files(workspace, before, vault_files(list(now.values()), scene.config))
    return made


def _take_back(
    workspace: Workspace, path: str, proposal: Proposal, scene: Scene, now: Iterable[SecretMigration]
) -> Stage | None:
    """Take one migration's last stage back, and return the one before it.

    Raises:
        EditError: it is not known what the stage did, or others changed the same lines since.
    """
    migration = proposal.migration
    if proposal.problem:
        raise EditError(proposal.problem, migration.location)
    data = workspace.get(path) if path in scene.journals else None
    if data is None:
        message = (
            f"stage {migration.stage} has no journal {path}; it was not made by phase2 apply: take it back with git"
        )
        raise EditError(message, migration.location)
    _check_sharing(migration, proposal, scene)
    _check_later(workspace, migration, read_order(data), now)
    fork = workspace.fork()
    current = {name: fork.get(name) for name in changed_paths(data, path)}
    for name, old in take_back(data, path, current, scene.past).items():
        fork.put(name, old)
    fork.put(path, None)
    workspace.take(fork)
    return BEFORE[migration.stage]


def _check_later(workspace: Workspace, migration: SecretMigration, order: int, now: Iterable[SecretMigration]) -> None:
    """Refuse while a later migration of the same pods needs the label, or the list of migrations, that this one wrote.

    Raises:
        EditError: naming it.
    """
    own = {(one.kind, one.name) for one in migration.workloads}
    for other in now:
        is_same = other.ref == migration.ref or other.namespace != migration.namespace
        if is_same or other.stage.rank < migration.stage.rank or migration.stage not in (Stage.INJECT, Stage.RELEASE):
            continue
        path = journal_path(other.namespace, other.name, migration.stage)
        is_later = read_order(workspace.get(path) or b"") > order
        if is_later and own & {(one.kind, one.name) for one in other.workloads}:
            message = f"{other.namespace}/{other.name} moved the same pods later; take that back first"
            raise EditError(message, migration.location)


def _check_sharing(migration: SecretMigration, proposal: Proposal, scene: Scene) -> None:
    for one in scene.manifests.sharing(proposal):
        other = one.migration
        if one.is_committed and other.stage is migration.stage and not scene.wanted(other.namespace, other.name):
            message = f"{other.namespace}/{other.name} comes from the same manifest; name it with --only as well"
            raise EditError(message, migration.location)
