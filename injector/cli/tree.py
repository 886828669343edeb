"""The tree of commands."""

from __future__ import annotations

import click

from injector._version import __version__
from injector.cli import classify, completion, explain, rules, schema, version
from injector.cli.answer import Answer, Answered
from injector.cli.options import CONTEXT, PROGRAM, Group


def _version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        raise Answered(Answer(document=f"{PROGRAM} {__version__}\n"))


@click.group(PROGRAM, cls=Group, context_settings=CONTEXT)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and exit."
)
def root() -> None:
    """Say which secrets of a GitOps tree can become Vault dynamic credentials, and which stay static, and why."""


for _command in (classify.command, explain.command, rules.command, schema.command, completion.command, version.command):
    root.add_command(_command)
