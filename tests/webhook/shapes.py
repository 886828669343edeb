"""Made-up pods of every shape that a reader of Secrets may have, and SecretMigrations that speak of them, more or less.

What is drawn are documents as people write them; `tests.webhook.judge` says what must become of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.canary import CANARY
from tests.webhook.kubelet import Node, nodes

KEYS = {"db": ("password", "user", "host"), "mq": ("token", "user"), "cache": ("ca.crt", "pass-word")}
"""What the Secrets hold."""
MOVING = {"db": ("password", "user"), "mq": ("token", "user"), "cache": ("ca.crt", "pass-word")}
OURS = "phase2.tazlab.net"
HOSTILE = ('{{ env "HOME" }}', "$(touch /x)", "'; exit 1 #", '"\\\n', "\u2028\u202e", "$$(DB_PASSWORD)", f"é{CANARY}")
_FORMS = (
    *("folder", "folder", "items", "twice", "single", "projected", "joined", "by-expression"),
    *("env", "env", "env-from", "folder+env", "static", "optional", "env-one"),
)
_TRAPS: dict[str, Node] = {
    "by-hand": {"vault.hashicorp.com/agent-inject-token": "x"},
    "status": {"vault.hashicorp.com/agent-inject-status": "update"},
    "forged": {f"{OURS}/migration-revision": "0"},
}
TRAPS = (
    *_TRAPS,
    "agent",
    "init-agent",
    "volume",
    "path",
    "no-token",
    "admitted-no-token",
    "host-pid",
    "unshared",
    "flag",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A pod, what is known, and how it is asked.

    Attributes:
        migrations: documents, as they stand in Git.
        audience: of the agent's token; empty without.
        has_default: the namespace opts its pods in.
    """

    pod: Node
    migrations: tuple[Node, ...]
    namespace: str
    operation: str
    audience: str
    has_default: bool
    trap: str


def variable(secret: str, key: str) -> str:
    """The variable that holds a key."""
    return f"{secret}_{key}".upper().replace("-", "_").replace(".", "_")


def template(secret: str, key: str) -> str:
    """What is rendered for a key, and for no other."""
    return f'{{{{ with secret "database/creds/{secret}" }}}}{{{{ .Data.{key} }}}}{{{{ end }}}}{secret}'


def often(rng: Random, chance: float = 0.9) -> bool:
    return rng.random() < chance


def draw_case(rng: Random) -> Case:
    """Draw one; most often the pod may move."""
    containers = ["app"] + [one for one in ("side", "init", "proxy", "other") if rng.random() < 0.25]
    secrets = rng.sample(sorted(KEYS), rng.choice((1, 1, 2, 2, 3)))
    made: dict[str, Node] = {one: {"name": one, "image": "x:1"} for one in containers}
    volumes: dict[str, Node] = {}
    spoken: dict[str, dict[str, list[Node]]] = {one: {} for one in secrets}
    for secret in secrets:
        for name in containers:
            if name == "app" or rng.random() < 0.4:
                _read(rng, made[name], secret, volumes, spoken[secret])
    pod = _pod(rng, made, volumes)
    trap = "" if often(rng, 0.93) else rng.choice(TRAPS)
    _spring(pod, trap)
    migrations = tuple(_migration(rng, one, spoken[one]) for one in secrets if often(rng))
    pod["metadata"] |= _metadata(rng, secrets, trap)
    return Case(
        pod=pod,
        migrations=migrations,
        namespace="shop" if often(rng, 0.97) else rng.choice(("kube-system", "kube-public", "other")),
        operation="CREATE" if often(rng, 0.97) else rng.choice(("UPDATE", "DELETE", "CONNECT")),
        audience=rng.choice(("", "", "vault")),
        has_default=rng.random() < 0.5,
        trap=trap,
    )


def _read(rng: Random, container: Node, secret: str, volumes: dict[str, Node], spoken: dict[str, list[Node]]) -> None:
    """Let a container read a Secret in some way; note what a migration would say of that."""
    form = rng.choice(_FORMS)
    reads: list[Node] = []
    keys = MOVING[secret]
    if form in ("env", "folder+env", "env-one", "static", "optional"):
        names = keys[:1] if form == "env-one" else keys
        found = [(variable(secret, key), key) for key in names]
        if form == "static" and secret == "db":  # noqa: S105 - a word
            found.append(("DB_HOST", "host"))
        more = {"optional": True} if form == "optional" else {}
        held = [
            {"name": env, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, **more}}} for env, key in found
        ]
        container.setdefault("env", []).extend(held)
        reads += _by_variable(rng, secret, [(variable(secret, key), key) for key in keys])
    if form == "env-from":
        # Without one, two Secrets with a key of one name would give one variable twice, and nobody sees which one counts.
        prefix = f"{secret.upper()}_" if secret != "db" or rng.random() < 0.5 else ""  # noqa: S105 - a word
        source: Node = {"secretRef": {"name": secret}}
        container.setdefault("envFrom", []).append({"prefix": prefix, **source} if prefix else source)
        reads += _by_variable(rng, secret, [(f"{prefix}{key}", key) for key in keys], prefix)
    if form in ("folder", "folder+env", "items", "twice", "single", "projected", "joined", "by-expression"):
        reads += _mount(rng, container, secret, volumes, form)
    spoken[container["name"]] = reads


def _by_variable(rng: Random, secret: str, found: list[tuple[str, str]], prefix: str | None = None) -> list[Node]:
    is_wrapped = rng.random() < 0.5
    delivery = "env-wrapped" if is_wrapped else "env-file"
    if prefix is not None and rng.random() < 0.4:
        read: Node = {"key": "*", "delivery": delivery, "env": prefix, "path": f"/run/{secret}"}
        return [read if is_wrapped else {**read, "fileEnv": f"{prefix}_FILE"}]
    made: list[Node] = []
    for env, key in found:
        read = {"key": key, "delivery": delivery, "env": env, "path": f"/vault/secrets/{secret}/{key}"}
        if is_wrapped and rng.random() < 0.5:
            del read["path"]
        made.append(read if is_wrapped else {**read, "fileEnv": f"{env}_FILE"})
    return made


def _mount(rng: Random, container: Node, secret: str, volumes: dict[str, Node], form: str) -> list[Node]:
    keys = MOVING[secret]
    folder = f"/etc/{secret}"
    if rng.random() < 0.15:
        folder = rng.choice(
            ("/creds", f"/srv/it's {secret}", f"/vault/secrets/{secret}", f"/etc/{secret}/deep/er", "/")
        )
    items = [{"key": key, "path": f"in/{key}" if rng.random() < 0.2 else f"{key}.txt"} for key in keys]
    if form == "twice":
        items.append({"key": keys[0], "path": "again"})
    if secret == "db" and form == "items" and rng.random() < 0.1:  # noqa: S105 - a word
        items.append({"key": "host", "path": "host"})
    if rng.random() < 0.2:
        items[0]["mode"] = 0o400  # type: ignore[assignment]
    mode = {"defaultMode": rng.choice((0o400, 0o440, 0o644))} if rng.random() < 0.3 else {}
    name = f"{secret}-{form}"
    source: Node = {"secret": {"secretName": secret, **mode}}
    if form in ("items", "twice"):
        source["secret"]["items"] = items
    elif form in ("projected", "joined"):
        sources: list[Node] = [{"secret": {"name": secret}}]
        sources += [{"configMap": {"name": "more"}}] if form == "joined" else []
        source = {"projected": {"sources": sources, **mode}}
    volume = volumes.setdefault(name, {"name": name, **source})
    mounts = container.setdefault("volumeMounts", [])
    if folder in {one["mountPath"].rstrip("/") or "/" for one in mounts}:
        folder = f"/more/{secret}"
    if form == "single":
        path = f"/app/{secret}.txt"
        mounts.append({"name": name, "mountPath": path, "subPath": keys[0], "readOnly": True})
        return [{"key": keys[0], "delivery": "file", "path": path, "single": True}]
    if form == "by-expression":
        mounts.append({"name": name, "mountPath": folder, "subPathExpr": "$(POD)"})
        return [{"key": "*", "delivery": "file", "path": folder}]
    mounts.append({"name": name, "mountPath": folder + ("/" if rng.random() < 0.1 and folder != "/" else "")})
    plain = folder.rstrip("/")
    if form in ("items", "twice"):
        held = volume["secret"]["items"]
        return [
            {"key": one["key"], "delivery": "file", "path": f"{plain}/{one['path']}"}
            for one in held
            if one["key"] in keys
        ]
    return [{"key": "*", "delivery": "file", "path": folder}]


def _migration(rng: Random, secret: str, spoken: dict[str, list[Node]]) -> Node:
    keys = MOVING[secret]
    containers: list[Node] = []
    for name, reads in spoken.items():
        said = [one for one in reads if often(rng, 0.97)]
        if not said or not often(rng, 0.95):
            continue
        one: Node = {"name": name, "reads": said}
        if name == "init":
            one["init"] = True
        elif name == "app" and rng.random() < 0.08:
            one["name"] = "*"
        if rng.random() < 0.3:
            one["command"] = ["/entrypoint.sh", "it's"]
        containers.append(one)
    if not containers or rng.random() < 0.1:
        read = {"key": "*", "delivery": "file", "path": f"/extra/{secret}"}
        containers.append({"name": rng.choice(("app", "nobody")), "reads": [read]})
    web: Node = {
        "kind": "Deployment",
        "name": "web",
        "serviceAccount": "web" if often(rng, 0.95) else "somebody",
        "role": "shop-web" if often(rng, 0.93) else "shop-other",
        "containers": containers,
    }
    if rng.random() < 0.3:
        web["mode"] = rng.choice(("init", "native-sidecar", "sidecar"))
    if rng.random() < 0.2:
        web["runAsUser"] = 1001
    if rng.random() < 0.2:
        web["initFirst"] = True
    if rng.random() < 0.2:
        web["rotation"] = {"action": "signal", "signal": "HUP", "process": "shop"}
    workloads = [web]
    if rng.random() < 0.2:
        read = {"key": "*", "delivery": "file", "path": "/job"}
        workloads.append(
            {
                **web,
                "kind": "CronJob",
                "name": "batch",
                "role": "shop-job",
                "containers": [{"name": "job", "reads": [read]}],
            }
        )
    rng.shuffle(workloads)
    return {
        "apiVersion": f"{OURS}/v1alpha1",
        "kind": "SecretMigration",
        "metadata": {"name": f"{secret}-es", "namespace": "shop"},
        "spec": {
            "stage": "inject" if often(rng) else rng.choice(("prepare", "release", "retire")),
            "source": {"kind": "ExternalSecret", "name": f"{secret}-es"},
            "secret": secret,
            "auth": {"method": "jwt", "mount": "jwt"} if often(rng, 0.95) else {"method": "kubernetes", "mount": "k8s"},
            "credentials": [{"name": "login", "keys": list(keys), "engine": "database/postgresql", "path": f"database/creds/{secret}"}],
            "files": [{"key": key, "template": template(secret, key)} for key in keys],
            "workloads": workloads,
        },
    }  # fmt: skip


def _pod(rng: Random, made: dict[str, Node], volumes: dict[str, Node]) -> Node:
    for container in made.values():
        _decorate(rng, container)
    init = [made[one] for one in ("init", "proxy") if one in made]
    rng.shuffle(init)
    for one in init:
        if one["name"] == "proxy":
            one["restartPolicy"] = "Always"
    main = [one for name, one in made.items() if name not in ("init", "proxy")]
    rng.shuffle(main)
    spec: Node = {"containers": main}
    if init:
        spec["initContainers"] = init
    elif rng.random() < 0.05:
        spec["initContainers"] = None
    if (
        volumes
        or rng.random() < 0.1
        or any(one["name"] == "tmp" for c in made.values() for one in c.get("volumeMounts", ()))
    ):
        spec["volumes"] = [*volumes.values(), {"name": "tmp", "emptyDir": {}}]
    if often(rng, 0.95):
        spec["serviceAccountName"] = "web"
    elif rng.random() < 0.5:
        spec["serviceAccount"] = "web"
    if rng.random() < 0.4:
        spec["securityContext"] = {"runAsUser": rng.choice((0, 1000)), "fsGroup": 7}
    if rng.random() < 0.2:
        spec["hostAliases"] = [{"ip": "10.0.0.1", "hostnames": [CANARY]}]
        spec["priority"] = 2**31 - 1
        spec["terminationGracePeriodSeconds"] = 2**53 + 1
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}, "spec": spec}


def _decorate(rng: Random, container: Node) -> None:
    """Give a container what else containers have, and now and then a word about a variable of its own."""
    if rng.random() < 0.6:
        container["command"] = rng.choice((["/app"], ["sh", "-c", "exec /app"], ["/app", "it's", "$HOME"]))
    if rng.random() < 0.3:
        container["args"] = [rng.choice(("--fast", *HOSTILE))]
    if rng.random() < 0.4:
        own = {"name": "OWN", "value": rng.choice((CANARY, *HOSTILE))}
        container.setdefault("env", []).insert(rng.randrange(len(container.get("env", [])) + 1), own)
    if rng.random() < 0.2:
        container["securityContext"] = {
            "runAsUser": rng.choice((0, 1000, 2000)),
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    own_path = rng.choice(("/cache", "/etc/db", "/etc"))
    if rng.random() < 0.1 and all(
        one["mountPath"].rstrip("/") != own_path for one in container.get("volumeMounts", ())
    ):
        container.setdefault("volumeMounts", []).append({"name": "tmp", "mountPath": own_path})
    if rng.random() < 0.05:
        container["envFrom"] = container.get("envFrom") or None
    held = [one["name"] for one in nodes(container.get("env")) if "valueFrom" in one]
    if held and rng.random() < 0.2:
        _speak_of(rng, container, rng.choice(held))


def _speak_of(rng: Random, container: Node, name: str) -> None:
    match rng.randrange(7):
        case 0:
            container["env"].append({"name": "DSN", "value": f"pg://$({name})@x"})
        case 1:
            container["args"] = [f"--dsn=$({name})"]
        case 2:
            container["readinessProbe"] = {"exec": {"command": ["sh", "-c", f"ping -p ${name}"]}}
        case 3:
            container["lifecycle"] = {"postStart": {"exec": {"command": ["sh", "-c", f"echo ${{{name}}}"]}}}
        case 4:
            container["command"] = ["sh", "-c", f"exec /app --pw=${name}"]
        case 5:
            container["env"].append({"name": name, "value": "mine"})
        case _:
            container["args"] = [f"--text=$$({name})"]


def _metadata(rng: Random, secrets: list[str], trap: str) -> Node:
    made: Node = {}
    label = "true" if often(rng, 0.85) else rng.choice((None, None, "false", "True"))
    labels = {} if label is None else {f"{OURS}/inject": label}
    if labels or rng.random() < 0.5:
        made["labels"] = labels
    if trap == "flag":
        made["labels"] = {**labels, f"{OURS}/eso": "skip"}
    notes: Node = dict(_TRAPS.get(trap, {}))
    if rng.random() < 0.3:
        notes["note"] = rng.choice(HOSTILE)
    if rng.random() < 0.12:
        asked = [f"{one}-es" for one in rng.sample(secrets, rng.randint(1, len(secrets)))]
        notes[f"{OURS}/secrets"] = rng.choice((", ".join(asked), ", ".join(asked), "gone", *HOSTILE))
    if rng.random() < 0.05:
        notes[f"{OURS}/role"] = rng.choice(("shop-web", "shop-job", "admin", *HOSTILE))
    if rng.random() < 0.08:
        notes[f"{OURS}/delivery"] = rng.choice(
            ("file", "env-file,file", "env-wrapped, file", "file,env-file,env-wrapped", "native", *HOSTILE)
        )
    if notes or rng.random() < 0.2:
        made["annotations"] = notes or rng.choice(({}, None))
    if rng.random() < 0.3:
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5", "uid": "u", "controller": True}
        made["ownerReferences"] = [owner]
    return made


def _spring(pod: Node, trap: str) -> None:
    spec = pod["spec"]
    match trap:
        case "agent":
            spec["containers"].append({"name": "vault-agent", "image": "x"})
        case "init-agent":
            spec["initContainers"] = [*nodes(spec.get("initContainers")), {"name": "vault-agent-init", "image": "x"}]
        case "volume":
            spec["volumes"] = [*nodes(spec.get("volumes")), {"name": "vault-secrets-custom-3", "emptyDir": {}}]
        case "path":
            spec["containers"][-1].setdefault("volumeMounts", []).append(
                {"name": "tmp", "mountPath": "/vault/secrets/"}
            )
        case "no-token":
            spec["automountServiceAccountToken"] = False
        case "admitted-no-token":
            spec["serviceAccountName"] = spec["serviceAccount"] = "web"
        case "host-pid":
            spec["hostPID"] = True
        case "unshared":
            spec["shareProcessNamespace"] = False


def describe(case: Case) -> dict[str, Any]:
    """A case as somebody reads it who looks for the reason of a failure."""
    return {"pod": case.pod, "migrations": case.migrations, "trap": case.trap, "audience": case.audience}
