"""The example tree, judged as the operator of such a cluster expects."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from injector import build_inventory, classify, load_tree
from injector.config.load import load_config
from injector.inventory.facts import Inventory
from injector.model import Report, SourceKind
from injector.report.jsontext import render_json

PROJECT = Path(__file__).parents[2]
TREE = PROJECT / "examples" / "tazlab"


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return build_inventory(load_tree([TREE]))


@pytest.fixture(scope="module")
def report(inventory: Inventory) -> Report:
    return classify(inventory, load_config(TREE / "phase2.yaml", "phase2.yaml"))


def expected() -> list[dict[str, str]]:
    with (PROJECT / "tests" / "data" / "tazlab-expected.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.mark.parametrize("row", expected(), ids=lambda row: f"{row['namespace']}/{row['name']}")
def test_a_secret_has_the_verdict_that_its_operator_expects(row: dict[str, str], report: Report) -> None:
    found = [
        item
        for item in report.items
        if item.source.ref.namespace == row["namespace"] and row["name"] in (item.source.ref.name, item.source.target)
    ]

    assert [item.verdict.value for item in found] == [row["verdict"]]


def test_nothing_else_is_listed(report: Report) -> None:
    wanted = {(row["namespace"], row["name"]) for row in expected()}
    names = {
        (item.source.ref.namespace, name)
        for item in report.items
        for name in (item.source.ref.name, item.source.target)
    }

    assert len(report.items) == len(expected())
    assert wanted <= names


def test_verdicts_are_the_same_without_what_a_person_adds(report: Report, inventory: Inventory) -> None:
    alone = classify(inventory)

    assert [item.verdict for item in alone.items] == [item.verdict for item in report.items]


def test_twenty_two_external_secrets_are_deployed(report: Report) -> None:
    external = [item for item in report.items if item.source.kind is SourceKind.EXTERNAL_SECRET]

    assert len(external) == 22
    assert {item.source.store.name for item in external if item.source.store} == {"tazlab-secrets-vault"}


def test_what_no_kustomization_lists_is_an_orphan(report: Report) -> None:
    assert {item.source.origin.location.path for item in report.orphans} == {
        "infrastructure/operators/monitoring/secrets-db-sync.yaml",
        "infrastructure/configs/storage/longhorn-s3-secret.yaml",
    }


def test_every_verdict_has_a_reason_with_a_line_that_exists(report: Report) -> None:
    for item in report.items:
        assert item.credentials
        for credential in item.credentials:
            assert credential.reasons
            for reason in credential.reasons:
                lines = (TREE / reason.location.path).read_text(encoding="utf-8").splitlines()
                assert 1 <= reason.location.line <= len(lines)


def test_the_same_tree_gives_the_same_bytes_with_any_number_of_processes() -> None:
    texts = {render_json(classify(build_inventory(load_tree([TREE]), jobs=jobs))) for jobs in (1, 2, 3)}

    assert len(texts) == 1
