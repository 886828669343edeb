"""Writes the files that are made from code, so that they cannot differ from it.

``python -m injector.cli.docs`` writes them below the current folder, which is the repository's.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from injector import errors
from injector.cli import main
from injector.cli.options import PROGRAM
from injector.cli.tree import root
from injector.config.page import SCHEMA_FILE, build_schema, render_config_page
from injector.report.contractpage import render_contract_page
from injector.report.rulebook import render_design_page, render_rule_page
from injector.rules.registry import REGISTRY
from injector.verify.rules import RULES

WIDTH: Final = 78
"""What ``--help`` has on a terminal of 80 columns."""

_MADE: Final = "This page is written by `python -m injector.cli.docs`.\n"


def build_pages() -> Mapping[str, str]:
    """Return the files: path in the repository -> text."""
    return {
        "docs/cli.md": _cli_page(),
        "docs/config.md": render_config_page(),
        "docs/exit-codes.md": _exit_page(),
        "docs/json.md": render_contract_page(),
        "docs/rules.md": render_rule_page(REGISTRY),
        "docs/verify.md": render_design_page(RULES),
        f"injector/config/{SCHEMA_FILE}": json.dumps(build_schema(), indent=2) + "\n",
    }


def iter_commands(command: click.Command = root, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield a context for a command and all below it, from the root on."""
    settings = {**command.context_settings, "terminal_width": WIDTH}
    ctx = click.Context(command, info_name=command.name, parent=parent, **settings)
    yield ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            if child:
                yield from iter_commands(child, ctx)


def _cli_page() -> str:
    head = (
        f"# Command line\n\n`{PROGRAM}` and `kubectl {PROGRAM}` are the same program. Every flag can be set by the "
        f"environment variable that its help names,\nand by `defaults` in [phase2.yaml](config.md). The flag wins over "
        f"the variable, and that over the file.\nExit codes: [exit-codes.md](exit-codes.md).\n{_MADE}"
    )
    return head + "".join(f"\n## {ctx.command_path}\n```\n{ctx.get_help()}\n```\n" for ctx in iter_commands())


def _exit_page() -> str:
    rows = (
        (0, "Answered, and nothing is at the `--fail-on` bar."),
        (1, "Answered, and something is at the bar. Never anything else: a bug or a closed pipe is not 1."),
        (main.NO_FULL_ANSWER, "No full answer. It wins over 1. What could be answered is still printed."),
        (main.INTERRUPTED, "Interrupted (SIGINT)."),
        (main.CLOSED_PIPE, "Whoever read stdout went away (SIGPIPE), as in `phase2 classify \\| head`."),
    )
    lines = [
        "# Exit codes",
        "",
        _MADE,
        "| code | when |",
        "|---|---|",
        *(f"| {code} | {text} |" for code, text in rows),
        "",
        "All other codes are reserved. They are the same for every output format. What nobody deploys never decides the",
        "code, unless `--fail-on orphaned` asks for it; for `verify` what stands in Git counts ([verify.md](verify.md)).",
        "",
        "## Errors that end with 2",
        "Besides these, a file that the deployed tree needs and that cannot be read, until `--allow-unreadable` is given.",
        "",
        "| error | when |",
        "|---|---|",
        *(f"| `{kind.__name__}` | {(inspect.getdoc(kind) or '').splitlines()[0]} |" for kind in iter_errors()),
    ]
    return "\n".join(lines) + "\n"


def iter_errors() -> Iterator[type[errors.Phase2Error]]:
    """Yield every class of expected failure, in the order of their file."""
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.Phase2Error):
            yield kind


def write_pages(repository: Path) -> None:
    """Write all files into a repository."""
    for name, text in build_pages().items():
        file = repository / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":  # pragma: no cover - the test calls build_pages
    write_pages(Path())
