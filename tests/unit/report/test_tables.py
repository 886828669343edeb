"""Tables: groups, widths, colours, and what must not reach a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from injector.model import ObjectRef, Readiness, Report, Store, StoreRef, Suppressed, Verdict
from injector.report.columns import Color, Column, fit, line, paint
from injector.report.csvtext import COLUMNS, render_csv
from injector.report.explain import render_explanation
from injector.report.formats import render
from injector.report.markdown import render_markdown
from injector.report.names import render_names
from injector.report.options import Format, Hidden, Options
from injector.report.table import render_table
from injector.report.wide import render_wide
from tests.unit.report import factory as make


@pytest.mark.parametrize("output", list(Format))
def test_every_format_has_a_renderer_that_shows_the_item(output: Format) -> None:
    text = render(make.report(make.item()), output)

    assert "shop" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("output", list(Format))
def test_every_format_is_the_same_text_for_the_same_report(output: Format) -> None:
    assert render(make.full_report(), output) == render(make.full_report(), output)


def test_table_is_grouped_by_verdict_with_counts() -> None:
    lines = render_table(make.full_report()).splitlines()

    headings = [text for text in lines if text.split(" ")[0] in list(Verdict)]
    assert headings == ["dynamic-capable (2)", "mixed (1)", "static (14)"]
    assert lines[0].split() == ["NAMESPACE", "NAME", "SOURCE", "KIND", "ENGINE", "READINESS", "CONFIDENCE"]


def test_table_of_nothing_is_nothing() -> None:
    assert render_table(make.report()) == ""
    assert render_table(make.report(), Options(has_headers=False)) == ""


def test_table_row_tells_the_farthest_readiness() -> None:
    both = make.credential(Verdict.DYNAMIC, make.reader(Readiness.READY), make.reader(Readiness.BLOCKED))

    [row] = [text for text in render_table(make.report(make.item(None, both))).splitlines() if text.startswith("shop")]

    assert row.split() == ["shop", "db", "ExternalSecret", "database-login", "database/postgresql", "blocked", "high"]


def test_configuration_beside_a_credential_is_not_told() -> None:
    config = make.credential(Verdict.STATIC, kind="configuration", engine="")

    with_login = render_table(make.report(make.item(None, make.credential(), config)))
    alone = render_table(make.report(make.item(None, config)))

    assert "configuration" not in with_login
    assert "configuration" in alone


def test_table_without_headers_is_rows_with_the_verdict_first() -> None:
    lines = render_table(make.full_report(), Options(has_headers=False)).splitlines()

    assert len(lines) == len(make.full_report().items)
    assert {text.split()[0] for text in lines} == set(Verdict)


def test_table_fits_the_terminal() -> None:
    long = make.item(make.source("a-very-long-name-of-an-external-secret-that-goes-on", "a-very-long-namespace"))

    lines = render_table(make.report(long), Options(width=100)).splitlines()

    assert max(len(text) for text in lines) <= 100
    assert any("…" in text for text in lines)


def test_table_in_a_pipe_is_never_shortened() -> None:
    name = "x" * 250

    assert name in render_table(make.report(make.item(make.source(name))))


def test_colour_is_only_there_when_asked_for() -> None:
    report = make.full_report()

    for render_one in (render_table, render_wide):
        assert "\x1b" not in render_one(report, Options())
        assert "\x1b[32mdynamic-capable\x1b[0m (2)" in render_one(report, Options(has_color=True))


@pytest.mark.parametrize("output", [Format.JSON, Format.YAML, Format.CSV, Format.MARKDOWN, Format.NAME])
def test_documents_have_no_colour_ever(output: Format) -> None:
    assert "\x1b" not in render(make.full_report(), output, Options(has_color=True))


def test_wide_tells_reasons_with_file_and_line() -> None:
    text = render_wide(make.full_report())

    assert "      apps/db.yaml:14: engine-database: password is a client's login" in text
    assert "        - mount it as a file" in text
    assert "apps/web.yaml:20: Deployment/shop/web container app reads it by env (DB_PASSWORD key password)" in text


def test_wide_lists_everything_else_that_was_seen() -> None:
    text = render_wide(make.full_report())

    for heading in (
        "orphans, which nothing deploys (1)", "findings (1)", "suppressed findings (1)", "unreadable (2)",
        "templated (1)", "unresolved (1)",
    ):  # fmt: skip
        assert f"\n{heading}\n" in text
    assert "(suppressed: both write the same)" in text
    assert "old/broken.yaml:3: yaml-syntax: a mapping ends too early; close it (not deployed)" in text


def test_wide_wraps_reasons_at_the_terminals_width() -> None:
    text = render_wide(make.full_report(), Options(width=90))

    assert max(len(part) for part in text.splitlines()) <= 90


def test_wide_without_headers_has_no_headings() -> None:
    assert "unreadable (2)" not in render_wide(make.full_report(), Options(has_headers=False))


def test_names_are_what_explain_takes_once_each() -> None:
    report = make.report(make.item(), make.item(), make.item(make.source("wide", "")))

    assert render_names(report) == "ExternalSecret/shop/db\nExternalSecret/wide\n"


def test_csv_has_one_line_per_credential_and_orphans_last() -> None:
    report = make.full_report()

    rows = list(csv.reader(io.StringIO(render_csv(report))))

    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 1 + sum(len(one.credentials) for one in (*report.items, *report.orphans))
    assert [row[COLUMNS.index("deployed")] for row in rows[1:]].count("false") == 1
    assert rows[-1][1] == "left-over"


def test_csv_without_header_and_item_without_credentials() -> None:
    bare = make.item()
    empty = type(bare)(bare.source, Verdict.STATIC, bare.confidence, ())

    [row] = csv.reader(io.StringIO(render_csv(make.report(empty), Options(has_headers=False))))

    assert row[COLUMNS.index("name")] == "db"
    assert row[COLUMNS.index("keys")] == ""


def test_csv_cell_is_no_formula() -> None:
    assert ",'=cmd," in render_csv(make.report(make.item(make.source("=cmd"))))


def test_markdown_escapes_what_markdown_and_html_would_obey() -> None:
    text = render_markdown(make.report(make.item(make.source("a|b`<img>@all"))))

    assert r"a\|b\`\<img\>\@all" in text


def test_markdown_has_a_table_per_verdict_and_every_list() -> None:
    text = render_markdown(make.full_report(), Options(hidden=Hidden(items=2)))

    for heading in ("dynamic-capable (2)", "mixed (1)", "static (14)", "orphans, which nothing deploys (1)",
                    "Findings (1)", "Suppressed findings (1)", "Unreadable (2)", "Templated (1)", "Unresolved (1)"):  # fmt: skip
        assert f"\n## {heading}\n" in text
    assert "Filtered out: 2 items, 0 orphans, 0 findings." in text


@pytest.mark.parametrize("show", [render_table, render_wide, render_names, render_markdown])
def test_control_characters_of_a_name_are_spelled_out(show: Callable[[Report], str]) -> None:
    evil = make.item(make.source("db\x1b[2J\n\u202eforged"))

    text = show(make.report(evil))

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b" in text.replace("\\\\", "\\")


def test_columns_are_cut_from_the_last_to_the_first_and_never_below_their_limit() -> None:
    columns = (Column("A", narrowest=4), Column("B"), Column("C", narrowest=4))
    rows = [("a" * 10, "b" * 10, "c" * 10)]

    assert fit(columns, rows, None) == [10, 10, 10]
    assert fit(columns, rows, 30) == [10, 10, 6]
    assert fit(columns, rows, 20) == [4, 10, 4]


def test_columns_that_can_be_spared_are_left_out_where_cutting_does_not_help() -> None:
    columns = (Column("A"), Column("B", spare=1), Column("C", narrowest=4, spare=2))
    rows = [("a" * 10, "b" * 10, "c" * 10)]

    assert fit(columns, rows, 28) == [10, 10, 4]
    assert fit(columns, rows, 27) == [10, 10, 0]
    assert fit(columns, rows, 21) == [10, 0, 0]
    assert fit(columns, rows, 5) == [10, 0, 0]
    assert line(("a", "b", "c"), [1, 0, 1]) == "a  c"


@pytest.mark.parametrize("width", [20, 60, 80, 100, 140])
def test_names_are_whole_on_every_terminal(width: int) -> None:
    name = "a-name-that-is-as-long-as-they-are-in-real-clusters"

    text = render_table(make.report(make.item(make.source(name))), Options(width=width))

    assert name in text


def test_row_has_no_blanks_at_its_end_and_marks_what_is_cut() -> None:
    assert line(("abcdef", ""), (4, 3)) == "abc…"


def test_nothing_is_painted_when_there_is_nothing_to_paint() -> None:
    assert paint("", Color.RED, has_color=True) == ""
    assert paint("x", Color.NONE, has_color=True) == "x"


def test_explanation_follows_the_value_from_store_to_consumer() -> None:
    [chain] = [one for one in make.full_report().items if one.source.ref.name == "db"]

    text = render_explanation(chain)

    steps = (
        "ExternalSecret/shop/db: dynamic-capable (high)",
        "deployed by flux:flux-system/apps > apps/cluster > apps/base",
        "ClusterSecretStore/vault (provider vault)",
        "password <- secret/data/shop/db#password (apps/db.yaml:14)",
        "by a template of password",
        "* (keys that only the store knows) <- (empty path) in SecretStore/aws",
        "fixed <- nothing that the tree names",
        "shop/db-secret, creationPolicy Owner, refreshInterval 1h",
        "dynamic-capable (high): database-login, engine database/postgresql",
        "from secret/data/shop/db",
        "Deployment/shop/r-env-ready container app reads it by env (DB_PASSWORD key password): ready",
        "- mount it as a file",
        "apps/db.yaml:14: engine-database: password is a client's login",
        "what to do (engine-database): ",
        "came close",
        "apps/db.yaml:2: bootstrap-namespace: shop is no bootstrap namespace",
        "read by nobody in the tree",
        "two-writers: Secret db-secret has two writers",
    )
    places = [text.find(step) for step in steps]
    assert -1 not in places, steps[places.index(-1)]
    assert places == sorted(places)
    assert "postgres://" not in text


def test_explanation_tells_where_the_store_is_written_or_that_it_is_nowhere() -> None:
    one = make.item(make.source(store=StoreRef("SecretStore", "vault", "vault")))
    there = Store(
        ObjectRef("SecretStore", "shop", "vault"), "vault", make.origin("store.yaml", 7), mount="kv", version="v1"
    )
    elsewhere = replace(there, ref=ObjectRef("SecretStore", "other", "vault"))
    lost = make.item(make.source(store=StoreRef("SecretStore", "gone")))

    assert "written in store.yaml:7, mount kv (KV v1)\n" in render_explanation(one, stores=(elsewhere, there))
    assert "store.yaml" not in render_explanation(one, stores=(elsewhere,))
    assert "SecretStore/gone (provider unknown)\n    not in the tree\n" in render_explanation(lost, stores=(there,))


def test_explanation_of_an_orphan_says_so() -> None:
    assert "deployed by nothing" in render_explanation(make.item(make.source(root="")), is_orphan=True)


def test_explanation_names_operator_namespaces_and_suppression() -> None:
    one = make.item(
        make.source(
            store=None,
            via=ObjectRef("PostgresCluster", "shop", "pg"),
            namespaces=("a", "b"),
        ),
        suppressed=(Suppressed(make.finding(), "known"),),
    )

    text = render_explanation(one)

    assert "made by the operator of PostgresCluster/shop/pg" in text
    assert "in the namespaces a, b" in text
    assert "(suppressed: known)" in text


def test_wide_tells_apart_what_two_clusters_have_by_the_same_name() -> None:
    one = make.item()
    twins = [
        replace(one, source=replace(one.source, origin=make.origin(root=f"flux:{cluster}:flux-system/apps")))
        for cluster in ("live", "stage")
    ]

    lines = [text.strip() for text in render_wide(make.report(*twins)).splitlines()]

    assert [text for text in lines if text.startswith("deployed by")] == [
        "deployed by flux:live:flux-system/apps",
        "deployed by flux:stage:flux-system/apps",
    ]
    assert "deployed by" not in render_wide(make.report(one))
