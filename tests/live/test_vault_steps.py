"""The first steps of the manual keep their word."""

from __future__ import annotations

from pathlib import Path

from tests.lab.lab import Lab
from tests.live.steps import PAGE, rendered_steps


def test_every_command_of_the_first_steps_prints_what_stands_there(lab_agent: Lab, tmp_path: Path) -> None:
    """`python -m tests.live.steps` writes it."""
    assert rendered_steps(lab_agent, tmp_path) == PAGE.read_text(encoding="utf-8")
