"""All stages one after the other, without reading the tree again: what a plan shows.

Migrations that share no file and no pods are previewed apart from each other, each group through all stages while its
files are parsed; so the groups may be shared out to several processes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from injector.errors import EditError
from injector.inventory.facts import Inventory
from injector.migration.model import Stage
from injector.model import Consumer, ObjectRef, SecretSource
from injector.plan.model import Proposal
from injector.plan.simulate import committed_at
from injector.stages.documents import find_kustomization
from injector.stages.guards import consumers_of
from injector.stages.journal import Delta
from injector.stages.listing import folder_of
from injector.stages.prepare import find_home
from injector.stages.reach import Reach
from injector.stages.run import Refused, Scene, Wanted, apply_stage
from injector.stages.vaultfiles import put_vault_files, vault_files
from injector.stages.workspace import Workspace

Own = tuple[str, str]
"""Namespace and name of a migration."""


@dataclass(frozen=True, slots=True)
class Group:
    """Migrations that belong together, with all that a preview of them looks at; the tree's own order."""

    scene: Scene


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage would change.

    Attributes:
        changed: path -> bytes after the stage, None for a file that goes.
        refused: what the stage would refuse, `why` beginning with the stage.
        done: what moved.
    """

    stage: Stage
    changed: Mapping[str, bytes | None] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    done: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What all stages would change.

    Attributes:
        steps: one of each stage, in order.
        deltas: what each of them changes, where the one before ends.
    """

    steps: tuple[Step, ...]
    deltas: tuple[Delta, ...]

    @property
    def refused(self) -> tuple[Refused, ...]:
        """What any stage would refuse; what one stage refuses, a later one does not try."""
        return tuple(one for step in self.steps for one in step.refused)


Sharing = Callable[[Sequence[Group], Callable[[Group], list[Step]]], Iterable[list[Step]]]
"""Does pieces of work and returns what came of them, in their order: `map`, or the same in several processes."""


def preview(scene: Scene, workspace: Workspace, sharing: Sharing = lambda groups, do: map(do, groups)) -> Preview:
    """Apply all stages to a workspace that nobody writes; arguments as of `apply_stage`.

    Args:
        scene: the tree and what is known of it.
        workspace: the same tree; it gets all changes.
        sharing: who does the work.
    """
    groups = list(find_groups(scene, workspace))
    found = list(sharing(groups, lambda group: walk(group, workspace.fork())))
    steps: list[Step] = []
    deltas: list[Delta] = []
    for number, stage in enumerate(Stage):
        fork = workspace.fork()
        parts = [one[number] for one in found]
        changed = {path: data for part in parts for path, data in part.changed.items()}
        for path in sorted(changed):
            fork.put(path, changed[path])
        step = Step(
            stage,
            changed,
            tuple(sorted((one for part in parts for one in part.refused), key=lambda one: str(one.migration))),
            tuple(one for part in parts for one in part.done),
        )
        if stage is Stage.PREPARE:
            _put_vault_files(scene, step, fork)
        steps.append(step)
        deltas.append(fork.delta())
        workspace.take(fork)
    return Preview(tuple(steps), tuple(deltas))


def walk(group: Group, workspace: Workspace) -> list[Step]:
    """Take a group through all stages."""
    scene = group.scene
    own = [one for one in scene.plan.proposals if scene.wanted(one.migration.namespace, one.migration.name)]
    paths = {(one.migration.namespace, one.migration.name): path for one in own if (path := _home(one, scene))}
    steps: list[Step] = []
    stopped: set[Own] = set()
    for stage in Stage:
        if stage is Stage.RETIRE:
            scene = replace(scene, inventory=_released(scene, frozenset(steps[-1].done)))
        fork = workspace.fork()
        made = apply_stage(stage, scene, fork)
        refused = tuple(replace(one, why=f"stage {stage}: {one.why}") for one in made.refused)
        steps.append(Step(stage, dict(fork.changed), refused, tuple(one.migration for one in made.done)))
        workspace = fork
        stopped |= {(one.migration.namespace, one.migration.name) for one in made.refused}
        reached = {name: path for name, path in paths.items() if name not in stopped}
        scene = replace(scene, plan=committed_at(scene.plan, reached, stage), wanted=_among(frozenset(reached)))
    return steps


def _released(scene: Scene, released: Container[ObjectRef]) -> Inventory:
    """Return the inventory without those who read a Secret until stage release took them off it."""
    inventory = scene.inventory
    gone: set[int] = set()
    for proposal in scene.plan.proposals:
        migration = proposal.migration
        if migration.ref not in released:
            continue
        reach = Reach.of(proposal, inventory)
        pods = {(one.kind, one.name) for one in migration.workloads}
        gone |= {
            id(one)
            for one in inventory.deployed.consumers
            if reach.has(one, inventory)
            and (one.ref.kind, one.ref.name) in pods
            and (one.key in migration.keys or (not one.key and proposal.is_whole))
        }
    left = [one for one in inventory.deployed.consumers if id(one) not in gone]
    return replace(inventory, deployed=replace(inventory.deployed, consumers=left))


def find_groups(scene: Scene, workspace: Workspace) -> Iterator[Group]:
    """Yield the migrations of a scene by what they share, in the order of the plan.

    A group's inventory holds of sources and consumers only those of its Secrets: nobody asks for others, and everybody who
    asks looks at all.
    """
    proposals = [one for one in scene.plan.proposals if scene.wanted(one.migration.namespace, one.migration.name)]
    if not proposals:
        return
    sources: dict[Own, list[SecretSource]] = {}
    for source in scene.inventory.deployed.sources:
        sources.setdefault((source.ref.namespace, source.target), []).append(source)
    consumers: dict[Own, list[Consumer]] = {}
    for consumer in scene.inventory.deployed.consumers:
        consumers.setdefault((consumer.secret_namespace or consumer.ref.namespace, consumer.secret), []).append(
            consumer
        )
    for members in _together(scene, workspace):
        if not any(scene.wanted(one.migration.namespace, one.migration.name) for one in members):
            continue
        secrets = dict.fromkeys((one.migration.namespace, one.migration.secret) for one in members)
        secrets |= dict.fromkeys((one.item.source.ref.namespace, one.item.source.target) for one in members if one.item)
        deployed = replace(
            scene.inventory.deployed,
            sources=[one for secret in secrets for one in sources.get(secret, ())],
            consumers=[one for secret in secrets for one in consumers.get(secret, ())],
        )
        refs = {one.migration.ref for one in members}
        undecided = tuple(one for one in scene.plan.undecided if one.migration in refs)
        yield Group(
            replace(
                scene,
                plan=replace(scene.plan, proposals=tuple(members), undecided=undecided),
                inventory=replace(scene.inventory, deployed=deployed),
                is_shown=True,
            )
        )


def _together(scene: Scene, workspace: Workspace) -> list[list[Proposal]]:
    """Return the proposals in groups that share no file and no pods."""
    proposals = scene.plan.proposals
    leader = list(range(len(proposals)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    first: dict[object, int] = {}
    for number, proposal in enumerate(proposals):
        for thing in _touched(proposal, scene, workspace):
            other = find(first.setdefault(thing, number))
            mine = find(number)
            leader[max(mine, other)] = min(mine, other)
    groups: dict[int, list[Proposal]] = {}
    for number, proposal in enumerate(proposals):
        groups.setdefault(find(number), []).append(proposal)
    return list(groups.values())


def _touched(proposal: Proposal, scene: Scene, workspace: Workspace) -> Iterator[object]:
    """Yield everything that a migration's stages may edit or ask for: files, folders with a kustomization, pods."""
    migration = proposal.migration
    yield migration.namespace, migration.name
    yield migration.namespace, migration.secret
    for workload in migration.workloads:
        yield migration.namespace, workload.kind, workload.name
    if home := _home(proposal, scene):
        yield home
    if proposal.item is None:
        return
    origin = proposal.item.source.origin
    path = origin.location.path
    yield path
    yield from (one.origin.location.path for one in consumers_of(proposal))
    folders = origin.deployed_by or (folder_of(path),)
    for folder in folders:
        listing = find_kustomization(workspace, folder)
        is_last = folder == folders[-1]
        if listing and (is_last or posixpath.relpath(path, folder).encode() in (workspace.get(listing) or b"")):
            yield listing


def _put_vault_files(scene: Scene, step: Step, workspace: Workspace) -> None:
    """Write what Vault must hold once everything is prepared; later stages leave it as it is."""
    before = [one.migration for one in scene.plan.proposals if one.is_committed]
    done = set(step.done)
    after = [one.migration for one in scene.plan.proposals if one.is_committed or one.migration.ref in done]
    put_vault_files(workspace, vault_files(before, scene.config), vault_files(after, scene.config))


def _among(names: frozenset[Own]) -> Wanted:
    return lambda namespace, name: (namespace, name) in names


def _home(proposal: Proposal, scene: Scene) -> str:
    if proposal.is_committed:
        return proposal.migration.location.path
    try:
        return find_home(proposal, scene.manifests)[0]
    except EditError:
        return ""
