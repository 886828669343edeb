"""The README's first command and its output, which is real: ``python -m tests.packaging.readme`` writes it anew."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
README: Final = REPOSITORY / "README.md"
_COMMAND: Final = re.compile(r"^```sh\n(?P<command>[^\n]+)\n```$", re.MULTILINE)
_OUTPUT: Final = re.compile(r"(?<=^```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_ROWS: Final = 4
"""So many rows of a group are shown."""


def commands() -> list[str]:
    """Return the commands of the README, in order: the first runs the program, the second the tests."""
    return [match["command"] for match in _COMMAND.finditer(README.read_text(encoding="utf-8"))]


def shown_output() -> str:
    """Return what the README shows as the output of its first command."""
    (shown,) = _OUTPUT.findall(README.read_text(encoding="utf-8"))
    return str(shown)


def run_first_command() -> str:
    """Return what the first command prints."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PHASE2_")}
    done = subprocess.run(
        ["sh", "-c", commands()[0]], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def shorten(output: str) -> str:
    """Return the table with the first rows of each group."""
    return "".join(f"{line}\n" for line in _first_rows(output.splitlines()))


def _first_rows(lines: Iterable[str]) -> Iterator[str]:
    row = 0
    for line in lines:
        is_row = "  " in line
        row = row + 1 if is_row else 0
        if row <= _ROWS:
            yield line.rstrip()
        elif row == _ROWS + 1:
            yield "..."


def main() -> None:
    """Write the output into the README."""
    text = README.read_text(encoding="utf-8")
    fresh = shorten(run_first_command())
    README.write_text(_OUTPUT.sub(lambda _match: fresh, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
