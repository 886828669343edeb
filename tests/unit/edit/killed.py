"""Runs that end between two files as a killed process does: nothing of what comes after is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from injector.edit import changes as module
from injector.edit.changes import ChangeSet, write_changes


class KilledError(BaseException):
    """Stands for the end of the process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the process end behind its nth change of a file's name, or removal of a file; tidying up is not done then."""
    count = 0

    def ending(method: Callable[..., object]) -> Callable[..., object]:
        def call(self: Path, *arguments: object, **named: object) -> object:
            nonlocal count
            made = method(self, *arguments, **named)
            count += 1
            if count == number:
                raise KilledError
            return made

        return call

    monkeypatch.setattr(Path, "replace", ending(Path.replace))
    monkeypatch.setattr(Path, "unlink", ending(Path.unlink))
    monkeypatch.setattr(module._Undo, "take_back", lambda _: ["the process is gone"])
    monkeypatch.setattr(module._Undo, "clean", lambda _: None)


def is_killed(monkeypatch: pytest.MonkeyPatch, number: int, changes: ChangeSet, root: Path) -> bool:
    """Write changes in a process that ends at a step; False when it came to its end before."""
    with monkeypatch.context() as patched:
        kill_at(patched, number)
        try:
            write_changes(changes, root)
        except KilledError:
            return True
    return False
