"""An API server that says what a test wrote down, and remembers what it was asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson

from injector.cluster import Json
from injector.errors import ClusterError
from injector.migration.model import SecretMigration
from injector.migration.plain import to_plain
from webhook.api.port import JSON, Stream
from webhook.watch.reading import Item
from webhook.watch.resources import Resource

NO_QUERY: Mapping[str, str] = {}


def refused(status: int) -> ClusterError:
    return ClusterError(f"refused: {status}", status=status)


def unreachable() -> ClusterError:
    return ClusterError("no answer")


def page(*items: Json, revision: str = "1", cont: str = "") -> bytes:
    return orjson.dumps({"metadata": {"resourceVersion": revision, "continue": cont}, "items": items})


def event(kind: str, body: Json) -> bytes:
    return orjson.dumps({"type": kind, "object": body}) + b"\n"


def bookmark(revision: str) -> bytes:
    return event("BOOKMARK", {"metadata": {"resourceVersion": revision}})


def error(code: int) -> bytes:
    return event("ERROR", {"kind": "Status", "code": code})


def secret_migration(one: SecretMigration, revision: str = "1") -> Json:
    body: dict[str, Json] = orjson.loads(orjson.dumps(to_plain(one)))
    body["metadata"] = {"name": one.name, "namespace": one.namespace, "resourceVersion": revision, "uid": "u"}
    return body


def namespace(name: str, revision: str = "1", **labels: str) -> Json:
    return {"metadata": {"name": name, "resourceVersion": revision, "labels": dict(labels)}}


Part = bytes | ClusterError
"""A piece of a stream, or how it breaks."""


class Pieces:
    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        for one in self._parts:
            if isinstance(one, ClusterError):
                raise one
            yield one

    def stop(self) -> None:
        """Do nothing: it does not wait."""


@dataclass(slots=True)
class ScriptedApi:
    """Answers in the order of the script; what is not in it is a mistake of the test.

    Attributes:
        answers: to requests.
        streams: pieces of each watch, or why it is refused.
        asked: (path, query) of everything.
    """

    answers: deque[Part] = field(default_factory=deque)
    streams: deque[tuple[Part, ...] | ClusterError] = field(default_factory=deque)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: list[tuple[str, str, object]] = field(default_factory=list)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] = NO_QUERY,
        content_type: str = JSON,
    ) -> bytes:
        self.asked.append((path, dict(query)))
        self.sent.append((f"{method} {content_type}", path, body))
        found = self.answers.popleft()
        if isinstance(found, ClusterError):
            raise found
        return found

    @contextmanager
    def stream(self, path: str, *, query: Mapping[str, str], silence_s: float) -> Iterator[Stream]:
        assert silence_s > 0
        self.asked.append((path, dict(query)))
        found = self.streams.popleft()
        if isinstance(found, ClusterError):
            raise found
        yield Pieces(found)


@dataclass(slots=True)
class Recorded:
    """A sink that remembers."""

    replaced: list[list[Item]] = field(default_factory=list)
    changed: list[list[Item]] = field(default_factory=list)

    def replace(self, _resource: Resource, items: object) -> None:
        assert isinstance(items, list)
        self.replaced.append(items)

    def change(self, _resource: Resource, items: object) -> None:
        assert isinstance(items, list)
        self.changed.append(items)
