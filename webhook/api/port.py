"""What the webhook needs of an API server: JSON in, JSON out. Tests put a script in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Final, Protocol

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"


class Stream(Protocol):
    """Bytes as they come."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield what came, in pieces of any size.

        Raises:
            ClusterError: it broke, or was silent for too long.
        """
        ...

    def stop(self) -> None:
        """End it from another thread."""
        ...


class ApiServer(Protocol):
    """An API server, seen by one identity. Every method may be called by several threads at once."""

    def send(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] = ..., content_type: str = JSON
    ) -> bytes:
        """Return the answer to one request.

        Args:
            method: of HTTP.
            path: from the slash on, as in ``/api/v1/namespaces``.
            body: what is sent as JSON; None for nothing.
            query: the URL's parameters.
            content_type: of the body.

        Raises:
            ClusterError: a status of 400 or more, or no answer in time.
        """
        ...

    def stream(self, path: str, *, query: Mapping[str, str], silence_s: float) -> AbstractContextManager[Stream]:
        """Return an answer that goes on and on.

        Args:
            path: from the slash on.
            query: the URL's parameters.
            silence_s: seconds without a byte after which it is taken for broken.

        Raises:
            ClusterError: a status of 400 or more, or no answer in time.
        """
        ...
