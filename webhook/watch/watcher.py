"""Runs the watches: a thread for each kind, beside the requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from injector.pod.model import Settings
from webhook.api.port import ApiServer
from webhook.logs import LOGGER
from webhook.state import Holder, Snapshot
from webhook.watch.collecting import Collecting
from webhook.watch.pace import Pace
from webhook.watch.reflector import Limits, Reflector
from webhook.watch.resources import RESOURCES, Resource

_LOG: Final = logging.getLogger(LOGGER)
_END_S: Final = 5.0


def read_once(api: ApiServer, *, settings: Settings, resources: Sequence[Resource] = RESOURCES) -> Snapshot:
    """Return what an API server holds now; it is complete unless a problem says which kind cannot be read.

    Args:
        api: the API server.
        settings: how pods are mutated.
        resources: the kinds.
    """
    holder = Holder()
    collecting = Collecting(settings, partial(setattr, holder, "current"))
    reflectors = [Reflector(one, api, sink=collecting, clock=time.monotonic) for one in resources]
    for one in reflectors:
        one.step()
    missing = tuple(
        f"{one.resource.kind}: {one.progress.failure or 'cannot be read'}"
        for one in reflectors
        if not one.progress.is_synced
    )
    if not missing:
        collecting.complete()
    return replace(holder.current, problems=(*missing, *holder.current.problems))


class ClusterWatcher:
    """Keeps a holder's snapshot as the API server has it.

    Args:
        api: the API server.
        holder: holds the snapshot.
        settings: how pods are mutated.
        limits: sizes and times.
        resources: the kinds.
    """

    def __init__(
        self,
        api: ApiServer,
        holder: Holder,
        *,
        settings: Settings,
        limits: Limits | None = None,
        resources: Sequence[Resource] = RESOURCES,
    ) -> None:
        self._holder = holder
        self._collecting = Collecting(settings, self._take)
        self._stop = threading.Event()
        self._told_problems: frozenset[str] = frozenset()
        self._reflectors = [
            Reflector(
                resource,
                api,
                sink=self._collecting,
                clock=time.monotonic,
                pace=Pace(),
                limits=limits or Limits(),
                rest=self._stop.wait,
            )
            for resource in resources
        ]
        self._threads = [
            # Daemons: a thread that waits for a byte must not keep the process.
            threading.Thread(target=self._run, args=(one,), name=f"watch-{one.resource.plural}", daemon=True)
            for one in self._reflectors
        ]
        holder.progress = tuple(one.progress for one in self._reflectors)

    def start(self) -> None:
        """Start watching; returns at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop watching, and wait a little for the threads to end."""
        self._stop.set()
        for one in self._reflectors:
            one.stop()
        for thread in self._threads:
            thread.join(_END_S)

    def _run(self, reflector: Reflector) -> None:
        while not self._stop.is_set():
            try:
                pause_s = reflector.step()
            except Exception as err:  # noqa: BLE001 - the outermost handler of the thread: without it the kind would be frozen
                _LOG.error("a bug: %s while watching %s", type(err).__name__, reflector.resource.kind)
                reflector.forget()
                pause_s = _END_S
            if all(one.progress.is_synced for one in self._reflectors):
                self._collecting.complete()
            self._stop.wait(pause_s)

    def _take(self, snapshot: Snapshot) -> None:
        self._holder.current = snapshot
        problems = frozenset(snapshot.problems)
        for problem in sorted(problems - self._told_problems):
            _LOG.warning("%s", problem)
        self._told_problems = problems
