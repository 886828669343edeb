"""The webhook's watches against the lab's API server, as the ServiceAccount of deploy/base and with nothing but its ClusterRole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from injector.migration.model import SecretMigration
from injector.migration.write import write_migration
from injector.pod.model import Settings
from tests.lab.kube import Cluster, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.test_deploy import NAMESPACE, apply_definition, base_objects
from webhook.api.client import ApiClient, connect
from webhook.api.port import JSON, ApiServer, Stream
from webhook.settings import Target
from webhook.state import Holder
from webhook.watch.reflector import Limits
from webhook.watch.watcher import ClusterWatcher

ACCOUNT = "phase2-webhook"
FAST = Limits(page=100, silence_s=3.0)
"""A link that is silent for so long is broken; an API server's bookmarks come only every minute."""
_NO_QUERY: Mapping[str, str] = {}


def install(lab: Lab) -> None:
    """Apply the definition, the ServiceAccount and what it may do to watch, as deploy/base has them."""
    apply_definition(lab.kube)
    for one in base_objects():
        is_ours = one["kind"] in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding")
        if one["kind"] == "Namespace" or (is_ours and one["metadata"]["name"] == ACCOUNT):
            lab.kube.apply(deepcopy(one))


def kubeconfig(lab: Lab, folder: Path, *, port: int = 0) -> Path:
    """A kubeconfig of the webhook's ServiceAccount, through another port if wanted."""
    token = lab.kube.request_token(NAMESPACE, ACCOUNT)
    config = json.loads(lab.kubeconfig.read_text(encoding="utf-8"))
    config["users"][0]["user"] = {"token": token}
    if port:
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    file = folder / "kubeconfig"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config), encoding="utf-8")
    return file


def role_of() -> set[tuple[str, str, str]]:
    """(verb, API group, resource) of everything that watching's ClusterRole of deploy/base grants."""
    (role,) = [one for one in base_objects() if one["kind"] == "ClusterRole" and one["metadata"]["name"] == ACCOUNT]
    return {
        (verb, group, resource)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


class RecordingApi:
    """Passes everything on, and remembers (verb, path), and how many pages of each path were asked for."""

    def __init__(self, inner: ApiServer) -> None:
        self.asked: set[tuple[str, str]] = set()
        self.pages: Counter[str] = Counter()
        self._inner = inner

    def used(self) -> set[tuple[str, str, str]]:
        """Return (verb, API group, resource) as a role has them."""
        found = set()
        for verb, path in self.asked:
            parts = path.strip("/").split("/")
            group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
            found.add((verb, group, rest[2] if rest[0] == "namespaces" and len(rest) > 2 else rest[0]))
        return found

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] = _NO_QUERY,
        content_type: str = JSON,
    ) -> bytes:
        verb = {"GET": "list", "POST": "create", "PATCH": "patch"}[method]
        self.asked.add((verb, path))
        self.pages[path] += 1
        return self._inner.send(method, path, body, query=query, content_type=content_type)

    def stream(self, path: str, *, query: Mapping[str, str], silence_s: float) -> AbstractContextManager[Stream]:
        self.asked.add(("watch", path))
        return self._inner.stream(path, query=query, silence_s=silence_s)


def client(lab: Lab, folder: Path, *, port: int = 0) -> ApiClient:
    return connect(Target(str(kubeconfig(lab, folder, port=port))))


@contextmanager
def watched(api: ApiServer, *, limits: Limits = FAST, is_awaited: bool = True) -> Iterator[Holder]:
    """A running watcher's holder, complete if wanted."""
    holder = Holder()
    watcher = ClusterWatcher(api, holder, settings=Settings(), limits=limits)
    watcher.start()
    try:
        if is_awaited:
            wait_until(lambda: holder.current.is_complete, what="everything was read")
        yield holder
    finally:
        watcher.stop()


def as_object(one: SecretMigration, namespace: str) -> Object:
    made: dict[str, Any] = yaml.safe_load(write_migration(one))
    made["metadata"] |= {"namespace": namespace}
    return made


def store(kube: Cluster, one: SecretMigration, namespace: str) -> None:
    kube.apply(as_object(one, namespace))


def labels(holder: Holder, namespace: str) -> object:
    """The labels of a namespace as the holder knows them, without those that the API server adds; None for none."""
    body = holder.current.cluster.namespaces.get("", namespace)
    metadata = body.get("metadata") if body else None
    found = metadata.get("labels") if isinstance(metadata, dict) else None
    return {key: value for key, value in found.items() if "/" not in key} if isinstance(found, dict) else None


def progress(holder: Holder, kind: str) -> Any:
    return next(one for one in holder.progress if one.kind == kind)
