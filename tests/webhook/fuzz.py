"""Made-up pods against a judge that was written apart from the engine: which must be changed, which denied, which left alone.

``python -m tests.webhook.fuzz 200000`` asks about so many, in two processes; a seed is fixed, so a failure comes again. The
judge looks at the traits that a pod was made of, never at the pod, and knows nothing of how the engine decides.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from random import Random
from typing import Any

import orjson

from injector.config.load import parse_config
from injector.config.model import Config, Enforce, Webhook
from injector.convention.known import Proposer
from injector.migration.model import Stage
from tests.property.admitted import STORE, cluster_of
from tests.unit.convention.deciding import external_secret, namespace
from tests.unit.pod.making import migration, volume_read
from tests.webhook.reviews import patched, response, review, snapshot
from webhook.answering import answer_review
from webhook.pods import decide_pod
from webhook.review import Outcome
from webhook.state import Snapshot

SEED = 20261124
VERSIONS = ("admission.k8s.io/v1", "admission.k8s.io/v1beta1")
PROCESSES = 2
LABEL = "phase2.tazlab.net/inject"
OURS = "phase2.tazlab.net"
DSN = "postgres://{{ .user }}:{{ .password }}@pg.shop.svc:5432/shop"
SECRETS = {
    "login": {"template": {"password": DSN, "user": "{{ .user }}"}},
    "token": {"data": ("API_TOKEN",)},
    "unsure": {"data": ("password", "user")},
}
"""What an ExternalSecret of the Secret db is: surely a login, surely none, or something that only its names tell."""


@dataclass(frozen=True, slots=True)
class World:
    """What a cluster says of Secret db.

    Attributes:
        stage: of a committed migration for ServiceAccount web and container app; None without one.
        secret: what the ExternalSecret is (`SECRETS`); empty without one.
        has_default: the namespace opts its pods in.
        is_strict: ``enforce: deny``.
    """

    stage: Stage | None
    secret: str
    has_default: bool
    is_strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a pod is made of."""

    label: str | None
    account: str | None
    form: str
    trap: str
    namespace: str
    operation: str
    owner: str
    asks: tuple[str, str] | None


@cache
def config_of(*, is_strict: bool) -> Config:
    """A convention for namespace shop alone."""
    made = parse_config(
        b"vault: {mounts: {database: db}, auth: {method: jwt}, labelAlone: [shop],"
        b" names: {authRole: '{namespace}-{serviceAccount}', engineRole: '{namespace}-{name}'}}"
    )
    return replace(made, webhook=Webhook(enforce=Enforce.DENY if is_strict else Enforce.WARN))


@cache
def known_of(world: World) -> tuple[Snapshot, Proposer]:
    """What the webhook knows of a world, and its memory."""
    objects = [STORE]
    if world.has_default:
        objects.append(namespace(inject="enabled"))
    if world.secret:
        objects += [external_secret(**SECRETS[world.secret], namespace=one) for one in ("shop", "other")]  # type: ignore[arg-type]
    held = snapshot(migration(volume_read(), stage=world.stage)) if world.stage else snapshot()
    return replace(held, cluster=cluster_of(*objects)), Proposer(config_of(is_strict=world.is_strict))


def draw(rng: Random) -> tuple[World, Traits]:
    """Draw a world and a pod, each trait by itself, most often one that lets the pod move."""

    def often(value: object, *others: object) -> Any:
        return value if rng.random() < 0.88 else rng.choice(others)

    stage = often(Stage.INJECT, Stage.PREPARE, Stage.RELEASE, Stage.RETIRE) if rng.random() < 0.5 else None
    world = World(
        stage=stage,
        secret=often("login", "token", "unsure", "") if rng.random() < 0.8 else "",
        has_default=rng.random() < 0.5,
        is_strict=rng.random() < 0.5,
    )
    asks = often(
        None,
        ("role", "shop-web"),
        ("role", "shop-admin"),
        ("delivery", "file"),
        ("delivery", "file,env-wrapped"),
        ("delivery", "env-file"),
        ("secrets", "db"),
        ("secrets", "mq"),
        ("secrets", "}}{{ env `HOME` }}"),
        ("role", ""),
        ("delivery", "FILE"),
    )
    traits = Traits(
        label=often("true", "false", None, None, None, "True"),
        account=often("web", "other", None),
        form=often("volume", "projected", "items", "none", "other-secret", "shared"),
        trap=often("", "by-hand", "status", "agent", "reserved-volume", "taken-path", "no-token", "ours", "forged"),
        namespace=often("shop", "kube-system", "other"),
        operation=often("CREATE", "UPDATE"),
        owner=often("", "ReplicaSet", "Job", "Cluster"),
        asks=asks,
    )
    return world, traits


READS = ("volume", "projected", "items", "shared")
GOOD_ASKS = (("delivery", "file"), ("delivery", "file,env-wrapped"), ("secrets", "db"))


def is_asked(world: World, pod: Traits) -> bool:
    """Judge whether the pod is one that anybody looks at."""
    is_default = pod.label is None and world.has_default and pod.namespace == "shop"
    return pod.operation == "CREATE" and (pod.label == "true" or is_default)


def must_change(world: World, pod: Traits) -> bool:
    """Judge whether the pod must get its credentials from the agent."""
    account = pod.account or "default"
    # A pod whose manifest names the Secret no more says by name which migration it wants; another Secret in the same folder
    # would be a second mount there, which no API server takes.
    is_named = world.stage is not None and pod.asks == ("secrets", "db") and pod.form != "other-secret"
    if not (is_asked(world, pod) and pod.trap == "" and pod.namespace == "shop" and (pod.form in READS or is_named)):
        return False
    if pod.asks is not None and pod.asks not in GOOD_ASKS and pod.asks != ("role", f"shop-{account}"):
        return False
    if world.stage is not None:
        return world.stage is not Stage.PREPARE and account == "web"
    return world.secret == "login" and pod.owner != "Cluster"  # noqa: S105 - a word


def must_deny(world: World, pod: Traits) -> bool:
    """Judge whether the pod must be kept out: it asks by its own label for what is surely none."""
    was_here = pod.trap in ("by-hand", "status", "agent", "ours", "forged")
    asks_by_label = is_asked(world, pod) and pod.label == "true" and pod.form in READS and not was_here
    is_committed = world.stage is not None and pod.namespace == "shop"
    is_none = not is_committed and world.secret == "token" and pod.owner != "Cluster"  # noqa: S105 - a word
    return world.is_strict and asks_by_label and is_none and pod.namespace in ("shop", "other")


def make(rng: Random, traits: Traits) -> dict[str, Any]:
    """Make a pod of its traits, among much that means nothing."""
    body = _pod(rng, traits)
    spec, metadata = body["spec"], body["metadata"]
    if traits.owner:
        version = {"ReplicaSet": "apps/v1", "Job": "batch/v1"}.get(traits.owner, "postgresql.cnpg.io/v1")
        owner = {"apiVersion": version, "kind": traits.owner, "name": "web-1", "uid": "u", "controller": True}
        metadata["ownerReferences"] = [owner]
    notes = {
        "by-hand": {"vault.hashicorp.com/role": "mine"},
        "status": {"vault.hashicorp.com/agent-inject-status": "injected"},
        "ours": {f"{OURS}/migration-revision": "0", "vault.hashicorp.com/agent-inject": "true"},
        "forged": {f"{OURS}/released-secrets": "db"},
    }.get(traits.trap, {})
    if traits.asks:
        notes = {**notes, f"{OURS}/{traits.asks[0]}": traits.asks[1]}
    if notes:
        metadata["annotations"] = {**metadata.get("annotations", {}), **notes}
    if traits.trap == "agent":
        spec["containers"] = [*spec["containers"], {"name": "vault-agent"}]
    elif traits.trap == "reserved-volume":
        spec["volumes"] = [*spec.get("volumes", []), {"name": "vault-secrets", "emptyDir": {}}]
    elif traits.trap == "taken-path":
        spec["containers"][0].setdefault("volumeMounts", []).append({"name": "x", "mountPath": "/vault/secrets"})
    elif traits.trap == "no-token":
        spec["automountServiceAccountToken"] = False
    return body


def _pod(rng: Random, traits: Traits) -> dict[str, Any]:
    source: dict[str, Any] = {"secret": {"secretName": "db"}}
    if traits.form == "projected":
        source = {"projected": {"sources": [{"secret": {"name": "db"}}]}}
    elif traits.form == "items":
        source = {"secret": {"secretName": "db", "items": [{"key": "password", "path": "pw"}]}}
    elif traits.form == "other-secret":
        source = {"secret": {"secretName": "tls"}}
    app: dict[str, Any] = {"name": "app", "image": "shop:1"}
    spec: dict[str, Any] = {"containers": [app]}
    if traits.form != "none":
        app["volumeMounts"] = [{"name": "creds", "mountPath": "/etc/db", "readOnly": True}]
        spec["volumes"] = [{"name": "creds", **source}]
    others: list[dict[str, Any]] = [{"name": f"side-{number}", "image": "x"} for number in range(rng.randrange(3))]
    if traits.form == "shared" and others:
        others[0]["volumeMounts"] = [{"name": "creds", "mountPath": "/creds"}]
    spec["containers"] = [*others, app] if rng.random() < 0.5 else [app, *others]
    extras = {"securityContext": {"runAsUser": 1000}, "initContainers": [{"name": "init"}], "nodeName": "n"}
    spec |= {part: value for part, value in extras.items() if rng.random() < 0.3}
    if traits.account:
        spec["serviceAccountName"] = traits.account
    metadata: dict[str, Any] = {"generateName": f"web-{rng.randrange(4)}-"}
    if traits.label is not None:
        metadata["labels"] = {LABEL: traits.label, "a/b~c": "x"}
    if rng.random() < 0.3:
        metadata["annotations"] = {"note": "\u2028é"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def check(rng: Random) -> str:
    """Show that a drawn pod is answered as the judge says, and that nothing is lost; return the verdict in a word."""
    world, traits = draw(rng)
    body = make(rng, traits)
    known, proposer = known_of(world)
    decide = partial(decide_pod, proposer=proposer)
    uid = f"{rng.getrandbits(128):032x}"
    version = rng.choice(VERSIONS)
    sent = review(body, namespace=traits.namespace, operation=traits.operation, version=version, uid=uid)
    where = (world, traits, orjson.dumps(body))
    reply = answer_review(sent, known, decide=decide)
    answer = response(reply)
    is_denied, is_changed = must_deny(world, traits), must_change(world, traits)
    assert (reply.status, reply.outcome is Outcome.ERROR) == (200, False), where
    assert answer["allowed"] is not is_denied, where
    assert (answer["uid"], orjson.loads(reply.body)["apiVersion"]) == (uid, version), where
    assert ("patch" in answer) is is_changed, where
    if not is_changed:
        assert is_asked(world, traits) or "warnings" not in answer, where
        assert b"{{ env" not in reply.body, where
        return "denied" if is_denied else "left"
    after: dict[str, Any] = patched(body, reply)
    moved = {"app"} if world.stage is not None else {"app", "side-0"}
    _check_kept(body, after, moved, is_read=traits.form in READS)
    role = "shop-" + (traits.account or "default")
    assert after["metadata"]["annotations"]["vault.hashicorp.com/role"] == role, where
    again = answer_review(review(after, namespace=traits.namespace), known, decide=decide)
    assert "patch" not in response(again), where
    return "committed" if world.stage is not None else "alone"


def _check_kept(before: dict[str, Any], after: dict[str, Any], moved: set[str], *, is_read: bool) -> None:
    for part in ("containers", "initContainers"):
        old, new = before["spec"].get(part, []), after["spec"].get(part, [])
        assert [one["name"] for one in old] == [one["name"] for one in new]
        for was, now in zip(old, new, strict=True):
            assert now.get("volumeMounts") == was.get("volumeMounts") or was["name"] in moved
    (app,) = [one for one in after["spec"]["containers"] if one["name"] == "app"]
    assert not is_read or "creds" not in [one["name"] for one in app.get("volumeMounts", [])]
    injected = after["metadata"]["annotations"]["vault.hashicorp.com/agent-inject-containers"].split(",")
    assert "app" in injected
    assert set(injected) <= moved
    assert after["metadata"]["labels"][f"{OURS}/eso"] == "skip"
    notes = after["metadata"]["annotations"].items()
    templates = [value for key, value in notes if key.startswith("vault.hashicorp.com/agent-inject-template-")]
    assert templates
    assert all("{{" in one for one in templates)
    kept = {key: value for key, value in after["spec"].items() if key not in ("containers", "volumes")}
    assert kept == {key: value for key, value in before["spec"].items() if key not in ("containers", "volumes")}


def run(count: int, seed: int) -> dict[str, int]:
    """Check so many pods, and return how many were answered how."""
    rng = Random(seed)  # noqa: S311 - a seed, so that a failure comes again
    found = {"left": 0, "denied": 0, "committed": 0, "alone": 0}
    for _ in range(count):
        found[check(rng)] += 1
    return found


def main() -> None:
    """Check so many pods as the first argument says, and print what came of them."""
    count = int(sys.argv[1])
    started = time.monotonic()
    with ProcessPoolExecutor(PROCESSES) as pool:
        parts = list(pool.map(run, [count // PROCESSES] * PROCESSES, range(SEED, SEED + PROCESSES)))
    total = {name: sum(one[name] for one in parts) for name in parts[0]}
    told = ", ".join(f"{number} {name}" for name, number in total.items())
    print(
        f"{sum(total.values())} made-up pods are answered as the judge says: {told}; {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
