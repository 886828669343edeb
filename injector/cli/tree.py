"""The tree of commands. A command's module is imported when it is asked for: ``phase2 --version`` asks for none."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Final

import click

from injector._version import __version__
from injector.cli.answer import Answer, Answered
from injector.cli.options import CONTEXT, PROGRAM, Group

MODULES: Final = {
    **{
        name: f"injector.cli.{name}"
        for name in (
            "apply",
            "classify",
            "completion",
            "explain",
            "inject",
            "plan",
            "rollback",
            "rules",
            "schema",
            "vault",
            "verify",
            "version",
        )
    },
    "webhook": "webhook.command",
}
"""Name of a command -> the module with its ``command``. The webhook's stands above this one, and is known by name only."""


class _Commands(MutableMapping[str, click.Command]):
    """Name -> command, as click's groups hold them."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command | None] = dict.fromkeys(MODULES)

    def __getitem__(self, name: str) -> click.Command:
        command = self._loaded[name]
        if command is None:
            command = self._loaded[name] = import_module(MODULES[name]).command
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


def _version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        raise Answered(Answer(document=f"{PROGRAM} {__version__}\n"))


@click.group(PROGRAM, cls=Group, context_settings=CONTEXT, commands=_Commands())
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and exit."
)
def root() -> None:
    """Say which secrets of a GitOps tree can become Vault dynamic credentials, and which stay static, and why."""
