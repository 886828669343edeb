"""``phase2 classify``: formats, filters, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from injector.errors import ConfigError
from injector.location import Location
from injector.model import Verdict
from injector.report.bar import Bar
from injector.report.options import Format
from tests.cli.conftest import Run, Tree
from tests.unit.report import factory as make


@pytest.mark.parametrize("output", list(Format))
def test_stdout_carries_the_document_alone_in_every_format(run: Run, tree: Tree, output: Format) -> None:
    tree.report = make.report(make.item())

    ran = run("classify", "-o", output)

    assert ran.code == 0
    assert "shop" in ran.out
    assert "items:" not in ran.out or output is Format.YAML


def test_table_is_the_default_and_the_counts_stand_on_stderr(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item(), make.item(make.source("b"), make.static_credential()))

    ran = run("classify", "some/tree", "other")

    assert ran.out.startswith("NAMESPACE")
    assert ran.err == "2 items: 1 dynamic-capable, 1 static, 0 mixed\n"
    assert tuple(tree.paths) == ("some/tree", "other")


def test_counts_are_silent_beside_json_until_asked_for(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    assert run("classify", "-o", "json").err == ""
    assert "1 items" in run("classify", "-o", "json", "-v").err


def test_counts_name_all_that_the_table_does_not_show(run: Run, tree: Tree) -> None:
    del tree

    ran = run("classify", "--allow-unreadable")

    assert "1 orphans; 2 findings; 2 unreadable; 1 templated; 1 unresolved (-o wide shows them)" in ran.err


@pytest.mark.parametrize(("templated", "told"), [(0, "name the root of a tree"), (1, "helm template … | phase2")])
def test_tree_without_any_secret_says_what_to_give_instead(run: Run, tree: Tree, templated: int, told: str) -> None:
    tree.report = replace(make.report(), templated=make.full_report().templated[:templated])

    ran = run("classify")

    assert "warning: no Secret is made or read here; " in ran.err
    assert told in ran.err


def test_empty_tree_is_answered_completely(run: Run, tree: Tree) -> None:
    tree.report = make.report()

    assert run("classify").out == ""
    assert json.loads(run("classify", "-o", "json").out)["items"] == []


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["-n", "a"], ["wide"]),
        (["--namespace", "nowhere,b"], ["wide"]),
        (["--verdict", "mixed"], ["mixed"]),
        (["--engine", "postgresql"], ["db", "mixed", "pg-pguser-app"]),
        (["--store", "aws"], ["db"]),
        (["-l", "team=b"], ["mixed"]),
        (["-l", "team in (a,b)", "-l", "team!=a"], ["mixed"]),
        (
            ["-n", "a", "-A", "--verdict", "dynamic-capable,mixed", "--verdict", "mixed"],
            ["db", "mixed", "pg-pguser-app"],
        ),
    ],
)
def test_filters_show_a_part_and_say_how_much_is_hidden(
    run: Run, tree: Tree, flags: list[str], expected: list[str]
) -> None:
    document = json.loads(run("classify", "-o", "json", "--allow-unreadable", *flags).out)

    assert [one["name"] for one in document["items"]] == expected
    assert document["summary"]["filtered"]["items"] == len(tree.report.items) - len(expected)


def test_hidden_items_are_told_below_the_table(run: Run, tree: Tree) -> None:
    del tree

    assert "filtered out: 15 items" not in run("classify", "-A").err
    assert "filtered out: " in run("classify", "--verdict", "mixed").err


def test_filters_apply_to_the_bar(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item(), make.item(make.source("b", "other"), make.static_credential()))

    assert run("classify", "--fail-on", "dynamic-capable").code == 1
    assert run("classify", "--fail-on", "dynamic-capable", "-n", "other").code == 0


@pytest.mark.parametrize("bar", [one for one in Bar if one is not Bar.NEVER])
def test_every_bar_ends_with_one_in_every_format(run: Run, tree: Tree, bar: Bar) -> None:
    del tree

    for output in Format:
        assert run("classify", "-o", output, "--allow-unreadable", "--fail-on", f"never,{bar}").code == 1


def test_reached_bar_is_named_when_asked(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    assert "--fail-on: dynamic-capable is reached" in run("classify", "--fail-on", "dynamic-capable", "-v").err


def test_no_bar_means_zero(run: Run, tree: Tree) -> None:
    del tree

    assert run("classify", "--allow-unreadable").code == 0


def test_deployed_file_that_cannot_be_read_wins_over_the_bar(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item(), unreadable=(make.diagnostic(),))

    ran = run("classify", "-o", "json", "--fail-on", "dynamic-capable")

    assert ran.code == 2
    assert len(json.loads(ran.out)["items"]) == 1
    assert "phase2: warning: apps/broken.yaml:3: a mapping ends too early; close it" in ran.err
    assert "phase2: error: a file that is deployed cannot be read" in ran.err
    assert run("classify", "--fail-on", "dynamic-capable", "--allow-unreadable").code == 1


def test_what_nobody_deploys_never_decides_the_exit_code(run: Run, tree: Tree) -> None:
    tree.report = make.report(unreadable=(make.diagnostic(is_deployed=False),))

    ran = run("classify", "-v")

    assert ran.code == 0
    assert "(not deployed)" in ran.err
    assert "error" not in ran.err


def test_many_unreadable_files_do_not_flood_the_terminal(run: Run, tree: Tree) -> None:
    tree.report = make.report(unreadable=tuple(make.diagnostic() for _ in range(30)))

    ran = run("classify")

    assert ran.err.count("warning: apps/broken.yaml") == 20
    assert "10 more files" in ran.err
    assert "30 files that are deployed" in ran.err


def test_quiet_leaves_only_errors(run: Run, tree: Tree) -> None:
    tree.report = make.report(unreadable=(make.diagnostic(),))

    assert [one.split(":")[1] for one in run("classify", "-q").err.splitlines()] == [" error"]


def test_lines_on_stderr_can_be_json(run: Run, tree: Tree) -> None:
    tree.report = make.report(unreadable=(make.diagnostic(),))

    lines = [json.loads(one) for one in run("classify", "--log-format", "json").err.splitlines()]

    assert [one["level"] for one in lines] == ["summary", "warning", "error"]


def test_expected_failure_is_one_line_and_two(run: Run, tree: Tree) -> None:
    tree.failure = ConfigError("no such key 'verdct'; did you mean 'verdict'?", Location("phase2.yaml", 3))

    ran = run("classify")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "phase2: error: phase2.yaml:3: no such key 'verdct'; did you mean 'verdict'?\n"


def test_every_flag_is_an_environment_variable_and_the_flag_wins(
    run: Run, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    del tree
    monkeypatch.setenv("PHASE2_OUTPUT", "name")
    monkeypatch.setenv("PHASE2_SELECTOR", "team in (a, b)")
    monkeypatch.setenv("PHASE2_VERDICT", "mixed,static")
    monkeypatch.setenv("PHASE2_NAMESPACE", "shop, other")
    monkeypatch.setenv("PHASE2_ALLOW_UNREADABLE", "1")

    assert run("classify").out == "ExternalSecret/shop/mixed\n"
    assert run("classify", "-o", "csv").out.startswith("namespace,")


def test_headers_can_be_left_out(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    assert run("classify", "--no-headers").out.split()[0] == Verdict.DYNAMIC
    assert len(list(csv.reader(io.StringIO(run("classify", "-o", "csv", "--no-headers").out)))) == 1


@pytest.mark.parametrize(
    ("flags", "environment", "is_colored"),
    [
        ([], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colour_obeys_flag_then_environment_then_terminal(
    run: Run,
    tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    environment: dict[str, str],
    *,
    is_colored: bool,
) -> None:
    tree.report = make.report(make.item())
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b" in run("classify", *flags).out) is is_colored
    assert "\x1b" not in run("classify", "-o", "json", *flags).out


def test_document_goes_to_a_file_and_stdout_stays_empty(run: Run, tree: Tree, tmp_path: Path) -> None:
    tree.report = make.report(make.item())
    target = tmp_path / "report.json"

    ran = run("classify", "-o", "json", "--output-file", str(target))

    assert (ran.code, ran.out) == (0, "")
    assert json.loads(target.read_text(encoding="utf-8"))["kind"] == "Report"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_file_is_replaced_keeping_its_mode_and_its_link(run: Run, tree: Tree, tmp_path: Path) -> None:
    tree.report = make.report(make.item())
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o600)
    link.symlink_to(real)

    run("classify", "-o", "name", "--output-file", str(link))

    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "ExternalSecret/shop/db\n"
    assert real.stat().st_mode & 0o777 == 0o600


def test_file_is_untouched_when_there_is_no_answer(run: Run, tree: Tree, tmp_path: Path) -> None:
    tree.failure = ConfigError("wrong")
    target = tmp_path / "report"
    target.write_text("old", encoding="utf-8")

    assert run("classify", "--output-file", str(target)).code == 2
    assert target.read_text(encoding="utf-8") == "old"


def test_file_that_cannot_be_written_is_two_and_names_it(run: Run, tree: Tree, tmp_path: Path) -> None:
    del tree

    ran = run("classify", "--output-file", str(tmp_path / "no" / "folder"))

    assert ran.code == 2
    assert "folder: cannot be written: No such file or directory" in ran.err


def test_half_a_file_is_taken_away_when_the_disk_is_full(
    run: Run, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del tree

    def refuse(_file: object, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    ran = run("classify", "--allow-unreadable", "--output-file", str(tmp_path / "report"))

    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_device_is_written_to_and_never_replaced(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    assert run("classify", "--output-file", os.devnull).code == 0
    assert not Path(os.devnull).is_file()


def test_dash_as_output_file_is_stdout(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    assert run("classify", "-o", "name", "--output-file", "-").out == "ExternalSecret/shop/db\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clasify"], "'classify'"),
        (["classify", "-o", "jsn"], "did you mean 'json'?"),
        (["classify", "--verdict", "dynamic"], "did you mean 'dynamic-capable'?"),
        (["classify", "--fail-on", "static"], "choose from never, dynamic-capable"),
        (["classify", "--namespce", "x"], "'--namespace'"),
        (["classify", "-l", "a in b"], "write key=value"),
        (["classify", "--jobs", "0"], "--jobs"),
        (["completion", "fishh"], "did you mean 'fish'?"),
        (["rules", "lst"], "'list'"),
    ],
)
def test_wrong_word_is_a_usage_error_with_a_guess_and_the_way_to_help(
    run: Run, tree: Tree, arguments: list[str], message: str
) -> None:
    ran = run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("phase2: error: ")
    assert message in ran.err
    assert ran.err.splitlines()[-1].endswith("--help'")
    assert not tree.readings


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-n", "shpo"], "--namespace shpo: no Secret of the tree is in it; did you mean shop?"),
        (["--store", "vualt"], "--store vualt: no Secret of the tree is read from it; did you mean vault?"),
        (["--engine", "postgres"], "--engine postgres: is no secrets engine; did you mean postgresql?"),
        (["--engine", "\x1b[2J"], "check its name"),
    ],
)
def test_filter_that_nothing_in_the_tree_knows_is_warned_about(
    run: Run, tree: Tree, flags: list[str], message: str
) -> None:
    tree.report = make.report(make.item())

    ran = run("classify", "-o", "name", *flags)

    assert (ran.code, ran.out) == (0, "")
    assert message in ran.err
    assert "phase2: warning: none of 1 items is left: no item matches all filters\n" in ran.err
    assert "\x1b" not in ran.err


def test_filter_that_is_known_and_matches_nothing_is_no_slip(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item(), make.item(make.source("b", "other"), make.static_credential()))

    assert run("classify", "-n", "other").err.count("warning") == 0
    assert run("classify", "--engine", "oracle", "-q").err == ""
    assert run("classify", "--engine", "oracle").err.count("warning") == 1
