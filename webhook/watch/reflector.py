"""Keeps one kind as the API server has it: lists everything, then watches what changes, and begins anew where it must.

Source for all of it: kubernetes.io/docs/reference/using-api/api-concepts/ (efficient detection of changes, retrieving large
results sets in chunks), k8s.io/client-go/tools/cache/reflector.go@v0.34.2.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import orjson

from injector.cluster import Json
from injector.errors import ClusterError
from webhook.api.port import ApiServer, Stream
from webhook.logs import LOGGER
from webhook.watch.pace import Pace
from webhook.watch.progress import Progress
from webhook.watch.reading import Item, read_item
from webhook.watch.resources import Resource

_LOG: Final = logging.getLogger(LOGGER)
_GONE: Final = 410
_NOT_FOUND: Final = 404
_BUSY: Final = 429
_SERVER: Final = 500
_MAX_LINE: Final = 16 * 1024 * 1024
"""An object has at most 1.5 MiB in etcd."""


class Sink(Protocol):
    """Takes what was found."""

    def replace(self, resource: Resource, items: Sequence[Item]) -> None:
        """Take everything there is of a kind."""
        ...

    def change(self, resource: Resource, items: Sequence[Item]) -> None:
        """Take objects that changed; those without value and problem are gone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes and times.

    Attributes:
        page: objects in one page of a list. A page is in memory as a whole.
        silence_s: seconds without a byte after which a watch is taken for broken: the API server sends a bookmark about
            every minute, so a link that is only quiet does not get there.
        watch_s: after how many seconds the API server shall end a watch, from least to most: half-dead load balancers, and
            all watches at one of several API servers, get no older than that.
    """

    page: int = 100
    silence_s: float = 90.0
    watch_s: tuple[float, float] = (300.0, 600.0)


class _TooOldError(Exception):
    """What was seen last is too old to go on from: everything must be read again."""


class Reflector:
    """Keeps one kind.

    Args:
        resource: the kind.
        api: where it is.
        sink: takes what is found.
        clock: yields seconds of the monotonic clock.
        pace: how long to wait after a failure.
        limits: sizes and times.
        rest: waits for so many seconds. After each page of a list that is read again it is asked to wait as long as the page
            took: requests are answered meanwhile, and what is held is true enough.
    """

    def __init__(
        self,
        resource: Resource,
        api: ApiServer,
        *,
        sink: Sink,
        clock: Callable[[], float],
        pace: Pace | None = None,
        limits: Limits | None = None,
        rest: Callable[[float], object] = float,
    ) -> None:
        self._rest = rest
        self.resource = resource
        self.progress = Progress(resource.kind)
        self._api = api
        self._sink = sink
        self._clock = clock
        self._pace = pace or Pace()
        self._limits = limits or Limits()
        self._version = ""
        self._revision = ""
        """resourceVersion of what was seen last; empty when everything must be read."""
        self._stream: Stream | None = None
        self._lock = threading.Lock()
        self._is_stopped = False

    def step(self) -> float:
        """Read everything, or watch until the stream ends; return seconds to wait before the next step.

        Never raises a `ClusterError`: what was held goes on to count.
        """
        try:
            if not self._revision:
                self._list()
                return 0.0
            is_good = self._watch()
        except _TooOldError:
            self._revision = ""
            return self._pace.pause_s()
        except ClusterError as err:
            return self._fail(err)
        if is_good:
            self._pace.reset()
            return 0.0
        return self._pace.pause_s()

    def forget(self) -> None:
        """Read everything again in the next step."""
        self._revision = ""

    def stop(self) -> None:
        """End the step that goes on, from another thread."""
        with self._lock:
            self._is_stopped = True
            stream = self._stream
        if stream is not None:
            stream.stop()

    def _fail(self, err: ClusterError) -> float:
        if self._is_stopped:  # by ourselves
            return 0.0
        is_missing = err.status == _NOT_FOUND
        if is_missing or err.status == _GONE:
            self._revision = ""
        if is_missing and not self.progress.is_absent:
            # The definition may come later, or again. Until then what was held is held.
            self.progress.is_absent = True
            _LOG.warning("%s: the API server does not know this kind; waiting for its definition", self.resource.kind)
        if is_missing and not self.resource.is_required:
            self.progress.is_synced = True
            self._succeed()
        else:
            if not self.progress.failure:  # an outage is told once, not with every attempt
                _LOG.warning("%s: %s", self.resource.kind, err)
            self.progress.failure = str(err)
        return self._pace.pause_s()

    def _list(self) -> None:
        found: list[Item] = []
        revision, token = "", ""
        while True:
            started_s = self._clock()
            page = self._page(token)
            items = page.get("items")
            found += (
                read_item(self.resource, self._version, one)
                for one in (items if isinstance(items, list) else ())
                if isinstance(one, dict)
            )
            metadata = page.get("metadata")
            head = metadata if isinstance(metadata, dict) else {}
            revision, token = _text(head.get("resourceVersion")), _text(head.get("continue"))
            if not token:
                break
            if self.progress.lists:
                self._rest(self._clock() - started_s)
        if not revision:
            raise ClusterError(f"{self._path}: the list has no resourceVersion; is this an API server?")
        self._sink.replace(self.resource, found)
        self._revision = revision
        self.progress.lists += 1
        self.progress.is_absent = False
        self.progress.is_synced = True
        self._succeed()
        _LOG.info("read from the API server", extra={"fields": {"kind": self.resource.kind, "count": len(found)}})

    @property
    def _path(self) -> str:
        return self.resource.path(self._version)

    def _page(self, token: str) -> Mapping[str, Json]:
        query = {"limit": str(self._limits.page), **({"continue": token} if token else {})}
        if token:
            return _as_map(self._api.send("GET", self._path, query=query))
        for version in self.resource.versions[:-1]:
            self._version = version
            try:
                return _as_map(self._api.send("GET", self._path, query=query))
            except ClusterError as err:
                if err.status != _NOT_FOUND:
                    raise
        self._version = self.resource.versions[-1]
        return _as_map(self._api.send("GET", self._path, query=query))

    def _watch(self) -> bool:
        """Return whether the stream told anything, or was at least ended in good order by the other side's own clock."""
        seconds = int(self._pace.between_s(*self._limits.watch_s))
        query = {
            "watch": "1",
            "resourceVersion": self._revision,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }
        started_s = self._clock()
        is_told = False
        with self._api.stream(self._path, query=query, silence_s=self._limits.silence_s) as stream:
            with self._lock:
                self._stream = stream
                if self._is_stopped:
                    return True
            try:
                self.progress.connections += 1
                self._succeed()
                for lines in _iter_lines(stream):
                    self._take(lines)
                    self._hear()
                    self._pace.reset()
                    is_told = True
            finally:
                with self._lock:
                    self._stream = None
        return is_told or self._clock() - started_s >= min(self._limits.watch_s[0], seconds) / 2

    def _take(self, lines: Iterable[bytes]) -> None:
        items: list[Item] = []
        revision = self._revision
        for line in lines:
            event = _as_map(line)
            kind, body = event.get("type"), event.get("object")
            body = body if isinstance(body, dict) else {}
            if kind == "ERROR":
                self._apply(items, revision)
                raise _error_of(body, self._path)
            metadata = body.get("metadata")
            seen = _text(metadata.get("resourceVersion")) if isinstance(metadata, dict) else ""
            match kind:
                case "BOOKMARK":
                    pass
                case "ADDED" | "MODIFIED":
                    items.append(read_item(self.resource, self._version, body))
                case "DELETED":
                    item = read_item(self.resource, self._version, body)
                    items.append(Item(item.namespace, item.name))
                case _:
                    raise _TooOldError
            revision = seen or revision
        self._apply(items, revision)

    def _apply(self, items: Sequence[Item], revision: str) -> None:
        if items:
            self._sink.change(self.resource, items)
        self._revision = revision

    def _succeed(self) -> None:
        if self.progress.failure:
            _LOG.info("%s: the API server answers again", self.resource.kind)
        self.progress.failure = ""
        self._hear()

    def _hear(self) -> None:
        self.progress.heard_at_s = self._clock()


def _iter_lines(stream: Stream) -> Iterator[list[bytes]]:
    """Yield the whole lines of each piece; what follows the last newline waits for the next one, or is lost with the stream."""
    rest = b""
    for piece in stream:
        *lines, rest = (rest + piece).split(b"\n")
        lines = [one for one in lines if one]
        if lines:
            yield lines
        if len(rest) > _MAX_LINE:
            raise _TooOldError


def _as_map(text: bytes) -> Mapping[str, Json]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _TooOldError from None
    if not isinstance(found, dict):
        raise _TooOldError
    return found


def _error_of(status: Mapping[str, Json], path: str) -> Exception:
    """Return what an event of type ERROR means: go on from what was seen, or read everything."""
    code = status.get("code")
    number = code if isinstance(code, int) else 0
    if number == _BUSY or number >= _SERVER:
        return ClusterError(f"WATCH {path}: {number}; the API server is not ready", status=number)
    return _TooOldError()


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
