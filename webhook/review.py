"""One AdmissionReview: bytes in, a status and bytes out. No framework, no network, no clock.

The raw body is parsed here, and no part of it is ever given back but the request's uid: FastAPI's own validation would
answer with the offending input, and an AdmissionReview of a Secret holds what nobody may see.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

from injector.pod.model import Json
from injector.pod.mutate import mutate_pod
from injector.pod.patch import make_patch
from webhook.state import Snapshot

MAX_BODY: Final = 8 * 1024 * 1024
"""An object has at most 3 MiB in etcd, and a review holds it at most twice."""
MAX_WARNING: Final = 256
"""The API server cuts a warning at 256 characters, and drops them all above 4096.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
"""
_MAX_WARNINGS: Final = 15
_VERSIONS: Final = frozenset({"admission.k8s.io/v1", "admission.k8s.io/v1beta1"})
_UID: Final = 128


class Outcome(StrEnum):
    """What became of a request; the words of the metric."""

    MUTATED = "mutated"
    UNCHANGED = "unchanged"
    WARNED = "warned"
    BAD_REQUEST = "bad-request"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP.

    Attributes:
        body: JSON.
        uid: of the request; empty when there was none.
    """

    status: int
    body: bytes
    outcome: Outcome
    uid: str = ""


@dataclass(frozen=True, slots=True)
class _Request:
    version: str
    uid: str
    namespace: str
    operation: str
    pod: Mapping[str, Json]


class _BadReviewError(Exception):
    """The body is no AdmissionReview of a pod; the text never quotes it."""


def review_pod(body: bytes, snapshot: Snapshot) -> Reply:
    """Answer an AdmissionReview of a pod.

    A body that is no review is a 400 with words. A review whose object is no pod is allowed unchanged with a warning:
    what the webhook does not understand it leaves alone.
    """
    try:
        request = _parse(body)
    except _BadReviewError as err:
        return Reply(400, orjson.dumps({"error": str(err)}), Outcome.BAD_REQUEST)
    if request.operation not in ("", "CREATE"):
        return _allow(request, [], [], Outcome.UNCHANGED)
    migrations = snapshot.migrations.get(request.namespace, ())
    change = mutate_pod(request.pod, request.namespace, migrations, snapshot.settings)
    patch = make_patch(request.pod, change.pod)
    outcome = Outcome.MUTATED if patch else Outcome.WARNED if change.warnings else Outcome.UNCHANGED
    return _allow(request, patch, list(change.warnings), outcome, change.revision)


def _parse(body: bytes) -> _Request:
    if len(body) > MAX_BODY:
        raise _BadReviewError("the body is larger than any AdmissionReview; send one review")
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise _BadReviewError("the body is no JSON; send an AdmissionReview") from err
    if not isinstance(review, dict) or review.get("kind") != "AdmissionReview":
        raise _BadReviewError("the body is no AdmissionReview; send one")
    version = review.get("apiVersion")
    if version not in _VERSIONS:
        raise _BadReviewError("the AdmissionReview is of no known version; known are v1 and v1beta1")
    request = review.get("request")
    if not isinstance(request, dict):
        raise _BadReviewError("the AdmissionReview has no request; send one")
    uid = request.get("uid")
    if not isinstance(uid, str) or not uid or len(uid) > _UID:
        raise _BadReviewError("the request has no uid; send one")
    pod = request.get("object")
    namespace, operation = request.get("namespace"), request.get("operation")
    return _Request(
        version=version,
        uid=uid,
        namespace=namespace if isinstance(namespace, str) else "",
        operation=operation if isinstance(operation, str) else "",
        pod=pod if isinstance(pod, dict) else {},
    )


def _allow(
    request: _Request, patch: list[dict[str, Json]], warnings: list[str], outcome: Outcome, revision: str = ""
) -> Reply:
    response: dict[str, object] = {"uid": request.uid, "allowed": True}
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(orjson.dumps(patch)).decode()
        response["auditAnnotations"] = {"migration-revision": revision}
    if warnings:
        response["warnings"] = [_short(one) for one in warnings[:_MAX_WARNINGS]]
    document = {"apiVersion": request.version, "kind": "AdmissionReview", "response": response}
    return Reply(200, orjson.dumps(document), outcome, request.uid)


def allow_unchanged(uid: str, version: str, warning: str) -> bytes:
    """Return the answer that leaves an object alone and says why; for what nobody foresaw."""
    response = {"uid": uid, "allowed": True, "warnings": [_short(warning)]}
    return orjson.dumps({"apiVersion": version, "kind": "AdmissionReview", "response": response})


def _short(text: str) -> str:
    # Header values take no control characters; the API server would drop the warning.
    clean = "".join(one if one.isprintable() else " " for one in text)
    return clean if len(clean) <= MAX_WARNING else f"{clean[: MAX_WARNING - 1]}…"
