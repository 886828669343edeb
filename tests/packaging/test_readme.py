"""The README keeps its word."""

from __future__ import annotations

import subprocess

import pytest

from tests.packaging.readme import REPOSITORY, commands, run_first_command, shorten, shown_output


@pytest.mark.packaging
def test_first_command_prints_what_the_readme_shows() -> None:
    printed = shorten(run_first_command())

    assert shown_output() == printed, "if the output has changed for good, run: python -m tests.packaging.readme"


def test_ci_runs_the_second_command_and_nothing_after_it() -> None:
    last = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]

    assert last == commands()[1]


@pytest.mark.parametrize("python", ["/bin/false", "no-such-python"])
def test_python_that_does_not_fit_is_said_in_plain_words(python: str) -> None:
    """Too old, or without venv, or not there: find-python cannot tell more than that it does not fit."""
    done = subprocess.run(
        ["sh", "requirements/find-python"], cwd=REPOSITORY, env={"PATH": "/usr/bin:/bin", "PYTHON": python},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"phase2 needs Python 3.11 or newer with its venv module; {python} is:")
