"""Applies a stage to a plan: which migrations, in which order, what is refused and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from injector.config.model import Config
from injector.errors import EditError
from injector.inventory.facts import Inventory
from injector.location import Location
from injector.migration.model import SecretMigration, Stage, Workload
from injector.model import Consumer, ObjectRef
from injector.plan.model import Plan, Proposal
from injector.stages.children import check_children
from injector.stages.guards import (
    check_data_from,
    check_joined,
    check_readers_of_all,
    check_release,
    check_retire,
    consumers_of,
)
from injector.stages.inject import name_migrations, opt_in
from injector.stages.inline import write_inline
from injector.stages.journal import Past, has_written, journal_path, no_past, read_order, write_journal
from injector.stages.listing import remove_source
from injector.stages.prepare import Manifests, prepare, source_of
from injector.stages.release import drop_references, let_go
from injector.stages.vaultfiles import put_vault_files, vault_files
from injector.stages.workspace import Workspace

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
    """A migration that moved on, or back.

    Attributes:
        stage: the one it has now, None when it is gone.
        document: as it stands in the tree now, None when it is gone.
    """

    migration: ObjectRef
    stage: Stage | None
    document: SecretMigration | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a stage is applied to.

    Attributes:
        plan: of the tree as it is.
        inventory: of the same tree.
        config: what the user decided.
        wanted: which migrations.
        journals: paths of the journals that the tree has.
        is_inline: write into the manifests what the webhook would do to the pods.
        past: what the tree's files have been, for the way back.
        is_shown: nothing will be written, so that nobody needs a journal, nor what Vault must hold.
    """

    plan: Plan
    inventory: Inventory
    config: Config
    wanted: Wanted
    journals: Collection[str] = ()
    is_inline: bool = False
    past: Past = no_past
    is_shown: bool = False
    manifests: Manifests = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Look up once which proposals share a manifest."""
        object.__setattr__(self, "manifests", Manifests(self.plan.proposals))


def apply_stage(stage: Stage, scene: Scene, workspace: Workspace) -> Outcome:
    """Apply a stage to every migration that is meant.

    Args:
        stage: where they shall be afterwards.
        scene: the tree and what is known of it.
        workspace: the same tree; it gets the changes.
    """
    made = Outcome(workspace)
    order = max((read_order(workspace.get(path) or b"") for path in scene.journals), default=0)
    proposals = scene.plan.proposals
    now: list[SecretMigration] = []
    for proposal in proposals:
        migration = proposal.migration
        if not scene.wanted(migration.namespace, migration.name):
            now += [migration] if proposal.is_committed else []
            continue
        if not proposal.is_committed and stage is not Stage.PREPARE:
            made.waiting.append(migration.ref)
            continue
        fork = workspace.fork()
        try:
            moved = _apply(stage, proposal, scene, fork, {one.migration for one in made.done})
        except EditError as err:
            made.refused.append(refuse(migration.ref, err))
            now += [migration] if proposal.is_committed else []
            continue
        now.append(moved)
        if moved is migration and proposal.is_committed:
            made.already.append(migration.ref)
            continue
        order += 1
        if not scene.is_shown:
            _note(stage, migration, scene, fork, order)
        workspace.take(fork)
        made.done.append(Done(migration=migration.ref, stage=stage, document=moved))
    if not scene.is_shown:
        before = [one.migration for one in proposals if one.is_committed]
        put_vault_files(workspace, vault_files(before, scene.config), vault_files(now, scene.config))
    return made


def _note(stage: Stage, migration: SecretMigration, scene: Scene, workspace: Workspace, order: int) -> None:
    """Write the journal of what a stage did to one migration."""
    title = f"{migration.namespace}/{migration.name} {stage}"
    path = journal_path(migration.namespace, migration.name, stage)
    is_written = scene.is_inline and stage is Stage.INJECT
    workspace.put(path, write_journal(title, order, workspace.delta(), is_written=is_written))


def refuse(ref: ObjectRef, err: EditError) -> Refused:
    """Return an error as a value."""
    return Refused(migration=ref, why=str(err).removeprefix(f"{err.location}: "), location=err.location)


def _apply(
    stage: Stage, proposal: Proposal, scene: Scene, workspace: Workspace, done: Collection[ObjectRef]
) -> SecretMigration:
    """Make one migration's changes, and return it as it stands then; the same object when there was nothing to do.

    Raises:
        EditError: the stage is not to be applied, or an edit is not possible.
    """
    migration = proposal.migration
    if proposal.problem:
        raise EditError(proposal.problem, migration.location)
    current = migration.stage if proposal.is_committed else None
    if current is not None and current.rank >= stage.rank:
        return migration
    if current is not BEFORE[stage]:
        raise EditError(f"is at stage {current}; apply stage {BEFORE[stage]} first", _at(proposal))
    if stage in (Stage.RELEASE, Stage.RETIRE):
        check_children(stage, proposal, scene.manifests, scene.inventory)
    _check_sharing(proposal, scene)
    open_questions = [one for one in scene.plan.undecided if one.migration == migration.ref]
    if open_questions:
        raise EditError("; ".join(f"{one.what}; {one.remedy}" for one in open_questions), _at(proposal))
    match stage:
        case Stage.PREPARE:
            prepare(workspace, proposal, scene.manifests)
            return migration
        case Stage.INJECT:
            _inject(proposal, scene, workspace)
        case Stage.RELEASE:
            check_release(proposal, scene.inventory)
            _release(proposal, scene, workspace)
        case Stage.RETIRE if proposal.is_whole:
            check_retire(proposal, scene.inventory)
            if not any(one.migration.ref in done for one in scene.manifests.sharing(proposal)):
                remove_source(workspace, source_of(proposal))
        case Stage.RETIRE:
            pass  # the ExternalSecret goes on for the keys that stay
    _set_stage(workspace, migration, stage)
    return replace(migration, stage=stage)


def _check_sharing(proposal: Proposal, scene: Scene) -> None:
    """Refuse to move one namespace's ExternalSecret without the others that stand in the same manifest."""
    for one in scene.manifests.sharing(proposal):
        if not scene.wanted(one.migration.namespace, one.migration.name):
            message = (
                f"{one.migration.namespace}/{one.migration.name} comes from the same manifest; name it with --only as well, or give "
                "it a manifest of its own"
            )
            raise EditError(message, _at(proposal))


def _inject(proposal: Proposal, scene: Scene, workspace: Workspace) -> None:
    migration = proposal.migration
    if not migration.workloads:
        raise EditError("nobody reads it by a way that can move; there is nothing to inject", _at(proposal))
    check_readers_of_all(proposal)
    check_joined(proposal)
    check_data_from(proposal)
    for workload, own in _by_workload(proposal):
        opt_in(workspace, workload, own, scene.config, migration.name)
        if scene.is_inline:
            _check_one_namespace(proposal, scene)
            substituted = any(
                root.variables is not None
                for one in own
                if (root := scene.inventory.roots.get(one.origin.root)) is not None
            )
            together = _together(proposal, workload, scene)
            write_inline(workspace, own, together, scene.config, is_substituted=substituted)


def _release(proposal: Proposal, scene: Scene, workspace: Workspace) -> None:
    migration = proposal.migration
    is_written = _is_written(proposal, scene, workspace)
    for workload, own in _by_workload(proposal, may_be_gone=is_written):
        seen: set[tuple[str, int]] = set()
        for consumer in own:
            at = (consumer.origin.location.path, consumer.origin.document)
            if at not in seen:
                seen.add(at)
                drop_references(workspace, migration, workload, consumer, is_whole=proposal.is_whole)
        if is_written:
            continue
        names = [migration.name, *_neighbours(proposal, (workload.kind, workload.name), scene)]
        name_migrations(workspace, workload, own, scene.config, sorted(set(names)))
    let_go(workspace, source_of(proposal), migration, is_whole=proposal.is_whole)


def _is_written(proposal: Proposal, scene: Scene, workspace: Workspace) -> bool:
    """Tell whether stage inject wrote the pods themselves: they name no Secret any more, and need no webhook."""
    namespace = proposal.migration.namespace
    names = {proposal.migration.name}
    for workload in proposal.migration.workloads:
        names.update(_neighbours(proposal, (workload.kind, workload.name), scene))
    journals = {journal_path(namespace, name, Stage.INJECT) for name in names} & set(scene.journals)
    return any(has_written(workspace.get(journal)) for journal in journals)


def _check_one_namespace(proposal: Proposal, scene: Scene) -> None:
    """Refuse to write pods of several namespaces: annotations name one namespace's role."""
    for one in scene.manifests.sharing(proposal):
        message = (
            f"{one.migration.namespace}/{one.migration.name} comes from the same manifest, and annotations name the role of one "
            "namespace; let the webhook do it, or give each namespace manifests of its own"
        )
        raise EditError(message, _at(proposal))


def _together(proposal: Proposal, workload: Workload, scene: Scene) -> list[tuple[SecretMigration, Workload]]:
    """Return all migrations that the pods of a workload obey once this stage is applied to those that are meant."""
    found: list[tuple[SecretMigration, Workload]] = []
    for one in scene.plan.proposals:
        migration = one.migration
        is_meant = scene.wanted(migration.namespace, migration.name) and migration.stage is Stage.PREPARE
        is_there = one.is_committed and migration.stage.rank >= Stage.INJECT.rank
        if migration.namespace == proposal.migration.namespace and one.is_committed and (is_meant or is_there):
            own = [other for other in migration.workloads if (other.kind, other.name) == (workload.kind, workload.name)]
            found += [(migration, other) for other in own]
    return found


def _by_workload(proposal: Proposal, *, may_be_gone: bool = False) -> list[tuple[Workload, list[Consumer]]]:
    """Return each workload of a migration with its consumers.

    Args:
        proposal: the migration.
        may_be_gone: it is right that no manifest names the Secret any more.

    Raises:
        EditError: the tree has none for one of them.
    """
    consumers = consumers_of(proposal)
    found: list[tuple[Workload, list[Consumer]]] = []
    for workload in proposal.migration.workloads:
        own = [one for one in consumers if (one.ref.kind, one.ref.name) == (workload.kind, workload.name)]
        if not own and not may_be_gone:
            message = f"no {workload.kind} {workload.name} in the tree reads the Secret; mend the SecretMigration"
            raise EditError(message, _at(proposal))
        found.append((workload, own))
    return found


def _neighbours(proposal: Proposal, workload: tuple[str, str], scene: Scene) -> Sequence[str]:
    """Return the migrations that the same pods obey already: a pod that names any must name them all."""
    return [
        one.migration.name
        for one in scene.plan.proposals
        if one.is_committed
        and one.migration.namespace == proposal.migration.namespace
        and one.migration.stage.rank >= Stage.INJECT.rank
        and any((other.kind, other.name) == workload for other in one.migration.workloads)
    ]


_STAGE_LINE: Final = re.compile(rb"^(  stage: )(\w+)(?=\r?$)", re.MULTILINE)
"""As `injector.migration.write` writes it; nothing else in its documents starts so."""


def _set_stage(workspace: Workspace, migration: SecretMigration, stage: Stage) -> None:
    data = workspace.get(migration.location.path) or b""
    lines = _STAGE_LINE.findall(data)
    if [word for _, word in lines] == [migration.stage.value.encode()] and b"\n---" not in data:
        workspace.put(migration.location.path, _STAGE_LINE.sub(rb"\g<1>" + stage.value.encode(), data))
        return
    file = workspace.open(migration.location.path)
    names = [
        (document, file.value(document, ("metadata", "name")))
        for document in range(len(file.source.spans()))
        if file.has(document, ("spec", "stage")) and file.has(document, ("metadata", "name"))
    ]
    exact = [document for document, name in names if name == migration.name] or [
        # kustomize may put a prefix and a suffix around the written name
        document
        for document, name in names
        if isinstance(name, str) and name and name in migration.name
    ]
    if len(exact) != 1:
        raise EditError("holds no SecretMigration of that name, or several; mend it by hand", migration.location)
    workspace.save(file.set(exact[0], ("spec", "stage"), stage.value))


def _at(proposal: Proposal) -> Location:
    return proposal.migration.location if proposal.is_committed else source_of(proposal).origin.location
