"""What ``apply`` and ``rollback`` share: their flags, the question before writing, and what they answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from injector.cli.answer import Answer, Note
from injector.cli.console import Console, is_terminal
from injector.cli.options import flag
from injector.cli.planning import World, outcome_notes, render_changes
from injector.cli.reading import Reading, is_full, unreadable_notes
from injector.cli.words import Names, OneOf
from injector.errors import TreeError, UsageError

if TYPE_CHECKING:
    from injector.stages.run import Outcome


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


def finish(
    outcome: Outcome,
    world: World,
    reading: Reading,
    console: Console,
    *,
    output: ChangeFormat,
    is_writing: bool,
    is_sure: bool,
) -> Answer:
    """Write what a run would change when that is asked for, and return its answer."""
    from injector.report.planjson import build_outcome_document, render_json

    diff = render_changes(outcome.workspace.delta())
    notes = list(outcome_notes(outcome))
    full = is_full(world.report, is_allowed=reading.allow_unreadable)
    is_written = is_writing and full
    if outcome.workspace.changed and is_writing and not full:
        notes.append(Note("error", "nothing is written: somebody may read a Secret in a file that cannot be read"))
    elif outcome.workspace.changed and is_writing:
        if not is_sure:
            ask(diff, console)
        _write(world)
        notes.append(Note("summary", f"{len(outcome.workspace.changed)} files written"))
    elif outcome.workspace.changed:
        notes.append(
            Note("summary", f"{len(outcome.workspace.changed)} files would change; nothing is written without --write")
        )
    notes += unreadable_notes(world.report, is_allowed=reading.allow_unreadable)
    return Answer(
        document=diff
        if output is ChangeFormat.DIFF
        else render_json(build_outcome_document(outcome, is_written=is_written)),
        notes=tuple(notes),
        exit_code=2 if outcome.refused or not full else 0,
    )


def take_back(
    paths: Sequence[str], root: Path, console: Console, *, output: ChangeFormat, is_writing: bool, is_sure: bool
) -> Answer:
    """Take back what a run had written when it was ended, and return the answer.

    Args:
        paths: the files that it had changed.
        root: of the tree.
        console: to ask.
        output: as of the command.
        is_writing: do it.
        is_sure: ask nothing.
    """
    from injector.edit.record import take_back_interrupted
    from injector.report.planjson import build_outcome_document, render_json
    from injector.stages.run import Outcome
    from injector.stages.workspace import Workspace

    notes = [Note("warning", f"{path}:1: was changed by a run that was ended while it wrote") for path in paths]
    if is_writing:
        if not is_sure:
            ask("".join(f"{path}: back to what it was\n" for path in paths), console)
        take_back_interrupted(root)
        notes.append(Note("summary", f"{len(paths)} files are what they were before that run"))
    else:
        notes.append(Note("summary", f"{len(paths)} files would change back; nothing is written without --write"))
    files = Workspace(lambda _: None, dict.fromkeys(paths))
    document = build_outcome_document(Outcome(files), is_written=is_writing)
    return Answer(document="" if output is ChangeFormat.DIFF else render_json(document), notes=tuple(notes))


def ask(diff: str, console: Console) -> None:
    """Show the changes and ask; anything but yes ends the run.

    Raises:
        UsageError: there is nobody to ask, or the answer was no.
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
    from injector.stages.journal import FOLDER, find_lost

    changes = ChangeSet.of(Change(path, *pair) for path, pair in world.workspace.delta().items())
    check_clean(world.root, changes.paths)
    for change in changes.changes:
        lost = (
            find_lost(change.new, change.path, world.workspace.changed, world.past)
            if change.path.startswith(FOLDER) and change.new
            else []
        )
        if lost:
            message = (
                f"{lost[0]}:1: a line that the stage takes out may hold a secret, so that only git shall keep it for the way back; "
                "commit the tree to git first, or take the secret out of the file"
            )
            raise TreeError(message)
    write_changes(changes, world.root)
