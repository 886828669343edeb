"""``phase2 verify``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from injector.cli.answer import Answer, Note
from injector.cli.configuring import paths_argument
from injector.cli.console import is_terminal, terminal_width, wants_color
from injector.cli.options import CONTEXT, Command, Session, When, flag, output_flags, reading_flags
from injector.cli.reading import Reading, is_full, read_tree, unreadable_notes
from injector.cli.words import OneOf, SomeOf, flatten
from injector.report.options import Options
from injector.report.verification import VerifyBar

if TYPE_CHECKING:
    from injector.verify.model import Verification


_UNUSED: Final = "this entry decides nothing here; correct its globs or remove it"


class VerifyFormat(StrEnum):
    """What ``verify -o`` takes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    SARIF = "sarif"


@click.command("verify", cls=Command, context_settings=CONTEXT)
@paths_argument()
@flag(
    "-o",
    "--output",
    type=OneOf(VerifyFormat),
    default=VerifyFormat.TABLE,
    show_default=True,
    help="Format of the document.",
)
@output_flags
@flag(
    "--fail-on",
    type=SomeOf(VerifyBar),
    multiple=True,
    default=((VerifyBar.DENY,),),
    help="What makes the exit code 1; by default what a rule denies.",
)
@reading_flags
@click.pass_obj
def command(
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: VerifyFormat,
    output_file: str,
    no_headers: bool,
    color: When,
    fail_on: Sequence[Sequence[VerifyBar]],
    **reading_values: Any,
) -> Answer:
    """Hold a tree to design rules: no values in Secrets' manifests, no forbidden texts, and more (`phase2 rules list`).

    PATH is a file or a folder, by default the current one; - is a rendered stream on stdin. What the rules do is said by
    `verify` in phase2.yaml. Exit codes: 0 answered; 1 something is at the --fail-on bar; 2 no full answer.
    """
    from injector.report import verification
    from injector.report.jsontext import encode
    from injector.report.sarif import render_sarif
    from injector.verify.tree import verify_tree

    reading = Reading(**reading_values)
    reading.configure(session.console)
    tree, inventory = read_tree(paths, reading, session.console)
    way = _below(reading.config.folder, tree.root)
    found = verify_tree(tree, inventory, reading.config.get(), base=way)
    is_to_stdout = output_file in ("", "-")
    options = Options(
        width=terminal_width() if is_to_stdout else None,
        has_color=wants_color(color, os.environ, is_tty=is_to_stdout and is_terminal(sys.stdout)),
        has_headers=not no_headers,
    )
    full = is_full(found, is_allowed=reading.allow_unreadable)
    base = _below(_find_repository(tree.root), tree.root)
    document = {
        VerifyFormat.TABLE: lambda: verification.render_table(found, options),
        VerifyFormat.WIDE: lambda: verification.render_wide(found, options),
        VerifyFormat.JSON: lambda: encode(verification.build_document(found)),
        VerifyFormat.SARIF: lambda: render_sarif(found, is_full=full, base=base),
    }[output]()
    reached = verification.find_reached(found, flatten(fail_on))
    notes = [
        # Of a part of the tree nobody can say what the whole file is for.
        *(Note("warning", f"{one}: {_UNUSED}") for one in found.unused if not way),
        *_summary(found, is_table=output in (VerifyFormat.TABLE, VerifyFormat.WIDE) and is_to_stdout),
        *(Note("info", f"--fail-on: {bar} is reached") for bar in reached),
        *unreadable_notes(found, is_allowed=reading.allow_unreadable),
    ]
    exit_code = 2 if not full else 1 if reached else 0
    return Answer(document=document, output_file=output_file, notes=tuple(notes), exit_code=exit_code)


def _below(folder: Path | None, path: Path) -> str:
    """Return the way from a folder to a path in it; empty when it is the folder itself, or not in there."""
    if folder is None:
        return ""
    way = os.path.relpath(os.path.realpath(path), os.path.realpath(folder)).replace(os.sep, "/")
    return "" if way == "." or way.startswith("../") or way == ".." else way


def _find_repository(path: Path) -> Path | None:
    """Return the folder of the repository that a path lies in: code scanning knows files by their way from there."""
    first = Path(os.path.realpath(path))
    return next((one for one in (first, *first.parents) if (one / ".git").exists()), None)


def _summary(found: Verification, *, is_table: bool) -> Iterator[Note]:
    """Yield the counts below a table; other documents hold their own, so there they are for -v."""
    from injector.report.verification import count

    counts = count(found)
    text = f"{counts['files']} files: {counts['deny']} denied, {counts['warn']} warned about"
    beside = ", ".join(f"{counts[what]} {what}" for what in ("suppressed", "unreadable", "templated") if counts[what])
    yield Note("summary" if is_table else "info", f"{text}; {beside} (-o wide shows them)" if beside else text)
