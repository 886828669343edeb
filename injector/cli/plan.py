"""``phase2 plan``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from injector.cli.answer import Answer, Note
from injector.cli.configuring import folder_argument
from injector.cli.options import CONTEXT, Command, Session, flag, reading_flags
from injector.cli.planning import World, choose_wanted, plan_notes, read_world, render_changes
from injector.cli.reading import Reading, is_full, little_garbage, unreadable_notes
from injector.cli.sharing import share
from injector.cli.words import Names, OneOf, PathName, SomeOf, flatten
from injector.errors import UsageError

if TYPE_CHECKING:
    from injector.plan.model import Proposal
    from injector.stages.preview import Preview


class PlanFormat(StrEnum):
    """What ``plan -o`` takes."""

    DIFF = "diff"
    YAML = "yaml"
    JSON = "json"
    DIR = "dir"


class PlanBar(StrEnum):
    """What ``plan --fail-on`` takes."""

    NEVER = "never"
    CHANGES = "changes"
    BLOCKED = "blocked"
    UNDECIDED = "undecided"


@click.command("plan", cls=Command, context_settings=CONTEXT)
@folder_argument()
@flag("-o", "--output", type=OneOf(PlanFormat), default=PlanFormat.DIFF, show_default=True, help="Format of the plan.")
@flag(
    "--output-file",
    metavar="FILE",
    type=PathName(),
    default="",
    help="Write the document there; with -o dir the folder that is made.",
)
@flag("--only", type=Names("NAMESPACE/NAME"), multiple=True, help="Only these ExternalSecrets.")
@flag(
    "--fail-on",
    type=SomeOf(PlanBar),
    multiple=True,
    default=((PlanBar.NEVER,),),
    help="What makes the exit code 1; by default never.",
)
@reading_flags
@click.pass_obj
def command(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: PlanFormat,
    output_file: str,
    only: Sequence[Sequence[str]],
    fail_on: Sequence[Sequence[PlanBar]],
    **reading_values: Any,
) -> Answer:
    """Say exactly how everything moves that can move; nothing is written into the tree.

    As a diff: all that `apply` would change, stage by stage. As yaml: the SecretMigrations, for `kubectl apply -f -`. As
    json: the whole plan, with what is blocked or not decided and Vault's side. As dir: a folder with all of it.
    """
    from injector.stages.preview import preview

    if output is PlanFormat.DIR and output_file in ("", "-"):
        raise UsageError("-o dir writes a folder; name it with --output-file")
    reading = Reading(**reading_values)
    reading.configure(session.console)
    world = read_world(paths, reading, session.console)
    wanted = choose_wanted([name for group in only for name in group], world)
    proposals = [one for one in world.plan.proposals if wanted(one.migration.namespace, one.migration.name)]
    with little_garbage():
        seen = preview(world.scene(wanted), world.workspace, partial(share, jobs=reading.jobs))
    full = is_full(world.report, is_allowed=reading.allow_unreadable)
    reached = _reached(flatten(fail_on), world, has_changes=bool(world.workspace.changed))
    asked = {one.migration for one in world.plan.undecided}
    notes = [
        *plan_notes(world),
        *(
            Note("warning", f"{one.location}: {one.migration}: {one.why}")
            for one in seen.refused
            if one.migration not in asked
        ),
        Note(
            "summary",
            f"{len(proposals)} can move; {len(world.plan.blocked)} blocked; {len(world.plan.undecided)} not decided",
        ),
        *(Note("info", f"--fail-on: {bar} is reached") for bar in reached),
        *unreadable_notes(world.report, is_allowed=reading.allow_unreadable),
    ]
    document = ""
    match output:
        case PlanFormat.DIFF:
            document = _diff(seen)
        case PlanFormat.YAML:
            document = _yaml(proposals)
        case PlanFormat.JSON:
            document = _json(world, proposals, seen)
        case PlanFormat.DIR:
            _write_folder(output_file, world, proposals, seen)
    return Answer(
        document=document,
        output_file="" if output is PlanFormat.DIR else output_file,
        notes=tuple(notes),
        exit_code=2 if not full else 1 if reached else 0,
    )


def _reached(bars: Sequence[PlanBar], world: World, *, has_changes: bool) -> list[PlanBar]:
    holds = {
        PlanBar.CHANGES: has_changes,
        PlanBar.BLOCKED: bool(world.plan.blocked),
        PlanBar.UNDECIDED: bool(world.plan.undecided),
    }
    return [bar for bar in bars if holds.get(bar)]


def _diff(seen: Preview) -> str:
    """Return what each stage changes, one after the other: a file that several stages edit stands under each of them."""
    parts = ((step.stage, render_changes(delta)) for step, delta in zip(seen.steps, seen.deltas, strict=True))
    return "".join(f"# stage {stage}\n{text}" for stage, text in parts if text)


def _yaml(proposals: Sequence[Proposal]) -> str:
    from injector.migration.write import write_migration

    return "---\n".join(write_migration(one.migration, one.comments) for one in proposals)


def _json(world: World, proposals: Sequence[Proposal], seen: Preview) -> str:
    from injector.report.planjson import build_plan_document, render_json

    return render_json(build_plan_document(world.plan, proposals, seen.refused, world.config))


def _write_folder(name: str, world: World, proposals: Sequence[Proposal], seen: Preview) -> None:
    """Write the plan as a folder: migrations, pods, Vault's side in each form, and the diff."""
    from pathlib import Path

    from injector.cli.writing import write_file
    from injector.migration.write import write_migration
    from injector.report.planjson import build_pods, render_json
    from injector.vault.build import build_vault_plan
    from injector.vault.hcl import render_files
    from injector.vault.terraform import render_terraform

    vault = build_vault_plan([one.migration for one in proposals], world.config)
    files = {
        **{
            f"migrations/{one.migration.namespace}.{one.migration.name}.yaml": write_migration(
                one.migration, one.comments
            )
            for one in proposals
        },
        **{f"vault/{path}": text for path, text in render_files(vault).items()},
        "vault/main.tf": render_terraform(vault),
        "changes.diff": _diff(seen),
        "plan.json": _json(world, proposals, seen),
        **{
            f"pods/{one['namespace']}.{one['kind']}.{one['name']}.json": render_json(one)
            for one in build_pods([one.migration for one in proposals], world.config)
        },
    }
    for path, text in files.items():
        target = Path(name) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(text, str(target))
