"""``phase2 rules list`` and ``phase2 rules show``."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum

import click
from click.shell_completion import CompletionItem

from injector.cli.answer import Answer
from injector.cli.console import terminal_width
from injector.cli.options import CONTEXT, Group, flag
from injector.cli.words import OneOf
from injector.errors import UsageError
from injector.report.options import Options


class RuleFormat(StrEnum):
    """What ``rules list -o`` takes."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    NAME = "name"


@click.group("rules", cls=Group, context_settings=CONTEXT)
def command() -> None:
    """List or show the rules that verdicts and findings name."""


@command.command("list", context_settings=CONTEXT)
@flag(
    "-o",
    "--output",
    type=OneOf(RuleFormat),
    default=RuleFormat.TABLE,
    show_default=True,
    help="Format of the document.",
)
@flag("--no-headers", is_flag=True, help="The table without its header.")
def list_rules(*, output: RuleFormat, no_headers: bool) -> Answer:
    """List all rules, each with what it says."""
    from injector.report import jsontext, rulebook
    from injector.report.rulebook import ALL_RULES
    from injector.rules.registry import REGISTRY
    from injector.verify.rules import RULES

    match output:
        case RuleFormat.TABLE:
            options = Options(width=terminal_width(), has_headers=not no_headers)
            return Answer(document=rulebook.render_rule_table(ALL_RULES, options))
        case RuleFormat.JSON:
            return Answer(document=jsontext.encode(rulebook.build_rules(ALL_RULES)))
        case RuleFormat.MARKDOWN:
            return Answer(document=f"{rulebook.render_rule_page(REGISTRY)}\n{rulebook.render_design_page(RULES)}")
        case RuleFormat.NAME:
            return Answer(document=rulebook.render_rule_names(ALL_RULES))


class _RuleId(click.ParamType[str]):
    name = "rule"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from injector.report.rulebook import ALL_RULES

        del ctx, param
        return [CompletionItem(rule.id, help=rule.statement) for rule in ALL_RULES if rule.id.startswith(incomplete)]


@command.command("show", context_settings=CONTEXT)
@click.argument("rule_id", metavar="ID", type=_RuleId())
def show_rule(*, rule_id: str) -> Answer:
    """Show one rule: what it says and what can be done."""
    from injector.report.rulebook import ALL_RULES, render_rule

    rules = {rule.id: rule for rule in ALL_RULES}
    if rule_id not in rules:
        close = get_close_matches(rule_id, rules, n=1)
        raise UsageError(f"{rule_id}: no such rule; {f'did you mean {close[0]}?' if close else 'see `rules list`'}")
    return Answer(document=render_rule(rules[rule_id], Options(width=terminal_width())))
