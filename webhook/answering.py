"""The outermost handler: whatever happens behind it, the API server gets an answer that it understands."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from webhook.logs import LOGGER
from webhook.review import Answer, BadReviewError, Outcome, Reply, Request, make_refusal, make_reply, parse_review
from webhook.state import Snapshot

Decide: TypeAlias = Callable[[Request, Snapshot], Answer]

_LOG: Final = logging.getLogger(LOGGER)


class OnError(StrEnum):
    """What becomes of an object when the webhook itself fails."""

    ALLOW = "allow"
    DENY = "deny"


def answer_review(body: bytes, snapshot: Snapshot, *, decide: Decide, on_error: OnError = OnError.ALLOW) -> Reply:
    """Answer an AdmissionReview; never raises, and never quotes the body.

    Args:
        body: as it came.
        snapshot: what is known now.
        decide: makes the answer.
        on_error: what becomes of the object when `decide` raises: it is left as it is, with a warning, or denied.

    Returns:
        Status 200 with an AdmissionReview, or 400 with words when the body is none.
    """
    try:
        request = parse_review(body)
    except BadReviewError as err:
        return make_refusal(400, str(err))
    except Exception as err:  # noqa: BLE001 - the outermost handler
        _tell(err, "")
        return make_refusal(400, "the body cannot be read; send an AdmissionReview")
    try:
        return make_reply(request, decide(request, snapshot))
    except Exception as err:  # noqa: BLE001 - the outermost handler
        _tell(err, request.uid)
        return make_reply(request, _failed(on_error))


def _failed(on_error: OnError) -> Answer:
    match on_error:
        case OnError.ALLOW:
            text = "phase2: left alone: the webhook failed on it, which is a bug of phase2; see its log"
            return Answer(Outcome.ERROR, warnings=(text,))
        case OnError.DENY:
            text = "phase2: the webhook failed on it, which is a bug of phase2; see its log, or set --on-error allow"
            return Answer(Outcome.ERROR, message=text)


def _tell(err: Exception, uid: str) -> None:
    """Log where it happened. Never the exception's own text: it may quote what stands in the object."""
    frames = traceback.extract_tb(err.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    _LOG.error("a bug: %s at %s", type(err).__name__, where, extra={"fields": {"uid": uid, "where": where}})
