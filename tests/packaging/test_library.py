"""docs/library.md is true."""

from __future__ import annotations

import doctest

import pytest

from tests.packaging.conftest import REPOSITORY


def test_examples_of_the_library_do_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    page = REPOSITORY / "docs" / "library.md"

    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")

    assert tried > 10
    assert failed == 0
