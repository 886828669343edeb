"""Writes Events, in a thread of its own: no request waits for one, and none fails because of one."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from injector.errors import ClusterError
from webhook.api.port import MERGE_PATCH, ApiServer
from webhook.events.correlating import Correlator, Write
from webhook.events.occurrences import Occurrence, Regarding
from webhook.logs import LOGGER

_LOG: Final = logging.getLogger(LOGGER)
_WAITING: Final = 1000
_MANY: Final = 409
_NOT_FOUND: Final = 404
_COMPONENT: Final = "phase2-webhook"
_END_S: Final = 2.0
_PER_SECOND: Final = 10.0
"""All Events of a process together; a storm of new objects must not become a storm of Events."""
_NOWHERE: Final = "default"
"""Where Events of objects without a namespace are. Source: kubernetes pkg/apis/core/validation/events.go@v1.34.2."""


class EventSender:
    """Takes occurrences and writes them.

    Args:
        api: the API server.
        clock: yields seconds since 1970.
        pause: waits for so many seconds, or until the sender is stopped; tells whether it is.

    Attributes:
        written, dropped: how many Events were written, or were not: too many, or refused.
    """

    def __init__(
        self,
        api: ApiServer,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self.written = 0
        self.dropped = 0
        self._api = api
        self._clock = clock
        self._stop = threading.Event()
        self._pause = pause or self._stop.wait
        self._correlator = Correlator(secrets.token_hex(4))
        self._waiting: queue.Queue[Occurrence | None] = queue.Queue(_WAITING)
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Start writing; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop writing; what still waits is lost."""
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(_END_S)

    def offer(self, occurrence: Occurrence) -> None:
        """Take an occurrence; never waits. When too many wait already it is dropped."""
        try:
            self._waiting.put_nowait(occurrence)
        except queue.Full:
            self.dropped += 1

    def send(self, occurrence: Occurrence) -> None:
        """Write what is to be written of an occurrence, now; never raises."""
        write = self._correlator.take(occurrence, self._clock())
        if write is None:
            self.dropped += 1
            return
        try:
            self._write(write)
        except ClusterError as err:
            self.dropped += 1
            self._correlator.forget(write.occurrence)
            if not self._is_failing:
                _LOG.warning("an Event is lost: %s", err)
            self._is_failing = True
        else:
            self.written += 1
            self._is_failing = False

    def _run(self) -> None:
        while (occurrence := self._waiting.get()) is not None and not self._stop.is_set():
            try:
                self.send(occurrence)
            except Exception as err:  # noqa: BLE001 - the outermost handler of the thread
                _LOG.error("a bug: %s while writing an Event", type(err).__name__)
            if self._pause(1 / _PER_SECOND):
                return

    def _write(self, write: Write) -> None:
        regarding = write.occurrence.regarding
        path = f"/api/v1/namespaces/{regarding.namespace or _NOWHERE}/events"
        if write.count > 1:
            try:
                change = {"count": write.count, "lastTimestamp": _stamp(write.last_s)}
                self._api.send("PATCH", f"{path}/{write.name}", change, content_type=MERGE_PATCH)
            except ClusterError as err:
                if err.status != _NOT_FOUND:  # the API server keeps Events for an hour
                    raise
            else:
                return
        try:
            self._api.send("POST", path, render_event(write))
        except ClusterError as err:
            if err.status != _MANY:
                raise


def render_event(write: Write) -> dict[str, object]:
    """Return an Event as the API server takes it."""
    occurrence = write.occurrence
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": write.name, "namespace": occurrence.regarding.namespace or _NOWHERE},
        "involvedObject": _reference(occurrence.regarding),
        "type": occurrence.type,
        "reason": occurrence.reason,
        "message": occurrence.message,
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "reportingInstance": os.environ.get("HOSTNAME", _COMPONENT)[:128],
        "count": write.count,
        "firstTimestamp": _stamp(write.first_s),
        "lastTimestamp": _stamp(write.last_s),
    }


def _reference(regarding: Regarding) -> dict[str, str]:
    found = {
        "apiVersion": regarding.api_version,
        "kind": regarding.kind,
        "namespace": regarding.namespace,
        "name": regarding.name,
        "uid": regarding.uid,
    }
    return {key: value for key, value in found.items() if value}


def _stamp(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
