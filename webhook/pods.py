"""Decides for a pod: ``POST /mutate/pods``. What it becomes is `injector.pod`'s business."""

from __future__ import annotations

from typing import Final

import orjson

from injector.config.model import DEFAULT
from injector.convention.known import Proposer
from injector.convention.obey import decide
from injector.pod.names import RELEASED
from injector.pod.patch import make_patch
from webhook.review import Answer, Outcome, Request
from webhook.state import Snapshot

_TOO_EARLY: Final = "phase2: left alone: the webhook has not read its SecretMigrations yet; make the pod again"


def decide_pod(request: Request, snapshot: Snapshot, *, proposer: Proposer | None = None) -> Answer:
    """Return the patch of a pod that opted in and is made now; everything else stays as it is.

    Pods that are there already are never changed: what a running container mounts cannot be taken away.

    Args:
        request: what the API server asks.
        snapshot: what is known now.
        proposer: judges pods by their label alone; without one there is no convention.
    """
    if not is_asked(request):
        return Answer()
    if request.body is None:
        return _warn("phase2: left alone: the request holds no pod")
    made = decide(
        request.body,
        request.namespace,
        snapshot.migrations.get(request.namespace, ()),
        cluster=snapshot.cluster,
        proposer=proposer or Proposer(DEFAULT),
        settings=snapshot.settings,
    )
    change = made.change
    patch = make_patch(request.body, change.pod)
    if patch:
        notes = {**_note(Outcome.MUTATED), "migration-revision": change.revision}
        if change.released:
            notes[RELEASED] = ",".join(change.released)
        return Answer(Outcome.MUTATED, orjson.dumps(patch), change.warnings, notes=notes)
    if (change.warnings or made.denied) and not snapshot.is_complete:
        return _warn(_TOO_EARLY)
    if made.denied:
        message = f"phase2: {made.denied}"
        return Answer(Outcome.DENIED, message=message, warnings=change.warnings, notes=_note(Outcome.DENIED))
    return _warn(*change.warnings) if change.warnings else Answer()


def is_asked(request: Request) -> bool:
    """Tell whether a request is about a pod that is made now."""
    return request.operation in ("", "CREATE") and request.kind in ("", "Pod")


def _warn(*warnings: str) -> Answer:
    return Answer(Outcome.WARNED, warnings=warnings, notes=_note(Outcome.WARNED))


def _note(outcome: Outcome) -> dict[str, str]:
    """Return what the audit log is told of every pod that opted in; of the others it holds nothing."""
    return {"outcome": outcome.value}
