"""The policy folder: what changes is read again, what breaks keeps what it last said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from injector.migration.load import Read, read_migrations
from injector.migration.model import SecretMigration, Stage
from injector.migration.write import write_migration
from injector.pod.model import Settings
from tests.unit.pod.making import migration
from webhook import policies
from webhook.policies import PolicyFolder
from webhook.state import Snapshot


def write(folder: Path, name: str, *held: SecretMigration) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("---\n".join(map(write_migration, held)), encoding="utf-8")


def load(folder: PolicyFolder) -> Snapshot:
    snapshot = folder.load()
    assert snapshot is not None
    return snapshot


def stages(snapshot: Snapshot) -> dict[str, Stage]:
    return {one.name: one.stage for one in snapshot.migrations.get("shop", ())}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "p", "a.yaml", migration(name="a"))
    write(tmp_path / "p", "b.yaml", migration(name="b"))
    return tmp_path / "p"


def test_first_load_is_complete(root: Path) -> None:
    snapshot = load(PolicyFolder(str(root), Settings()))

    assert snapshot.is_complete
    assert stages(snapshot) == {"a": Stage.INJECT, "b": Stage.INJECT}


def test_an_unchanged_folder_gives_no_new_snapshot(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)

    assert folder.load() is None


def test_an_empty_folder_is_a_complete_load_once(tmp_path: Path) -> None:
    folder = PolicyFolder(str(tmp_path), Settings())

    assert load(folder).is_complete
    assert folder.load() is None


def test_changed_added_and_removed_files_count(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    write(root, "a.yaml", migration(name="a", stage=Stage.RELEASE))
    write(root, "c.yaml", migration(name="c"))
    (root / "b.yaml").unlink()

    assert stages(load(folder)) == {"a": Stage.RELEASE, "c": Stage.INJECT}


def test_only_files_that_changed_are_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    read: list[str] = []

    def spy(path: Path) -> Read:
        read.append(path.name)
        return read_migrations(path)

    monkeypatch.setattr(policies, "read_migrations", spy)
    write(root, "b.yaml", migration(name="b", stage=Stage.RELEASE))
    load(folder)

    assert read == ["b.yaml"]


@pytest.mark.parametrize("content", ["a: [", None])
def test_a_file_that_breaks_keeps_what_it_last_said(root: Path, content: str | None) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    text = (
        write_migration(migration(name="a")).replace("stage: inject", "stage: someday") if content is None else content
    )
    (root / "a.yaml").write_text(text, encoding="utf-8")

    snapshot = load(folder)

    assert stages(snapshot) == {"a": Stage.INJECT, "b": Stage.INJECT}
    assert snapshot.is_complete
    assert len(snapshot.problems) == 1


def test_a_file_that_stays_broken_keeps_what_it_last_said_while_others_change(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    (root / "a.yaml").write_text("a: [", encoding="utf-8")
    load(folder)
    (root / "b.yaml").unlink()

    assert stages(load(folder)) == {"a": Stage.INJECT}


def test_a_mended_file_counts_again(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    (root / "a.yaml").write_text("a: [", encoding="utf-8")
    load(folder)
    write(root, "a.yaml", migration(name="a", stage=Stage.RETIRE))

    snapshot = load(folder)

    assert stages(snapshot)["a"] is Stage.RETIRE
    assert snapshot.problems == ()


def test_a_second_migration_of_one_name_changes_nothing_but_is_told(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    write(root, "c.yaml", migration(name="a", stage=Stage.RETIRE))

    snapshot = load(folder)

    assert stages(snapshot)["a"] is Stage.INJECT
    assert "stands twice" in snapshot.problems[0]


def test_a_migration_taken_out_of_a_sound_file_is_gone(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    (root / "a.yaml").write_text("", encoding="utf-8")

    assert stages(load(folder)) == {"b": Stage.INJECT}


def test_a_migration_may_move_to_another_file(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    (root / "a.yaml").rename(root / "z.yaml")

    snapshot = load(folder)

    assert stages(snapshot) == {"a": Stage.INJECT, "b": Stage.INJECT}
    assert snapshot.problems == ()


def test_a_config_map_that_is_swapped_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "..1", "a.yaml", migration(name="a"))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    folder = PolicyFolder(str(tmp_path), Settings())
    load(folder)
    write(tmp_path / "..2", "a.yaml", migration(name="a", stage=Stage.RELEASE))
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")

    assert stages(load(folder)) == {"a": Stage.RELEASE}


def test_a_folder_that_goes_away_keeps_everything_and_comes_back(root: Path) -> None:
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    shutil.move(root, root.with_name("elsewhere"))

    gone = load(folder)
    again = folder.load()
    shutil.move(root.with_name("elsewhere"), root)

    assert (stages(gone), gone.is_complete, len(gone.problems)) == ({"a": Stage.INJECT, "b": Stage.INJECT}, True, 1)
    assert again is None
    assert load(folder).problems == ()


def test_a_folder_that_was_never_there_is_no_complete_load(tmp_path: Path) -> None:
    folder = PolicyFolder(str(tmp_path / "later"), Settings())

    first = load(folder)
    write(tmp_path / "later", "a.yaml", migration(name="a"))

    assert not first.is_complete
    assert load(folder).is_complete


def namespaces(labels: str) -> str:
    return f"{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{{labels}}}}}}}"


def test_objects_of_the_folder_are_in_the_snapshot(root: Path) -> None:
    (root / "ns.yaml").write_text(namespaces("a: b"), encoding="utf-8")

    snapshot = load(PolicyFolder(str(root), Settings()))

    assert snapshot.cluster.namespaces.get("", "shop") == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"a": "b"}},
    }


def test_what_has_not_changed_is_the_same_object_in_the_next_snapshot(root: Path) -> None:
    (root / "ns.yaml").write_text(namespaces("a: b"), encoding="utf-8")
    folder = PolicyFolder(str(root), Settings())
    before = load(folder)
    write(root, "a.yaml", migration(name="a", stage=Stage.RELEASE))

    after = load(folder)

    assert after.cluster.namespaces is before.cluster.namespaces


def test_an_object_whose_file_breaks_stays_and_one_that_is_taken_out_goes(root: Path) -> None:
    (root / "ns.yaml").write_text(namespaces("a: b"), encoding="utf-8")
    folder = PolicyFolder(str(root), Settings())
    load(folder)
    (root / "ns.yaml").write_text("a: [", encoding="utf-8")
    broken = load(folder)
    (root / "ns.yaml").write_text("", encoding="utf-8")

    mended = load(folder)

    assert (broken.cluster.namespaces.count, mended.cluster.namespaces.count) == (1, 0)
