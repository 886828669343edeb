"""The command line without the library: reports made by hand stand in for a tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from injector.cli import classify, explain
from injector.cli.console import Console
from injector.cli.main import main
from injector.cli.reading import Reading
from injector.model import Report
from tests.unit.report import factory as make


@dataclass(frozen=True)
class Ran:
    """What one run of the program came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No flag of the developer's own shell reaches a test."""
    for name in os.environ:
        if name.startswith(("PHASE2_", "_PHASE2_")) and name != "PHASE2_LAB":
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.argv", ["phase2"])


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process."""

    def run_it(*arguments: str) -> Ran:
        code = main(arguments)
        streams = capsys.readouterr()
        return Ran(code, streams.out, streams.err)

    return run_it


class Tree:
    """Stands where the library stands, and remembers what it was asked."""

    def __init__(self) -> None:
        self.report = make.full_report()
        self.paths: Sequence[str] = ()
        self.readings: list[Reading] = []
        self.console = Console()
        self.failure: BaseException | None = None

    def read(self, paths: Sequence[str], reading: Reading, console: Console) -> Report:
        self.paths = paths
        self.readings.append(reading)
        self.console = console
        if self.failure:
            raise self.failure
        return self.report


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Let the commands read a report that a test makes."""
    stand_in = Tree()
    monkeypatch.setattr(classify, "read_report", stand_in.read)
    monkeypatch.setattr(explain, "read_report", stand_in.read)
    return stand_in
