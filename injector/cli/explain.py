"""``phase2 explain``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from injector.cli.answer import Answer
from injector.cli.configuring import paths_argument
from injector.cli.console import terminal_width
from injector.cli.options import CONTEXT, Command, Session, reading_flags
from injector.cli.reading import Reading, is_full, read_report, unreadable_notes
from injector.report.options import Options


@click.command("explain", cls=Command, context_settings=CONTEXT)
@click.argument("secret", metavar="[KIND/]NAMESPACE/NAME")
@paths_argument()
@reading_flags
@click.pass_obj
def command(
    session: Session,
    /,
    *,
    secret: str,
    paths: Sequence[str],
    **reading_values: Any,
) -> Answer:
    """Tell the whole chain of evidence of one Secret.

    Store, Vault path, keys, Secret, consumers; then the rules that fired and the ones that came close. The name is
    that of the Secret or of what makes it; `phase2 classify -o name` lists them.
    """
    from injector.report.explain import render_explanation
    from injector.report.search import get_items

    reading = Reading(**reading_values)
    reading.configure(session.console)
    report = read_report(paths, reading, session.console)
    found = get_items(report, secret)
    orphans = {id(item) for item in report.orphans}
    options = Options(width=terminal_width())
    return Answer(
        document="\n".join(
            render_explanation(item, options, is_orphan=id(item) in orphans, stores=report.stores) for item in found
        ),
        notes=tuple(unreadable_notes(report, is_allowed=reading.allow_unreadable)),
        exit_code=0 if is_full(report, is_allowed=reading.allow_unreadable) else 2,
    )
