"""Little clusters that are drawn: ExternalSecrets and one workload, as manifests and as the API server makes a pod of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from injector.cluster import ClusterObject, ClusterState, build_object, find_kind
from injector.config.load import parse_config

Object = dict[str, Any]
CONVENTION = parse_config(
    b"""
vault:
  address: https://vault.example.com:8200
  mounts: {database: database, database/mysql: sql/my, rabbitmq: rabbitmq}
  auth: {method: jwt, mount: clusters/one, audience: vault}
  names: {authRole: '{namespace}.{serviceAccount}', engineRole: '{namespace}.{name}.{engine}'}
  labelAlone: [shop]
"""
)
OPT_IN = {"phase2.tazlab.net/inject": "true"}
STORE: Object = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ClusterSecretStore",
    "metadata": {"name": "vault"},
    "spec": {"provider": {"vault": {"server": "https://vault:8200", "path": "secret", "version": "v2"}}},
}
STORES: tuple[Object, ...] = (
    STORE,
    {**STORE, "metadata": {"name": "unused"}},
    {
        **STORE,
        "kind": "SecretStore",
        "metadata": {"name": "own", "namespace": "shop"},
        "spec": {"provider": {"vault": {"server": "https://vault:8200", "path": "kv/team", "version": "v1"}}},
    },
)
_DSN = {
    "DATABASE_URL": "postgres://{{ .user }}:{{ .pass }}@pg.shop.svc:5432/shop",
    "MYSQL_URL": "mysql://{{ .user }}:{{ .pass }}@my.shop.svc:3306/shop",
    "config.ini": "[amqp]\nurl = amqp://{{ .user }}:{{ .pass }}@mq.shop.svc:5672/",
    "both": "postgres://{{ .user }}:{{ .pass }}@pg/a\nmysql://{{ .user }}:{{ .pass }}@my/b",
}
_STORE_REFS: tuple[Object, ...] = (
    *({"kind": "ClusterSecretStore", "name": "vault"},) * 4,
    {"kind": "SecretStore", "name": "own"},
    {"name": "nowhere"},
)
_PLAIN = ("PGUSER", "PGPASSWORD", "username", "password", "API_TOKEN", "AWS_SECRET_ACCESS_KEY", "host", "tls.key")
_IMAGES = (
    "ghcr.io/acme/api:2",
    "ghcr.io/acme/worker:2",
    "ghcr.io/acme/shop:1",
    "postgres:16",
    "grafana/grafana:11",
    "lscr.io/linuxserver/shop:1",  # it reads any variable from a file
    "docker.io/library/wordpress",
    "registry/redis:7",
)
_KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cluster: its ExternalSecrets and stores, a workload's manifest, and a pod of it as it is admitted."""

    objects: tuple[Object, ...]
    workload: Object
    pod: Object

    @property
    def files(self) -> dict[str, bytes]:
        """The manifests as a tree."""
        import json  # noqa: PLC0415 - JSON is YAML

        return {
            f"manifests/{number}.yaml": json.dumps(one, indent=1).encode()
            for number, one in enumerate((*self.objects, self.workload))
        }

    @property
    def cluster(self) -> ClusterState:
        """What the webhook holds of them, with what the API server fills in."""
        return cluster_of(*map(with_defaults, self.objects))


def cluster_of(*objects: Mapping[str, Any]) -> ClusterState:
    """What the webhook holds of these objects."""
    state = ClusterState()
    for body in objects:
        kind = find_kind(body)
        made = build_object(kind, body) if kind else "no kind that is held"
        assert isinstance(made, ClusterObject), made
        state = state.with_kind(made.kind, state.of(made.kind).with_changes([(made.namespace, made.name, made.packed)]))
    return state


def with_defaults(body: Object) -> Object:
    """Return an object as the API server holds it: the definition's defaults filled in.

    Source: external-secrets config/crds/bases/external-secrets.io_externalsecrets.yaml@v2.9.0.
    """
    if body["kind"] != "ExternalSecret":
        return body
    made: Object = copy.deepcopy(body)
    spec, remote = made["spec"], {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
    for one in spec.get("data", []):
        one["remoteRef"] = {**remote, **one["remoteRef"]}
    for one in spec.get("dataFrom", []):
        one["extract"] = {**remote, **one["extract"]}
    spec["target"] = {"creationPolicy": "Owner", "deletionPolicy": "Retain", **spec["target"]}
    if "template" in spec["target"]:
        spec["target"]["template"] = {"engineVersion": "v2", "mergePolicy": "Replace", **spec["target"]["template"]}
    spec["secretStoreRef"] = {"kind": "SecretStore", **spec["secretStoreRef"]}
    return {**made, "metadata": {**made["metadata"], "uid": "u"}, "status": {"refreshTime": "2026-11-25T00:00:00Z"}}


@st.composite
def external_secrets(draw: st.DrawFn, name: str) -> Object:
    """An ExternalSecret in namespace shop whose Secret is called like it, or otherwise."""
    templated = draw(st.lists(st.sampled_from(sorted(_DSN)), min_size=draw(st.integers(0, 1)), max_size=2, unique=True))
    most = draw(st.sampled_from([0, 3])) if templated else 3
    plain = draw(st.lists(st.sampled_from(_PLAIN), min_size=0 if templated else 1, max_size=most, unique=True))
    target: Object = {"creationPolicy": "Owner"}
    if draw(st.booleans()):
        target["name"] = f"{name}-secret"
    names = ["user", "pass", *plain] if templated else plain
    data: list[Object] = [
        {"secretKey": one, "remoteRef": {"key": f"shop/{name}", "property": one.lower()}} for one in names
    ]
    if templated:
        target["template"] = {
            "engineVersion": "v2",
            "data": {key: _DSN[key] for key in templated}
            | {key: f"{{{{ .{key} }}}}" for key in plain if key.isalnum()},
        }
    store = draw(st.sampled_from(_STORE_REFS))
    if draw(st.integers(0, 5)) == 0:
        data[0]["sourceRef"] = {"storeRef": {"kind": "SecretStore", "name": "own"}}
    spec: Object = {"refreshInterval": "1h", "secretStoreRef": store, "target": target, "data": data}
    if draw(st.integers(0, 9)) == 0:
        spec["dataFrom"] = [{"extract": {"key": "shop/all"}}]
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": meta, "spec": spec}


@st.composite
def drawn_clusters(draw: st.DrawFn) -> Drawn:
    """A cluster with one or two ExternalSecrets, all read by one workload."""
    secrets = [draw(external_secrets(name)) for name in draw(st.sampled_from([["db"], ["db", "mq"]]))]
    spec = _pod_spec(draw, secrets)
    labels = {"app": "web", **draw(st.sampled_from([{}, {"app.kubernetes.io/name": "postgresql"}]))}
    kind = draw(st.sampled_from(sorted(_KINDS)))
    workload = make_workload(kind, labels | OPT_IN, spec)
    return Drawn((*STORES, *secrets), workload, admit(workload))


def _pod_spec(draw: st.DrawFn, secrets: list[Object]) -> Object:
    containers: list[Object] = []
    volumes: list[Object] = []
    inits: list[Object] = []
    for number in range(draw(st.integers(1, 2))):
        container: Object = {"name": f"app-{number}", "image": draw(st.sampled_from(_IMAGES))}
        if draw(st.booleans()):
            container["env"] = [{"name": "PGHOST", "value": "pg.shop.svc"}]
        if draw(st.integers(0, 3)) == 0:
            container["command"] = ["/app", "serve"]
        for secret in secrets:
            _read(draw, container, volumes, secret)
        (inits if draw(st.integers(0, 4)) == 0 else containers).append(container)
    spec: Object = {"containers": containers or [{"name": "main", "image": "main"}], "volumes": volumes}
    if inits:
        spec["initContainers"] = inits
    if draw(st.booleans()):
        spec["serviceAccountName"] = "web"
    if draw(st.booleans()):
        spec["securityContext"] = {"runAsUser": 1000, "runAsGroup": 2000}
    if draw(st.integers(0, 5)) == 0:
        spec["automountServiceAccountToken"] = False
    return spec


def _read(draw: st.DrawFn, container: Object, volumes: list[Object], secret: Object) -> None:
    target = secret["spec"]["target"]
    name = target.get("name", secret["metadata"]["name"])
    data = target.get("template", {}).get("data") or {one["secretKey"]: "" for one in secret["spec"]["data"]}
    way = draw(st.sampled_from(["volume", "volume", "volume", "items", "subPath", "none", "env", "envFrom"]))
    key = draw(st.sampled_from(sorted(data)))
    mount: Object = {"name": f"vol-{len(volumes)}", "mountPath": f"/etc/{name}", "readOnly": True}
    source: Object = {"secretName": name}
    match way:
        case "env":
            ref = {"secretKeyRef": {"name": name, "key": key}}
            container.setdefault("env", []).append({"name": key.upper().replace(".", "_"), "valueFrom": ref})
            return
        case "envFrom":
            container.setdefault("envFrom", []).append({"secretRef": {"name": name}})
            return
        case "none":
            return
        case "items":
            source["items"] = [{"key": key, "path": f"a/{key}"}]
        case "subPath":
            mount |= {"subPath": key, "mountPath": f"/etc/{name}/{key}"}
    container.setdefault("volumeMounts", []).append(mount)
    volumes.append({"name": mount["name"], "secret": source})


def make_workload(kind: str, labels: Mapping[str, str], spec: Object) -> Object:
    """A manifest of a kind, called web."""
    head = {"apiVersion": _KINDS[kind], "kind": kind}
    template = {"metadata": {"labels": dict(labels)}, "spec": spec}
    meta = {"name": "web", "namespace": "shop"}
    if kind == "Pod":
        return {**head, "metadata": {**meta, "labels": dict(labels)}, "spec": spec}
    if kind == "CronJob":
        return {**head, "metadata": meta, "spec": {"jobTemplate": {"spec": {"template": template}}}}
    return {**head, "metadata": meta, "spec": {"template": template}}


def admit(workload: Object) -> Object:
    """Return a pod of a workload as controllers and the admission plug-ins before all webhooks make it."""
    kind = workload["kind"]
    holder = workload["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else workload["spec"]
    template = workload if kind == "Pod" else holder["template"]
    spec = template["spec"]
    token = {"name": "kube-api-access-x7k2p", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    has_token = spec.get("automountServiceAccountToken") is not False
    mount = [{"name": token["name"], "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}] if has_token else []
    account = spec.get("serviceAccountName", "default")
    made: Object = {
        **spec,
        "serviceAccountName": account,
        "serviceAccount": account,
        "nodeName": "node-7",
        "restartPolicy": "Never" if "Job" in kind else "Always",
        "schedulerName": "default-scheduler",
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300}],
        "volumes": [*spec["volumes"], *([token] if has_token else [])],
    }
    for part in ("containers", "initContainers"):
        if part in spec:
            made[part] = [
                {
                    **one,
                    "imagePullPolicy": "Always",
                    "terminationMessagePath": "/dev/termination-log",
                    "volumeMounts": [*one.get("volumeMounts", []), *mount],
                }
                for one in spec[part]
            ]
    labels = dict(template["metadata"]["labels"])
    owner, generated = {
        "Deployment": (("apps/v1", "ReplicaSet", "web-5d4f8c"), {"pod-template-hash": "5d4f8c"}),
        "StatefulSet": (("apps/v1", "StatefulSet", "web"), {"apps.kubernetes.io/pod-index": "0"}),
        "DaemonSet": (("apps/v1", "DaemonSet", "web"), {"controller-revision-hash": "6f"}),
        "Job": (("batch/v1", "Job", "web"), {"batch.kubernetes.io/job-name": "web"}),
        "CronJob": (("batch/v1", "Job", "web-29012345"), {"job-name": "web-29012345"}),
    }.get(kind, (None, {}))
    metadata: Object = {"name": "web"} if owner is None else {"generateName": f"{owner[2]}-"}
    metadata |= {"namespace": "shop", "labels": labels | generated}
    if owner:
        version, owner_kind, name = owner
        reference = {"apiVersion": version, "kind": owner_kind, "name": name, "uid": "u", "controller": True}
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made}
