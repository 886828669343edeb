"""What the commands say and do when an earlier run was killed while it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.unit.edit.killed import KilledError, kill_at
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import shop, tree_of

TOLD = (
    "phase2: error: .phase2/interrupted.json:1: a run is writing, or was ended while it wrote; take it back with `phase2 rollback "
    "--write`, then go on\n"
)


@pytest.fixture
def root(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = grow(tmp_path / "tree", shop())
    for stage in ("prepare", "inject"):
        assert run("apply", str(made), "--stage", stage, "--write", "--yes").code == 0
    with monkeypatch.context() as patched:
        kill_at(patched, 2)
        with pytest.raises(KilledError):
            run("apply", str(made), "--stage", "release", "--write", "--yes")
    return made


@pytest.mark.parametrize("command", [("plan",), ("apply", "--stage", "release"), ("vault", "plan")])
def test_a_half_changed_tree_is_not_gone_on_with(root: Path, run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command, str(root))

    assert (ran.code, ran.out) == (2, "")
    assert TOLD in ran.err


def test_rollback_shows_and_then_takes_back_what_the_killed_run_wrote(root: Path, run: Run) -> None:
    shown = run("rollback", str(root))
    again = run("rollback", str(root), "--write", "--yes")

    assert (shown.code, shown.out) == (0, "")
    assert shown.err.endswith("2 files would change back; nothing is written without --write\n")
    assert again.code == 0
    assert again.err.endswith("2 files are what they were before that run\n")
    assert run("apply", str(root), "--stage", "release").code == 0


def test_after_it_all_stages_go_back_to_the_start(root: Path, run: Run, tmp_path: Path) -> None:
    for _ in range(3):
        assert run("rollback", str(root), "--write", "--yes").code == 0

    assert tree_of(root) == tree_of(grow(tmp_path / "start", shop()))


def test_as_json_a_taken_back_run_has_files_and_no_migrations(root: Path, run: Run) -> None:
    ran = run("rollback", str(root), "--write", "--yes", "-o", "json")

    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["isWritten"], told["done"], len(told["files"])) == (True, [], 2)


def test_without_anybody_to_ask_nothing_is_taken_back(root: Path, run: Run) -> None:
    before = tree_of(root)

    ran = run("rollback", str(root), "--write")

    assert ran.code == 2
    assert tree_of(root) == before
