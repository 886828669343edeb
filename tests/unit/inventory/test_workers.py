"""Several processes that render roots: they end when they are told to."""

from __future__ import annotations

from pathlib import Path

from injector.inventory.workers import _Together, make_runner
from injector.manifests.tree import load_tree


def test_processes_end_by_themselves_when_the_work_is_done(tmp_path: Path) -> None:
    runner = make_runner(load_tree([tmp_path]), 3)
    assert isinstance(runner, _Together)

    list(runner.run([]))
    runner.close()

    assert [one._process.exitcode for one in runner._others] == [0, 0]  # killed ones end with -9
