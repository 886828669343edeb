"""Runs the work of an inventory over many roots, in this process alone or with others beside it.

Only facts travel between processes. This process works along with the others: what it reads itself need not travel.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from injector.inventory.collect import RootFacts, collect_root
from injector.manifests.discovery import Look, Scan, find_environments, scan
from injector.manifests.files import Files
from injector.manifests.roots import Root, RootKind
from injector.manifests.tree import Tree

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

MIN_FILES: Final = 150
"""Below this a second process costs more than it saves (about 10 ms to fork one)."""
_SCANNED: Final = 250
"""Files that are looked at as one piece of work."""
_AHEAD_BYTES: Final = 8 * 1024
"""How much work is sent to a busy process: less than a pipe holds, or both ends could wait for each other."""

Task: TypeAlias = "Root | Look"
Done: TypeAlias = "RootFacts | Scan"
_NOWHERE: Final = Root("", RootKind.FILES)


class WorkerError(Exception):
    """A bug in a process that renders roots; no failure that is expected, so no `Phase2Error`.

    The message names the root, the kind of the error and the line of code. Never the error's own text: it may quote what
    stands in a file.
    """

    def __init__(self, root: str, kind: str, where: str) -> None:
        super().__init__(root, kind, where)
        self.root = root
        self.kind = kind
        self.where = where

    def __str__(self) -> str:
        """Return ``<where>: <kind> while reading <root>``."""
        return f"{self.where}: {self.kind} while reading {self.root}"


class Runner(Protocol):
    """Does pieces of work and yields (the piece's number, what came of it), in any order."""

    def run(self, tasks: list[Task]) -> Iterator[tuple[int, Done]]:
        """Do all `tasks`."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


def make_runner(tree: Tree, jobs: int | None) -> Runner:
    """Return a runner fit for the tree's size.

    Args:
        tree: the tree that the roots lie in.
        jobs: how many processes; None for one a processor when the tree is large enough.
    """
    count = jobs or (_processors() if len(tree.found) >= MIN_FILES else 1)
    return _Here(tree) if count <= 1 else _Together(tree, count - 1)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 8)
    return min(os.cpu_count() or 1, 8)


def _do(task: Task, files: Files) -> Done:
    return collect_root(task, files) if isinstance(task, Root) else scan(files, task)


class _Here:
    def __init__(self, tree: Tree) -> None:
        self._files = tree.open()

    def run(self, tasks: list[Task]) -> Iterator[tuple[int, Done]]:
        for number, task in enumerate(tasks):
            yield number, _do(task, self._files)

    def close(self) -> None:
        pass


class _Together:
    def __init__(self, tree: Tree, count: int) -> None:
        # Imported late: `phase2 --version` and small trees do not pay for it.
        import multiprocessing  # noqa: PLC0415

        # Forking is safe here (no threads were started) and ten times cheaper than a new interpreter.
        context = (
            multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
        )
        self._files = tree.open()
        self._others: list[_Other] = []
        # What is there already would be copied, page by page, whenever a child's collector looked at it.
        gc.freeze()
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(tree, theirs), daemon=True)
            process.start()
            theirs.close()
            self._others.append(_Other(process, ours))
        gc.unfreeze()

    def run(self, tasks: list[Task]) -> Iterator[tuple[int, Done]]:
        waiting = deque(enumerate(tasks))
        while waiting or any(other.sent for other in self._others):
            for other in self._others:
                while waiting and other.offer(*waiting[0]):
                    waiting.popleft()
            # From the other end: what was sent ahead is about as old as what comes back.
            own = waiting.pop() if waiting else None
            if own is not None:
                yield own[0], _do(own[1], self._files)
            yield from self._receive(is_idle=own is None)

    def _receive(self, *, is_idle: bool) -> Iterator[tuple[int, Done]]:
        """Yield what the others have done; wait for it only when there is nothing else to do."""
        from multiprocessing.connection import wait  # noqa: PLC0415

        busy = {other.pipe: other for other in self._others if other.sent}
        for ready in wait(list(busy), None if is_idle else 0):
            yield busy[ready].receive()  # type: ignore[index]

    def close(self) -> None:
        for other in self._others:
            other.close()


class _Other:
    """Another process, as seen from this one.

    Attributes:
        sent: number, task and size in bytes of the work that it has, in its order.
    """

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        self.pipe = pipe
        self.sent: deque[tuple[int, Task, int]] = deque()
        self._process = process

    def offer(self, number: int, task: Task) -> bool:
        """Send work unless the process has enough of it."""
        data = pickle.dumps(task)
        if self.sent and sum(size for _, _, size in self.sent) + len(data) > _AHEAD_BYTES:
            return False
        self.pipe.send_bytes(data)
        self.sent.append((number, task, len(data)))
        return True

    def receive(self) -> tuple[int, Done]:
        made = pickle.loads(self.pipe.recv_bytes())  # noqa: S301 - from a process of ours
        number, task, _ = self.sent.popleft()
        if isinstance(made, BaseException):
            raise made
        if isinstance(made, RootFacts) and isinstance(task, Root):
            made.root = task
        return number, made

    def close(self) -> None:
        # Said, not only by closing the pipe: processes that were forked later hold copies of our end.
        try:
            self.pipe.send_bytes(b"")
        except OSError:
            self._process.kill()
        if self.sent:  # the work was given up, and what it has to say nobody will read
            self._process.kill()
        self.pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


def _work(tree: Tree, pipe: Connection) -> None:
    # A worker lives for one tree and its values hold no cycles: collecting garbage only costs.
    gc.disable()
    files = tree.open()
    while True:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        if not data:
            return
        task: Task = pickle.loads(data)  # noqa: S301 - from the process that started this one
        try:
            pipe.send_bytes(pickle.dumps(_answer(task, files), pickle.HIGHEST_PROTOCOL))
        except (OSError, KeyboardInterrupt):
            return


def _answer(task: Task, files: Files) -> Done | WorkerError:
    """Do a piece of work; what fails travels to the caller, who raises it."""
    try:
        done = _do(task, files)
    except Exception as err:  # noqa: BLE001 - a bug, whatever it is
        frames = traceback.extract_tb(err.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
        return WorkerError(task.id if isinstance(task, Root) else task.paths[0], type(err).__name__, where)
    if isinstance(done, RootFacts):
        done.root = _NOWHERE  # who sent the root has it
    return done


def run_all(runner: Runner, roots: Iterable[Root]) -> list[RootFacts]:
    """Render all roots and return what came of them in the order of their ids: the same on every machine."""
    made = [done for _, done in runner.run(list(roots)) if isinstance(done, RootFacts)]
    return sorted(made, key=lambda one: (one.root.id, one.root.location, one.root.folder))


def scan_all(runner: Runner, files: Files) -> Scan:
    """Look at all files and return what was found, in the order of the files."""
    environments = find_environments(files)
    starts = range(0, len(files.found), _SCANNED)
    pieces: list[Task] = [Look(tuple(files.found[start : start + _SCANNED]), environments) for start in starts]
    done = dict(runner.run(pieces))
    whole = Scan(environments=environments)
    for number in sorted(done):
        part = done[number]
        if isinstance(part, Scan):
            whole.add(part)
    return whole
