"""Every rule is complete: it fires for its example, keeps quiet for a neighbour of it, and is in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from injector.report.rulebook import render_rule_page
from injector.rules.registry import BY_ID, REGISTRY, VERDICTS
from injector.rules.rule import Rule
from tests.unit.rules.judging import judge, rules_of
from tests.unit.rules.quiet import QUIET

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize("rule", REGISTRY, ids=lambda rule: rule.id)
def test_a_rule_fires_for_its_example(rule: Rule, tmp_path: Path) -> None:
    assert rule.id in rules_of(judge(rule.example, tmp_path))


@pytest.mark.parametrize("rule_id", BY_ID)
def test_a_rule_keeps_quiet_for_what_only_looks_like_it(rule_id: str, tmp_path: Path) -> None:
    report = judge(QUIET[rule_id], tmp_path)

    assert report.items or report.findings == ()
    assert rule_id not in rules_of(report)


def test_the_quiet_cases_are_those_of_the_rules() -> None:
    assert set(QUIET) == set(BY_ID)


def test_no_id_stands_twice() -> None:
    assert len(BY_ID) == len(REGISTRY)


@pytest.mark.parametrize("rule", REGISTRY, ids=lambda rule: rule.id)
def test_a_rule_is_told_in_sentences(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+|configuration", rule.id)
    assert re.fullmatch(r"[A-Z].*\.", rule.statement)
    assert re.fullmatch(r"[A-Z].*\.", rule.remedy)
    assert len(f"phase2.tazlab.net/ignore.{rule.id}".partition("/")[2]) <= 63


def test_the_page_of_rules_is_the_one_that_the_rules_give() -> None:
    page = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")

    assert page == render_rule_page(REGISTRY)
    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == [rule.id for rule in REGISTRY]


def test_every_verdict_and_finding_names_a_rule_of_the_registry(tmp_path: Path) -> None:
    for number, rule in enumerate(REGISTRY):
        assert rules_of(judge(rule.example, tmp_path / str(number))) <= set(BY_ID)


def test_a_person_is_asked_first_and_the_unknown_comes_last() -> None:
    assert VERDICTS[0].id == "override-verdict"
    assert VERDICTS[-1].id == "kind-unknown"
