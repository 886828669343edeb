"""Made-up clusters and pods for `tests.webhook.fuzz`: what they are made of, and what is made of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from injector.cluster import ClusterState
from injector.config.load import parse_config
from injector.config.model import Config, Enforce, Webhook
from injector.convention.known import Proposer
from injector.migration.model import Delivery, Read, Stage
from tests.canary import CANARY
from tests.property.admitted import STORE, cluster_of
from tests.unit.convention.deciding import external_secret, namespace
from tests.unit.pod.making import file_read, from_secret, migration, volume_read, wrapped_read
from tests.webhook.reviews import snapshot
from webhook.remembering import PodDecider
from webhook.state import Snapshot

LABEL = "phase2.tazlab.net/inject"
OURS = "phase2.tazlab.net"
DSN = "postgres://{{ .user }}:{{ .password }}@pg.shop.svc:5432/shop"
SECRETS = {
    "login": {"template": {"password": DSN, "user": "{{ .user }}"}},
    "token": {"data": ("API_TOKEN",)},
    "unsure": {"data": ("password", "user")},
}
"""What an ExternalSecret of the Secret db is: surely a login, surely none, or something that only its names tell."""


COMMAND = ("/entrypoint.sh",)
PAIRS = (("password", "PG_password"), ("user", "PG_user"))
READS_BY: dict[Delivery, tuple[Read, ...]] = {
    Delivery.FILE: (volume_read(),),
    Delivery.ENV_FILE: tuple(file_read(key, env) for key, env in PAIRS),
    Delivery.ENV_WRAPPED: tuple(wrapped_read(key, env) for key, env in PAIRS),
}
VARIABLES = {
    "env": (("PG_user", "user"), ("PG_password", "password")),
    "env-one": (("PG_password", "password"),),
    "env-other": (("PG_password", "password"), ("LOGIN", "user")),
}
"""Form of a pod -> (variable, key); LOGIN is one of which no migration speaks."""


@dataclass(frozen=True, slots=True)
class World:
    """What a cluster says of Secret db.

    Attributes:
        stage: of a committed migration for ServiceAccount web and container app; None without one.
        delivery: by which way its container gets both keys; a file in a folder without a migration.
        names_command: the migration says which command the image runs.
        secret: what the ExternalSecret is (`SECRETS`); empty without one.
        has_default: the namespace opts its pods in.
        is_strict: ``enforce: deny``.
    """

    stage: Stage | None
    delivery: Delivery
    names_command: bool
    secret: str
    has_default: bool
    is_strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a pod is made of; `form` is how container app reads the Secret, if at all."""

    label: str | None
    account: str | None
    form: str
    has_command: bool
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
def cluster_with(secret: str, *, has_default: bool, is_strict: bool) -> tuple[ClusterState, PodDecider]:
    """A cluster, and what decides with all that it remembers; one for all worlds that differ in the migration only."""
    objects = [STORE]
    if has_default:
        objects.append(namespace(inject="enabled"))
    if secret:
        objects += [external_secret(**SECRETS[secret], namespace=one) for one in ("shop", "other")]  # type: ignore[arg-type]
    return cluster_of(*objects), PodDecider(Proposer(config_of(is_strict=is_strict)))


@cache
def known_of(world: World) -> tuple[Snapshot, PodDecider]:
    """What the webhook knows of a world, and what decides by it."""
    cluster, decide = cluster_with(world.secret, has_default=world.has_default, is_strict=world.is_strict)
    command = COMMAND if world.names_command else ()
    held = (
        snapshot(migration(*READS_BY[world.delivery], stage=world.stage, command=command))
        if world.stage
        else snapshot()
    )
    return replace(held, cluster=cluster), decide


def draw(rng: Random) -> tuple[World, Traits]:
    """Draw a world and a pod, each trait by itself, most often one that lets the pod move."""

    def often(value: object, *others: object) -> Any:
        return value if rng.random() < 0.88 else rng.choice(others)

    stage = often(Stage.INJECT, Stage.PREPARE, Stage.RELEASE, Stage.RETIRE) if rng.random() < 0.5 else None
    world = World(
        stage=stage,
        delivery=rng.choice(list(READS_BY)) if stage else Delivery.FILE,
        names_command=stage is not None and rng.random() < 0.2,
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
        form=often("volume", "projected", "items", "none", "other-secret", "shared")
        if rng.random() < 0.6
        else often(rng.choice(["env", "env-from"]), "env-one", "env-other"),
        has_command=rng.random() < (0.5 if stage else 0.2),
        trap=often("", "by-hand", "status", "agent", "reserved-volume", "taken-path", "no-token", "ours", "forged"),
        namespace=often("shop", "kube-system", "other"),
        operation=often("CREATE", "UPDATE"),
        owner=often("", "ReplicaSet", "Job", "Cluster"),
        asks=asks,
    )
    return world, traits


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
    app: dict[str, Any] = {"name": "app", "image": "shop:1", "env": [{"name": "DSN_OPTIONS", "value": CANARY}]}
    if traits.has_command:
        app |= {"command": ["/app", "serve"], "args": ["--fast"]}
    spec: dict[str, Any] = {"containers": [app]}
    if traits.form in VARIABLES:
        app["env"] += [from_secret(env, key) for env, key in VARIABLES[traits.form]]
    elif traits.form == "env-from":
        app["envFrom"] = [{"configMapRef": {"name": "more"}}, {"prefix": "PG_", "secretRef": {"name": "db"}}]
    elif traits.form != "none":
        app["volumeMounts"] = [{"name": "creds", "mountPath": "/etc/db", "readOnly": True}]
        spec["volumes"] = [{"name": "creds", **source}]
    others: list[dict[str, Any]] = [{"name": f"side-{number}", "image": "x"} for number in range(rng.randrange(3))]
    if traits.form == "shared" and others:
        others[0]["volumeMounts"] = [{"name": "creds", "mountPath": "/creds"}]
    spec["containers"] = [*others, app] if rng.random() < 0.5 else [app, *others]
    extras = {
        "securityContext": {"runAsUser": 1000},
        "initContainers": [{"name": "init", "image": "x"}],
        "nodeName": "n",
    }
    spec |= {part: value for part, value in extras.items() if rng.random() < 0.3}
    if traits.account:
        spec["serviceAccountName"] = traits.account
    metadata: dict[str, Any] = {"generateName": f"web-{rng.randrange(4)}-"}
    if traits.label is not None:
        metadata["labels"] = {LABEL: traits.label, "a/b~c": "x"}
    if rng.random() < 0.3:
        metadata["annotations"] = {"note": f"\u2028é {CANARY}"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
