"""Short ways to AdmissionReviews and what is answered to them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, cast

import jsonpatch
import orjson

from injector.migration.model import SecretMigration
from injector.pod.model import Json
from webhook.review import Reply
from webhook.state import Snapshot, index_migrations

V1 = "admission.k8s.io/v1"
Answered = dict[str, Any]


def review(
    body: object,
    *,
    version: str = V1,
    kind: str = "Pod",
    namespace: str = "shop",
    operation: str = "CREATE",
    **more: object,
) -> bytes:
    """An AdmissionReview as the API server sends it."""
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": kind},
        "namespace": namespace,
        "operation": operation,
        "object": body,
        "oldObject": None,
        **more,
    }
    return orjson.dumps({"apiVersion": version, "kind": "AdmissionReview", "request": request})


def snapshot(*migrations: SecretMigration) -> Snapshot:
    """A snapshot that holds these migrations."""
    return Snapshot(migrations=index_migrations(migrations), is_complete=True)


def response(reply: Reply) -> Answered:
    """What a review's answer says."""
    return cast("Answered", orjson.loads(reply.body)["response"])


def patched(body: Mapping[str, Json], reply: Reply) -> dict[str, Json]:
    """The object with the answer's patch applied by somebody else's reader."""
    operations = orjson.loads(base64.b64decode(response(reply)["patch"]))
    copied = orjson.loads(orjson.dumps(body))
    return cast("dict[str, Json]", jsonpatch.apply_patch(copied, operations, in_place=True))
