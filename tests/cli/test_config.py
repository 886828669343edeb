"""``phase2.yaml`` on the command line: which one is used, what wins over it, and what a wrong one ends with."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from injector.cli.tree import root
from injector.config.flags import COMMANDS
from injector.config.model import DEFAULT
from injector.config.shape import Field, ListOf, Number, Shape, Switch, Text, Word
from tests.cli.conftest import Run, Tree
from tests.unit.report import factory as make

ONCE_ONLY = {"config", "output_file", "all_namespaces", "selector", "help"}
"""Flags that make no sense for more than one run."""

MANIFEST = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app, namespace: web}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - secretKey: POSTGRES_PASSWORD
      remoteRef: {key: apps/web, property: password}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one manifest, as the current folder."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "app.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str, name: str = "phase2.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def used(tree: Tree) -> str:
    return tree.readings[-1].config.get().label_prefix


def test_file_is_found_from_the_first_path_upwards(run: Run, tree: Tree, repository: Path) -> None:
    write(repository, "labelPrefix: above.example")

    ran = run("classify", "apps/app.yaml", "apps", "-v", "--allow-unreadable")

    assert used(tree) == "above.example"
    assert ran.err.startswith("configuration: phase2.yaml\n")


def test_file_of_the_current_folder_counts_without_a_path_and_for_stdin(run: Run, tree: Tree, repository: Path) -> None:
    write(repository, "labelPrefix: here.example")

    run("classify")
    assert used(tree) == "here.example"

    run("classify", "-")
    assert used(tree) == "here.example"


def test_explain_uses_the_same_file(run: Run, tree: Tree, repository: Path) -> None:
    write(repository, "labelPrefix: here.example")
    tree.report = make.report(make.item())

    ran = run("explain", "shop/db", "apps", "-v")

    assert used(tree) == "here.example"
    assert "configuration: phase2.yaml\n" in ran.err


def test_no_file_is_told_when_asked(run: Run, tree: Tree, repository: Path) -> None:
    del repository

    assert "configuration: none; there is no phase2.yaml from apps upwards" in run("classify", "apps", "-v").err
    assert "configuration" not in run("classify", "apps").err
    assert tree.readings[-1].config.get() == DEFAULT


def test_file_named_by_flag_wins_over_variable_and_over_the_tree(
    run: Run, tree: Tree, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, "labelPrefix: tree.example")
    write(repository, "labelPrefix: variable.example", "variable.yaml")
    write(repository, "labelPrefix: flag.example", "flag.yaml")
    monkeypatch.setenv("PHASE2_CONFIG", "variable.yaml")

    run("classify", "apps")
    assert used(tree) == "variable.example"

    run("classify", "--config", "flag.yaml", "apps")
    assert used(tree) == "flag.example"

    run("classify", "apps", "--config", "/dev/null")
    assert used(tree) == DEFAULT.label_prefix


def test_file_with_nearly_the_name_is_warned_about(run: Run, tree: Tree, repository: Path) -> None:
    write(repository, "labelPrefix: here.example", ".phase2.yaml")

    ran = run("classify", "apps")

    assert "phase2: warning: .phase2.yaml: is not read; rename it to phase2.yaml\n" in ran.err
    assert used(tree) == DEFAULT.label_prefix


@pytest.mark.parametrize("program", ["phase2", "kubectl-phase2"])
@pytest.mark.parametrize("words", [["classify", "apps"], ["explain", "web/app", "apps"]])
def test_wrong_file_is_two_with_every_mistake_and_nothing_on_stdout(
    run: Run, tree: Tree, repository: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], program: str
) -> None:
    monkeypatch.setattr("sys.argv", [program])
    write(repository, "overides: []\nlabelPrefix: X\n")

    ran = run(*words)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "phase2: error: phase2.yaml:1: overides: no such key; did you mean overrides?",
        (
            "phase2: error: phase2.yaml:2: labelPrefix: X is not a DNS name of yours; "
            "small letters, digits, dashes and dots, as in phase2.example.com; none of Kubernetes' or the injector's own"
        ),
    ]
    assert not tree.readings


def test_errors_of_a_file_look_as_asked(run: Run, repository: Path) -> None:
    write(repository, "x: 1\ny: 1\n")

    lines = run("classify", "apps", "--log-format", "json").err.splitlines()

    assert [json.loads(one)["level"] for one in lines] == ["error", "error"]


@pytest.mark.parametrize(
    ("name", "message"), [("missing.yaml", "missing.yaml: cannot be read: No such file"), ("", "it names no file")]
)
def test_named_file_that_cannot_be_read_is_two(run: Run, repository: Path, name: str, message: str) -> None:
    del repository

    ran = run("classify", "--config", name)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_help_is_given_whatever_the_file_is_like(run: Run, repository: Path) -> None:
    file = write(repository, "x: 1")

    assert run("classify", "--help").code == 0
    assert run("classify", "--config", str(file), "--help").code == 0


def test_output_file_is_untouched_when_the_configuration_is_wrong(run: Run, repository: Path) -> None:
    write(repository, "x: 1")
    report = write(repository, "old", "report")

    assert run("classify", "--output-file", str(report)).code == 2
    assert report.read_text(encoding="utf-8") == "old"


def test_defaults_of_the_file_give_way_to_variable_and_flag(
    run: Run, tree: Tree, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.report = make.report(make.item(), make.item(make.source("b", "other"), make.static_credential()))
    write(
        repository, "defaults: {classify: {output: name, namespace: [other], fail-on: [dynamic-capable, needs-change]}}"
    )

    ran = run("classify")
    assert (ran.code, ran.out) == (0, "ExternalSecret/other/b\n")

    ran = run("classify", "-A")
    assert (ran.code, ran.out.count("\n")) == (1, 2)

    monkeypatch.setenv("PHASE2_FAIL_ON", "never")
    assert run("classify", "-A").code == 0
    assert run("classify", "-A", "-o", "csv").out.startswith("namespace,")


def test_defaults_of_one_command_are_not_those_of_another(run: Run, tree: Tree, repository: Path) -> None:
    tree.report = make.report(make.item(), unreadable=(make.diagnostic(),))
    write(repository, "defaults: {explain: {allow-unreadable: true, verbose: 1}}")

    assert run("classify").code == 2
    assert run("explain", "shop/db").code == 0
    assert tree.console.verbosity == 1


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_file_knows_every_flag_of_a_command_and_its_values(name: str) -> None:
    params = {one.name: one for one in root.commands[name].params if isinstance(one, click.Option)}
    fields = {one.key.replace("-", "_"): one for one in COMMANDS[name]}

    assert set(fields) == set(params) - ONCE_ONLY
    for key, field in fields.items():
        assert_same_values(params[key], field)


def assert_same_values(param: click.Option, field: Field) -> None:
    shape: Shape = field.shape
    values = tuple(str(one) for one in getattr(param.type, "values", ()))
    match shape:
        case ListOf(item=Word(words=words)):
            assert param.multiple
            assert words == values
        case ListOf(item=Text()):
            assert param.multiple
        case Word(words=words):
            assert words == values
        case Switch():
            assert param.is_flag
        case Number():
            assert param.count or isinstance(param.type, click.IntRange)
        case _:
            pytest.fail(f"{field.key}: {shape}")


@pytest.mark.parametrize("what", ["config", "report"])
def test_schemas_are_printed(run: Run, what: str) -> None:
    ran = run("schema", what)

    assert ran.code == 0
    assert json.loads(ran.out)["$schema"].startswith("https://json-schema.org/")


def test_configuration_in_the_tree_is_no_manifest(run: Run, repository: Path) -> None:
    write(repository, "bootstrap: {namespaces: [other]}")

    document = json.loads(run("classify", "-o", "json").out)

    assert document["summary"]["items"] + document["summary"]["orphans"] == 1
    assert document["unreadable"] == document["templated"] == document["unresolved"] == []
