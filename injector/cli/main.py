"""The command line: streams and exit codes.

Exit codes: 0 answered, 2 no full answer (usage, or a file that the deployed tree reaches cannot be read).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from injector._version import __version__
from injector.errors import Phase2Error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="phase2")
def cli() -> None:
    """Say which secrets of a GitOps tree can become dynamic credentials, and why the others stay static."""


@cli.command()
@click.argument("paths", nargs=-1)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--jobs", type=click.IntRange(1), help="How many processes; by default one a processor on large trees.")
def classify(paths: Sequence[str], output: str, jobs: int | None) -> int:
    """Judge every ExternalSecret, and every other Secret that a workload reads, below PATHS (- for stdin)."""
    # Imported late: `phase2 --version` must not pay for the library.
    from injector.classify import classify as judge  # noqa: PLC0415
    from injector.inventory.build import build_inventory  # noqa: PLC0415
    from injector.manifests.tree import load_tree  # noqa: PLC0415
    from injector.report.contract import render_json, render_table  # noqa: PLC0415

    tree = load_tree(paths or (".",), sys.stdin.buffer)
    report = judge(build_inventory(tree, jobs=jobs))
    click.echo(render_json(report) if output == "json" else render_table(report.items), nl=False)
    for one in report.unreadable:
        click.echo(f"phase2: {one.location}: {one.message}", err=True)
    return 2 if any(one.is_deployed for one in report.unreadable) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; expected failures become one line on stderr."""
    try:
        return int(cli.main(args=arguments, standalone_mode=False) or 0)
    except click.ClickException as err:
        err.show()
        return 2
    except click.Abort:
        return 130
    except Phase2Error as err:
        click.echo(f"phase2: error: {err}", err=True)
        return err.exit_code


def entry() -> None:
    """Entry point of the console scripts."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`phase2 ... | head`): the shell's code for SIGPIPE, and no complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)
