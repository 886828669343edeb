"""From the paths of a command line to a `Report`: the one place where the commands call the library."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from injector.cli.answer import Note
from injector.cli.configuring import Configured
from injector.cli.console import Console, is_terminal
from injector.cli.options import LogFormat
from injector.model import Diagnostic, Report

if TYPE_CHECKING:
    from injector.inventory.facts import Inventory
    from injector.manifests.tree import Tree

_SHOWN_UNREADABLE = 20
"""Files that are named on stderr; the document lists them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The flags of `injector.cli.options.reading_flags`."""

    config: Configured
    allow_unreadable: bool
    jobs: int | None
    no_progress: bool
    quiet: bool
    verbose: int
    log_format: LogFormat

    def configure(self, console: Console) -> None:
        """Make stderr what the flags ask for, and say there which configuration holds.

        Raises:
            ConfigError: `config` could not be read, or is wrong.
        """
        console.verbosity = -1 if self.quiet else min(self.verbose, 2)
        console.is_json = self.log_format is LogFormat.JSON
        console.has_progress = not (
            self.quiet or self.no_progress or console.is_json or os.environ.get("CI")
        ) and is_terminal(sys.stderr)
        self.config.get()
        for note in self.config.notes:
            console.write(note)


def read_report(paths: Sequence[str], reading: Reading, console: Console) -> Report:
    """Return the judged tree.

    Raises:
        InputError: a path cannot be read at all.
    """
    from injector.classify import classify

    with no_garbage():
        return classify(read_tree(paths, reading, console)[1], reading.config.get())


def read_tree(paths: Sequence[str], reading: Reading, console: Console) -> tuple[Tree, Inventory]:
    """Return the tree, and the facts of it.

    Raises:
        InputError: a path cannot be read at all.
    """
    from injector.inventory.build import build_inventory
    from injector.manifests.tree import load_tree

    stdin = sys.stdin.buffer if sys.stdin is not None else None
    with no_garbage():
        tree = load_tree(paths or (".",), stdin)
        inventory = build_inventory(tree, jobs=reading.jobs, progress=console.progress)
        console.clear()
        return tree, inventory


@contextmanager
def no_garbage() -> Iterator[None]:
    """Keep Python from looking for garbage: what a tree makes holds no cycles, and a tenth of the time went there."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def little_garbage() -> Iterator[None]:
    """Let Python look for garbage seldom, and never in what is there already: edits do make cycles, a tree's facts stay."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_MANY, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


_MANY: Final = 200_000
"""New objects before Python looks again: some ten parsed documents."""


class Answered(Protocol):
    """What knows which files could not be read: a report, or what `verify` found."""

    @property
    def unreadable(self) -> tuple[Diagnostic, ...]:
        """Return them."""
        ...


def unreadable_notes(report: Answered, *, is_allowed: bool) -> Iterator[Note]:
    """Yield what stderr says about files that could not be read, the conclusion last."""
    deployed = [one for one in report.unreadable if one.is_deployed]
    for one in deployed[:_SHOWN_UNREADABLE]:
        yield Note("warning", f"{one.location}: {one.message}")
    if len(deployed) > _SHOWN_UNREADABLE:
        yield Note("warning", f"{len(deployed) - _SHOWN_UNREADABLE} more files; `unreadable` in -o json names all")
    for one in report.unreadable:
        if not one.is_deployed:
            yield Note("info", f"{one.location}: {one.message} (not deployed)")
    if deployed and not is_allowed:
        files = "a file that is deployed" if len(deployed) == 1 else f"{len(deployed)} files that are deployed"
        yield Note("error", f"{files} cannot be read, so this is no full answer; mend it or pass --allow-unreadable")


def is_full(report: Answered, *, is_allowed: bool) -> bool:
    """Return whether everything that is deployed could be read, or that does not matter."""
    return is_allowed or not any(one.is_deployed for one in report.unreadable)
