"""Reads a pod: which Secrets it names, what would make the injector refuse it, and whether somebody was here before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from injector.pod.model import Body, Json, Settings
from injector.pod.names import ESO, RELEASED, REVISION, VAULT

CONTAINER_LISTS: Final = ("initContainers", "containers")
AGENTS: Final = frozenset({"vault-agent", "vault-agent-init"})
_VOLUMES: Final = frozenset(
    {
        "vault-secrets",
        "home-init",
        "home-sidecar",
        "vault-config",
        "vault-tls-secrets",
        "extra-secrets",
        "vault-agent-cache",
    }
)
_NO_NAMESPACES: Final = frozenset({"kube-system", "kube-public"})
"""The injector refuses pods of these: vault-k8s agent-inject/handler.go:36-39@v1.6.2."""


@dataclass(frozen=True, slots=True)
class Item:
    """One key of a Secret that a volume holds: at which path, and with which permissions, if they are its own."""

    key: str
    path: str
    mode: int | None = None


def spec_of(pod: Body) -> Body:
    """Return the pod's spec, empty when it has none."""
    return as_map(pod.get("spec"))


def metadata_of(pod: Body, part: str) -> Mapping[str, str]:
    """Return the pod's labels or annotations."""
    found = as_map(as_map(pod.get("metadata")).get(part))
    return {key: value for key, value in found.items() if isinstance(value, str)}


def as_map(value: Json) -> Mapping[str, Json]:
    """Return a mapping as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Mapping[str, Json]]:
    """Return the mappings of a list, and of anything else none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def iter_containers(pod: Body) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield (list name, container) of a pod, init containers first."""
    spec = spec_of(pod)
    for name in CONTAINER_LISTS:
        for container in as_list(spec.get(name)):
            yield name, container


def ends_first(part: str, container: Mapping[str, Json]) -> bool:
    """Tell a container that ends before the others start; a sidecar among the init containers is none to a migration.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    return part == "initContainers" and container.get("restartPolicy") != "Always"


def account_of(pod: Body) -> str:
    """Return the pod's ServiceAccount."""
    spec = spec_of(pod)
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    return name if isinstance(name, str) and name else "default"


def read_secrets(pod: Body) -> dict[str, set[str]]:
    """Return the Secrets that containers read: name -> keys, ``*`` for all of them."""
    found: dict[str, set[str]] = {}
    for volume in as_list(spec_of(pod).get("volumes")):
        for name, items in volume_secrets(volume):
            found.setdefault(name, set()).update({one.key for one in items} or {"*"})
    for _, container in iter_containers(pod):
        for variable in as_list(container.get("env")):
            if "valueFrom" not in variable:
                continue  # most have a value
            ref = as_map(as_map(variable["valueFrom"]).get("secretKeyRef"))
            if isinstance(ref.get("name"), str):
                found.setdefault(str(ref["name"]), set()).add(str(ref.get("key", "")))
        for source in as_list(container.get("envFrom")):
            whole = as_map(source.get("secretRef")).get("name")
            if isinstance(whole, str):
                found.setdefault(whole, set()).add("*")
    return found


def volume_secrets(volume: Body) -> Iterator[tuple[str, tuple[Item, ...]]]:
    """Yield (Secret, items) of a volume; no items stand for all of its keys."""
    secret = as_map(volume.get("secret"))
    if isinstance(secret.get("secretName"), str):
        yield str(secret["secretName"]), _items(secret)
    for source in as_list(as_map(volume.get("projected")).get("sources")):
        projected = as_map(source.get("secret"))
        if isinstance(projected.get("name"), str):
            yield str(projected["name"]), _items(projected)


def _items(source: Mapping[str, Json]) -> tuple[Item, ...]:
    made: list[Item] = []
    for one in as_list(source.get("items")):
        mode = one.get("mode")
        made.append(Item(str(one.get("key", "")), str(one.get("path", "")), mode if isinstance(mode, int) else None))
    return tuple(made)


def readers_of(pod: Body, secret: str, keys: Collection[str]) -> dict[str, None]:
    """Return the containers that read some of these keys of a Secret, or all of it, in the pod's order."""
    moved = {"*", *keys}
    volumes = {
        str(volume.get("name"))
        for volume in as_list(spec_of(pod).get("volumes"))
        for name, items in volume_secrets(volume)
        if name == secret and ({one.key for one in items} or {"*"}) & moved
    }
    return {
        str(container.get("name")): None
        for _, container in iter_containers(pod)
        if loads_whole(container, secret)
        or any(str(mount.get("name")) in volumes for mount in as_list(container.get("volumeMounts")))
        or any(key in moved for _, key in variables_of(container, secret))
    }


def variables_of(container: Mapping[str, Json], secret: str) -> Iterator[tuple[str, str]]:
    """Yield (variable, key) of each variable that a Secret fills."""
    for variable in as_list(container.get("env")):
        if "valueFrom" not in variable:
            continue  # most have a value
        ref = as_map(as_map(variable["valueFrom"]).get("secretKeyRef"))
        if ref.get("name") == secret:
            yield str(variable.get("name")), str(ref.get("key", ""))


def loads_whole(container: Mapping[str, Json], secret: str) -> bool:
    """Tell whether ``envFrom`` makes variables of all that a Secret holds."""
    return any(as_map(source.get("secretRef")).get("name") == secret for source in as_list(container.get("envFrom")))


def is_ours(pod: Body, settings: Settings) -> bool:
    """Tell whether a pod is our own work: our marks and the injector's annotations, which we write together."""
    annotations = metadata_of(pod, "annotations")
    return f"{settings.label_prefix}/{REVISION}" in annotations and f"{VAULT}/agent-inject" in annotations


def why_marked(pod: Body, settings: Settings) -> str:
    """Return in words that a pod carries marks which only we set, and so would be counted as what it is not."""
    prefix = settings.label_prefix
    marks = [f"{prefix}/{one}" for one in (RELEASED, REVISION) if f"{prefix}/{one}" in metadata_of(pod, "annotations")]
    marks += [f"{prefix}/{ESO}"] if f"{prefix}/{ESO}" in metadata_of(pod, "labels") else []
    return (
        f"it carries {marks[0]}, which only the webhook sets, and is not its work: take the mark out" if marks else ""
    )


def why_untouched(pod: Body) -> str:
    """Return in words why a pod is left as it is: somebody was here before. Empty when nobody was."""
    annotations = metadata_of(pod, "annotations")
    if f"{VAULT}/agent-inject-status" in annotations:
        return f"it carries {VAULT}/agent-inject-status: it was injected before, or copied from a pod that was"
    by_hand = sorted(name for name in annotations if name.startswith(f"{VAULT}/"))
    if by_hand:
        return f"it is annotated by hand ({by_hand[0]}): remove the {VAULT} annotations or opt out"
    if any(str(container.get("name")) in AGENTS for _, container in iter_containers(pod)):
        return "it has a Vault Agent container already"
    return ""


def why_refused(pod: Body, namespace: str, *, has_own_token: bool) -> str:
    """Return in words why the injector, or the API server behind it, would refuse the pod; empty when they would not.

    Args:
        pod: the pod.
        namespace: where it is made.
        has_own_token: a projected token is added for the agent, so the pod's own is not needed.

    Source: vault-k8s agent-inject/handler.go and agent.go@v1.6.2; docs/ground-truth.md.
    """
    spec = spec_of(pod)
    if namespace in _NO_NAMESPACES:
        return f"the Vault Agent Injector refuses pods in {namespace}"
    if as_map(spec.get("os")).get("name") == "windows":
        return "the Vault Agent Injector's containers run on Linux only, and the pod says os: windows; opt it out"
    if spec.get("automountServiceAccountToken") is False and not has_own_token:
        return (
            "automountServiceAccountToken is false, so the agent has no token to log in with; remove it, or configure "
            "vault.auth.audience, which gives the agent a token of its own"
        )
    if not has_own_token and _is_admitted(spec) and not _has_token(pod):
        return (
            "no container mounts the ServiceAccount's token, which the agent logs in with; its ServiceAccount may say "
            "automountServiceAccountToken: false. Set it to true in the pod, or configure vault.auth.audience"
        )
    for volume in as_list(spec.get("volumes")):
        name = str(volume.get("name", ""))
        if name in _VOLUMES or name.startswith("vault-secrets-custom-"):
            return f"it has a volume {name}, a name that the Vault Agent Injector needs; call it otherwise"
    for _, container in iter_containers(pod):
        for mount in as_list(container.get("volumeMounts")):
            if str(mount.get("mountPath", "")).rstrip("/") == "/vault/secrets":
                return f"container {container.get('name')} mounts something at /vault/secrets, where the agent renders; move it"
    return ""


def _is_admitted(spec: Body) -> bool:
    """Tell a pod on its way through admission, whose token is mounted by now, from a manifest: only there both names stand.

    Source: kubernetes pkg/apis/core/v1/conversion.go, Convert_core_PodSpec_To_v1_PodSpec.
    """
    return bool(spec.get("serviceAccountName") and spec.get("serviceAccount"))


def _has_token(pod: Body) -> bool:
    """Tell whether the injector finds the token's mount. Source: vault-k8s agent-inject/agent/agent.go, serviceaccount@v1.6.2."""
    return any(
        "serviceaccount" in str(mount.get("mountPath", ""))
        for kind, container in iter_containers(pod)
        if kind == "containers"
        for mount in as_list(container.get("volumeMounts"))
    )
