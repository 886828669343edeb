"""One AdmissionReview over HTTP: a raw ASGI endpoint, as thin as it gets. It reads a body within limits and sends an answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from injector.pod.names import RELEASED
from webhook.answering import Decide, OnError, answer_review
from webhook.events.occurrences import find_occurrence
from webhook.logs import LOGGER
from webhook.metrics import Metrics
from webhook.review import MAX_BODY, Outcome, Reply, make_refusal
from webhook.state import Holder

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_LOG: Final = logging.getLogger(LOGGER)
_JSON: Final = b"application/json"
_TOO_LARGE: Final = "the body is larger than any AdmissionReview; send one review"
_QUIET: Final = frozenset({Outcome.UNCHANGED})


class ReviewEndpoint:
    """Answers the reviews of one kind.

    Args:
        name: of the metric.
        decide: makes the answers.
        holder: holds what is known.
        metrics: counts.
        on_error: what becomes of an object when `decide` raises.
        read_timeout_s: seconds in which a body must have come.
    """

    def __init__(
        self,
        name: str,
        decide: Decide,
        *,
        holder: Holder,
        metrics: Metrics,
        on_error: OnError = OnError.ALLOW,
        read_timeout_s: float = 5.0,
    ) -> None:
        self._name = name
        self._decide = decide
        self._holder = holder
        self._metrics = metrics
        self._on_error = on_error
        self._read_timeout_s = read_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started_s = time.perf_counter()
        body = _why_refused(scope) or await self._read(receive)
        reply = (
            answer_review(body, self._holder.current, decide=self._decide, on_error=self._on_error)
            if isinstance(body, bytes)
            else body
        )
        await _send(send, reply)
        self._metrics.observe(self._name, reply.outcome, time.perf_counter() - started_s)
        if reply.request and not reply.request.is_dry_run and reply.answer and RELEASED in (reply.answer.notes or ()):
            self._metrics.count_flagged()
        if reply.outcome not in _QUIET:
            self._tell(reply)
            self._make_event(reply)

    async def _read(self, receive: Receive) -> bytes | Reply:
        parts = bytearray()
        deadline_s = time.monotonic() + self._read_timeout_s
        while True:
            message = await self._receive(receive)
            if message is None or time.monotonic() > deadline_s:
                return make_refusal(408, "the body did not come in time; send it at once")
            if message["type"] == "http.disconnect":
                # Who has closed only one half still reads, and without an answer the server would make a 500 of it.
                return make_refusal(400, "the body was cut off; send it whole")
            parts += message.get("body", b"")
            if len(parts) > MAX_BODY:
                return make_refusal(413, _TOO_LARGE)
            if not message.get("more_body"):
                return bytes(parts)

    async def _receive(self, receive: Receive) -> Message | None:
        """Return a part of the body; None when it does not come in time."""
        try:
            async with asyncio.timeout(self._read_timeout_s):
                return await receive()
        except TimeoutError:
            return None

    def _tell(self, reply: Reply) -> None:
        fields = {
            "endpoint": self._name,
            "uid": reply.uid,
            "namespace": reply.namespace,
            "outcome": reply.outcome.value,
            "status": reply.status,
        }
        level = logging.WARNING if reply.outcome in (Outcome.BAD_REQUEST, Outcome.ERROR) else logging.INFO
        _LOG.log(level, "answered", extra={"fields": fields})

    def _make_event(self, reply: Reply) -> None:
        if self._holder.events is None or reply.request is None or reply.answer is None:
            return
        occurrence = find_occurrence(reply.request, reply.answer)
        if occurrence is not None:
            self._holder.events.offer(occurrence)


def _why_refused(scope: Scope) -> Reply | None:
    """Return the refusal of a request whose head is already wrong; None when it is right."""
    is_json = False
    for name, value in scope["headers"]:
        if name == b"content-type":
            is_json = value.partition(b";")[0].strip().lower() == _JSON
        elif name == b"content-length" and (not value.isdigit() or int(value) > MAX_BODY):
            return make_refusal(413, _TOO_LARGE)
    if not is_json:
        return make_refusal(415, "the content type is not application/json; send an AdmissionReview as JSON")
    return None


async def _send(send: Send, reply: Reply) -> None:
    headers = [(b"content-type", _JSON), (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
