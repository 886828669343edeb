"""The door to the API server, against one in memory that keeps versions as the real one does."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest

from injector.errors import ClusterError
from tests.webhook.certs.world import NAMES, TERMS
from webhook.certs.cluster import JSON_PATCH, OWNER, OWNER_LABEL, ClusterPort
from webhook.certs.election import Election
from webhook.certs.keeper import Clock, Keeper
from webhook.certs.local import ServedFiles, make_folder
from webhook.certs.material import Material, parse_bundle, parse_material
from webhook.certs.terms import Places, make_identity

PLACES = Places(namespace="phase2-system", secret="tls", mutating="00-phase2", validating="phase2")  # noqa: S106 - a name
SECRETS = "/api/v1/namespaces/phase2-system/secrets"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/phase2-system/leases"
SECRET, LEASE = f"{SECRETS}/tls", f"{LEASES}/tls"
MUTATING, VALIDATING = PLACES.configurations
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Api:
    """Objects by path."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.version = 0
        self.asked: list[tuple[str, str]] = []

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        made = deepcopy(body)
        made.setdefault("metadata", {})["resourceVersion"] = str(self.version)
        self.objects[path] = made
        return made

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        del query
        self.asked.append((method, path))
        if method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                raise ClusterError("exists", status=409)
            return orjson.dumps(self.put(path, body))
        if path not in self.objects:
            raise ClusterError("none", status=404)
        held = self.objects[path]
        if method == "GET":
            return orjson.dumps(held)
        if content_type == JSON_PATCH:
            return orjson.dumps(self.put(path, self._patched(held, body)))
        if body["metadata"].get("resourceVersion", held["metadata"]["resourceVersion"]) != self._version(path):
            raise ClusterError("conflict", status=409)
        return orjson.dumps(self.put(path, body if method == "PUT" else _merged(held, body)))

    def stream(self, path: str, *, query: Mapping[str, str], silence_s: float) -> Any:
        raise NotImplementedError

    def _version(self, path: str) -> object:
        return self.objects[path]["metadata"]["resourceVersion"]

    def _patched(self, held: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
        made = deepcopy(held)
        for one in patch:
            if one["op"] == "test" and made["metadata"]["resourceVersion"] != one["value"]:
                raise ClusterError("test failed", status=422)
            if one["op"] == "add":
                index = int(one["path"].split("/")[2])
                made["webhooks"][index]["clientConfig"]["caBundle"] = one["value"]
        return made


def _merged(held: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    made = dict(held)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key) or {}, value) if isinstance(value, dict) else value
    return made


@pytest.fixture
def api() -> Api:
    made = Api()
    for path in PLACES.configurations:
        made.put(path, {"webhooks": [{"name": name, "clientConfig": {"url": "https://x"}} for name in ("a", "b")]})
    return made


def port(api: Api, identity: str = "one") -> ClusterPort:
    return ClusterPort(api, PLACES, identity=identity, duration_s=30, now=lambda: NOW)


def keeper(api: Api, folder: Path, identity: str = "one") -> Keeper:
    make_folder(folder)
    return Keeper(
        port(api, identity),
        ServedFiles(folder, None),
        election=Election(identity, duration_s=30, renew_s=10),
        names=NAMES,
        terms=TERMS,
        clock=Clock(lambda: NOW, lambda: 0.0),
    )


def bundles(api: Api) -> set[bytes]:
    found = (
        one["clientConfig"].get("caBundle", "")
        for path in (MUTATING, VALIDATING)
        for one in api.objects[path]["webhooks"]
    )
    return {base64.b64decode(one) for one in found}


def material(api: Api) -> Material:
    return parse_material({key: base64.b64decode(value) for key, value in api.objects[SECRET]["data"].items()})


def test_one_round_makes_secret_lease_bundles_and_files(api: Api, tmp_path: Path) -> None:
    keeper(api, tmp_path / "one").keep()

    held = material(api)
    assert held.leaf
    assert bundles(api) == {held.bundle}
    assert api.objects[LEASE]["spec"]["holderIdentity"] == "one"
    assert api.objects[SECRET]["type"] == "kubernetes.io/tls"
    assert parse_bundle((tmp_path / "one" / "tls.crt").read_bytes()) == (held.leaf.certificate,)
    assert (tmp_path / "one" / "tls.key").stat().st_mode & 0o077 == 0


def test_another_replica_serves_the_same_and_writes_nothing(api: Api, tmp_path: Path) -> None:
    keeper(api, tmp_path / "one").keep()
    api.asked.clear()

    keeper(api, tmp_path / "two", "two").keep()

    assert {method for method, _ in api.asked} == {"GET"}
    assert (tmp_path / "two" / "tls.crt").read_bytes() == (tmp_path / "one" / "tls.crt").read_bytes()


def test_nothing_but_ours_is_asked_for(api: Api, tmp_path: Path) -> None:
    keeper(api, tmp_path / "one").keep()

    assert {path for _, path in api.asked} <= {SECRET, SECRETS, LEASE, LEASES, MUTATING, VALIDATING}


def test_a_configuration_that_is_not_there_is_passed_over(api: Api, tmp_path: Path) -> None:
    del api.objects[VALIDATING]

    keeper(api, tmp_path / "one").keep()

    assert api.objects[SECRET]["metadata"]["labels"][OWNER_LABEL] == OWNER


def test_writes_are_refused_when_the_object_has_changed_since_it_was_read(api: Api, tmp_path: Path) -> None:
    keeper(api, tmp_path / "one").keep()
    door = port(api, "two")
    stored, lease, configurations = door.read_secret(), door.read_lease(), door.read_configurations()
    assert stored
    for path in (SECRET, LEASE, MUTATING):
        api.put(path, api.objects[path])

    assert door.write_secret(stored.material, stored) is None
    assert not door.claim_lease(lease)
    assert not door.write_bundle(configurations[0], b"x")


def test_two_that_make_the_same_at_once_do_not_both_win(api: Api) -> None:
    first, second = port(api), port(api, "two")

    won = [first.claim_lease(None), second.claim_lease(None)]
    made = [first.write_secret(Material(), None), second.write_secret(Material(), None)]

    assert won == [True, False]
    assert made[1] is None


def test_reports_are_set_and_taken_away_beside_each_other(api: Api) -> None:
    door = port(api)
    door.claim_lease(None)
    door.write_reports({"one": "x 0", "two": "y 0"})
    door.write_reports({"two": None})

    lease = door.read_lease()

    assert lease
    assert lease.reports == {"one": "x 0"}


@pytest.mark.parametrize(
    ("data", "labels", "is_ours"),
    [
        ({}, {}, True),
        (None, {}, True),
        ({"tls.crt": ""}, {}, True),
        ({"password": "eA=="}, {}, False),
        ({"password": "eA=="}, {OWNER_LABEL: "cert-manager"}, False),
        ({"tls.crt": "!!", "tls.key": "eA=="}, {OWNER_LABEL: OWNER}, True),
    ],
)
def test_a_secret_is_ours_by_its_label_or_while_it_is_empty(
    api: Api, data: dict[str, str] | None, labels: dict[str, str], *, is_ours: bool
) -> None:
    api.put(SECRET, {"metadata": {"labels": labels}, "data": data})

    stored = port(api).read_secret()

    assert stored
    assert stored.is_ours is is_ours
    assert stored.material.ca is None


def test_the_type_of_a_secret_that_is_there_is_kept(api: Api) -> None:
    api.put(SECRET, {"metadata": {}, "type": "Opaque"})
    door = port(api)
    stored = door.read_secret()

    door.write_secret(Material(), stored)

    assert api.objects[SECRET]["type"] == "Opaque"


def test_refusals_and_answers_that_are_none_are_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    door = port(api)
    door.claim_lease(None)
    monkeypatch.setattr(api, "send", lambda *_, **__: b"[]")
    with pytest.raises(ClusterError, match="is no object"):
        door.read_lease()

    def refuse(*_: object, **__: object) -> bytes:
        raise ClusterError("may not", status=403)

    monkeypatch.setattr(api, "send", refuse)

    with pytest.raises(ClusterError, match="may not"):
        door.read_secret()
    with pytest.raises(ClusterError, match="may not"):
        door.write_reports({"one": "x"})


@pytest.mark.parametrize(
    ("host", "name"), [("phase2-webhook-5d-x", "phase2-webhook-5d-x"), ("ä b.", "--b"), ("", "replica")]
)
def test_a_replicas_name_may_stand_in_an_annotation(host: str, name: str) -> None:
    assert make_identity(host) == name.lstrip("-")
