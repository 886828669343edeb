"""One AdmissionReview: bytes to a request, and an answer to bytes. No framework, no network, no clock.

The raw body is parsed here, and no part of it is ever given back but the request's uid: FastAPI's own validation would
answer with the offending input, and an AdmissionReview of a Secret holds what nobody may see.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import orjson

from injector.pod.model import Json

MAX_BODY: Final = 8 * 1024 * 1024
"""An object has at most 3 MiB in etcd, and a review holds it at most twice."""
MAX_WARNING: Final = 256
"""The API server cuts a warning at 256 characters, and drops them all above 4096.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
"""
_MAX_WARNINGS: Final = 15
_VERSIONS: Final = frozenset({"admission.k8s.io/v1", "admission.k8s.io/v1beta1"})
_UID: Final = 128
_FORBIDDEN: Final = 403


class Outcome(StrEnum):
    """What became of a request; the words of the metric."""

    MUTATED = "mutated"
    UNCHANGED = "unchanged"
    WARNED = "warned"
    DENIED = "denied"
    BAD_REQUEST = "bad-request"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Request:
    """What an AdmissionReview asks.

    Attributes:
        version: the review's apiVersion; the answer has the same.
        uid: of the request; comes back in the answer.
        namespace: where the object is made; empty for objects without one.
        operation: ``CREATE``, ``UPDATE`` ...; empty when the request does not say.
        kind: of the object, as the request says it; empty when it does not.
        body: the object; None when there is none, or it is no mapping.
        old: of an update, the object as it was; None likewise.
        is_dry_run: nothing will be stored. Answers are the same, since they have no side effects.
    """

    version: str
    uid: str
    namespace: str = ""
    operation: str = ""
    kind: str = ""
    body: Mapping[str, Json] | None = None
    old: Mapping[str, Json] | None = None
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        outcome: `Outcome.DENIED` refuses the object, everything else allows it.
        patch: JSON Patch as JSON; empty leaves the object as it is.
        warnings: for the person who made the object.
        message: why it is denied; empty when it is not.
        notes: audit annotations.
    """

    outcome: Outcome = Outcome.UNCHANGED
    patch: bytes = b""
    warnings: Sequence[str] = ()
    message: str = ""
    notes: Mapping[str, str] | None = None

    @property
    def is_allowed(self) -> bool:
        """Tell whether the object is let in."""
        return not self.message


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP.

    Attributes:
        body: JSON.
        uid, namespace: of the request; empty when there was none.
        request, answer: what it was made of; None when there was no request.
    """

    status: int
    body: bytes
    outcome: Outcome
    uid: str = ""
    namespace: str = ""
    request: Request | None = field(default=None, repr=False, compare=False)
    answer: Answer | None = field(default=None, repr=False, compare=False)


class BadReviewError(Exception):
    """The body is no AdmissionReview; the text says why and never quotes it."""


def parse_review(body: bytes) -> Request:
    """Return what an AdmissionReview asks, of version v1 or v1beta1.

    Raises:
        BadReviewError: it is none. An object that is missing or of a strange shape is no error here.
    """
    if len(body) > MAX_BODY:
        raise BadReviewError("the body is larger than any AdmissionReview; send one review")
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as err:  # not UTF-8 and nested too deeply are this, too
        raise BadReviewError("the body is no JSON; send an AdmissionReview") from err
    if not isinstance(review, dict) or review.get("kind") != "AdmissionReview":
        raise BadReviewError("the body is no AdmissionReview; send one")
    version = review.get("apiVersion")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise BadReviewError("the AdmissionReview is of no known version; known are v1 and v1beta1")
    request = review.get("request")
    if not isinstance(request, dict):
        raise BadReviewError("the AdmissionReview has no request; send one")
    uid = request.get("uid")
    if not isinstance(uid, str) or not uid or len(uid) > _UID:
        raise BadReviewError("the request has no uid; send one")
    kind, found, old = request.get("kind"), request.get("object"), request.get("oldObject")
    return Request(
        version=version,
        uid=uid,
        namespace=_text(request.get("namespace")),
        operation=_text(request.get("operation")),
        kind=_text(kind.get("kind")) if isinstance(kind, dict) else "",
        body=found if isinstance(found, dict) else None,
        old=old if isinstance(old, dict) else None,
        is_dry_run=request.get("dryRun") is True,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def make_reply(request: Request, answer: Answer) -> Reply:
    """Return an answer as an AdmissionReview of the request's own version."""
    response: dict[str, object] = {"uid": request.uid, "allowed": answer.is_allowed}
    if not answer.is_allowed:
        # `code` is HTTP's, and what a client of the API server gets to see.
        response["status"] = {"code": _FORBIDDEN, "reason": "Forbidden", "message": answer.message}
    elif answer.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(answer.patch).decode("ascii")
    if answer.notes:
        response["auditAnnotations"] = answer.notes
    if answer.warnings:
        response["warnings"] = _short(answer.warnings)
    document = {"apiVersion": request.version, "kind": "AdmissionReview", "response": response}
    return Reply(200, orjson.dumps(document), answer.outcome, request.uid, request.namespace, request, answer)


def make_refusal(status: int, message: str) -> Reply:
    """Return the answer to what is no AdmissionReview at all.

    Args:
        status: of HTTP, 4xx.
        message: what is wrong and what to do; never a part of the body.
    """
    return Reply(status, orjson.dumps({"error": message}), Outcome.BAD_REQUEST)


def _short(warnings: Sequence[str]) -> list[str]:
    """Return warnings as the API server passes them on whole."""
    made = [_clean(one) for one in warnings[:_MAX_WARNINGS]]
    left = len(warnings) - len(made)
    if left:
        made[-1] = f"phase2: and {left + 1} more, which do not fit"
    return made


def _clean(text: str) -> str:
    # Header values take no control characters; the API server would drop the warning.
    clean = "".join(one if one.isprintable() else " " for one in text)
    return clean if len(clean) <= MAX_WARNING else f"{clean[: MAX_WARNING - 1]}…"
