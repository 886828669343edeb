"""Pages whose every ``console`` command is run, in a copy of the examples; `python -m tests.golden` writes what they print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
PAGE: Final = PROJECT / "docs" / "tutorial.md"
WEBHOOK: Final = PROJECT / "docs" / "webhook.md"
PAGES: Final = (PAGE, WEBHOOK)
_BLOCK: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Return the tutorial's commands, in order."""
    return [line for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")) for line in _commands(block)]


def _commands(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def rendered(folder: Path, text: str = "", variables: Mapping[str, str] | None = None, *programs: Path) -> str:
    """Return a page with what its commands print.

    Args:
        folder: an empty one; the commands are run there, beside a copy of the examples.
        text: the page; without it the tutorial.
        variables: of the environment, beside the usual ones.
        programs: folders of further programs.
    """
    shell = _Shell(folder, variables or {}, programs)
    return _BLOCK.sub(lambda match: shell.play(match[0]), text or PAGE.read_text(encoding="utf-8"))


class _Shell:
    """Runs commands one after the other, each where the one before ended."""

    def __init__(self, folder: Path, variables: Mapping[str, str], more: Iterable[Path]) -> None:
        programs = folder / "programs"
        programs.mkdir()
        program = programs / "phase2"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m injector.cli "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        self.folder = folder / "clone"
        self.folder.mkdir()
        shutil.copytree(PROJECT / "examples", self.folder / "examples")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PHASE2_", "GIT_", "VAULT_"))}
        self.environment = kept | {
            "PATH": os.pathsep.join([str(programs), *map(str, more), os.environ["PATH"]]),
            "PYTHONPATH": str(PROJECT),
            "HOME": str(folder),
            "COLUMNS": "100",
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
            **variables,
        }

    def play(self, block: str) -> str:
        """Return a block with each command's output below it."""
        return "".join(f"$ {command}\n{self._run(command)}" for command in _commands(block))

    def _run(self, command: str) -> str:
        script = f'{command}\ncode=$?; pwd > "$HOME/where"; exit $code'
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output = done.stdout.decode()
        if done.returncode:
            raise AssertionError(f"{command}: exit code {done.returncode}\n{output}")
        self.folder = Path((Path(self.environment["HOME"]) / "where").read_text(encoding="utf-8").strip())
        return output if output.endswith("\n") or not output else f"{output}\n"
