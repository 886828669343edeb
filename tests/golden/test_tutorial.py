"""The tutorial keeps its word, and so do other pages that show commands with their output."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.tutorial import PAGES, commands, rendered


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_the_page_prints_what_stands_there(tmp_path: Path, page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text == rendered(tmp_path, text), "if it has changed for good, run: python -m tests.golden"


def test_the_tutorial_goes_through_every_stage_and_back() -> None:
    said = "\n".join(commands())

    assert [stage for stage in ("prepare", "inject", "release", "retire") if f"--stage {stage}" not in said] == []
    assert said.count("phase2 rollback") == 4
    assert said.count("git diff") >= 5
