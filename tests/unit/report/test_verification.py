"""What `phase2 verify` prints: table, JSON and SARIF."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from injector.config.verify import Level
from injector.location import Location
from injector.model import Diagnostic, ObjectRef
from injector.report.jsontext import encode
from injector.report.options import Options
from injector.report.planjson import read_schema
from injector.report.sarif import render_sarif
from injector.report.verification import VerifyBar, build_document, find_reached, render_table, render_wide
from injector.verify.model import SuppressedViolation, Verification, Violation
from injector.verify.rules import RULES

SARIF: Final = json.loads(
    (Path(__file__).parents[2] / "data" / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
)
"""The schema that OASIS publishes beside the standard."""

ONE: Final = Violation(
    rule="inline-secret",
    level=Level.DENY,
    message="key password holds its value as everybody can read it",
    location=Location("apps/web app/é#1.yaml", 7),
    subject=ObjectRef("Secret", "shop", "web"),
)
TWO: Final = Violation(
    rule="forbidden-text", level=Level.WARN, message="lan stands here", location=Location("docs/a.md", 3)
)
BROKEN: Final = Diagnostic(Location("broken.yaml", 2), "yaml-syntax", "is no YAML", is_deployed=True)
FULL: Final = Verification(
    violations=(ONE, TWO),
    suppressed=(SuppressedViolation(replace(ONE, location=Location("demo.yaml", 4)), "made up"),),
    unreadable=(BROKEN,),
    templated=(Diagnostic(Location("chart/x.yaml", 1), "templated", "is a template"),),
    files=12,
)
EMPTY: Final = Verification(violations=())


def log(found: Verification, *, is_full: bool = True, base: str = "") -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render_sarif(found, is_full=is_full, base=base))
    [run] = made["runs"]
    return dict(run)


@pytest.mark.parametrize("found", [EMPTY, FULL], ids=["empty", "full"])
def test_sarif_is_what_its_standard_says(found: Verification) -> None:
    made = json.loads(render_sarif(found, is_full=True))

    jsonschema.Draft4Validator.check_schema(SARIF)
    jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(made)
    assert made["version"] == "2.1.0"
    assert made["$schema"] == SARIF["id"]


def test_that_schema_refuses_what_is_none() -> None:
    made = json.loads(render_sarif(FULL, is_full=True))
    made["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0

    assert not jsonschema.Draft4Validator(SARIF).is_valid(made)


def test_a_result_has_what_code_scanning_needs() -> None:
    first, second = log(FULL)["results"]

    assert (first["ruleId"], first["level"]) == ("inline-secret", "error")
    assert (second["ruleId"], second["level"]) == ("forbidden-text", "warning")
    assert first["message"]["text"].startswith("Secret/shop/web: key password")
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "apps/web%20app/%C3%A9%231.yaml"}, "region": {"startLine": 7}}


def test_rules_stand_in_the_log_and_results_point_at_them() -> None:
    run = log(FULL)
    rules = run["tool"]["driver"]["rules"]

    assert [one["id"] for one in rules] == [one.id for one in RULES]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]


def test_paths_are_told_from_the_repository_on() -> None:
    [_, second] = log(FULL, base="clusters/home")["results"]

    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "clusters/home/docs/a.md"


def test_an_alert_stays_the_same_when_lines_come_above_it_and_two_alike_stay_two() -> None:
    def prints(*lines: int) -> list[str]:
        found = Verification(violations=tuple(replace(TWO, location=Location("docs/a.md", one)) for one in lines))
        return [one["partialFingerprints"]["phase2/v1"] for one in log(found)["results"]]

    assert prints(3, 9) == prints(4, 10)
    assert len(set(prints(3, 9))) == 2


def test_a_log_says_when_the_answer_is_not_full() -> None:
    [invocation] = log(FULL, is_full=False)["invocations"]

    assert invocation["executionSuccessful"] is False
    [told] = invocation["toolExecutionNotifications"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "broken.yaml"


def test_what_is_suppressed_is_no_alert() -> None:
    assert "demo.yaml" not in render_sarif(FULL, is_full=True)


@pytest.mark.parametrize("found", [EMPTY, FULL], ids=["empty", "full"])
def test_json_keeps_to_its_schema(found: Verification) -> None:
    schema = json.loads(read_schema("verify"))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(encode(build_document(found))))


def test_json_counts_what_it_shows() -> None:
    document = build_document(FULL)

    assert document["summary"] == {
        "deny": 1, "warn": 1, "suppressed": 1, "unreadable": 1, "templated": 1, "files": 12
    }  # fmt: skip
    assert isinstance(document["items"], list)
    assert document["items"][1] == {
        "rule": "forbidden-text", "level": "warn", "message": "lan stands here", "kind": "", "namespace": "", "name": "",
        "file": "docs/a.md", "line": 3, "isDeployed": True,
    }  # fmt: skip


def test_table_has_one_line_for_each_and_nothing_for_nothing() -> None:
    lines = render_table(FULL).splitlines()

    assert lines[0].split() == ["LEVEL", "RULE", "WHERE", "OBJECT", "WHAT"]
    assert lines[1].startswith("deny   inline-secret   apps/web app/é#1.yaml:7")
    assert len(lines) == 3
    assert len(render_table(FULL, Options(has_headers=False)).splitlines()) == 2
    assert render_table(EMPTY) == ""


def test_table_fits_the_terminal() -> None:
    assert max(len(line) for line in render_table(FULL, Options(width=80)).splitlines()) <= 80


def test_wide_output_says_what_to_do_and_what_is_not_shown() -> None:
    shown = render_wide(FULL)

    assert "what to do (2)" in shown
    assert "demo.yaml:4: inline-secret" in shown
    assert "(suppressed: made up)" in shown
    assert "broken.yaml:2: yaml-syntax" in shown
    assert "chart/x.yaml:1: templated" in shown


@pytest.mark.parametrize(
    ("violations", "bars", "expected"),
    [
        ((), (VerifyBar.WARN, VerifyBar.DENY), ()),
        ((TWO,), (VerifyBar.DENY,), ()),
        ((TWO,), (VerifyBar.WARN,), (VerifyBar.WARN,)),
        ((ONE,), (VerifyBar.WARN, VerifyBar.DENY), (VerifyBar.WARN, VerifyBar.DENY)),
        ((ONE,), (VerifyBar.NEVER,), ()),
    ],
)
def test_bar_is_reached_by_what_is_at_it_or_above(
    violations: tuple[Violation, ...], bars: tuple[VerifyBar, ...], expected: tuple[VerifyBar, ...]
) -> None:
    assert find_reached(Verification(violations=violations), bars) == expected
