"""``phase2 apply`` and ``phase2 rollback``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from injector.cli.answer import Answer, Note
from injector.cli.configuring import paths_argument
from injector.cli.console import Console, is_terminal
from injector.cli.options import CONTEXT, Command, Session, flag, reading_flags
from injector.cli.planning import World, choose_wanted, outcome_notes, read_world, render_changes
from injector.cli.reading import Reading, is_full, unreadable_notes
from injector.cli.words import Names, OneOf
from injector.errors import UsageError

if TYPE_CHECKING:
    from injector.stages.run import Outcome


class StageName(StrEnum):
    """What ``--stage`` takes; the words of `injector.migration.model.Stage`."""

    PREPARE = "prepare"
    INJECT = "inject"
    RELEASE = "release"
    RETIRE = "retire"


class ChangeFormat(StrEnum):
    """What ``apply -o`` takes."""

    DIFF = "diff"
    JSON = "json"


def writing_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of the commands that write into the tree."""
    for decorate in reversed(
        (
            flag(
                "-o", "--output", type=OneOf(ChangeFormat), default=ChangeFormat.DIFF, show_default=True, help="Format."
            ),
            flag("--only", type=Names("NAMESPACE/NAME"), multiple=True, help="Only these ExternalSecrets."),
            flag("--write", is_flag=True, help="Write the changes, after a question; without it they are only shown."),
            flag("-y", "--yes", is_flag=True, help="Ask nothing; for scripts."),
        )
    ):
        command = decorate(command)
    return command


@click.command("apply", cls=Command, context_settings=CONTEXT)
@paths_argument()
@flag("--stage", type=OneOf(StageName), required=True, help="Where the migrations shall be afterwards.")
@writing_flags
@reading_flags
@click.pass_obj
def apply_command(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    stage: StageName,
    output: ChangeFormat,
    only: Sequence[Sequence[str]],
    write: bool,
    yes: bool,
    **reading_values: Any,
) -> Answer:
    """Edit the tree for a stage: prepare, inject, release or retire.

    Without --write the changes are shown and nothing is written. Each stage needs the one before; a migration that has it
    already is left alone, and one that cannot have it is named with what to do, and the exit code is 2.
    """
    from injector.migration.model import Stage
    from injector.stages.run import apply_stage

    reading = Reading(**reading_values)
    reading.configure(session.console)
    world = read_world(paths, reading, session.console)
    wanted = choose_wanted([name for group in only for name in group], world)
    outcome = apply_stage(
        Stage(stage.value),
        world.plan,
        world.inventory,
        world.workspace,
        world.config,
        wanted=wanted,
        journals=world.journals,
    )
    return _finish(outcome, world, reading, session.console, output=output, is_writing=write, is_sure=yes)


@click.command("rollback", cls=Command, context_settings=CONTEXT)
@paths_argument()
@writing_flags
@reading_flags
@click.pass_obj
def rollback_command(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: ChangeFormat,
    only: Sequence[Sequence[str]],
    write: bool,
    yes: bool,
    **reading_values: Any,
) -> Answer:
    """Take the last stage of every migration back, byte for byte.

    Without --write the changes are shown and nothing is written.
    """
    from injector.stages.run import roll_back

    reading = Reading(**reading_values)
    reading.configure(session.console)
    world = read_world(paths, reading, session.console)
    wanted = choose_wanted([name for group in only for name in group], world)
    outcome = roll_back(world.plan, world.workspace, world.config, wanted=wanted, journals=world.journals)
    return _finish(outcome, world, reading, session.console, output=output, is_writing=write, is_sure=yes)


def _finish(
    outcome: Outcome,
    world: World,
    reading: Reading,
    console: Console,
    *,
    output: ChangeFormat,
    is_writing: bool,
    is_sure: bool,
) -> Answer:
    diff = render_changes(outcome.workspace)
    notes = list(outcome_notes(outcome))
    full = is_full(world.report, is_allowed=reading.allow_unreadable)
    if outcome.workspace.changed and is_writing:
        if not is_sure:
            _ask(diff, console)
        _write(world)
        notes.append(Note("summary", f"{len(outcome.workspace.changed)} files written"))
    elif outcome.workspace.changed:
        notes.append(
            Note("summary", f"{len(outcome.workspace.changed)} files would change; nothing is written without --write")
        )
    notes += unreadable_notes(world.report, is_allowed=reading.allow_unreadable)
    return Answer(
        document=diff if output is ChangeFormat.DIFF else _json(outcome, is_written=is_writing),
        notes=tuple(notes),
        exit_code=2 if outcome.refused or not full else 0,
    )


def _ask(diff: str, console: Console) -> None:
    """Show the changes and ask; anything but yes ends the run.

    Raises:
        UsageError: there is nobody to ask.
        click.Abort: the answer was no.
    """
    if not is_terminal(sys.stdin) or sys.stdin is None:
        raise UsageError("nobody can be asked here; pass --yes to write without a question")
    console.clear()
    sys.stderr.write(f"{diff}\nWrite these changes? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was written")


def _write(world: World) -> None:
    from injector.edit.changes import Change, ChangeSet, write_changes
    from injector.edit.git import check_clean

    changes = ChangeSet.of(Change(path, *pair) for path, pair in world.workspace.since({}).items())
    check_clean(world.root, changes.paths)
    write_changes(changes, world.root)


def _json(outcome: Outcome, *, is_written: bool) -> str:
    import json

    from injector.report.contract import API_VERSION

    document = {
        "apiVersion": API_VERSION,
        "kind": "Changes",
        "isWritten": is_written and bool(outcome.workspace.changed),
        "done": [
            {
                "namespace": one.migration.namespace,
                "name": one.migration.name,
                "stage": one.stage.value if one.stage else None,
            }
            for one in outcome.done
        ],
        "already": [{"namespace": one.namespace, "name": one.name} for one in outcome.already],
        "waiting": [{"namespace": one.namespace, "name": one.name} for one in outcome.waiting],
        "refused": [
            {
                "namespace": one.migration.namespace,
                "name": one.migration.name,
                "message": one.why,
                "file": one.location.path,
                "line": one.location.line,
            }
            for one in outcome.refused
        ],
        "files": sorted(outcome.workspace.changed),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
