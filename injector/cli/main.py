"""The entry point: streams and exit codes.

======  =====================================================================================
0       answered
1       answered, and something is at the ``--fail-on`` bar
2       no full answer: usage, configuration, a deployed file that cannot be read, a bug
130     interrupted (SIGINT)
141     whoever read stdout went away (SIGPIPE)
======  =====================================================================================

Documents are written here and not by click: click ends with 1 when the pipe is closed, and Python ends with 1 on
every bug, but here 1 means that something was found.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from injector.cli.answer import Answer, Answered, Note
from injector.cli.completion import VARIABLE, complete
from injector.cli.console import Console
from injector.cli.options import PROGRAM, Session
from injector.cli.tree import root
from injector.cli.writing import write_file, write_stdout
from injector.errors import Phase2Error

NO_FULL_ANSWER: Final = 2
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, write its document, and return the exit code; raises nothing.

    Args:
        arguments: without the program's name; those of the process when None.
    """
    console = Console()
    try:
        answer = _answer(list(sys.argv[1:] if arguments is None else arguments), console)
        console.clear()
        if answer.output_file in ("", "-"):
            write_stdout(answer.document)
        else:
            write_file(answer.document, answer.output_file)
        for note in answer.notes:
            console.write(note)
    except Exception as err:  # noqa: BLE001 - the outermost handler
        return _explain_failure(err, console)
    except KeyboardInterrupt:
        console.clear()
        return INTERRUPTED
    return answer.exit_code


def _answer(arguments: list[str], console: Console) -> Answer:
    if instruction := os.environ.get(VARIABLE):
        return complete(root, instruction)
    try:
        with root.make_context(program_name(), arguments, obj=Session(console)) as ctx:
            answer = root.invoke(ctx)
    except Answered as stop:
        return stop.answer
    if not isinstance(answer, Answer):  # pragma: no cover - a command without an answer is a bug
        raise TypeError(ctx.invoked_subcommand)
    return answer


def program_name() -> str:
    """Return what the program is called in its help: as a plugin of kubectl it is ``kubectl phase2``."""
    return "kubectl phase2" if Path(sys.argv[0]).name.startswith("kubectl-phase2") else PROGRAM


def _explain_failure(err: Exception, console: Console) -> int:
    console.clear()
    match err:
        case click.exceptions.NoArgsIsHelpError():
            console.write(Note("help", err.format_message()))
        case click.UsageError():
            console.error(err.format_message())
            command = err.ctx.command_path if err.ctx else program_name()
            console.write(Note("help", f"{PROGRAM}: see '{command} --help'"))
        case click.ClickException():
            console.error(err.format_message())
        case click.Abort():
            return INTERRUPTED
        case Phase2Error():
            for line in str(err).splitlines():  # a configuration has a line for each mistake
                console.error(line)
            return err.exit_code
        case BrokenPipeError():
            _abandon_stdout()
            return CLOSED_PIPE
        case _:
            _explain_bug(err, console)
    return NO_FULL_ANSWER


def _explain_bug(err: Exception, console: Console) -> None:
    """Say that this is a bug and where. Never the exception's own text: it may quote what stands in a file."""
    from injector.cli.sharing import SharedWorkError
    from injector.inventory.workers import WorkerError

    frames = traceback.extract_tb(err.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    what = str(err) if isinstance(err, WorkerError | SharedWorkError) else f"{where}: {type(err).__name__}"
    console.error(f"{what}: this is a bug of {PROGRAM}; run it again with -vv and report that")
    for line in traceback.format_list(frames):
        console.write(Note("debug", line.rstrip("\n")))


def _abandon_stdout() -> None:
    """Point stdout nowhere, so that Python does not complain about it at exit."""
    if sys.stdout is not None:
        try:
            target = sys.stdout.fileno()
        except (OSError, ValueError):
            return  # no real stream, as in tests
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)


def entry() -> None:
    """Entry point of the console scripts ``phase2`` and ``kubectl-phase2``."""
    sys.exit(main())
