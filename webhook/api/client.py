"""The door to a real API server. How it is found, and how one logs in there, is `webhook.api.login`'s to know.

Requests are plain JSON over urllib3's connections: the official client's models cost ten times the memory of what the webhook
keeps, and drop fields that they do not know.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final
from urllib.parse import urlencode

import orjson
import urllib3

from injector.errors import ClusterError
from webhook.api.login import Login, find_login
from webhook.api.port import JSON
from webhook.settings import Target

_CONNECT_S: Final = 5.0
_READ_S: Final = 30.0
_UNKNOWN: Final = 401
_PIECE: Final = 64 * 1024
_MAX_ANSWER: Final = 128 * 1024 * 1024
_NO_QUERY: Final[Mapping[str, str]] = {}


def connect(target: Target) -> ApiClient:
    """Return a client; nothing is asked yet.

    Raises:
        ClusterError: the kubeconfig, or what a pod is given, cannot be used.
    """
    return ApiClient(partial(find_login, target))


class ApiClient:
    """A `webhook.api.port.ApiServer`.

    Args:
        load: reads how to log in. It is asked again when the API server does not know the token any more: a kubeconfig
            may hold a newer one.
    """

    def __init__(self, load: Callable[[], Login]) -> None:
        self._load = load
        self._login = load()
        self._pool = self._login.pool

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] = _NO_QUERY,
        content_type: str = JSON,
    ) -> bytes:
        """Return the answer to one request; see the port."""
        data = None if body is None else orjson.dumps(body)
        with self._open(method, path, query, data=data, content_type=content_type, read_s=_READ_S) as answer:
            try:
                text = answer.read(_MAX_ANSWER, decode_content=True)
            except urllib3.exceptions.HTTPError as err:
                raise _unreachable(method, path, err) from None
            return bytes(text)

    @contextlib.contextmanager
    def stream(self, path: str, *, query: Mapping[str, str], silence_s: float) -> Iterator[_Pieces]:
        """Return an answer that goes on and on; see the port."""
        with self._open("GET", path, query, read_s=silence_s) as answer:
            yield _Pieces(answer, path)

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self._pool.clear()

    @contextlib.contextmanager
    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        read_s: float,
        data: bytes | None = None,
        content_type: str = JSON,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        headers = {"Accept": JSON, "User-Agent": "phase2-webhook"}
        token = self._login.read_token()
        if token:
            headers["Authorization"] = token
        if data is not None:
            headers["Content-Type"] = content_type
        url = f"{self._login.host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._pool.request(
                method,
                url,
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=_CONNECT_S, read=read_s),
                preload_content=False,
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as err:  # OSError: a CA file that is gone
            raise _unreachable(method, path, err) from None
        try:
            if answer.status == _UNKNOWN:
                with contextlib.suppress(ClusterError):
                    self._login = self._load()
            if answer.status >= 300:  # noqa: PLR2004 - redirects are none of an API server's answers
                raise _refused(method, path, answer)
            yield answer
        finally:
            # What was read to its end is back in the pool already; everything else must not be used again.
            answer.close()


class _Pieces:
    def __init__(self, answer: urllib3.BaseHTTPResponse, path: str) -> None:
        self._answer = answer
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.stream(_PIECE, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as err:  # ValueError: stopped in between
            raise _unreachable("GET", self._path, err) from None

    def stop(self) -> None:
        with contextlib.suppress(Exception):  # it may have ended just now, in any way
            self._answer.shutdown()


def _unreachable(method: str, path: str, err: Exception) -> ClusterError:
    # Never the exception's text: it quotes the URL and what came.
    return ClusterError(f"{method} {path}: no answer ({type(err).__name__}); is the API server there?")


def _refused(method: str, path: str, answer: urllib3.BaseHTTPResponse) -> ClusterError:
    reason = ""
    with contextlib.suppress(ValueError, urllib3.exceptions.HTTPError):
        status = orjson.loads(answer.read(_PIECE, decode_content=True))
        found = status.get("reason") if isinstance(status, dict) else None
        reason = found if isinstance(found, str) else ""
    what = _WHAT_TO_DO.get(answer.status, "see the API server's log")
    shown = f" {reason}" if reason else ""
    return ClusterError(f"{method} {path}: {answer.status}{shown}; {what}", status=answer.status, reason=reason)


_WHAT_TO_DO: Final = {
    401: "see that the token is of this cluster, and not too old",
    403: "give the ServiceAccount the ClusterRole of deploy/base",
    404: "apply its definition",
    410: "what was seen is too old; read everything again",
    429: "the API server is busy",
    503: "the API server is not ready",
}
