"""Runs `collect_root` over many roots, in this process or in several.

Only facts travel between processes. A worker keeps its parsed files from root to root, because bases are
shared.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from injector.inventory.collect import RootFacts, collect_root
from injector.manifests.roots import Root
from injector.manifests.tree import Tree

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

MIN_FILES: Final = 150
"""Below this a second process costs more than it saves (about 25 ms to start one)."""


class Runner(Protocol):
    """Renders roots and yields what came of each, in any order."""

    def run(self, roots: list[Root]) -> Iterator[RootFacts]:
        """Render all `roots`."""
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
    return _Here(tree) if count <= 1 else _Workers(tree, count)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 8)
    return min(os.cpu_count() or 1, 8)


class _Here:
    def __init__(self, tree: Tree) -> None:
        self._files = tree.open()

    def run(self, roots: list[Root]) -> Iterator[RootFacts]:
        for root in roots:
            yield collect_root(root, self._files)

    def close(self) -> None:
        pass


class _Workers:
    def __init__(self, tree: Tree, count: int) -> None:
        # Imported late: `phase2 --version` and small trees do not pay for it.
        import multiprocessing  # noqa: PLC0415

        # Forking is safe here (no threads were started) and ten times cheaper than a new interpreter.
        context = (
            multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
        )
        self._processes: list[BaseProcess] = []
        self._pipes: list[Connection] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(tree, theirs), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)

    def run(self, roots: list[Root]) -> Iterator[RootFacts]:
        from multiprocessing.connection import wait  # noqa: PLC0415

        waiting = list(reversed(roots))
        busy: set[Connection] = set()
        idle = list(self._pipes)
        while waiting or busy:
            while waiting and idle:
                pipe = idle.pop()
                pipe.send(waiting.pop())
                busy.add(pipe)
            for ready in wait(busy):
                pipe = next(one for one in busy if one is ready)
                made = pipe.recv()
                busy.discard(pipe)
                idle.append(pipe)
                if isinstance(made, BaseException):
                    raise made
                yield made

    def close(self) -> None:
        # Said, not only closed: a forked worker holds copies of our ends, so it would never see the end of its pipe.
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.send(None)
            pipe.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()


def _work(tree: Tree, pipe: Connection) -> None:
    # A worker lives for one tree and its values hold no cycles: collecting garbage only costs.
    gc.disable()
    files = tree.open()
    while True:
        try:
            root = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        if root is None:
            return
        try:
            pipe.send(collect_root(root, files))
        except KeyboardInterrupt:
            return
        except BaseException as err:  # noqa: BLE001 - it travels to the caller, who raises it
            pipe.send(RuntimeError(f"{root.id}: {type(err).__name__}: {err}"))


def run_all(runner: Runner, roots: Iterable[Root]) -> list[RootFacts]:
    """Render all roots and return what came of them in the order of their ids: the same on every machine."""
    return sorted(runner.run(list(roots)), key=lambda made: (made.root.id, made.root.location, made.root.folder))
