"""The door to the API server: our Secret, our Lease, our webhook configurations, and nothing else."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from webhook.certs.apiserver import JSON_PATCH, MERGE_PATCH, Answer, ApiServer, Json
from webhook.certs.election import Held
from webhook.certs.errors import ClusterError
from webhook.certs.material import LEAF, LEAF_KEY, Material, parse_material, write_material
from webhook.certs.port import Configuration, Lease, Stored

OWNER_LABEL: Final = "app.kubernetes.io/managed-by"
OWNER: Final = "phase2-webhook"
REPORT: Final = "serving.phase2.tazlab.net/"
"""Prefix of annotations of the Lease: what each replica serves."""
_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
_NOT_FOUND, _CONFLICT, _INVALID = 404, 409, 422
_LONGEST_NAME: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is.

    Attributes:
        namespace: of the Secret and the Lease.
        secret: its name, and the Lease's.
        mutating: name of our MutatingWebhookConfiguration.
        validating: name of our ValidatingWebhookConfiguration.
    """

    namespace: str
    secret: str
    mutating: str
    validating: str

    @property
    def configurations(self) -> tuple[str, ...]:
        """Return the paths of our configurations."""
        return (
            f"{_ADMISSION}/mutatingwebhookconfigurations/{self.mutating}",
            f"{_ADMISSION}/validatingwebhookconfigurations/{self.validating}",
        )


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
        found = ((path, self._api.send("GET", path)) for path in self._places.configurations)
        return [
            _read_configuration(path, _expect(answer, path)) for path, answer in found if answer.status != _NOT_FOUND
        ]

    def write_bundle(self, configuration: Configuration, bundle: bytes) -> bool:
        """Give each webhook the bundle, if the configuration is as it was read."""
        value = base64.b64encode(bundle).decode()
        patch: list[Json] = [{"op": "test", "path": "/metadata/resourceVersion", "value": configuration.version}]
        for index, (_, known) in enumerate(configuration.bundles):
            if known != bundle:
                patch.append({"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": value})
        answer = self._api.send("PATCH", configuration.path, patch, content_type=JSON_PATCH)
        return _is_taken(answer, configuration.path, refused=(_NOT_FOUND, _CONFLICT, _INVALID))

    def read_lease(self) -> Lease | None:
        """Return the Lease; None when there is none."""
        path = f"{self._leases}/{self._places.secret}"
        answer = self._api.send("GET", path)
        return None if answer.status == _NOT_FOUND else _read_lease(_expect(answer, path))

    def claim_lease(self, lease: Lease | None) -> bool:
        """Make this replica the holder, or renew that it is."""
        is_new = lease is None or lease.held.holder != self._identity
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: Json = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._duration_s)),
            "renewTime": stamp,
        }
        if is_new:
            spec["acquireTime"] = stamp
        path = f"{self._leases}/{self._places.secret}"
        if lease is None:
            meta = {"name": self._places.secret, "namespace": self._places.namespace}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
            return _is_taken(self._api.send("POST", self._leases, body), path, refused=(_CONFLICT,))
        patch = {"metadata": {"resourceVersion": lease.version}, "spec": spec}
        answer = self._api.send("PATCH", path, patch, content_type=MERGE_PATCH)
        return _is_taken(answer, path, refused=(_NOT_FOUND, _CONFLICT))

    def write_reports(self, reports: Mapping[str, str | None]) -> None:
        """Set or take away annotations of the Lease."""
        path = f"{self._leases}/{self._places.secret}"
        patch = {"metadata": {"annotations": {f"{REPORT}{name}": said for name, said in reports.items()}}}
        answer = self._api.send("PATCH", path, patch, content_type=MERGE_PATCH)
        _is_taken(answer, path, refused=(_NOT_FOUND, _CONFLICT))

    def read_secret(self) -> Stored | None:
        """Return the Secret; None when there is none."""
        path = f"{self._secrets}/{self._places.secret}"
        answer = self._api.send("GET", path)
        return None if answer.status == _NOT_FOUND else _read_secret(_expect(answer, path))

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
        path = f"{self._secrets}/{self._places.secret}"
        if stored is None:
            answer = self._api.send("POST", self._secrets, body)
            refused: tuple[int, ...] = (_CONFLICT,)
        else:
            meta["resourceVersion"] = stored.version
            answer = self._api.send("PUT", path, body)
            refused = (_NOT_FOUND, _CONFLICT)
        return _read_secret(answer.body) if _is_taken(answer, path, refused=refused) else None


def make_identity(host: str) -> str:
    """Return a replica's name as it may stand in an annotation: the pod's, which is its host name."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-.") else "-" for char in host)
    return kept[:_LONGEST_NAME].strip("-.") or "replica"


def _expect(answer: Answer, path: str) -> Json:
    if not answer.body or answer.status >= 300:  # noqa: PLR2004 - HTTP
        raise ClusterError(f"{path}: answered {answer.status}; see the API server")
    return answer.body


def _is_taken(answer: Answer, path: str, *, refused: tuple[int, ...]) -> bool:
    if answer.status in refused:
        return False
    _expect(answer, path)
    return True


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
