"""``phase2 apply``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from injector.cli.answer import Answer
from injector.cli.changing import ChangeFormat, finish, writing_flags
from injector.cli.configuring import folder_argument
from injector.cli.options import CONTEXT, Command, Session, flag, reading_flags
from injector.cli.planning import World, choose_wanted, read_world, verify
from injector.cli.reading import Reading, little_garbage
from injector.cli.words import OneOf

if TYPE_CHECKING:
    from injector.stages.run import Outcome


class StageName(StrEnum):
    """What ``--stage`` takes; the words of `injector.migration.model.Stage`."""

    PREPARE = "prepare"
    INJECT = "inject"
    RELEASE = "release"
    RETIRE = "retire"


@click.command("apply", cls=Command, context_settings=CONTEXT)
@folder_argument()
@flag("--stage", type=OneOf(StageName), required=True, help="Where the migrations shall be afterwards.")
@flag(
    "--inline-annotations",
    is_flag=True,
    help="Stage inject: write into the manifests what the webhook would do to the pods, for clusters without it.",
)
@writing_flags
@reading_flags
@click.pass_obj
def command(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    stage: StageName,
    inline_annotations: bool,
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
    with little_garbage():
        outcome = apply_stage(Stage(stage.value), world.scene(wanted, is_inline=inline_annotations), world.workspace)
    if only:
        _refuse_what_waits(outcome, world)
    verify(outcome, world, reading)
    return finish(outcome, world, reading, session.console, output=output, is_writing=write, is_sure=yes)


def _refuse_what_waits(outcome: Outcome, world: World) -> None:
    """What is not prepared waits while all others move on; who was named was meant, and a script must not go on."""
    from injector.model import NOWHERE
    from injector.stages.run import Refused

    places = {one.migration.ref: one.item.source.origin.location for one in world.plan.proposals if one.item}
    outcome.refused += [
        Refused(migration=ref, why="is not prepared yet; apply stage prepare first", location=places.get(ref, NOWHERE))
        for ref in outcome.waiting
    ]
    outcome.waiting.clear()
