"""``phase2 vault plan``, ``apply`` and ``destroy``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from injector.cli.answer import Answer, Note
from injector.cli.changing import ask
from injector.cli.configuring import folder_argument
from injector.cli.console import Console
from injector.cli.options import CONTEXT, Command, Group, Session, flag, reading_flags
from injector.cli.reading import Reading
from injector.cli.vaultside import (
    LoginFlags,
    Side,
    VaultFormat,
    change_notes,
    choose_names,
    connect,
    read_side,
    vault_flags,
)
from injector.cli.words import SomeOf, flatten
from injector.errors import VaultError
from injector.vault.objects import VaultPlan

if TYPE_CHECKING:
    from injector.vault.live import Changes, Refusal, Step
    from injector.vault.port import VaultPort

_LOGIN = ("login", "login_role", "login_mount", "login_file")


class VaultBar(StrEnum):
    """What ``vault plan --fail-on`` takes."""

    NEVER = "never"
    CHANGES = "changes"
    UNDECIDED = "undecided"


@click.group("vault", cls=Group, context_settings=CONTEXT)
def command() -> None:
    """Show, make or remove what the SecretMigrations of a tree need in Vault.

    Where Vault is and how it is trusted say VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_CAPATH,
    VAULT_SKIP_VERIFY, VAULT_TLS_SERVER_NAME and VAULT_CLIENT_TIMEOUT, as for the vault program.
    """


_adopt = flag("--adopt", is_flag=True, help="Take over roles and policies that phase2 did not make.")
_yes = flag("-y", "--yes", is_flag=True, help="Ask nothing; for scripts.")


@command.command("plan", cls=Command, context_settings=CONTEXT)
@folder_argument()
@vault_flags
@_adopt
@flag(
    "--fail-on",
    type=SomeOf(VaultBar),
    multiple=True,
    default=((VaultBar.NEVER,),),
    help="What makes the exit code 1; by default never.",
)
@reading_flags
@click.pass_obj
def plan(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: VaultFormat,
    only: Sequence[Sequence[str]],
    adopt: bool,
    fail_on: Sequence[Sequence[VaultBar]],
    **values: Any,
) -> Answer:
    """Show what would change in Vault; nothing is written."""
    from injector.vault.live import compare

    side, login = _start(session.console, paths, values)
    wanted = side.plan.only(choose_names(only, side.names))
    with connect(side.config, login) as port:
        changes = compare(port, wanted, is_adopting=adopt)
    holds = {VaultBar.CHANGES: bool(changes.pending), VaultBar.UNDECIDED: bool(wanted.undecided)}
    reached = [bar for bar in flatten(fail_on) if holds.get(bar)]
    notes = [
        *change_notes(changes, wanted),
        Note("summary", f"{len(changes.pending)} objects would change, {_unchanged(changes)} are as planned"),
        *(Note("info", f"--fail-on: {bar} is reached") for bar in reached),
        *side.notes,
    ]
    is_whole = side.is_full and not changes.refused
    return _answer(changes, wanted, output, notes=notes, exit_code=2 if not is_whole else 1 if reached else 0)


@command.command("apply", cls=Command, context_settings=CONTEXT)
@folder_argument()
@vault_flags
@_adopt
@_yes
@reading_flags
@click.pass_obj
def apply(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: VaultFormat,
    only: Sequence[Sequence[str]],
    adopt: bool,
    yes: bool,
    **values: Any,
) -> Answer:
    """Make in Vault what is missing, after a diff and a question.

    Nothing is written while something is not decided, or an object is there that phase2 did not make.
    """
    from injector.vault.live import compare

    side, login = _start(session.console, paths, values)
    wanted = side.plan.only(choose_names(only, side.names))
    with connect(side.config, login) as port:
        changes = compare(port, wanted, is_adopting=adopt)
        notes = [*change_notes(changes, wanted), *side.notes]
        if changes.refused or wanted.undecided or not side.is_full:
            notes.append(Note("error", "nothing was written: first mend what is told above"))
            return _answer(changes, wanted, output, notes=notes, exit_code=2)
        _write(changes, port, session.console, is_sure=yes)
        left = compare(port, wanted).pending
    notes += [Note("error", f"{one.path}: {_forgotten(one)}") for one in left]
    notes.append(Note("summary", f"{len(changes.pending)} objects written, {_unchanged(changes)} were as planned"))
    return _answer(changes, wanted, output, notes=notes, exit_code=2 if left else 0, is_written=bool(changes.pending))


@command.command("destroy", cls=Command, context_settings=CONTEXT)
@folder_argument()
@vault_flags
@_yes
@reading_flags
@click.pass_obj
def destroy(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: VaultFormat,
    only: Sequence[Sequence[str]],
    yes: bool,
    **values: Any,
) -> Answer:
    """Remove from Vault what was made for SecretMigrations, after a diff and a question.

    Which objects these are say the heads of the policies in Vault. --only may also name migrations that the tree has no
    more; one that is at stage inject or beyond is refused. Credentials that were issued live until their leases end.
    """
    from injector.vault.live import compare_destruction, read_heads

    side, login = _start(session.console, paths, values)
    with connect(side.config, login) as port:
        made_for = {name for _, head in read_heads(port) for name in head.owner}
        names = choose_names(only, sorted({*side.names, *made_for})) if any(only) else side.names
        changes = replace(compare_destruction(port, names), refused=_in_use(side, names))
        notes = [*change_notes(changes, VaultPlan()), *side.notes]
        if unknown := sorted(made_for - {*side.names, *names}):
            told = f"Vault also holds what was made for {', '.join(unknown)}; the tree has no such SecretMigration"
            notes.append(Note("info", told))
        if changes.refused:
            notes.append(Note("error", "nothing was removed: first mend what is told above"))
            return _answer(changes, VaultPlan(), output, notes=notes, exit_code=2)
        _write(changes, port, session.console, is_sure=yes)
    notes.append(Note("summary", f"{len(changes.pending)} objects removed"))
    exit_code = 0 if side.is_full else 2
    return _answer(changes, VaultPlan(), output, notes=notes, exit_code=exit_code, is_written=bool(changes.pending))


def _in_use(side: Side, names: Sequence[str]) -> tuple[Refusal, ...]:
    """Return the migrations whose pods log in to Vault already: without its role such a pod would not start again."""
    from injector.migration.model import Stage
    from injector.vault.live import Refusal

    return tuple(
        Refusal(
            path=name,
            why=f"is at stage {stage}, so pods log in by what would go; run phase2 rollback --only {name} --write first",
        )
        for name in names
        if (stage := side.stages.get(name, Stage.PREPARE)) is not Stage.PREPARE
    )


def _start(console: Console, paths: Sequence[str], values: dict[str, Any]) -> tuple[Side, LoginFlags]:
    login = LoginFlags(**{name: values.pop(name) for name in _LOGIN})
    reading = Reading(**values)
    reading.configure(console)
    return read_side(paths, reading, console), login


def _write(changes: Changes, port: VaultPort, console: Console, *, is_sure: bool) -> None:
    from injector.report.vaultchanges import render_vault_diff
    from injector.vault.live import carry_out

    if not changes.pending:
        return
    if not is_sure:
        ask(render_vault_diff(changes), console)
    done = 0
    try:
        for done, step in enumerate(carry_out(port, changes), 1):
            console.progress(step.path, done, len(changes.pending))
    except VaultError as err:
        raise VaultError(
            f"{err}; {done} of {len(changes.pending)} objects are done, run it again for the rest"
        ) from None
    console.clear()


def _forgotten(step: Step) -> str:
    from injector.vault.comparing import is_same

    names = [name for name, value in step.after.items() if not is_same(name, value, step.before.get(name))]
    return f"Vault did not keep {', '.join(sorted(names))} as written; correct the parameters in phase2.yaml"


def _unchanged(changes: Changes) -> int:
    return len(changes.steps) - len(changes.pending)


def _answer(
    changes: Changes,
    plan: VaultPlan,
    output: VaultFormat,
    *,
    notes: Sequence[Note],
    exit_code: int,
    is_written: bool = False,
) -> Answer:
    from injector.report.vaultchanges import render_vault_diff, render_vault_json

    is_diff = output is VaultFormat.DIFF
    return Answer(
        document=render_vault_diff(changes)
        if is_diff
        else render_vault_json(changes, plan.undecided, is_written=is_written),
        notes=tuple(notes),
        exit_code=exit_code,
    )
