"""Which flags of which command ``phase2.yaml`` may give a value, and what it may be.

The flags themselves are the command line's, which this module must not know: a test holds the two equal.
"""

from __future__ import annotations

from typing import Final

from injector.config.shape import Field, ListOf, Number, Section, Switch, Text, Word
from injector.model import Verdict

_NAME: Final = Text("a name", r"[^\s,]+", "without blanks and commas; each name is an item of its own")

_READING: Final = (
    Field("allow-unreadable", Switch(), "As `--allow-unreadable`."),
    Field("jobs", Number(1, 1024), "As `--jobs`."),
    Field("no-progress", Switch(), "As `--no-progress`."),
    Field("quiet", Switch(), "As `--quiet`."),
    Field("verbose", Number(0, 2), "As `--verbose`, given so many times."),
    Field("log-format", Word(("text", "json")), "As `--log-format`."),
)

_CLASSIFY: Final = (
    Field("output", Word(("table", "wide", "json", "yaml", "csv", "markdown", "name")), "As `--output`."),
    Field("no-headers", Switch(), "As `--no-headers`."),
    Field("color", Word(("auto", "always", "never")), "As `--color`."),
    Field(
        "fail-on",
        ListOf(Word(("never", "dynamic-capable", "needs-change", "blocked", "orphaned", "finding")), "bars"),
        "As `--fail-on`.",
    ),
    Field("namespace", ListOf(_NAME, "names"), "As `--namespace`; `-A` takes it back."),
    Field("verdict", ListOf(Word(tuple(Verdict)), "verdicts"), "As `--verdict`."),
    Field("engine", ListOf(_NAME, "names"), "As `--engine`."),
    Field("store", ListOf(_NAME, "names"), "As `--store`."),
)

_VERIFY: Final = (
    Field("output", Word(("table", "wide", "json", "sarif")), "As `--output`."),
    Field("no-headers", Switch(), "As `--no-headers`."),
    Field("color", Word(("auto", "always", "never")), "As `--color`."),
    Field("fail-on", ListOf(Word(("never", "warn", "deny")), "bars"), "As `--fail-on`."),
)

COMMANDS: Final = {
    "classify": (*_CLASSIFY, *_READING),
    "explain": _READING,
    "verify": (*_VERIFY, *_READING),
}
"""Command -> its flags. Left out are those that make sense for one run only: ``config``, ``output-file``,
``all-namespaces``, ``selector``."""

DEFAULTS: Final = Section(
    dict,
    tuple(Field(name, Section(dict, flags), f"Flags of `phase2 {name}`.") for name, flags in COMMANDS.items()),
)
