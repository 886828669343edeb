"""What a command gives back: a document and an exit code. Only `injector.cli.main` writes it anywhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command's answer.

    Attributes:
        document: what goes to stdout or the file, whole.
        output_file: where it goes; empty for stdout.
        notes: lines for stderr, written after the document, so that they stand below it in a terminal.
        exit_code: what the process ends with when everything could be written.
    """

    document: str
    output_file: str = ""
    notes: tuple[Note, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A line for stderr.

    Attributes:
        level: ``error``, ``warning``, ``info`` or ``debug``; what is shown depends on ``-q`` and ``-v``.
        message: the line, without the program's name.
    """

    level: str
    message: str


class Answered(Exception):  # noqa: N818 - no error: --help and --version end the parsing with their answer
    """Carries an answer out of click's parser."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
