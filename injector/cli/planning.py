"""What ``plan``, ``apply`` and ``rollback`` share: the tree read once, with its plan and the files as they would be."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from injector.cli.answer import Note
from injector.cli.console import Console
from injector.cli.reading import Reading, no_garbage
from injector.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from injector.config.model import Config
    from injector.inventory.facts import Inventory
    from injector.manifests.tree import Tree
    from injector.model import Report
    from injector.plan.model import Plan
    from injector.stages.journal import Delta
    from injector.stages.run import Outcome, Scene
    from injector.stages.workspace import Workspace


@dataclass(frozen=True, slots=True)
class World:
    """A tree with everything that a stage needs to know of it.

    Attributes:
        root: the folder that all paths are relative to.
        journals: paths of the journals in the tree.
    """

    root: Path
    inventory: Inventory
    report: Report
    plan: Plan
    config: Config
    workspace: Workspace
    journals: tuple[str, ...]
    tree: Tree

    def scene(self, wanted: Callable[[str, str], bool], *, is_inline: bool = False) -> Scene:
        """Return what stages are applied to."""
        from injector.stages.run import Scene

        return Scene(
            past=self.past,
            plan=self.plan,
            inventory=self.inventory,
            config=self.config,
            wanted=wanted,
            journals=self.journals,
            is_inline=is_inline,
        )

    def past(self, path: str) -> Iterable[bytes]:
        """Return what a file has been, the newest first, as far as git knows."""
        from injector.edit.git import iter_past

        return iter_past(self.root, path)


def read_world(paths: Sequence[str], reading: Reading, console: Console) -> World:
    """Read a tree and plan it.

    Raises:
        InputError: a path cannot be read at all.
        UsageError: it is no single folder: edits belong to one tree.
        TreeError: a run was ended while it wrote, and has left the tree half changed.
    """
    from injector.classify import classify
    from injector.edit.record import check_no_record
    from injector.inventory.build import build_inventory
    from injector.manifests.tree import load_tree
    from injector.plan.build import build_plan
    from injector.stages.journal import FOLDER
    from injector.stages.workspace import Workspace

    given = [str(one_folder(paths))]
    check_no_record(Path(given[0]))
    with no_garbage():
        tree = load_tree(given)
        inventory = build_inventory(tree, jobs=reading.jobs, progress=console.progress)
        console.clear()
        config = reading.config.get()
        report = classify(inventory, config)
    root = tree.root
    folder = root / FOLDER
    journals = sorted(f"{FOLDER}/{file.name}" for file in folder.iterdir()) if folder.is_dir() else []
    return World(
        root=root,
        inventory=inventory,
        report=report,
        plan=build_plan(report, config, [*inventory.deployed.migrations, *inventory.orphaned.migrations]),
        config=config,
        workspace=Workspace(_reader(root)),
        journals=tuple(journals),
        tree=tree,
    )


def one_folder(paths: Sequence[str]) -> Path:
    """Return the root of the tree that was named.

    Raises:
        UsageError: it is no single folder: edits belong to one tree.
    """
    given = list(paths) or ["."]
    if len(given) != 1 or not Path(given[0]).is_dir():
        raise UsageError(f"{' '.join(given)}: plans are made for one folder; name the root of the tree")
    return Path(given[0])


def verify(outcome: Outcome, world: World, reading: Reading) -> None:
    """Read the tree as it would be, and take everything back when anything but the move itself would be different."""
    from injector.inventory.build import build_inventory
    from injector.stages.check import check_outcome

    if outcome.workspace.changed:
        after = build_inventory(world.tree.changed(outcome.workspace.changed), jobs=reading.jobs)
        check_outcome(outcome, world.inventory, after, world.plan)


def _reader(root: Path) -> Callable[[str], bytes | None]:
    @cache
    def read(path: str) -> bytes | None:
        file = root / path
        return file.read_bytes() if file.is_file() else None

    return read


def choose_wanted(only: Sequence[str], world: World) -> Callable[[str, str], bool]:
    """Return which migrations are meant by ``--only``; all when it is empty.

    Raises:
        NotFoundError: a name is of no ExternalSecret that could move.
    """
    known = sorted(f"{one.migration.namespace}/{one.migration.name}" for one in world.plan.proposals)
    for name in only:
        if name not in known:
            blocked = next((one for one in world.plan.blocked if f"{one.ref.namespace}/{one.ref.name}" == name), None)
            if blocked:
                raise NotFoundError(f"{blocked.location}: {name}: {blocked.why}")
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}"
            raise NotFoundError(f"{name}: is nothing that can move; {advice}")
    names = frozenset(only)
    return lambda namespace, name: not names or f"{namespace}/{name}" in names


def outcome_notes(outcome: Outcome) -> Iterator[Note]:
    """Yield what stderr says of a run: what moved, what did not and why."""
    for done in outcome.done:
        told = f"is at stage {done.stage}" if done.stage else "is back where it was before prepare"
        yield Note("summary", f"{done.migration.namespace}/{done.migration.name} {told}")
    for ref in outcome.already:
        yield Note("summary", f"{ref.namespace}/{ref.name} is there already: nothing to do")
    if not (outcome.done or outcome.already or outcome.refused):
        yield Note("summary", _nothing(outcome))
    for ref in outcome.waiting:
        yield Note("info", f"{ref.namespace}/{ref.name} is not prepared yet: left alone")
    for one in outcome.refused:
        yield Note("error", f"{one.location}: {one.migration}: {one.why}")


def _nothing(outcome: Outcome) -> str:
    """Return why a run does nothing; silence would look like success."""
    if not outcome.waiting:
        return "there is nothing to do"
    return f"{len(outcome.waiting)} can move, and none is prepared yet; apply stage prepare first"


def plan_notes(world: World) -> Iterator[Note]:
    """Yield what stderr says of a plan: what is blocked, and what a person must decide."""
    for one in world.plan.blocked:
        keys = f" {', '.join(one.keys)}" if one.keys else ""
        yield Note("warning", f"{one.location}: {one.ref}{keys}: stays: {one.why}")
    for question in world.plan.undecided:
        yield Note(
            "warning", f"{question.location}: {question.migration}: not decided: {question.what}; {question.remedy}"
        )


def render_changes(delta: Delta) -> str:
    """Return changes as one unified diff; the journal, which only repeats them, left out.

    Without lines around a change, and with ``<redacted>`` for what may be a secret value in the lines that change: a
    manifest may hold somebody's password there, and a diff goes where manifests do not, such as the log of a CI run.
    """
    from injector.edit.changes import Change, ChangeSet
    from injector.edit.diff import render_diff
    from injector.stages.journal import FOLDER

    own = frozenset(path for path, (old, _) in delta.items() if _is_own(path, old))
    changes = ChangeSet.of(Change(path, *pair) for path, pair in delta.items() if not path.startswith(f"{FOLDER}/"))
    shown = render_diff(changes, 0, lambda path, line: line if path in own else _hide(line))
    return shown.decode("utf-8", "backslashreplace")


def _is_own(path: str, old: bytes | None) -> bool:
    """Tell a file that is written by phase2 alone; one that comes back had an author of its own."""
    return path.startswith(".phase2/") or (old is None and path.endswith(".secretmigration.yaml"))


def _hide(line: bytes) -> bytes:
    from injector.edit.hiding import hide

    return hide(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
