"""Shares pieces of work out to several processes, this one among them; what comes back is the same on every machine."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MIN_PIECES: Final = 24
"""Below this a second process costs more than it saves."""
_MOST: Final = 8

Piece = TypeVar("Piece")
Done = TypeVar("Done")


class SharedWorkError(Exception):
    """A bug in another process; no failure that is expected, so no `Phase2Error`.

    The message names the kind of the error and the line of code, never the error's own text: it may quote a file.
    """


def share(pieces: Sequence[Piece], do: Callable[[Piece], Done], *, jobs: int | None = None) -> list[Done]:
    """Return what `do` makes of every piece, in the order of the pieces.

    Args:
        pieces: independent of each other.
        do: makes something picklable; what it changes beside that is lost.
        jobs: how many processes; None for one a processor when there is enough to do.
    """
    count = min(jobs or (_processors() if len(pieces) >= MIN_PIECES else 1), len(pieces))
    # Elsewhere a new process would have to read all that this one knows.
    if count <= 1 or sys.platform != "linux":
        return [do(one) for one in pieces]
    from multiprocessing import get_context

    context = get_context("fork")
    pipes: list[Connection] = []
    gc.freeze()
    for number in range(1, count):
        ours, theirs = context.Pipe(duplex=False)
        context.Process(target=_work, args=(pieces[number::count], do, theirs), daemon=True).start()
        theirs.close()
        pipes.append(ours)
    gc.unfreeze()
    made: list[list[Done]] = [[do(one) for one in pieces[::count]], *(_receive(pipe) for pipe in pipes)]
    return [made[number % count][number // count] for number in range(len(pieces))]


def _processors() -> int:
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST)


def _work(pieces: Sequence[Piece], do: Callable[[Piece], Done], pipe: Connection) -> None:
    gc.disable()
    made: list[Done] | str
    try:
        made = [do(one) for one in pieces]
    except Exception as err:  # noqa: BLE001 - a bug, whatever it is
        frame = traceback.extract_tb(err.__traceback__)[-1]
        made = f"{Path(frame.filename).name}:{frame.lineno}: {type(err).__name__}"
    try:
        pipe.send_bytes(pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
    except (OSError, KeyboardInterrupt):
        return


def _receive(pipe: Connection) -> list[Any]:
    try:
        made = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from a process of ours
    except EOFError as err:
        raise SharedWorkError("another process ended before its work was done") from err
    if isinstance(made, str):
        raise SharedWorkError(made)
    return list(made)
