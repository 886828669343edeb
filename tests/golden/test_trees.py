"""Whole little GitOps repositories: what the program says of each, byte for byte, and what a person expects of it."""

from __future__ import annotations

import csv
import json
import os
import random
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from injector.report.contract import read_schema
from tests.canary import has_canary
from tests.golden.trees import TREES, answers, case_names, recorded

CASES = case_names()
REWRITE = "python -m tests.golden.rewrite"


def expectations(name: str) -> list[tuple[str, ...]]:
    with (TREES / name / "expected.tsv").open(encoding="utf-8", newline="") as stream:
        return [tuple(row.values()) for row in csv.DictReader(stream, delimiter="\t")]


def engines(item: dict[str, Any]) -> str:
    return ",".join(sorted({one["engine"] for one in item["credentials"] if one["engine"]})) or "-"


def rules(items: list[dict[str, Any]]) -> str:
    return ",".join(sorted({finding["rule"] for item in items for finding in item["findings"]})) or "-"


@pytest.mark.parametrize("name", CASES)
def test_the_program_says_what_it_said_before(name: str) -> None:
    assert answers(name, "--jobs", "1") == recorded(name), f"read the diff of `{REWRITE}`"


@pytest.mark.parametrize("name", CASES)
def test_two_processes_and_another_order_of_files_give_the_same_bytes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really: Callable[..., Any] = os.scandir
    order = random.Random(name)  # noqa: S311 - no secret

    def scandir(path: str) -> list[os.DirEntry[str]]:
        with really(path) as found:
            entries = list(found)
        order.shuffle(entries)
        return entries

    monkeypatch.setattr(os, "scandir", scandir)

    assert answers(name, "--jobs", "2") == recorded(name)


@pytest.mark.parametrize("name", CASES)
def test_verdicts_are_those_that_a_person_expects(name: str) -> None:
    report = json.loads(recorded(name)["expected.json"])

    said = [
        (where, item["namespace"], item["name"], item["verdict"], engines(item), rules([item]))
        for where in ("items", "orphans")
        for item in report[where]
    ]

    assert sorted(said) == sorted(expectations(name))


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_document_holds_to_its_schema(name: str) -> None:
    document = json.loads(recorded(name)["expected.json"])

    jsonschema.validate(document, json.loads(read_schema()))


@pytest.mark.parametrize("name", CASES)
def test_no_planted_value_is_recorded(name: str) -> None:
    assert not any(has_canary(text) for text in recorded(name).values())


def test_every_case_has_its_line_in_the_readme() -> None:
    told = re.findall(
        r"^\| \[([a-z0-9-]+)\]\(\1/?\) \|", (TREES / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert told == CASES
