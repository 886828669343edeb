"""``phase2 completion``, and the answers that the shells' scripts ask for."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import click
from click.shell_completion import ShellComplete, get_completion_class

from injector.cli.answer import Answer
from injector.cli.options import CONTEXT, PROGRAM, Command
from injector.cli.words import OneOf

VARIABLE: Final = "_PHASE2_COMPLETE"
"""Set by the shells' scripts to ``<shell>_complete``."""


class Shell(StrEnum):
    """The shells that click can write completion for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@click.command("completion", cls=Command, context_settings=CONTEXT)
@click.argument("shell", type=OneOf(Shell), metavar=f"[{'|'.join(Shell)}]")
@click.pass_context
def command(ctx: click.Context, *, shell: Shell) -> Answer:
    """Print the shell's completion script.

    For bash: source <(phase2 completion bash). For zsh the same. For fish: phase2 completion fish | source.
    """
    # The base class's source(): bash's own runs a bash to look at its version, and would print about it.
    return Answer(document=ShellComplete.source(_completer(ctx.find_root().command, shell)).rstrip() + "\n")


def complete(root: click.Command, instruction: str) -> Answer:
    """Return what a shell's script asked for, or nothing when it is none of ours."""
    word, _, what = instruction.partition("_")
    if what != "complete" or word not in list(Shell):
        return Answer(document="", exit_code=2)
    return Answer(document=f"{_completer(root, Shell(word)).complete()}\n")


def _completer(root: click.Command, shell: Shell) -> ShellComplete:
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click knows all three
        raise AssertionError(shell)
    return kind(root, {}, PROGRAM, VARIABLE)
