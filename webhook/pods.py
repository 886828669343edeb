"""Decides for a pod: ``POST /mutate/pods``. What it becomes is `injector.pod`'s business."""

from __future__ import annotations

from typing import Final

from injector.pod.mutate import mutate_pod
from injector.pod.patch import make_patch
from webhook.review import Answer, Outcome, Request
from webhook.state import Snapshot

_TOO_EARLY: Final = "phase2: left alone: the webhook has not read its SecretMigrations yet; make the pod again"


def decide_pod(request: Request, snapshot: Snapshot) -> Answer:
    """Return the patch of a pod that opted in and is made now; everything else stays as it is.

    Pods that are there already are never changed: what a running container mounts cannot be taken away.
    """
    if request.operation not in ("", "CREATE") or request.kind not in ("", "Pod"):
        return Answer()
    if request.body is None:
        return Answer(Outcome.WARNED, warnings=("phase2: left alone: the request holds no pod",))
    migrations = snapshot.migrations.get(request.namespace, ())
    change = mutate_pod(request.body, request.namespace, migrations, snapshot.settings)
    patch = make_patch(request.body, change.pod)
    if patch:
        return Answer(Outcome.MUTATED, patch, change.warnings, notes={"migration-revision": change.revision})
    if change.warnings and not snapshot.is_complete:
        return Answer(Outcome.WARNED, warnings=(_TOO_EARLY,))
    return Answer(Outcome.WARNED if change.warnings else Outcome.UNCHANGED, warnings=change.warnings)
