"""Whole documents: added, replaced, removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from injector.edit.documents import add_document, is_empty, remove_document, replace_document
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError


def read(text: str) -> YamlFile:
    return YamlFile.read(text.encode(), "x.yaml")


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("a: 1\n", None, "a: 1\n---\nnew: 1\n"),
        ("---\na: 1\n", None, "---\na: 1\n---\nnew: 1\n"),
        ("a: 1", None, "a: 1\n---\nnew: 1"),
        ("a: 1\r\n", None, "a: 1\r\n---\r\nnew: 1\r\n"),
        ("a: 1\n...\n", None, "a: 1\n...\n---\nnew: 1\n"),
        ("", None, "new: 1\n"),
        ("# c\na: 1\n", 0, "new: 1\n---\n# c\na: 1\n"),
        ("# c\n---\na: 1\n", 0, "# c\n---\nnew: 1\n---\na: 1\n"),
        ("a: 1\n--- # b\nb: 1\n", 1, "a: 1\n---\nnew: 1\n--- # b\nb: 1\n"),
    ],
)
def test_document_is_added(before: str, index: int | None, after: str) -> None:
    assert add_document(read(before), {"new": 1}, index=index).data.decode() == after


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("a: 1\n---\nb: 1\n", 0, "b: 1\n"),
        ("a: 1\n--- # b\nb: 1\n", 0, "--- # b\nb: 1\n"),
        ("---\na: 1\n---\nb: 1\n", 0, "---\nb: 1\n"),
        ("a: 1\n---\nb: [\n", 0, "b: [\n"),
        ("a: 1\n---\n---\nb: 1\n", 0, "---\n---\nb: 1\n"),
        ("---\na: 1\n---\nb: 1\n", 1, "---\na: 1\n"),
        ("a: 1\n---\nb: 1", 1, "a: 1"),
        ("a: 1\n---\nb: [\n---\nc: 1\n", 2, "a: 1\n---\nb: [\n"),
        ("# c\n---\na: 1\n", 0, "# c\n"),
        ("a: 1\n", 0, ""),
    ],
)
def test_document_is_removed(before: str, index: int, after: str) -> None:
    assert remove_document(read(before), index).data.decode() == after


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("a: 1\n--- # b\nb: 1 # c\n---\nd: 1\n", 1, "a: 1\n--- # b\n# n\nnew: 1\n---\nd: 1\n"),
        ("a: 1", 0, "# n\nnew: 1"),
        ("--- {a: 1}\n", 0, "---\n# n\nnew: 1\n"),
        ("a: 1\r\n", 0, "# n\r\nnew: 1\r\n"),
    ],
)
def test_document_is_replaced_by_text(before: str, index: int, after: str) -> None:
    assert replace_document(read(before), index, "---\n# n\nnew: 1\n").data.decode() == after


def test_new_document_is_written_as_the_first_one_is() -> None:
    file = read("a:\n- b:\n      c: 1\n")

    new = add_document(file, {"x": [{"z": {"u": "v\nw"}}]})

    assert new.data.decode().partition("---\n")[2] == "x:\n- z:\n      u: |-\n          v\n          w\n"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: add_document(file, "a: 1\n---\nb: 1\n"), "not exactly one document"),
        (lambda file: add_document(file, ""), "not exactly one document"),
        (lambda file: add_document(file, "a: [\n"), "is no YAML"),
        (lambda file: add_document(file, {"a": float("nan")}), "cannot be written"),
        (lambda file: remove_document(file, 2), "has no document 2, it has 1"),
        (lambda file: replace_document(file, -1, "a: 1"), "has no document -1"),
    ],
)
def test_what_is_no_document_is_refused(edit: Callable[[YamlFile], YamlFile], message: str) -> None:
    with pytest.raises(EditError, match=message):
        edit(read("a: 1\n"))


def test_document_that_a_line_break_would_change_is_left_alone() -> None:
    with pytest.raises(EditError, match=r"^x\.yaml:3: is block text that the file ends in without a line break"):
        add_document(read("a: 1\nb: |\n  x"), {"b": 1})


def test_file_of_comments_only_is_empty() -> None:
    assert is_empty(read("# c\n---\n# d\n"))
    assert is_empty(remove_document(read("# c\n---\na: 1\n"), 0))
    assert not is_empty(read("# c\n---\na: 1\n"))
