"""A run that was killed while it wrote: noticed, taken back byte for byte, however often it is tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from injector.edit.changes import Change, ChangeSet, write_changes
from injector.edit.record import RECORD, check_no_record, find_interrupted, take_back_interrupted
from injector.errors import TreeError
from tests.unit.edit.killed import KilledError, is_killed, kill_at

CHANGES = ChangeSet.of(
    [
        Change("apps/a.yaml", b"a: 1\n", b"a: 2\n"),
        Change("apps/b.yaml", b"b: 1\r\n", None),
        Change("apps/c.yaml", b"c: 1", b"c: 2"),
        Change("new/deep/d.yaml", None, b"d: 1"),
    ]
)
SWAPS = 4


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "apps").mkdir(parents=True)
    for change in CHANGES.changes:
        if change.old is not None:
            (made / change.path).write_bytes(change.old)
    return made


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("number", range(1, SWAPS + 1))
def test_a_killed_run_is_noticed_and_taken_back(root: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    before = tree(root)
    assert is_killed(monkeypatch, number, CHANGES, root)

    with pytest.raises(
        TreeError, match=r"\.phase2/interrupted\.json:1: a run is writing, or was ended while it wrote; take it"
    ):
        check_no_record(root)

    assert find_interrupted(root) == CHANGES.paths[:number]
    assert take_back_interrupted(root) == CHANGES.paths[:number]
    assert tree(root) == before
    assert sorted(one.name for one in root.iterdir()) == ["apps"]
    check_no_record(root)


def test_a_run_that_was_killed_while_it_tidied_up_is_done(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_killed(monkeypatch, SWAPS + 1, CHANGES, root)

    check_no_record(root)
    write_changes(ChangeSet.of([Change("apps/a.yaml", b"a: 2\n", b"a: 3\n")]), root)

    assert tree(root) == {"apps/a.yaml": b"a: 3\n", "apps/c.yaml": b"c: 2", "new/deep/d.yaml": b"d: 1"}


def test_the_way_back_can_be_killed_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(root)
    assert is_killed(monkeypatch, SWAPS, CHANGES, root)

    for number in range(1, SWAPS + 4):
        with monkeypatch.context() as patched:
            kill_at(patched, number)
            try:
                take_back_interrupted(root)
            except KilledError:
                continue
        break

    take_back_interrupted(root)
    assert tree(root) == before


def test_a_second_run_does_not_write_over_a_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_killed(monkeypatch, 1, CHANGES, root)
    before = tree(root)

    with pytest.raises(TreeError, match="a run is writing"):
        write_changes(ChangeSet.of([Change("apps/c.yaml", b"c: 1", b"c: 3")]), root)

    assert tree(root) == before


def test_a_file_that_was_edited_since_is_named_and_nothing_is_touched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_killed(monkeypatch, 2, CHANGES, root)
    (root / "apps/a.yaml").write_bytes(b"a: mine\n")
    before = tree(root)

    with pytest.raises(
        TreeError, match=r"apps/a\.yaml:1: has been edited after a run was ended .* \.a\.yaml\..*\.old\.phase2-tmp"
    ):
        take_back_interrupted(root)

    assert tree(root) == before


def test_a_run_that_was_killed_while_it_noted_had_changed_nothing(root: Path) -> None:
    before = tree(root)
    (root / RECORD).parent.mkdir()
    (root / RECORD).write_bytes(b'{"files": [{"pa')

    assert find_interrupted(root) == ()
    assert take_back_interrupted(root) == ()

    assert tree(root) == before


def test_without_a_note_there_is_nothing_to_find(root: Path) -> None:
    assert find_interrupted(root) is None


def test_a_note_that_cannot_be_written_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(root)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(TreeError, match=r"\(No space left on device\), nothing was changed"):
        write_changes(CHANGES, root)

    assert tree(root) == before
    assert sorted(one.name for one in root.iterdir()) == ["apps"]


def test_what_cannot_be_put_back_is_told_and_can_be_tried_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(root)
    assert is_killed(monkeypatch, 2, CHANGES, root)

    def fail(self: Path, _: Path) -> Path:
        raise OSError(30, "Read-only file system", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(TreeError, match=r"cannot be put back \(Read-only file system\); see to it and run"):
            take_back_interrupted(root)

    take_back_interrupted(root)
    assert tree(root) == before


def test_the_note_is_not_written_through_a_link_out_of_the_tree(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / ".phase2").symlink_to(tmp_path / "outside")

    with pytest.raises(TreeError, match=r"\.phase2:1: is a link that leads out of the tree"):
        write_changes(CHANGES, root)

    assert list((tmp_path / "outside").iterdir()) == []
