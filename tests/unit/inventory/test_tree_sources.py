"""What a user may point at: folders, files, a stream, and what is deployed then."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from injector.errors import InputError
from injector.manifests.tree import load_tree
from tests.unit.inventory.trees import (
    STORE,
    documents,
    external,
    flux,
    grow,
    judge,
    kustomization,
    made,
    names,
    read,
    said,
)


def test_a_folder_is_read_with_file_line_and_document_index(tmp_path: Path) -> None:
    two = documents(f"# a comment\n{external('one')}", external("two"))
    grow(tmp_path, {"b/es.yaml": two, "a.yml": external("three")})

    found = read(tmp_path)

    assert made(found.deployed) == [
        "app/one files:000000 b/es.yaml:2#0",
        "app/three files:000000 a.yml:1#0",
        "app/two files:000000 b/es.yaml:11#1",
    ]
    assert found.files == 2


def test_an_empty_document_counts_in_the_index(tmp_path: Path) -> None:
    grow(tmp_path, {"es.yaml": f"---\n---\n# nothing\n---\n{external()}"})

    [only] = made(read(tmp_path).deployed)

    assert only.endswith("es.yaml:5#2")


def test_several_folders_are_one_tree(tmp_path: Path) -> None:
    grow(tmp_path, {"apps/es.yaml": external(), "stores/store.yaml": STORE, "other/es.yaml": external("not-named")})

    report = judge(tmp_path, "apps", "stores")

    assert [(item.source.target, item.source.origin.location.path) for item in report.items] == [
        ("login", "apps/es.yaml")
    ]
    assert report.items[0].source.store is not None
    assert report.items[0].source.store.provider == "vault"


def test_folders_inside_one_another_are_read_once(tmp_path: Path) -> None:
    grow(tmp_path, {"apps/web/es.yaml": external()})

    assert names(read(tmp_path, "apps", "apps/web").deployed) == ["app/login"]


def test_single_files_are_deployed_whatever_they_are_called(tmp_path: Path) -> None:
    grow(tmp_path, {"es.txt": external(), "tests/es.yaml": external("other"), "rest.yaml": external("rest")})

    found = read(tmp_path, "es.txt", "tests/es.yaml")

    assert names(found.deployed) == ["app/login", "app/other"]
    assert names(found.orphaned) == []


def test_a_stream_is_called_stdin(tmp_path: Path) -> None:
    found = read(tmp_path, "-", stdin=documents(STORE, external()).encode())

    assert made(found.deployed) == ["app/login files <stdin>:10#1"]
    assert [store.provider for store in found.deployed.stores] == ["vault"]


def test_a_stream_beside_a_folder_leaves_the_folder_deployed(tmp_path: Path) -> None:
    grow(tmp_path, {"apps/es.yaml": external("a"), "extra.yaml": external("b")})

    found = read(tmp_path, "apps", "extra.yaml", "-", stdin=external("c").encode())

    assert names(found.deployed) == ["app/a", "app/b", "app/c"]
    assert names(found.orphaned) == []


def test_a_file_of_a_named_folder_may_be_named_too(tmp_path: Path) -> None:
    grow(tmp_path, {"apps/es.yaml": external()})

    assert names(read(tmp_path, "apps", "apps/es.yaml").deployed) == ["app/login"]


def test_a_named_folder_without_roots_counts_beside_one_with_roots(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "one/clusters/a/flux-system/sync.yaml": flux("flux-system", "./clusters/a"),
            "one/clusters/a/es.yaml": external("flux"),
            "one/left.yaml": external("left"),
            "two/es.yaml": external("plain"),
            "three/kustomization.yaml": kustomization("es.yaml"),
            "three/es.yaml": external("kustomized"),
            "three/left.yaml": external("unlisted"),
        },
    )

    found = read(tmp_path, "one", "two", "three")

    assert names(found.deployed) == ["app/flux", "app/kustomized", "app/plain"]
    assert names(found.orphaned) == ["app/left", "app/unlisted"]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    """``phase2 classify <(kustomize build .)`` hands over a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(external().encode()))
    writer.start()

    found = read(tmp_path, "pipe")

    writer.join()
    assert names(found.deployed) == ["app/login"]


@pytest.mark.parametrize("paths", [["nowhere"], ["-", "-"], ["-"]])
def test_what_cannot_be_opened_at_all_is_an_input_error(paths: list[str], tmp_path: Path) -> None:
    stream = io.BytesIO(b"") if len(paths) == 2 else None

    with pytest.raises(InputError, match=r";"):
        load_tree([str(tmp_path / path) if path != "-" else path for path in paths], stream)


def test_no_path_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, {"es.yaml": external()})
    monkeypatch.chdir(tmp_path)

    assert load_tree([]).found == ("es.yaml",)


def test_folders_of_tools_are_not_looked_into(tmp_path: Path) -> None:
    grow(tmp_path, {f"{folder}/es.yaml": external() for folder in (".git", "node_modules", ".terraform", "x/.venv")})

    assert load_tree([tmp_path]).found == ()


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the refusal is made here."""
    grow(tmp_path, {"open/es.yaml": external(), "closed/es.yaml": external("hidden")})
    really = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert said(found.unreadable) == ["closed:1 unreadable!"]
