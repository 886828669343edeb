"""``phase2 rollback``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from injector.cli.answer import Answer
from injector.cli.changing import ChangeFormat, finish, take_back, writing_flags
from injector.cli.configuring import folder_argument
from injector.cli.options import CONTEXT, Command, Session, reading_flags
from injector.cli.planning import choose_wanted, one_folder, read_world
from injector.cli.reading import Reading


@click.command("rollback", cls=Command, context_settings=CONTEXT)
@folder_argument()
@writing_flags
@reading_flags
@click.pass_obj
def command(
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

    Without --write the changes are shown and nothing is written. Where a run was ended while it wrote, only what that run had
    written is taken back.
    """
    from injector.edit.record import find_interrupted
    from injector.stages.rollback import roll_back

    root = one_folder(paths)
    interrupted = find_interrupted(root)
    if interrupted is not None:
        return take_back(interrupted, root, session.console, output=output, is_writing=write, is_sure=yes)
    reading = Reading(**reading_values)
    reading.configure(session.console)
    world = read_world(paths, reading, session.console)
    wanted = choose_wanted([name for group in only for name in group], world)
    outcome = roll_back(world.scene(wanted), world.workspace)
    return finish(outcome, world, reading, session.console, output=output, is_writing=write, is_sure=yes)
