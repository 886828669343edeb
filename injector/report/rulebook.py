"""The rules as text: for `phase2 rules` and for ``docs/rules.md``."""

from __future__ import annotations

from collections.abc import Sequence

from injector.report.columns import Column, fit, line
from injector.report.options import PLAIN, Options
from injector.report.wide import wrap
from injector.rules.rule import Rule


def render_rule_table(rules: Sequence[Rule], options: Options = PLAIN) -> str:
    """Return one line per rule: its id and what it says."""
    columns = (Column("RULE"), Column("STATEMENT", narrowest=20))
    rows = [(rule.id, rule.statement) for rule in rules]
    widths = fit(columns, rows, options.width)
    shown = [[column.title for column in columns], *rows] if options.has_headers else rows
    return "".join(f"{line(row, widths)}\n" for row in shown)


def render_rule(rule: Rule, options: Options = PLAIN) -> str:
    """Return all there is to say of one rule."""
    lines = [rule.id, *wrap(rule.statement, 2, options), *wrap(f"What to do: {rule.remedy}", 2, options)]
    lines += ["  For example:", *(f"    {line}".rstrip() for line in rule.example.splitlines())]
    return "".join(f"{text}\n" for text in lines)


def render_rule_names(rules: Sequence[Rule]) -> str:
    """Return one rule id per line."""
    return "".join(f"{rule.id}\n" for rule in rules)


def build_rules(rules: Sequence[Rule]) -> list[dict[str, str]]:
    """Return the rules as plain values."""
    return [
        {"id": rule.id, "statement": rule.statement, "remedy": rule.remedy, "example": rule.example} for rule in rules
    ]


def render_rule_page(rules: Sequence[Rule]) -> str:
    """Return the page ``docs/rules.md``."""
    head = (
        "# Rules\n\nEvery verdict and every finding names the rule it comes from. An id is never changed nor used "
        "again.\nThe rules are asked in the order of this page: of those that decide a verdict the first one counts, and "
        "`phase2 explain` tells\nwhich others came close. Every example is a test: the rule fires for it.\n"
        "This page is written by `python -m injector.cli.docs`.\n"
    )
    index = "".join(f"| [{rule.id}](#{rule.id}) | {rule.statement} |\n" for rule in rules)
    return f"{head}\n| rule | what it says |\n|---|---|\n{index}" + "".join(_section(rule) for rule in rules)


def _section(rule: Rule) -> str:
    example = f"```yaml\n{rule.example.rstrip()}\n```"
    return f"\n## {rule.id}\n{rule.statement}\n\n**What to do:** {rule.remedy}\n\n{example}\n"
