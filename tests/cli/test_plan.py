"""``phase2 plan``, ``apply`` and ``rollback``: what is printed, written, asked, and with which code they end."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from injector.cli import changing
from injector.migration.schema import json_schema
from injector.report.planjson import read_schema
from tests.cli.conftest import Run
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, VARIABLES, deployment, shop, tree_of

ONLY = ("--only", "shop/db")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return grow(tmp_path / "tree", shop())


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, check=True)


def test_a_plan_is_a_diff_of_all_that_would_change(root: Path, run: Run) -> None:
    ran = run("plan", str(root))

    parts = re.split(r"(?m)^# stage (\w+)\n", ran.out)
    files = [[line.split(" b/")[1] for line in part.splitlines() if line.startswith("diff --git ")] for part in parts]
    assert ran.code == 0
    assert parts[1::2] == ["prepare", "inject", "release", "retire"]
    assert files[2::2] == [
        [
            ".phase2/vault/apply.sh",
            ".phase2/vault/main.tf",
            ".phase2/vault/policies/shop-web.hcl",
            "db.db.secretmigration.yaml",
            "kustomization.yaml",
        ],
        ["db.db.secretmigration.yaml", "web.yaml"],
        ["db.db.secretmigration.yaml", "db.yaml", "web.yaml"],
        ["db.db.secretmigration.yaml", "db.yaml", "kustomization.yaml"],
    ]
    assert ran.err.endswith("1 can move; 0 blocked; 0 not decided\n")


def test_git_makes_of_each_part_of_a_plan_what_its_stage_makes(root: Path, run: Run) -> None:
    """Nothing in this tree may be a secret, so that nothing in the diff is hidden."""
    parts = re.split(r"(?m)^# stage \w+\n", run("plan", str(root)).out)[1:]
    staged = shutil.copytree(root, root.parent / "staged")
    for stage in ("prepare", "inject", "release", "retire"):
        assert run("apply", str(staged), "--stage", stage, "--write", "--yes").code == 0
    shutil.rmtree(staged / ".phase2" / "journal")

    git(root, "init", "--quiet")
    for number, part in enumerate(parts):
        diff = root.parent / f"{number}.diff"
        diff.write_text(part)
        git(root, "apply", "--unidiff-zero", str(diff))

    shutil.rmtree(root / ".git")
    assert tree_of(root) == tree_of(staged)


def test_no_diff_shows_what_stands_beside_an_edit(tmp_path: Path, run: Run) -> None:
    """Somebody's password may stand there, and a diff goes where manifests do not."""
    planted = "CANARY-beside-1f6d"
    beside = f"        - name: SMTP_PASSWORD\n          value: {planted}\n"
    reads = f"{beside}{VARIABLES.partition('        env:' + chr(10))[2]}{beside}"
    root = grow(tmp_path / "tree", shop(web__yaml=deployment(reads=f"        env:\n{reads}")))

    stages = ("prepare", "inject", "release", "retire")
    shown = [run("plan", str(root)).out]
    shown += [run("apply", str(root), "--stage", stage, "--write", "--yes").out for stage in stages]
    shown += [run("rollback", str(root), "--write", "--yes").out for _ in range(4)]

    assert planted in (root / "web.yaml").read_text()
    assert all(shown)
    assert not [text for text in shown if planted in text]


@pytest.mark.parametrize("command", [("apply", "--stage", "inject"), ("rollback",)])
def test_nothing_is_written_while_a_deployed_file_cannot_be_read(
    root: Path, run: Run, command: tuple[str, ...]
) -> None:
    run("apply", str(root), "--stage", "prepare", "--write", "--yes")
    listing = (root / "kustomization.yaml").read_text()
    grow(root, {"kustomization.yaml": f"{listing}  - late.yaml\n", "late.yaml": "<<<<<<< HEAD\na: 1\n"})
    before = tree_of(root)

    ran = run(*command, str(root), "--write", "--yes")

    assert ran.code == 2
    assert "phase2: error: nothing is written: somebody may read a Secret in a file that cannot be read\n" in ran.err
    assert tree_of(root) == before
    assert run(*command, str(root), "--write", "--yes", "--allow-unreadable").code == 0


def test_a_plan_writes_nothing_into_the_tree(root: Path, run: Run) -> None:
    before = tree_of(root)

    run("plan", str(root))

    assert tree_of(root) == before


def test_a_plan_as_yaml_is_what_prepare_writes(root: Path, run: Run) -> None:
    shown = run("plan", str(root), "-o", "yaml").out

    run("apply", str(root), "--stage", "prepare", "--write", "--yes")

    assert (root / "db.db.secretmigration.yaml").read_text() == shown


def test_a_plan_as_json_keeps_to_its_schema(root: Path, run: Run) -> None:
    document = json.loads(run("plan", str(root), "-o", "json").out)

    jsonschema.validate(document, json.loads(read_schema("plan")))
    jsonschema.validate(document["items"][0]["migration"], json_schema())
    assert document["summary"] == {"migrations": 1, "blocked": 0, "undecided": 0}
    assert document["pods"][0]["annotations"]["vault.hashicorp.com/role"] == "shop-web"


def test_a_plan_as_folder_holds_every_form(root: Path, run: Run, tmp_path: Path) -> None:
    run("plan", str(root), "-o", "dir", "--output-file", str(tmp_path / "out"))

    assert sorted(str(one.relative_to(tmp_path / "out")) for one in (tmp_path / "out").rglob("*") if one.is_file()) == [
        "changes.diff",
        "migrations/shop.db.yaml",
        "plan.json",
        "pods/shop.Deployment.web.json",
        "vault/apply.sh",
        "vault/main.tf",
        "vault/policies/shop-web.hcl",
    ]


def test_a_folder_needs_a_name(root: Path, run: Run) -> None:
    ran = run("plan", str(root), "-o", "dir")

    assert ran.code == 2
    assert "-o dir writes a folder; name it with --output-file" in ran.err


def test_what_is_not_decided_shows_no_changes(root: Path, run: Run) -> None:
    (root / "phase2.yaml").write_text(CONFIG.split("engineRoles")[0])

    ran = run("plan", str(root), "--fail-on", "undecided")

    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith("phase2: warning: db.yaml:1: SecretMigration/shop/db: not decided: ")
    assert ran.err.count("what the login may do") == 1


@pytest.mark.parametrize(("bar", "code"), [("changes", 1), ("blocked", 0), ("undecided", 0), ("never", 0)])
def test_the_bar_decides_the_exit_code_of_a_plan(bar: str, code: int, root: Path, run: Run) -> None:
    assert run("plan", str(root), "--fail-on", bar).code == code


def test_a_reader_that_cannot_move_is_told_as_blocked(root: Path, run: Run) -> None:
    (root / "web.yaml").write_text(deployment(command=""))

    ran = run("plan", str(root), "--fail-on", "blocked")

    assert ran.code == 1
    assert "web.yaml:20: ExternalSecret/shop/db: stays: Deployment/shop/web: container app reads PGUSER" in ran.err


def test_apply_writes_nothing_unless_it_is_told_to(root: Path, run: Run) -> None:
    before = tree_of(root)

    ran = run("apply", str(root), "--stage", "prepare")

    assert ran.code == 0
    assert tree_of(root) == before
    assert "nothing is written without --write" in ran.err


@pytest.mark.parametrize("command", [("apply", "--stage", "prepare"), ("rollback",)])
def test_changes_as_json_keep_to_their_schema(command: tuple[str, ...], root: Path, run: Run) -> None:
    if command == ("rollback",):
        run("apply", str(root), "--stage", "prepare", "--write", "--yes")

    document = json.loads(run(command[0], str(root), *command[1:], "--write", "--yes", "-o", "json").out)

    jsonschema.validate(document, json.loads(read_schema("changes")))
    assert document["isWritten"] is True
    assert [one["name"] for one in document["done"]] == ["db"]


def test_a_refusal_ends_with_two_and_says_what_to_do(root: Path, run: Run) -> None:
    run("apply", str(root), "--stage", "prepare", "--write", "--yes")

    ran = run("apply", str(root), "--stage", "retire", "--write", "--yes")

    assert ran.code == 2
    assert ran.err.startswith(
        "phase2: error: db.db.secretmigration.yaml:3: SecretMigration/shop/db: is at stage prepare; apply stage release first\n"
    )


def test_without_a_terminal_nobody_is_asked(root: Path, run: Run) -> None:
    ran = run("apply", str(root), "--stage", "prepare", "--write")

    assert ran.code == 2
    assert "nobody can be asked here; pass --yes to write without a question" in ran.err
    assert not (root / ".phase2").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 2), ("n\n", 2), ("", 2)])
def test_on_a_terminal_the_answer_decides(
    answer: str, code: int, root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    monkeypatch.setattr(changing, "is_terminal", lambda _: True)

    ran = run("apply", str(root), "--stage", "prepare", "--write")

    assert ran.code == code
    assert (root / ".phase2").exists() is (code == 0)
    assert "+kind: SecretMigration" in ran.err, "what is asked about is shown"


def test_uncommitted_changes_are_not_overwritten(root: Path, run: Run) -> None:
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "start")
    listing = root / "kustomization.yaml"
    listing.write_text(f"{listing.read_text()}# mine\n")

    ran = run("apply", str(root), "--stage", "prepare", "--write", "--yes")

    assert ran.code == 2
    assert "kustomization.yaml:1: has uncommitted changes; commit or stash them first" in ran.err
    assert not (root / ".phase2").exists()


def test_only_some_names_must_be_known(root: Path, run: Run) -> None:
    ran = run("plan", str(root), "--only", "shop/bd")

    assert ran.code == 2
    assert "shop/bd: is nothing that can move; did you mean shop/db?" in ran.err


def test_a_plan_is_made_for_one_folder(root: Path, run: Run) -> None:
    ran = run("plan", str(root), str(root / "db.yaml"))

    assert ran.code == 2
    assert "plans are made for one folder; name the root of the tree" in ran.err


def test_the_same_tree_gives_the_same_plan(root: Path, run: Run) -> None:
    first, second = run("plan", str(root), "-o", "json"), run("plan", str(root), "-o", "json", "--jobs", "2")

    assert first.out == second.out


@pytest.mark.parametrize("what", ["plan", "changes", "migration"])
def test_schemas_are_printed(what: str, run: Run) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(run("schema", what).out))


def test_several_processes_show_what_one_shows(tmp_path: Path, run: Run) -> None:
    trees = {
        f"{name}/{path}": text.replace("namespace: shop", f"namespace: {name}")
        for name in ("one", "two", "three")
        for path, text in shop().items()
        if path != "phase2.yaml"
    }
    root = grow(tmp_path, {**trees, "phase2.yaml": CONFIG})

    alone, shared = run("plan", str(root), "--jobs", "1"), run("plan", str(root), "--jobs", "3")

    assert alone == shared
    assert "3 can move" in alone.err


def test_a_stage_before_prepare_says_what_comes_first(root: Path, run: Run) -> None:
    ran = run("apply", str(root), "--stage", "inject")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "1 can move, and none is prepared yet; apply stage prepare first\n"


def test_who_is_named_and_not_prepared_is_refused(root: Path, run: Run) -> None:
    ran = run("apply", str(root), "--stage", "inject", "--only", "shop/db")

    assert (ran.code, ran.out) == (2, "")
    assert "db.yaml:1: SecretMigration/shop/db: is not prepared yet; apply stage prepare first" in ran.err


def test_nothing_to_take_back_is_said(root: Path, run: Run) -> None:
    ran = run("rollback", str(root))

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "there is nothing to do\n"
