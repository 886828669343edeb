"""What git makes of our diffs, and what it says of a tree: with the real git."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.edit.changes import Change, ChangeSet, write_changes
from injector.edit.diff import render_diff
from injector.edit.git import check_clean, find_dirty, iter_past
from injector.errors import TreeError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")

OLD: Mapping[str, bytes] = {
    "a.yaml": b"a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\n",
    "crlf.yaml": b"a: 1\r\nb: 2\r\n",
    "deep/with space.yaml": b"a: 1\n",
    'deep/\u00fcn\u00ef "q"\t.yaml': b"a: 1",
    "gone.yaml": b"a: 1\nb: 2",
    "gone-empty.yaml": b"",
}
NEW: Mapping[str, bytes] = {
    "a.yaml": b"a: 1\nB: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9",
    "crlf.yaml": b"a: 1\r\nb: 3\r\nc: 4\n",
    "deep/with space.yaml": b"a: 2\n",
    'deep/\u00fcn\u00ef "q"\t.yaml': b"a: 1\n",
    "came/here.yaml": b"x: 1\n",
    "came/empty.yaml": b"",
    "a-b.yaml": b"no end",
}


def git(root: Path, *arguments: str, data: bytes = b"") -> bytes:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false", *arguments]
    done = subprocess.run(command, cwd=root, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill(root: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def tree(root: Path) -> dict[str, bytes]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def changes_between(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> ChangeSet:
    return ChangeSet.of(Change(path, old.get(path), new.get(path)) for path in {*old, *new})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    fill(tmp_path, OLD)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def test_git_applies_the_diff_to_the_same_tree_as_we_write(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    written = tmp_path_factory.mktemp("written")
    fill(written, OLD)
    changes = changes_between(OLD, NEW)

    git(root, "apply", "-", data=render_diff(changes))
    write_changes(changes, written)

    assert tree(root) == tree(written) == NEW


def test_diff_is_what_git_prints(root: Path) -> None:
    fill(root, {path: data for path, data in NEW.items() if path in OLD})
    changes = changes_between(
        {path: OLD[path] for path in OLD if path in NEW}, {path: NEW[path] for path in NEW if path in OLD}
    )

    printed = git(root, "-c", "diff.noprefix=false", "diff", "--no-color", "--no-ext-diff").splitlines(keepends=True)

    assert render_diff(changes) == b"".join(line for line in printed if not line.startswith(b"index "))


def test_diff_shows_new_and_deleted_files_in_the_order_of_paths() -> None:
    diff = render_diff(changes_between({"b": b"x\n"}, {"a": b"y\nz"})).decode()

    assert diff == (
        "diff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+y\n+z\n"
        "\\ No newline at end of file\n"
        "diff --git a/b b/b\ndeleted file mode 100644\n--- a/b\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    )


def test_nothing_changed_is_no_diff() -> None:
    assert render_diff(ChangeSet()) == b""


def test_git_applies_the_diff_of_a_file_with_thousands_of_equal_lines(root: Path) -> None:
    old = {"a.yaml": b"".join(b"- name: x\n  value: %d\n  more: y\n" % (number % 7) for number in range(2000))}
    new = {"a.yaml": b"first: 1\n" + old["a.yaml"].replace(b"value: 3", b"value: 4") + b"last: 1\n"}
    fill(root, old)

    git(root, "apply", "-", data=render_diff(changes_between(old, new)))

    assert tree(root) == {**OLD, **new}


contents = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b" d", b"-- x\n"]), max_size=25).map(b"".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(contents, contents), min_size=8, max_size=8))
def test_git_applies_any_diff(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[bytes, bytes]]) -> None:
    root = tmp_path_factory.mktemp("any")
    old = {f"f{index}": pair[0] for index, pair in enumerate(pairs)}
    new = {f"f{index}": pair[1] for index, pair in enumerate(pairs)}
    fill(root, old)
    changes = changes_between(old, new)

    if changes:
        git(root, "apply", "--whitespace=nowarn", "-", data=render_diff(changes))

    assert tree(root) == new


def test_files_with_uncommitted_changes_are_found(root: Path) -> None:
    (root / "a.yaml").write_bytes(b"changed\n")
    (root / "crlf.yaml").unlink()
    (root / "deep" / "new \u00e4.yaml").write_bytes(b"")
    (root / "came").mkdir()
    (root / "came" / "here.yaml").write_bytes(b"")
    git(root, "add", "came")

    dirty = find_dirty(
        root, ["a.yaml", "crlf.yaml", "gone.yaml", "deep/new \u00e4.yaml", "came/here.yaml", "other.yaml"]
    )

    assert dirty == ("a.yaml", "came/here.yaml", "crlf.yaml", "deep/new \u00e4.yaml")


def test_uncommitted_changes_behind_a_link_are_found(root: Path) -> None:
    (root / "link").symlink_to("deep")
    (root / "link.yaml").symlink_to("a.yaml")
    git(root, "add", "link", "link.yaml")
    git(root, "commit", "-qm", "links")
    assert find_dirty(root, ["link/with space.yaml", "link.yaml"]) == ()
    past = list(iter_past(root, "link.yaml"))
    (root / "deep" / "with space.yaml").write_bytes(b"changed\n")
    (root / "a.yaml").write_bytes(b"changed\n")

    dirty = find_dirty(root, ["link/with space.yaml", "link.yaml"])

    assert dirty == ("link.yaml", "link/with space.yaml")
    assert past == [OLD["a.yaml"]]


def test_paths_are_relative_to_the_tree_inside_a_repository(root: Path) -> None:
    (root / "deep" / "with space.yaml").write_bytes(b"changed\n")
    (root / "a.yaml").write_bytes(b"changed\n")

    assert find_dirty(root / "deep", ["with space.yaml", "a.yaml"]) == ("with space.yaml",)


def test_repository_inside_the_tree_that_git_does_not_follow_counts_as_uncommitted(root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "x.yaml").write_bytes(b"")

    assert find_dirty(root, ["inner/x.yaml", "a.yaml"]) == ("inner/x.yaml",)


def test_program_that_the_repository_names_is_not_run(root: Path) -> None:
    git(root, "config", "core.fsmonitor", "touch ran-it; true")

    find_dirty(root, ["a.yaml"])

    assert not (root / "ran-it").exists()


def test_clean_tree_passes_and_a_dirty_one_is_refused(root: Path) -> None:
    check_clean(root, OLD)
    (root / "a.yaml").write_bytes(b"changed\n")
    (root / "gone.yaml").write_bytes(b"changed\n")

    with pytest.raises(
        TreeError, match=r"^a\.yaml:1: has uncommitted changes \(and 1 more: gone\.yaml\); commit or stash"
    ):
        check_clean(root, OLD)


def test_tree_outside_of_git_is_not_asked(tmp_path: Path) -> None:
    assert find_dirty(tmp_path, ["a.yaml"]) is None
    check_clean(tmp_path, ["a.yaml"])


def test_broken_repository_is_an_error_and_not_clean(root: Path) -> None:
    (root / ".git" / "HEAD").write_bytes(b"nonsense")

    with pytest.raises(TreeError, match="git rev-parse failed"):
        find_dirty(root, ["a.yaml"])


def test_missing_git_is_an_error_and_not_clean(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))

    with pytest.raises(TreeError, match="git is not installed"):
        find_dirty(root, ["a.yaml"])


def test_what_a_file_has_been_is_told_newest_first(root: Path) -> None:
    (root / "deep").mkdir(exist_ok=True)
    for text in ("a: 1\n", "a: 2\n", "a: 3\n"):
        (root / "deep" / "b c.yaml").write_text(text)
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "-m", text)
    (root / "deep" / "b c.yaml").unlink()
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "gone")

    past = list(iter_past(root, "deep/b c.yaml"))

    assert past == [b"a: 3\n", b"a: 2\n", b"a: 1\n"]
    assert list(iter_past(root / "deep", "b c.yaml")) == past, "a tree inside a repository names its own paths"
    assert list(iter_past(root, "nowhere.yaml")) == []


def test_outside_of_git_nothing_has_been(tmp_path: Path) -> None:
    assert list(iter_past(tmp_path, "a.yaml")) == []
