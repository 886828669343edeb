"""The other commands: explain, rules, completion, version, help; and docs made from them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from injector import errors
from injector.cli import docs
from injector.cli.main import main
from injector.cli.tree import root
from injector.cli.version import find_commit
from injector.report.rulebook import ALL_RULES
from tests.cli.conftest import Run, Tree
from tests.unit.report import factory as make

REPOSITORY = Path(__file__).parents[2]


def test_explain_tells_the_chain_of_one_secret(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    ran = run("explain", "shop/db", "some/tree")

    assert ran.code == 0
    assert ran.out.startswith("ExternalSecret/shop/db: dynamic-capable (high)\n")
    assert tuple(tree.paths) == ("some/tree",)


def test_explain_knows_orphans(run: Run, tree: Tree) -> None:
    tree.report = make.report(orphans=(make.item(),))

    assert "an orphan" in run("explain", "ExternalSecret/shop/db").out


def test_explain_of_a_bare_name_tells_how_to_write_it_out(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item(), make.item(make.source("db", "other")))

    ran = run("explain", "db")

    assert (ran.code, ran.out) == (2, "")
    assert "write [KIND/]NAMESPACE/NAME, as in other/db, shop/db" in ran.err
    assert "as `-o name` lists them" in run("explain", "nothing").err


def test_explain_of_an_unknown_secret_is_two_with_a_guess(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item())

    ran = run("explain", "shop/bd")

    assert (ran.code, ran.out) == (2, "")
    assert "did you mean shop/db?" in ran.err


def test_explain_with_an_unreadable_file_is_no_full_answer(run: Run, tree: Tree) -> None:
    tree.report = make.report(make.item(), unreadable=(make.diagnostic(),))

    assert run("explain", "shop/db").code == 2
    assert run("explain", "shop/db", "--allow-unreadable").code == 0


def test_rules_are_listed_in_every_format(run: Run) -> None:
    assert run("rules", "list").out.startswith("RULE ")
    assert not run("rules", "list", "--no-headers").out.startswith("RULE ")
    assert [one["id"] for one in json.loads(run("rules", "list", "-o", "json").out)] == [one.id for one in ALL_RULES]
    assert run("rules", "list", "-o", "name").out.splitlines() == [one.id for one in ALL_RULES]
    pages = docs.build_pages()
    assert run("rules", "list", "-o", "markdown").out == f"{pages['docs/rules.md']}\n{pages['docs/verify.md']}"


@pytest.mark.parametrize("rule", [one.id for one in ALL_RULES])
def test_every_rule_can_be_shown(run: Run, rule: str) -> None:
    ran = run("rules", "show", rule)

    assert ran.code == 0
    assert ran.out.startswith(f"{rule}\n  ")
    assert "What to do: " in ran.out


def test_unknown_rule_is_two_with_a_guess(run: Run) -> None:
    ran = run("rules", "show", "bootstrap-namespce")

    assert ran.code == 2
    assert "did you mean bootstrap-namespace?" in ran.err
    assert "see `rules list`" in run("rules", "show", "xyz").err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_for_the_shell(run: Run, shell: str) -> None:
    ran = run("completion", shell)

    assert (ran.code, ran.err) == (0, "")
    assert f"_PHASE2_COMPLETE={shell}_complete" in ran.out


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("phase2 cl", {"classify"}),
        ("phase2 classify -o js", {"json"}),
        ("phase2 classify --fail-on never,bl", {"never,blocked"}),
        ("phase2 rules show bootstrap-n", {"bootstrap-namespace"}),
        ("phase2 completion f", {"fish"}),
    ],
)
def test_shell_completes_words(run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, expected: set[str]) -> None:
    monkeypatch.setenv("_PHASE2_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))

    ran = run()

    assert {line.partition(",")[2] for line in ran.out.splitlines()} == expected


@pytest.mark.parametrize(
    "typed",
    ["phase2 classify ap", "phase2 explain a/b ap", "phase2 classify --config ap", "phase2 classify --output-file ap"],
)
def test_shell_completes_paths_itself(run: Run, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setenv("_PHASE2_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))

    assert run().out == "file,ap\n"


def test_shell_completes_beside_a_wrong_configuration(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "phase2.yaml").write_text("x: 1", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("_PHASE2_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "phase2 classify . -o js")
    monkeypatch.setenv("COMP_CWORD", "4")

    ran = run()

    assert (ran.out, ran.err) == ("plain,json\n", "")


def test_unknown_instruction_of_a_shell_is_answered_with_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_PHASE2_COMPLETE", "tcsh_complete")

    ran = run()

    assert (ran.code, ran.out) == (2, "")


def test_version_is_told_short_and_long(run: Run) -> None:
    assert re.fullmatch(r"phase2 \d+\.\d+\.\d+\n", run("--version").out)
    assert run("version").out.startswith("version ")
    assert set(json.loads(run("version", "-o", "json").out)) == {
        "version", "commit", "python", "click", "orjson", "pyyaml"
    }  # fmt: skip


def test_commit_is_known_when_pip_installed_from_a_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        def read_text(self, _name: str) -> str:
            return json.dumps({"url": "u", "vcs_info": {"vcs": "git", "commit_id": "abc123"}})

    monkeypatch.setattr("importlib.metadata.distribution", lambda _name: Installed())

    assert find_commit() == "abc123"


def test_version_of_what_is_not_installed_is_unknown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise __import__("importlib.metadata").metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    monkeypatch.setattr("importlib.metadata.distribution", missing)

    assert "commit unknown\n" in run("version").out


def test_no_command_shows_the_help_on_stderr_and_is_two(run: Run) -> None:
    ran = run()

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: phase2 ")


def test_as_a_plugin_it_is_called_kubectl_phase2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/local/bin/kubectl-phase2"])

    assert run("classify", "--help").out.startswith("Usage: kubectl phase2 classify ")
    assert "see 'kubectl phase2 --help'" in run("--nope").err


@pytest.mark.parametrize("page", sorted(docs.build_pages()))
def test_page_made_from_code_is_current(page: str) -> None:
    written = (REPOSITORY / page).read_text(encoding="utf-8")

    assert written == docs.build_pages()[page], "run `python -m injector.cli.docs`"


@pytest.mark.parametrize("page", sorted(page for page in docs.build_pages() if page.endswith(".md")))
def test_rows_of_a_table_have_as_many_cells_as_its_header(page: str) -> None:
    blocks = re.findall(r"(?m)(?:^\|.*\n)+", docs.build_pages()[page])

    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}) == 1, block[:200]


def test_pages_are_written_where_asked(tmp_path: Path) -> None:
    docs.write_pages(tmp_path)

    written = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file()}
    assert written == set(docs.build_pages())


@pytest.mark.parametrize("words", [ctx.command_path.split()[1:] for ctx in docs.iter_commands()], ids="-".join)
def test_help_is_what_the_page_says(run: Run, words: list[str]) -> None:
    ran = run(*words, "--help")

    assert ran.code == 0
    assert f"```\n{ran.out}```\n" in docs.build_pages()["docs/cli.md"]


def test_every_error_is_in_the_docs() -> None:
    page = docs.build_pages()["docs/exit-codes.md"]

    named = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert named
    for name in named:
        assert f"`{name}`" in page


def test_every_flag_has_help_and_its_environment_variable() -> None:
    for ctx in docs.iter_commands():
        for param in ctx.command.params:
            if isinstance(param, click.Option) and param.name not in ("help", "version"):
                longest = max(param.opts, key=len).lstrip("-").replace("-", "_").upper()
                assert param.help, param.opts
                assert param.envvar == f"PHASE2_{longest}"


def test_every_command_answers_to_help_without_reading_anything(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    for name in root.commands:
        assert main([name, "-h"]) == 0
    assert not tree.readings
    assert capsys.readouterr().err == ""
