"""Many made-up pods against a judge that was written apart from the engine: which must be changed, and which must not.

``PHASE2_FUZZ=200000`` makes more of them; the seed is fixed, so a failure comes again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from injector.migration.model import Stage
from tests.unit.pod.making import migration, volume_read
from tests.webhook.reviews import patched, response, review, snapshot
from webhook.answering import answer_review
from webhook.pods import decide_pod
from webhook.review import Outcome
from webhook.state import Snapshot

COUNT = int(os.environ.get("PHASE2_FUZZ", "5000"))
SEED = 20261124


@dataclass(frozen=True, slots=True)
class Made:
    """A pod and what the judge knows of it."""

    body: dict[str, Any]
    namespace: str
    operation: str
    stage: Stage
    must_change: bool
    is_opted_in: bool


def make(rng: Random) -> Made:
    """Make a pod of independent traits; the judge looks at the traits, never at the pod."""

    def often(value: object, *others: object) -> Any:
        return value if rng.random() < 0.85 else rng.choice(others)

    label = often("true", "false", None, "True")
    account = often("web", "other", None)
    form = often("volume", "projected", "items", "none", "other-secret", "shared")
    trap = often("", "by-hand", "status", "agent", "reserved-volume", "taken-path", "no-token", "ours")
    namespace, operation = often("shop", "kube-system", "other"), often("CREATE", "UPDATE")
    stage = often(Stage.INJECT, Stage.PREPARE, Stage.RELEASE, Stage.RETIRE)
    body = _pod(rng, label, account, form)
    _set_trap(body, trap)
    is_moved = form in ("volume", "projected", "items") or (form == "shared")
    return Made(
        body=body,
        namespace=namespace,
        operation=operation,
        stage=stage,
        is_opted_in=label == "true",
        must_change=(
            label == "true"
            and account == "web"
            and trap == ""
            and namespace == "shop"
            and operation == "CREATE"
            and stage is not Stage.PREPARE
            and is_moved
        ),
    )


def _pod(rng: Random, label: str | None, account: str | None, form: str) -> dict[str, Any]:
    source: dict[str, Any] = {"secret": {"secretName": "db"}}
    if form == "projected":
        source = {"projected": {"sources": [{"secret": {"name": "db"}}]}}
    elif form == "items":
        source = {"secret": {"secretName": "db", "items": [{"key": "password", "path": "pw"}]}}
    elif form == "other-secret":
        source = {"secret": {"secretName": "tls"}}
    app: dict[str, Any] = {"name": "app", "image": "shop:1"}
    spec: dict[str, Any] = {"containers": [app]}
    if form != "none":
        app["volumeMounts"] = [{"name": "creds", "mountPath": "/etc/db", "readOnly": True}]
        spec["volumes"] = [{"name": "creds", **source}]
    others = [{"name": f"side-{number}", "image": "x"} for number in range(rng.randrange(3))]
    if form == "shared" and others:
        others[0]["volumeMounts"] = [{"name": "creds", "mountPath": "/creds"}]  # type: ignore[assignment]
    spec["containers"] = [*others, app] if rng.random() < 0.5 else [app, *others]
    extras = {"securityContext": {"runAsUser": 1000}, "initContainers": [{"name": "init"}], "nodeName": "n"}
    spec |= {part: value for part, value in extras.items() if rng.random() < 0.3}
    if account:
        spec["serviceAccountName"] = account
    metadata: dict[str, Any] = {"generateName": "web-"}
    if label is not None:
        metadata["labels"] = {"phase2.tazlab.net/inject": label, "a/b~c": "x"}
    if rng.random() < 0.3:
        metadata["annotations"] = {"note": "\u2028é"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _set_trap(body: dict[str, Any], trap: str) -> None:
    """Make a pod one that must be left alone."""
    spec, metadata = body["spec"], body["metadata"]
    notes = {
        "by-hand": {"vault.hashicorp.com/role": "mine"},
        "status": {"vault.hashicorp.com/agent-inject-status": "injected"},
        "ours": {"phase2.tazlab.net/migration-revision": "0"},
    }
    if trap in notes:
        metadata["annotations"] = {**metadata.get("annotations", {}), **notes[trap]}
    elif trap == "agent":
        spec["containers"] = [*spec["containers"], {"name": "vault-agent"}]
    elif trap == "reserved-volume":
        spec["volumes"] = [*spec.get("volumes", []), {"name": "vault-secrets", "emptyDir": {}}]
    elif trap == "taken-path":
        spec["containers"][0].setdefault("volumeMounts", []).append({"name": "x", "mountPath": "/vault/secrets"})
    elif trap == "no-token":
        spec["automountServiceAccountToken"] = False


def check(made: Made, known: Snapshot) -> None:
    """Show that a pod is answered as the judge says, and that nothing is lost."""
    sent = review(made.body, namespace=made.namespace, operation=made.operation)
    before = orjson.dumps(made.body)
    reply = answer_review(sent, known, decide=decide_pod)
    answer = response(reply)
    assert (reply.status, answer["allowed"], reply.outcome is Outcome.ERROR) == (200, True, False)
    assert answer["uid"] == orjson.loads(sent)["request"]["uid"]
    assert ("patch" in answer) is made.must_change, before
    if not made.must_change:
        assert made.is_opted_in or "warnings" not in answer
        return
    after: dict[str, Any] = patched(made.body, reply)
    _check_kept(made.body, after)
    again = answer_review(review(after, namespace=made.namespace), known, decide=decide_pod)
    assert "patch" not in response(again)


def _check_kept(before: dict[str, Any], after: dict[str, Any]) -> None:
    for part in ("containers", "initContainers"):
        old, new = before["spec"].get(part, []), after["spec"].get(part, [])
        assert [one["name"] for one in old] == [one["name"] for one in new]
        for was, now in zip(old, new, strict=True):
            assert now.get("volumeMounts") == was.get("volumeMounts") or was["name"] == "app"
    (app,) = [one for one in after["spec"]["containers"] if one["name"] == "app"]
    assert "creds" not in [one["name"] for one in app.get("volumeMounts", [])]
    assert after["metadata"]["annotations"]["vault.hashicorp.com/agent-inject-containers"] == "app"
    assert after["metadata"]["labels"]["phase2.tazlab.net/eso"] == "skip"
    kept = {key: value for key, value in after["spec"].items() if key not in ("containers", "volumes")}
    assert kept == {key: value for key, value in before["spec"].items() if key not in ("containers", "volumes")}


def test_many_pods_are_answered_as_the_judge_says() -> None:
    rng = Random(SEED)  # noqa: S311 - a seed, so that a failure comes again
    known = {stage: snapshot(migration(volume_read(), stage=stage)) for stage in Stage}
    changed = 0

    for _ in range(COUNT):
        made = make(rng)
        check(made, known[made.stage])
        changed += made.must_change

    assert COUNT * 0.1 < changed < COUNT * 0.6
