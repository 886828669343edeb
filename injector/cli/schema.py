"""``phase2 schema``: the JSON Schemas of what phase2 reads and prints."""

from __future__ import annotations

from enum import StrEnum

import click

from injector.cli.answer import Answer
from injector.cli.options import CONTEXT, Command
from injector.cli.words import OneOf


class Described(StrEnum):
    """What there is a schema of."""

    CONFIG = "config"
    REPORT = "report"


@click.command("schema", cls=Command, context_settings=CONTEXT)
@click.argument("what", type=OneOf(Described), metavar=f"[{'|'.join(Described)}]")
def command(*, what: Described) -> Answer:
    """Print the JSON Schema of phase2.yaml, or of the report that `classify -o json` prints."""
    from injector.config import page
    from injector.report import contract

    match what:
        case Described.CONFIG:
            return Answer(document=page.read_schema())
        case Described.REPORT:
            return Answer(document=contract.read_schema())
