"""Sets of changed files: merged, checked, written all or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from injector.edit.changes import Change, ChangeSet, check_changes, write_changes
from injector.errors import TreeError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "apps").mkdir(parents=True)
    (made / "apps" / "a.yaml").write_bytes(b"a: 1\n")
    (made / "apps" / "b.yaml").write_bytes(b"b: 1\r\n")
    return made


A = Change("apps/a.yaml", b"a: 1\n", b"a: 2\n")
GO = Change("apps/b.yaml", b"b: 1\r\n", None)
COME = Change("new/deep/c.yaml", None, b"c: 1")


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_changes_are_written_and_taken_back(root: Path) -> None:
    before = tree(root)
    changes = ChangeSet.of([COME, GO, A])

    write_changes(changes, root)

    assert tree(root) == {"apps/a.yaml": b"a: 2\n", "new/deep/c.yaml": b"c: 1"}
    write_changes(changes.reversed(), root)
    assert tree(root) == before
    assert not (root / "new").exists()


def test_folder_goes_with_its_last_file(root: Path) -> None:
    write_changes(ChangeSet.of([GO, Change("apps/a.yaml", b"a: 1\n", None)]), root)

    assert list(root.iterdir()) == []


def test_mode_bits_stay(root: Path) -> None:
    (root / "apps/a.yaml").chmod(0o640)

    write_changes(ChangeSet.of([A]), root)

    assert (root / "apps/a.yaml").stat().st_mode & 0o777 == 0o640


def test_new_file_has_the_mode_of_the_process(root: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_changes(ChangeSet.of([COME]), root)
    finally:
        os.umask(mask)

    assert (root / COME.path).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change("apps/a.yaml", b"a: 0\n", b""), "apps/a.yaml:1: has changed since the change was made; make"),
        (Change("apps/a.yaml", None, b""), "apps/a.yaml:1: is there already since"),
        (Change("apps/z.yaml", b"", None), "apps/z.yaml:1: is gone since"),
        (Change("apps", None, b""), "apps:1: is no regular file"),
        (Change("apps/a.yaml/b", None, b""), "apps/a.yaml/b:1: a file stands where its folder should be"),
        (Change("../x", None, b""), r"\.\./x:1: is no path inside the tree"),
        (Change("/etc/x", None, b""), "/etc/x:1: is no path inside the tree"),
        (Change("apps//x", None, b""), "apps//x:1: is no path inside the tree"),
    ],
)
def test_tree_that_is_not_as_it_was_is_refused_and_left_alone(root: Path, change: Change, message: str) -> None:
    before = tree(root)

    with pytest.raises(TreeError, match=message):
        write_changes(ChangeSet.of([COME, change]), root)

    assert tree(root) == before
    assert not (root / "new").exists()


def test_check_alone_writes_nothing(root: Path) -> None:
    before = tree(root)

    check_changes(ChangeSet.of([A, GO, COME]), root)

    assert tree(root) == before


def test_link_out_of_the_tree_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_bytes(b"x\n")
    (root / "link.yaml").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path)

    for path in ("link.yaml", "folder/outside.yaml"):
        with pytest.raises(TreeError, match="is a link that leads out of the tree"):
            write_changes(ChangeSet.of([Change(path, b"x\n", b"y\n")]), root)

    assert outside.read_bytes() == b"x\n"


def test_link_inside_the_tree_stays_a_link(root: Path) -> None:
    (root / "link.yaml").symlink_to("apps/a.yaml")

    write_changes(ChangeSet.of([Change("link.yaml", b"a: 1\n", b"a: 3\n")]), root)

    assert (root / "link.yaml").is_symlink()
    assert (root / "apps/a.yaml").read_bytes() == b"a: 3\n"


def test_link_is_not_deleted_for_its_file(root: Path) -> None:
    (root / "link.yaml").symlink_to("apps/a.yaml")

    with pytest.raises(TreeError, match=r"link\.yaml:1: is a link; remove it"):
        write_changes(ChangeSet.of([Change("link.yaml", b"a: 1\n", None)]), root)


def test_one_file_by_two_names_is_refused(root: Path) -> None:
    (root / "link.yaml").symlink_to("apps/a.yaml")

    with pytest.raises(TreeError, match=r"link\.yaml:1: is the same file as apps/a\.yaml; name it once"):
        write_changes(ChangeSet.of([A, Change("link.yaml", b"a: 1\n", b"a: 3\n")]), root)


@pytest.mark.parametrize("failing", range(1, 3))
def test_failure_on_the_way_puts_everything_back(root: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    before = tree(root)
    replace, count = Path.replace, 0

    def fail(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == failing:
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(TreeError, match=r"cannot be written \(No space left on device\), nothing was changed; see"):
        write_changes(ChangeSet.of([A, GO, COME]), root)

    assert tree(root) == before
    assert not (root / "new").exists()


def test_file_that_cannot_be_put_back_is_named_and_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, count = Path.replace, 0

    def fail(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count > 1:
            raise OSError(5, "Input/output error", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(TreeError, match=r"could not be put back: apps/a\.yaml \(kept as \.a\.yaml\..*\.phase2-tmp\)"):
        write_changes(ChangeSet.of([A, Change("apps/b.yaml", b"b: 1\r\n", b"b: 2\n")]), root)

    kept = [path for path in (root / "apps").iterdir() if path.name.endswith(".phase2-tmp")]
    assert [path.read_bytes() for path in kept] == [b"a: 1\n"]


def test_changes_of_one_file_become_one() -> None:
    changes = ChangeSet.of([A]).then(ChangeSet.of([Change("apps/a.yaml", b"a: 2\n", b"a: 3\n"), COME]))

    assert changes.changes == (Change("apps/a.yaml", b"a: 1\n", b"a: 3\n"), COME)
    assert changes.paths == ("apps/a.yaml", "new/deep/c.yaml")


def test_way_and_way_back_are_no_change() -> None:
    changes = ChangeSet.of([A, COME])

    assert not changes.then(changes.reversed())


def test_changes_that_do_not_follow_are_refused() -> None:
    with pytest.raises(TreeError, match=r"apps/a\.yaml:1: two changes of it do not follow"):
        ChangeSet.of([A, A])
