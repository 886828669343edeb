"""Several processes that render roots: they end when they are told to."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
from pathlib import Path

import pytest

from injector.inventory import workers
from injector.inventory.collect import RootFacts
from injector.inventory.workers import Done, WorkerError, _Together, _work, make_runner
from injector.manifests.discovery import Look, Scan
from injector.manifests.roots import Root, RootKind
from injector.manifests.tree import load_tree
from tests.unit.inventory.trees import external, grow, names, read

ROOT = Root("files", RootKind.FILES, files=("es.yaml",))


def test_processes_end_by_themselves_when_the_work_is_done(tmp_path: Path) -> None:
    runner = make_runner(load_tree([tmp_path]), 3)
    assert isinstance(runner, _Together)

    list(runner.run([]))
    runner.close()

    assert [one._process.exitcode for one in runner._others] == [0, 0]  # killed ones end with -9


def worked(root: Path, *tasks: Root | Look) -> list[Done | WorkerError]:
    """Let a worker do the tasks, in this process."""
    ours, theirs = multiprocessing.Pipe()
    for task in tasks:
        ours.send_bytes(pickle.dumps(task))
    ours.send_bytes(b"")
    try:
        _work(load_tree([root]), theirs)
    finally:
        gc.enable()
    return [pickle.loads(ours.recv_bytes()) for _ in tasks]  # noqa: S301 - from this process


def test_a_worker_answers_task_after_task(tmp_path: Path) -> None:
    grow(tmp_path, {"es.yaml": external()})

    facts, looked = worked(tmp_path, ROOT, Look(("es.yaml",), frozenset()))

    assert isinstance(facts, RootFacts)
    assert names(facts.facts) == ["app/login"]
    assert isinstance(looked, Scan)


def test_a_worker_ends_when_its_pipe_does(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    try:
        _work(load_tree([tmp_path]), theirs)
    finally:
        gc.enable()

    assert gc.isenabled()


@pytest.mark.parametrize("task", [ROOT, Look(("es.yaml",), frozenset())], ids=["root", "look"])
def test_a_failure_travels_without_its_text(task: Root | Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an exception says may quote a value: only its kind and the line of code come back."""

    def fail(*_: object) -> Done:
        raise KeyError("hunter2")

    monkeypatch.setattr(workers, "_do", fail)

    [found] = worked(tmp_path, task)

    assert isinstance(found, WorkerError)
    assert "hunter2" not in repr(found) + str(found)
    assert str(found).startswith("test_workers.py:")
    assert str(found).endswith("KeyError while reading " + ("files" if isinstance(task, Root) else "es.yaml"))


def test_a_failure_of_another_process_is_raised_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, {f"{number}.yaml": external(f"s{number}") for number in range(4)})
    own = multiprocessing.current_process().pid
    really = workers._do

    def fail(*arguments: object) -> Done:
        if multiprocessing.current_process().pid != own:
            raise KeyError("hunter2")
        return really(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(workers, "_do", fail)
    runner = make_runner(load_tree([tmp_path]), 2)
    tasks = [Root(f"r{number}", RootKind.FILES, files=(f"{number}.yaml",)) for number in range(4)]

    with pytest.raises(WorkerError, match=r"KeyError while reading r\d"):
        list(runner.run(list(tasks)))

    runner.close()


@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_any_number_of_processes_reads_the_same(jobs: int, tmp_path: Path) -> None:
    grow(tmp_path, {f"{number:03}.yaml": external(f"s{number:03}") for number in range(200)})

    assert read(tmp_path, jobs=jobs) == read(tmp_path, jobs=1)
