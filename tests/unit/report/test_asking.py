"""Asking for a part of a report: filters, selectors, the bar, names."""

from __future__ import annotations

import pytest

from injector.errors import NotFoundError, UsageError
from injector.model import ObjectRef, Readiness, Report, SourceKind, Suppressed, Verdict
from injector.report.bar import Bar, find_reached
from injector.report.labels import parse_selector
from injector.report.options import Hidden
from injector.report.search import get_items
from injector.report.selection import Selection, select
from tests.unit.report import factory as make


def names(report: Report) -> list[str]:
    return [one.source.ref.name for one in report.items]


def test_no_filter_leaves_the_report_as_it_is() -> None:
    report = make.full_report()

    assert select(report, Selection()) == (report, Hidden())


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(namespaces=frozenset({"a"})), ["wide"]),
        (Selection(verdicts=frozenset({Verdict.MIXED})), ["mixed"]),
        (Selection(engines=frozenset({"postgresql"})), ["db", "mixed", "pg-pguser-app"]),
        (Selection(engines=frozenset({"database"}), verdicts=frozenset({Verdict.MIXED})), ["mixed"]),
        (Selection(engines=frozenset({"database/postgresql"})), ["db", "mixed", "pg-pguser-app"]),
        (Selection(stores=frozenset({"SecretStore/aws"})), ["db"]),
        (Selection(stores=frozenset({"aws"})), ["db"]),
        (Selection(labels=parse_selector("team in (a, b)")), ["db", "mixed"]),
        (Selection(namespaces=frozenset({"nowhere"})), []),
    ],
)
def test_filter_shows_whole_items_that_match_it(selection: Selection, expected: list[str]) -> None:
    shown, hidden = select(make.full_report(), selection)

    assert names(shown) == expected
    assert hidden.items == len(make.full_report().items) - len(expected)


def test_filter_takes_orphans_and_findings_too_but_never_unreadable_files() -> None:
    report = make.full_report()

    shown, hidden = select(report, Selection(namespaces=frozenset({"nowhere"})))

    assert (shown.orphans, shown.findings) == ((), ())
    assert shown.unreadable == report.unreadable
    assert hidden == Hidden(items=len(report.items), orphans=1, findings=1)
    assert hidden


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        ("", {}, True),
        ("a=1", {"a": "1"}, True),
        ("a==1", {"a": "1"}, True),
        ("a=1", {"a": "2"}, False),
        ("a=1", {}, False),
        ("a!=1", {"a": "2"}, True),
        ("a!=1", {}, True),
        ("a!=1", {"a": "1"}, False),
        ("a in (1,2)", {"a": "2"}, True),
        ("a in (1, 2)", {"a": "3"}, False),
        ("a notin (1,2)", {"a": "3"}, True),
        ("a notin (1,2)", {}, True),
        ("a notin (1,2)", {"a": "1"}, False),
        ("a", {"a": ""}, True),
        ("a", {}, False),
        ("!a", {}, True),
        ("!a", {"a": "1"}, False),
        ("app.kubernetes.io/name=x,b in (1,2),!c", {"app.kubernetes.io/name": "x", "b": "1"}, True),
        ("app.kubernetes.io/name=x,b in (1,2),!c", {"app.kubernetes.io/name": "x", "b": "1", "c": ""}, False),
    ],
)
def test_selector_selects_as_kubernetes_does(selector: str, labels: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    assert all(one.matches(labels) for one in parse_selector(selector)) is expected


@pytest.mark.parametrize("selector", ["a=b=c", "a in b", "a,,b", "=x", "a in (1,2", "a b"])
def test_wrong_selector_is_refused_with_the_forms_there_are(selector: str) -> None:
    with pytest.raises(UsageError, match="write key=value"):
        parse_selector(selector)


@pytest.mark.parametrize(
    ("report", "bar"),
    [
        (make.report(make.item(None, make.static_credential(), make.credential())), Bar.DYNAMIC),
        (
            make.report(make.item(None, make.credential(Verdict.DYNAMIC, make.reader(Readiness.NEEDS_CHANGE)))),
            Bar.NEEDS_CHANGE,
        ),
        (make.report(make.item(None, make.credential(Verdict.DYNAMIC, make.reader(Readiness.BLOCKED)))), Bar.BLOCKED),
        (make.report(orphans=(make.item(),)), Bar.ORPHANED),
        (make.report(findings=(make.finding(),)), Bar.FINDING),
        (make.report(make.item(None, make.static_credential(), findings=(make.finding(),))), Bar.FINDING),
    ],
)
def test_bar_is_reached_by_what_it_names(report: Report, bar: Bar) -> None:
    assert bar in find_reached(report, Bar)


@pytest.mark.parametrize("bar", list(Bar))
def test_no_bar_is_reached_by_static_secrets(bar: Bar) -> None:
    report = make.report(make.item(None, make.static_credential()), unreadable=(make.diagnostic(),))

    assert find_reached(report, [bar]) == ()


def test_never_is_never_reached_and_what_nobody_deploys_reaches_no_other_bar() -> None:
    orphan = make.item(
        None, make.credential(Verdict.DYNAMIC, make.reader(Readiness.BLOCKED)), findings=(make.finding(),)
    )

    assert find_reached(make.report(orphans=(orphan,)), Bar) == (Bar.ORPHANED,)
    assert Bar.NEVER not in find_reached(make.full_report(), Bar)


def test_suppressed_finding_reaches_no_bar() -> None:
    quiet = make.item(suppressed=(Suppressed(make.finding(), "known"),))

    assert find_reached(make.report(quiet), [Bar.FINDING]) == ()


@pytest.mark.parametrize(
    "wanted", ["shop/db", "shop/db-secret", "ExternalSecret/shop/db", "externalsecret/shop/db", "secret/shop/db-secret"]
)
def test_secret_is_found_by_its_own_and_its_sources_name(wanted: str) -> None:
    assert [one.source.ref.name for one in get_items(make.full_report(), wanted)] == ["db"]


def test_operators_secret_is_found_by_the_kind_it_was_made_for() -> None:
    [found] = get_items(make.full_report(), "PostgresCluster/shop/pg-pguser-app")

    assert found.source.via == ObjectRef("PostgresCluster", "shop", "pg")


def test_cluster_wide_source_is_found_by_kind_and_name_and_in_its_namespaces() -> None:
    for wanted in ("ClusterExternalSecret/wide", "a/wide", "ClusterExternalSecret/b/wide"):
        assert [one.source.ref.name for one in get_items(make.full_report(), wanted)] == ["wide"]


def test_two_writers_of_one_secret_are_both_found_and_so_are_orphans() -> None:
    report = make.report(
        make.item(make.source(kind=SourceKind.SEALED_SECRET)), make.item(), orphans=(make.item(make.source("old")),)
    )

    assert len(get_items(report, "shop/db")) == 2
    assert len(get_items(report, "shop/old")) == 1


@pytest.mark.parametrize("wanted", ["db", "", "a/b/c/d", "shop/", "/db"])
def test_word_that_names_no_secret_is_a_usage_error(wanted: str) -> None:
    with pytest.raises(UsageError, match="NAMESPACE/NAME"):
        get_items(make.full_report(), wanted)


def test_unknown_secret_comes_with_the_nearest_name() -> None:
    with pytest.raises(NotFoundError, match=r"did you mean shop/db\?"):
        get_items(make.report(make.item()), "shop/dbb")
    with pytest.raises(NotFoundError, match="-o name"):
        get_items(make.report(), "shop/db")
