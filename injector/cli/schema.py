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
    PLAN = "plan"
    CHANGES = "changes"
    VAULT = "vault"
    VERIFY = "verify"
    MIGRATION = "migration"


@click.command("schema", cls=Command, context_settings=CONTEXT)
@click.argument("what", type=OneOf(Described), metavar=f"[{'|'.join(Described)}]")
def command(*, what: Described) -> Answer:
    """Print a JSON Schema.

    Of phase2.yaml (config), of what `classify -o json` (report), `plan -o json` (plan), `apply -o json` (changes), `vault
    plan -o json` (vault) or `verify -o json` (verify) prints, or of a SecretMigration (migration).
    """
    import json

    from injector.config import page
    from injector.migration import schema
    from injector.report import contract, planjson

    match what:
        case Described.CONFIG:
            return Answer(document=page.read_schema())
        case Described.REPORT:
            return Answer(document=contract.read_schema())
        case Described.PLAN | Described.CHANGES | Described.VAULT | Described.VERIFY:
            return Answer(document=planjson.read_schema(what.value))
        case Described.MIGRATION:
            return Answer(document=json.dumps(schema.json_schema(), indent=2) + "\n")
