"""The rules as text: for `phase2 rules` and for ``docs/rules.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from injector.config.verify import LEVELS, QUIET_AT_ADMISSION, TREE_ONLY, Level
from injector.report.columns import Column, fit, line
from injector.report.options import PLAIN, Options
from injector.report.wide import wrap
from injector.rules.registry import REGISTRY
from injector.rules.rule import Rule
from injector.verify.rules import RULES

ALL_RULES: Final[tuple[Rule, ...]] = (*REGISTRY, *RULES)
"""The rules of verdicts and findings, then the design rules."""


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


def render_design_page(rules: Sequence[Rule]) -> str:
    """Return the page ``docs/verify.md``."""
    rows = "".join(
        f"| [{rule.id}](#{rule.id}) | {rule.statement} | `{LEVELS[rule.id]}` | {_admission(rule.id)} |\n"
        for rule in rules
    )
    return _DESIGN_HEAD + rows + "".join(_section(rule) for rule in rules)


def _admission(rule: str) -> str:
    if rule == TREE_ONLY:
        return "-"
    return f"`{Level.OFF if rule in QUIET_AT_ADMISSION else LEVELS[rule]}`"


_DESIGN_HEAD: Final = """\
# Design rules

`phase2 verify [PATH]...` holds a tree to these rules, and the webhook's `/validate` ([webhook.md](webhook.md)) what a cluster is
asked to let in. What a rule does is said under `verify` in [phase2.yaml](config.md): `off`, `warn` or `deny`. The exit code is 1
when something is denied; `--fail-on warn` also for warnings, `--fail-on never` for an upload.

- **No value is ever shown**, nor the line that a forbidden text stands in: only file, line, object and key.
- A Secret's manifest is judged by its values: hosts, user names, ids, public keys and certificates, variables (`${VAR}`, `{{ … }}`),
  places that somebody fills later, and what SOPS, ansible-vault, age or git-crypt encrypted are no secrets. `secretGenerator` counts.
  What stands in Git counts whether it is deployed or not; all other rules speak of what is deployed.
- Forbidden texts are looked for line by line in every file that is named, not only in YAML; symbolic links are not followed. Globs
  are relative to the folder of `phase2.yaml`.
- The annotation `phase2.tazlab.net/ignore.<rule>: "<reason>"` on the object suppresses a rule there; `-o wide` and `-o json` list what
  is suppressed. An empty reason suppresses nothing.
- At admission an update is denied only for what it breaks newly: an object that was let in before can still be changed, by its
  operator too. What has a deletionTimestamp is always let in.

For GitHub's code scanning: `phase2 verify -o sarif --output-file phase2.sarif --fail-on never`, then `upload-sarif`.

A check that a text occurs nowhere below two folders, as scripts do it with `grep -r`:
```yaml
verify:
  forbidden:
    - name: no-lan-address
      text: "192.168.1."
      paths: [infrastructure/operators/*, infrastructure/instances/*]
```

Every example below is a test: the rule fires for it. This page is written by `python -m injector.cli.docs`.

| rule | what it says | on a tree | at admission |
|---|---|---|---|
"""
