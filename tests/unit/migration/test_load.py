"""SecretMigrations from a folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from injector.errors import InputError
from injector.migration.load import load_migrations
from injector.migration.write import write_migration
from tests.unit.pod.making import migration


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def names(folder: Path) -> list[str]:
    return [one.name for one in load_migrations(folder).migrations]


def test_every_migration_below_the_folder_is_found_in_order(tmp_path: Path) -> None:
    write(tmp_path / "b.yaml", write_migration(migration(name="b")))
    write(tmp_path / "deep" / "a.yml", write_migration(migration(name="a")))
    write(tmp_path / "c.json", '{"kind": "List"}')

    loaded = load_migrations(tmp_path)

    assert [one.name for one in loaded.migrations] == ["a", "b"]
    assert loaded.problems == ()


def test_one_file_may_be_named_and_hold_several(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    write(
        file,
        write_migration(migration(name="a")) + "---\nkind: ConfigMap\n---\n" + write_migration(migration(name="b")),
    )

    assert names(file) == ["a", "b"]


def test_a_mounted_config_map_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "..2026_11_24" / "a.yaml", write_migration(migration(name="a")))
    (tmp_path / "..data").symlink_to("..2026_11_24")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")

    loaded = load_migrations(tmp_path)

    assert [one.name for one in loaded.migrations] == ["a"]
    assert loaded.problems == ()


def test_of_two_with_one_name_none_counts(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", write_migration(migration(name="db")))
    write(tmp_path / "b.yaml", write_migration(migration(name="db")))
    write(tmp_path / "c.yaml", write_migration(migration(name="db")))

    loaded = load_migrations(tmp_path)

    assert loaded.migrations == ()
    assert len(loaded.problems) == 2
    assert "shop/db stands twice" in loaded.problems[0]


def test_the_same_name_in_two_namespaces_is_two_migrations(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", write_migration(migration()))
    write(tmp_path / "b.yaml", write_migration(replace(migration(), namespace="other")))

    assert [one.namespace for one in load_migrations(tmp_path).migrations] == ["other", "shop"]


def test_a_broken_file_is_told_with_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a: 1\nb: [\n")
    write(tmp_path / "b.yaml", write_migration(migration(name="b")))
    write(tmp_path / "c.yaml", write_migration(migration(name="c")).replace("stage: inject", "stage: someday"))

    loaded = load_migrations(tmp_path)

    assert [one.name for one in loaded.migrations] == ["b"]
    assert [one.partition(": ")[0].rpartition("/")[2] for one in loaded.problems] == ["a.yaml:3", "c.yaml:7"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "")
    (tmp_path / "a.yaml").chmod(0)

    assert "cannot be read" in load_migrations(tmp_path).problems[0]


def test_a_link_to_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("nowhere.yaml")

    assert load_migrations(tmp_path).problems == (
        f"{tmp_path}/a.yaml:1: cannot be read: No such file or directory; make it readable",
    )


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_migrations(tmp_path / "x")


def test_namespace_of_the_caller_fills_in(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", write_migration(migration()).replace("  namespace: shop\n", ""))

    assert [one.namespace for one in load_migrations(tmp_path, namespace="x").migrations] == ["x"]


LIST = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: b}}}
- {apiVersion: external-secrets.io/v1, kind: SecretStore, metadata: {name: vault, namespace: shop}, spec: {}}
- {apiVersion: v1, kind: Secret, metadata: {name: other, namespace: shop}}
- none
"""


def test_a_list_as_kubectl_prints_it_is_taken_apart(tmp_path: Path) -> None:
    write(tmp_path / "all.yaml", LIST)

    loaded = load_migrations(tmp_path)

    assert [(one.kind.value, one.namespace, one.name) for one in loaded.objects] == [
        ("Namespace", "", "shop"),
        ("SecretStore", "shop", "vault"),
    ]
    assert loaded.objects[1].location.line == 5
    assert loaded.problems == ()


def test_a_migration_in_a_list_counts(tmp_path: Path) -> None:
    body = "\n".join(f"  {line}" for line in write_migration(migration(name="a")).splitlines())
    write(tmp_path / "all.yaml", f"kind: SecretMigrationList\nitems:\n-\n{body}\n")

    assert names(tmp_path) == ["a"]


def test_an_object_that_stands_twice_does_not_count(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", LIST)
    write(tmp_path / "b.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")

    loaded = load_migrations(tmp_path)

    assert [one.kind.value for one in loaded.objects] == ["SecretStore"]
    assert loaded.problems == (f"{tmp_path}/b.yaml:1: Namespace shop stands twice; none of them counts, remove one",)


def test_an_object_without_namespace_is_told_and_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: db}}")

    loaded = load_migrations(tmp_path)

    assert loaded.objects == ()
    assert loaded.problems == (
        f"{tmp_path}/a.yaml:1: ExternalSecret db: has no namespace; name the one where it is deployed",
    )
