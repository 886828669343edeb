"""A door to the lab's API server that shows what the server really sent.

The official client hides two things that tests here are about: the ``Warning`` headers of an
admission webhook, and fields that its models do not know. So objects are plain JSON.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from tests.lab.waiting import wait_until

Object = dict[str, Any]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


class ApiError(Exception):
    """The API server refused."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(f"{method} {path}: {status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer with the warnings that came with it."""

    body: Object
    warnings: tuple[str, ...] = field(default=())


class Cluster:
    """One identity's view of an API server."""

    def __init__(self, server: str, token: str, ca: Path) -> None:
        self.server = server
        self.token = token
        self.ca = ca
        self._pool = urllib3.PoolManager(ca_certs=str(ca), maxsize=8, retries=False)
        self._resources: dict[str, dict[str, tuple[str, bool]]] = {}
        self._lock = threading.Lock()

    def with_token(self, token: str) -> Cluster:
        """The same server seen with another identity's token."""
        return Cluster(self.server, token, self.ca)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """One request; ``body`` is JSON-encoded unless it is bytes.

        Raises:
            ApiError: Any status of 400 or more.
            OSError: The server does not answer.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        try:
            answer = self._pool.request(method, url, body=data, headers=headers, timeout=40)
        except urllib3.exceptions.HTTPError as err:
            msg = f"{method} {path}: no answer from {self.server}"
            raise ConnectionError(msg) from err
        text = answer.data.decode("utf-8", "replace")
        parsed: Object = {}
        with contextlib.suppress(ValueError):
            loaded = json.loads(text)
            parsed = loaded if isinstance(loaded, dict) else {"items": loaded}
        if answer.status >= 400:
            raise ApiError(method, path, answer.status, str(parsed.get("message", text[:500])))
        return Response(body=parsed or {"text": text}, warnings=tuple(answer.headers.getlist("Warning")))

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """The object as the server stored it, after admission."""
        return self.create_with_warnings(obj, dry_run=dry_run).body

    def create_with_warnings(self, obj: Object, *, dry_run: bool = False) -> Response:
        """As ``create``, with the admission warnings."""
        query = {"dryRun": "All"} if dry_run else None
        return self.send("POST", self._collection(obj), obj, query=query)

    def apply(self, obj: Object, *, manager: str = "lab") -> Object:
        """Server-side apply, taking fields from other managers."""
        query = {"fieldManager": manager, "force": "true"}
        path = f"{self._collection(obj)}/{obj['metadata']['name']}"
        return self.send("PATCH", path, obj, content_type=APPLY_PATCH, query=query).body

    def get(self, api: str, kind: str, name: str, namespace: str = "") -> Object:
        """The object; ``api`` is an apiVersion."""
        return self.send("GET", self.path(api, kind, name, namespace)).body

    def find(self, api: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """The object, or None when there is none."""
        try:
            return self.get(api, kind, name, namespace)
        except ApiError as err:
            if err.status == 404:
                return None
            raise

    def list(self, api: str, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """All objects of a kind."""
        query = {"labelSelector": selector} if selector else None
        items: list[Object] = self.send("GET", self.path(api, kind, "", namespace), query=query).body["items"]
        return items

    def merge(self, api: str, kind: str, name: str, patch: Object, namespace: str = "") -> Object:
        """Merge-patch; None in the patch removes a field."""
        path = self.path(api, kind, name, namespace)
        return self.send("PATCH", path, patch, content_type=MERGE_PATCH).body

    def delete(self, api: str, kind: str, name: str, namespace: str = "") -> None:
        """Ask for deletion in the background, as kubectl does."""
        body = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        self.send("DELETE", self.path(api, kind, name, namespace), body)

    def request_token(
        self,
        namespace: str,
        account: str,
        *,
        audiences: tuple[str, ...] = (),
        seconds: int = 3600,
        pod: Object | None = None,
    ) -> str:
        """A token of a service account by TokenRequest, bound to a pod when one is given."""
        spec: Object = {"audiences": list(audiences), "expirationSeconds": seconds}
        if pod is not None:
            meta = pod["metadata"]
            spec["boundObjectRef"] = {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": meta["name"],
                "uid": meta["uid"],
            }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return str(self.send("POST", path, body).body["status"]["token"])

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """A namespace in which pods can be created: its default service account is there."""
        meta = {"name": name, "labels": dict(labels or {})}
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        wait_until(
            lambda: (
                self.find("v1", "ServiceAccount", "default", name)
                and self.find("v1", "ConfigMap", "kube-root-ca.crt", name)
            ),
            what=f"namespace {name} has its service account and CA",
        )

    def path(self, api: str, kind: str, name: str = "", namespace: str = "") -> str:
        """URL path of an object, or of the collection when ``name`` is empty."""
        base = f"/apis/{api}" if "/" in api else f"/api/{api}"
        plural, namespaced = self._resource(base, kind)
        scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{base}{scope}/{plural}" + (f"/{name}" if name else "")

    def _collection(self, obj: Object) -> str:
        namespace = obj["metadata"].get("namespace", "")
        return self.path(obj["apiVersion"], obj["kind"], "", namespace)

    def _resource(self, base: str, kind: str) -> tuple[str, bool]:
        with self._lock:
            if kind not in self._resources.get(base, {}):
                self._resources[base] = dict(self._discover(base))
            known = self._resources[base]
        if kind not in known:
            raise ApiError("GET", base, 404, f"no resource of kind {kind}")
        return known[kind]

    def _discover(self, base: str) -> Iterator[tuple[str, tuple[str, bool]]]:
        for resource in self.send("GET", base).body["resources"]:
            if "/" not in resource["name"]:
                yield resource["kind"], (resource["name"], resource["namespaced"])
