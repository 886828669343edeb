"""``phase2 classify``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from injector.cli.answer import Answer, Note
from injector.cli.configuring import paths_argument, unused_notes
from injector.cli.console import is_terminal, terminal_width, wants_color
from injector.cli.options import CONTEXT, Command, Session, When, flag, output_flags, reading_flags
from injector.cli.reading import Reading, is_full, read_report, unreadable_notes
from injector.cli.words import Names, OneOf, Selector, SomeOf, flatten
from injector.model import Report, Verdict
from injector.report.bar import Bar, find_reached
from injector.report.labels import Requirement
from injector.report.options import Format, Hidden, Options


@click.command("classify", cls=Command, context_settings=CONTEXT)
@paths_argument()
@flag("-o", "--output", type=OneOf(Format), default=Format.TABLE, show_default=True, help="Format of the document.")
@output_flags
@flag(
    "--fail-on",
    type=SomeOf(Bar),
    multiple=True,
    default=((Bar.NEVER,),),
    help="What makes the exit code 1; by default never.",
)
@flag("-n", "--namespace", type=Names("NAMESPACE"), multiple=True, help="Only what is in these namespaces.")
@flag("-A", "--all-namespaces", is_flag=True, help="All namespaces, the default; overrides --namespace.")
@flag("--verdict", type=SomeOf(Verdict), multiple=True, help="Only items with these verdicts.")
@flag(
    "--engine", type=Names("ENGINE"), multiple=True, help="Only what these engines could issue: database, postgresql."
)
@flag("--store", type=Names("STORE"), multiple=True, help="Only what is read from these stores: NAME or KIND/NAME.")
@flag("-l", "--selector", type=Selector(), metavar="SELECTOR", multiple=True, help="Only sources with these labels.")
@reading_flags
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per flag
    session: Session,
    /,
    *,
    paths: Sequence[str],
    output: Format,
    output_file: str,
    no_headers: bool,
    color: When,
    fail_on: Sequence[Sequence[Bar]],
    namespace: Sequence[Sequence[str]],
    all_namespaces: bool,
    verdict: Sequence[Sequence[Verdict]],
    engine: Sequence[Sequence[str]],
    store: Sequence[Sequence[str]],
    selector: Sequence[Sequence[Requirement]],
    **reading_values: Any,
) -> Answer:
    """Say for every ExternalSecret, and every other Secret that a workload reads, whether it can become dynamic.

    PATH is a file or a folder, by default the current one; - is a rendered stream on stdin. Exit codes: 0 answered;
    1 something is at the --fail-on bar; 2 no full answer.
    """
    from injector.report.formats import render
    from injector.report.plaintext import printable
    from injector.report.selection import Selection, iter_unknown, select

    reading = Reading(**reading_values)
    reading.configure(session.console)
    whole = read_report(paths, reading, session.console)
    selection = Selection(
        namespaces=frozenset() if all_namespaces else frozenset(one for group in namespace for one in group),
        verdicts=frozenset(flatten(verdict)),
        engines=frozenset(one for group in engine for one in group),
        stores=frozenset(one for group in store for one in group),
        labels=tuple(one for group in selector for one in group),
    )
    report, hidden = select(whole, selection)
    is_to_stdout = output_file in ("", "-")
    options = Options(
        width=terminal_width() if is_to_stdout else None,
        has_color=wants_color(color, os.environ, is_tty=is_to_stdout and is_terminal(sys.stdout)),
        has_headers=not no_headers,
        hidden=hidden,
    )
    reached = find_reached(report, flatten(fail_on))
    full = is_full(report, is_allowed=reading.allow_unreadable)
    notes = [
        *(Note("warning", f"{name} {printable(value)}: {why}") for name, value, why in iter_unknown(whole, selection)),
        *unused_notes(reading.config.get(), whole),
        *_summary(report, hidden, output, is_to_stdout=is_to_stdout),
        *(Note("info", f"--fail-on: {bar} is reached") for bar in reached),
        *unreadable_notes(report, is_allowed=reading.allow_unreadable),
    ]
    return Answer(
        document=render(report, output, options),
        output_file=output_file,
        notes=tuple(notes),
        exit_code=2 if not full else 1 if reached else 0,
    )


def _summary(report: Report, hidden: Hidden, output: Format, *, is_to_stdout: bool) -> Iterator[Note]:
    """Yield the counts below a table; other documents hold their own, so there they are for -v."""
    from injector.report.figures import count_findings

    verdicts = [(verdict, sum(item.verdict is verdict for item in report.items)) for verdict in Verdict]
    beside = (
        (len(report.orphans), "orphans"),
        (count_findings(report), "findings"),
        (len(report.unreadable), "unreadable"),
        (len(report.templated), "templated"),
        (len(report.unresolved), "unresolved"),
    )
    text = f"{len(report.items)} items: {', '.join(f'{count} {verdict}' for verdict, count in verdicts)}"
    text += "".join(f"; {count} {what}" for count, what in beside if count)
    is_table = output in (Format.TABLE, Format.WIDE) and is_to_stdout
    if is_table and output is Format.TABLE and any(count for count, _ in beside):
        text += " (-o wide shows them)"
    if hidden:
        text += f"; filtered out: {hidden.items} items, {hidden.orphans} orphans, {hidden.findings} findings"
    yield Note("summary" if is_table else "info", text)
    if not report.items and hidden.items:
        yield Note("warning", f"none of {hidden.items} items is left: no item matches all filters")
    elif not (report.items or report.orphans or report.unreadable):
        remedy = (
            "its files are a chart's templates; give what it renders, as in `helm template … | phase2 classify -`"
            if report.templated
            else "name the root of a tree, or pipe manifests to `phase2 classify -`"
        )
        yield Note("warning" if is_table else "info", f"no Secret is made or read here; {remedy}")
