"""The tutorial keeps its word."""

from __future__ import annotations

from pathlib import Path

from tests.golden.tutorial import PAGE, commands, rendered


def test_every_command_of_the_tutorial_prints_what_stands_there(tmp_path: Path) -> None:
    page = rendered(tmp_path)

    assert PAGE.read_text(encoding="utf-8") == page, "if it has changed for good, run: python -m tests.golden"


def test_the_tutorial_goes_through_every_stage_and_back() -> None:
    said = "\n".join(commands())

    assert [stage for stage in ("prepare", "inject", "release", "retire") if f"--stage {stage}" not in said] == []
    assert said.count("phase2 rollback") == 4
    assert said.count("git diff") >= 5
