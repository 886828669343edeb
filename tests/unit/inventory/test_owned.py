"""What a cluster's dump holds beside what somebody wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inventory.trees import names, read, readers

SPEC = {"containers": [{"name": "web", "image": "web:1", "envFrom": [{"secretRef": {"name": "db"}}]}]}


def thing(
    kind: str, name: str, spec: object, *, owner: str = "", labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Make an object of namespace `shop`; `owner` is its controller's ``Kind/name``."""
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "labels": dict(labels or {})}
    if owner:
        by, _, of = owner.partition("/")
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": by, "name": of, "uid": "u", "controller": True}]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}


def dump(*objects: object) -> bytes:
    """Return the List that ``kubectl get -o yaml`` prints, as JSON, which is YAML too."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()


TEMPLATE = {"template": {"spec": SPEC}}
DEPLOYMENT = thing("Deployment", "web", TEMPLATE)
REPLICA_SET = thing("ReplicaSet", "web-5d", TEMPLATE, owner="Deployment/web")
POD = thing("Pod", "web-5d-x", SPEC, owner="ReplicaSet/web-5d", labels={"pod-template-hash": "5d"})


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param((DEPLOYMENT, REPLICA_SET, POD), id="all of them"),
        pytest.param((POD, DEPLOYMENT), id="the ReplicaSet left out"),
        pytest.param((DEPLOYMENT,), id="only what somebody wrote"),
    ],
)
def test_reader_counts_once_however_much_of_it_is_there(tmp_path: Path, objects: tuple[object, ...]) -> None:
    found = read(tmp_path, "-", stdin=dump(*objects))

    assert [line.split()[1] for line in readers(found.deployed)] == ["Deployment/shop/web"]


@pytest.mark.parametrize("objects", [(POD,), (POD, thing("Deployment", "other", {}))])
def test_reader_is_kept_when_what_made_it_is_not_there(tmp_path: Path, objects: tuple[object, ...]) -> None:
    found = read(tmp_path, "-", stdin=dump(*objects))

    assert [line.split()[1] for line in readers(found.deployed)] == ["Pod/shop/web-5d-x"]


def test_secret_that_an_external_secret_made_is_no_second_writer(tmp_path: Path) -> None:
    spec = {"secretStoreRef": {"name": "vault"}, "data": [{"secretKey": "a", "remoteRef": {"key": "b"}}]}
    maker = thing("ExternalSecret", "db", spec) | {"apiVersion": "external-secrets.io/v1"}
    secret = thing("Secret", "db", {}, owner="ExternalSecret/db")

    found = read(tmp_path, "-", stdin=dump(secret, maker))

    assert [one.kind for one in found.deployed.sources] == ["ExternalSecret"]
    assert names(found.deployed) == ["shop/db"]


def test_an_owner_that_is_no_controller_makes_nothing(tmp_path: Path) -> None:
    kept = thing("Pod", "debug", SPEC, owner="Deployment/web")
    kept["metadata"]["ownerReferences"][0]["controller"] = False

    found = read(tmp_path, "-", stdin=dump(DEPLOYMENT, kept))

    assert [line.split()[1] for line in readers(found.deployed)] == ["Deployment/shop/web", "Pod/shop/debug"]
