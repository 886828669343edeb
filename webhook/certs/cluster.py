"""The door to the API server: our Secret, our Lease, our webhook configurations, and nothing else."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from injector.errors import ClusterError
from webhook.api.port import JSON, MERGE_PATCH, ApiServer
from webhook.certs.election import Held
from webhook.certs.material import LEAF, LEAF_KEY, Material, parse_material, write_material
from webhook.certs.port import Configuration, Lease, Stored
from webhook.certs.terms import Places

Json: TypeAlias = "dict[str, Any]"
JSON_PATCH: Final = "application/json-patch+json"
OWNER_LABEL: Final = "app.kubernetes.io/managed-by"
OWNER: Final = "phase2-webhook"
REPORT: Final = "serving.phase2.tazlab.net/"
"""Prefix of annotations of the Lease: what each replica serves."""
_NOT_FOUND, _CONFLICT, _INVALID = 404, 409, 422


class ClusterPort:
    """The API server as `webhook.certs.port.Port` has it.

    Args:
        identity: this replica's name.
        now: the time of day, for people who read the Lease.
    """

    def __init__(
        self, api: ApiServer, places: Places, *, identity: str, duration_s: float, now: Callable[[], dt.datetime]
    ) -> None:
        self._api, self._places, self._identity = api, places, identity
        self._duration_s, self._now = duration_s, now
        self._secrets = f"/api/v1/namespaces/{places.namespace}/secrets"
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{places.namespace}/leases"

    def read_configurations(self) -> Sequence[Configuration]:
        """Return those of our configurations that exist."""
        found = ((path, self._find(path)) for path in self._places.configurations)
        return [_read_configuration(path, body) for path, body in found if body is not None]

    def write_bundle(self, configuration: Configuration, bundle: bytes) -> bool:
        """Give each webhook the bundle, if the configuration is as it was read."""
        value = base64.b64encode(bundle).decode()
        patch: list[Json] = [{"op": "test", "path": "/metadata/resourceVersion", "value": configuration.version}]
        for index, (_, known) in enumerate(configuration.bundles):
            if known != bundle:
                patch.append({"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": value})
        return self._write("PATCH", configuration.path, patch, content_type=JSON_PATCH) is not None

    def read_lease(self) -> Lease | None:
        """Return the Lease; None when there is none."""
        body = self._find(f"{self._leases}/{self._places.secret}")
        return None if body is None else _read_lease(body)

    def claim_lease(self, lease: Lease | None) -> bool:
        """Make this replica the holder, or renew that it is."""
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: Json = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._duration_s)),
            "renewTime": stamp,
        }
        if lease is None or lease.held.holder != self._identity:
            spec["acquireTime"] = stamp
        if lease is None:
            meta = {"name": self._places.secret, "namespace": self._places.namespace}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
            return self._write("POST", self._leases, body) is not None
        patch = {"metadata": {"resourceVersion": lease.version}, "spec": spec}
        path = f"{self._leases}/{self._places.secret}"
        return self._write("PATCH", path, patch, content_type=MERGE_PATCH) is not None

    def write_reports(self, reports: Mapping[str, str | None]) -> None:
        """Set or take away annotations of the Lease."""
        patch = {"metadata": {"annotations": {f"{REPORT}{name}": said for name, said in reports.items()}}}
        self._write("PATCH", f"{self._leases}/{self._places.secret}", patch, content_type=MERGE_PATCH)

    def read_secret(self) -> Stored | None:
        """Return the Secret; None when there is none."""
        body = self._find(f"{self._secrets}/{self._places.secret}")
        return None if body is None else _read_secret(body)

    def write_secret(self, material: Material, stored: Stored | None) -> Stored | None:
        """Store everything, if the Secret is as it was read."""
        data = {LEAF: b"", LEAF_KEY: b"", **write_material(material)}
        meta: Json = {
            "name": self._places.secret,
            "namespace": self._places.namespace,
            "labels": {"app.kubernetes.io/name": OWNER, OWNER_LABEL: OWNER},
        }
        body: Json = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": stored.type if stored else "kubernetes.io/tls",
            "metadata": meta,
            "data": {key: base64.b64encode(value).decode() for key, value in sorted(data.items())},
        }
        if stored is None:
            answer = self._write("POST", self._secrets, body)
        else:
            meta["resourceVersion"] = stored.version
            answer = self._write("PUT", f"{self._secrets}/{self._places.secret}", body)
        return None if answer is None else _read_secret(answer)

    def _find(self, path: str) -> Json | None:
        """Return an object; None when there is none."""
        try:
            return _parse(self._api.send("GET", path), path)
        except ClusterError as err:
            if err.status == _NOT_FOUND:
                return None
            raise

    def _write(self, method: str, path: str, body: object, *, content_type: str = JSON) -> Json | None:
        """Return what is stored; None when the object is not as it was read any more."""
        try:
            return _parse(self._api.send(method, path, body, content_type=content_type), path)
        except ClusterError as err:
            # A test in a JSON patch that fails is a 422.
            is_overtaken = err.status == _INVALID and content_type == JSON_PATCH
            if is_overtaken or err.status in (_NOT_FOUND, _CONFLICT):
                return None
            raise


def _parse(text: bytes, path: str) -> Json:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        raise ClusterError(f"{path}: the answer is no object; is the API server there?")
    return body


def _read_configuration(path: str, body: Json) -> Configuration:
    return Configuration(
        path=path,
        version=str(body["metadata"]["resourceVersion"]),
        bundles=tuple(
            (str(one.get("name", "")), _decode(one.get("clientConfig", {}).get("caBundle")))
            for one in body.get("webhooks") or []
        ),
    )


def _read_lease(body: Json) -> Lease:
    spec, meta = body.get("spec") or {}, body["metadata"]
    annotations = meta.get("annotations") or {}
    return Lease(
        held=Held(
            holder=str(spec.get("holderIdentity") or ""),
            renewed=f"{spec.get('renewTime') or ''} {spec.get('leaseTransitions') or 0}",
            duration_s=float(spec.get("leaseDurationSeconds") or 0),
        ),
        version=str(meta["resourceVersion"]),
        reports={
            name.removeprefix(REPORT): str(said)
            for name, said in sorted(annotations.items())
            if name.startswith(REPORT)
        },
    )


def _read_secret(body: Json) -> Stored:
    meta, data = body["metadata"], body.get("data") or {}
    return Stored(
        material=parse_material({str(key): _decode(value) for key, value in data.items()}),
        version=str(meta["resourceVersion"]),
        type=str(body.get("type") or "Opaque"),
        is_ours=not any(data.values()) or (meta.get("labels") or {}).get(OWNER_LABEL) == OWNER,
    )


def _decode(value: object) -> bytes:
    try:
        return base64.b64decode(value) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""
