"""The raw endpoint: bodies that are slow, cut off, or given up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from tests.unit.pod.making import pod
from tests.webhook.reviews import review, snapshot
from webhook.endpoint import Message, ReviewEndpoint
from webhook.metrics import Metrics
from webhook.pods import decide_pod
from webhook.state import Holder

HEADERS = [(b"content-type", b"application/json")]


def run(messages: Sequence[Message], headers: Sequence[tuple[bytes, bytes]] = HEADERS) -> list[dict[str, Any]]:
    """Return what is sent for these messages; when they have all come, nothing comes any more."""
    sent: list[dict[str, Any]] = []
    left = list(messages)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    async def send(message: Message) -> None:
        sent.append(dict(message))

    endpoint = ReviewEndpoint("pods", decide_pod, holder=Holder(snapshot()), metrics=Metrics(), read_timeout_s=0.02)
    asyncio.run(endpoint({"type": "http", "headers": headers}, receive, send))
    return sent


def part(body: bytes, *, is_last: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": not is_last}


def test_body_in_pieces_is_put_together() -> None:
    body = review(pod(labels={}))

    start, end = run([part(body[:10]), part(body[10:20]), part(body[20:], is_last=True)])

    assert start["status"] == 200
    assert orjson.loads(end["body"])["response"]["allowed"] is True


@pytest.mark.parametrize("messages", [[], [part(b"{")]])
def test_body_that_does_not_come_is_given_up(messages: list[Message]) -> None:
    start, _ = run(messages)

    assert start["status"] == 408


def test_body_that_was_cut_off_is_refused() -> None:
    start, _ = run([part(b"{"), {"type": "http.disconnect"}])

    assert start["status"] == 400


@pytest.mark.parametrize("length", [b"99999999999", b"-1", b"many", b""])
def test_announced_length_that_cannot_be_is_refused_unread(length: bytes) -> None:
    start, _ = run([], [*HEADERS, (b"content-length", length)])

    assert start["status"] == 413
