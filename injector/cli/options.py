"""Flags that several commands share. Every flag is also an environment variable, ``PHASE2_<FLAG>``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

import click

from injector.cli.answer import Answer, Answered
from injector.cli.configuring import read_config
from injector.cli.console import Console
from injector.cli.words import OneOf, PathName

F = TypeVar("F", bound=Callable[..., object])

PROGRAM = "phase2"


class When(StrEnum):
    """What ``--color`` takes."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class LogFormat(StrEnum):
    """What ``--log-format`` takes."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Session:
    """What the commands of one run share, as click's context object."""

    console: Console


def flag(*names: str, **settings: Any) -> Callable[[F], F]:
    """Return an option that can also be set by the environment variable of its longest name."""
    if isinstance(settings.get("default"), StrEnum):
        settings["default"] = settings["default"].value  # click's help would show the member's name
    longest = max(names, key=len).lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=f"PHASE2_{longest}", show_envvar=True, **settings)


def _set_log_format(ctx: click.Context, _param: click.Parameter, value: LogFormat) -> LogFormat:
    if isinstance(ctx.obj, Session):
        ctx.obj.console.is_json = value is LogFormat.JSON
    return value


def reading_flags(command: F) -> F:
    """Add the flags of every command that reads a tree."""
    for decorate in reversed(
        (
            flag(
                "--config",
                metavar="FILE",
                type=PathName(),
                is_eager=True,
                callback=read_config,
                help="Configuration; by default the nearest phase2.yaml from the first PATH upwards.",
            ),
            flag("--allow-unreadable", is_flag=True, help="Let files that cannot be read not decide the exit code."),
            flag(
                "--jobs",
                type=click.IntRange(1),
                metavar="N",
                help="Processes that read the tree; by default as many as it is worth.",
            ),
            flag("--no-progress", is_flag=True, help="Show no progress, also on a terminal."),
            flag("-q", "--quiet", is_flag=True, help="Only errors on stderr."),
            flag("-v", "--verbose", count=True, metavar="", help="More on stderr; -vv also where a bug was met."),
            flag(
                "--log-format",
                type=OneOf(LogFormat),
                default=LogFormat.TEXT,
                show_default=True,
                is_eager=True,  # so that what is wrong with other flags is told in this form
                callback=_set_log_format,
                help="How lines on stderr look.",
            ),
        )
    ):
        command = decorate(command)
    return command


def output_flags(command: F) -> F:
    """Add the flags that say where a document goes and how a table looks."""
    for decorate in reversed(
        (
            flag(
                "--output-file",
                metavar="FILE",
                type=PathName(),
                default="",
                help="Write the document there, beside and renamed, once it is whole; - is stdout.",
            ),
            flag("--no-headers", is_flag=True, help="Tables and CSV without headers and groups, for scripts."),
            flag(
                "--color",
                type=OneOf(When),
                default=When.AUTO,
                show_default=True,
                help="Colour of tables; auto obeys NO_COLOR and FORCE_COLOR, else asks for a terminal.",
            ),
        )
    ):
        command = decorate(command)
    return command


class _AnsweringHelp(click.Command):
    """Gives its help back as an answer: click would write it itself, and end with 1 when the pipe is closed."""

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """Return ``-h, --help``."""
        names = self.get_help_option_names(ctx)
        return click.Option(
            names, is_flag=True, is_eager=True, expose_value=False, callback=_help, help="Show this and exit."
        )


def _help(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        raise Answered(Answer(document=f"{ctx.get_help()}\n"))


class Command(_AnsweringHelp):
    """A command of phase2."""


class Group(_AnsweringHelp, click.Group):
    """A command with commands of its own."""

    command_class = Command


CONTEXT: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
