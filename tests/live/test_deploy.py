"""deploy/base as the API server takes it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from injector.migration.model import SecretMigration
from injector.migration.write import write_migration
from tests.lab.kube import ApiError, Cluster, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.packaging.conftest import REPOSITORY
from tests.unit.migration.strategies import migrations

CRD = "apiextensions.k8s.io/v1"
VALID = """\
apiVersion: phase2.tazlab.net/v1alpha1
kind: SecretMigration
metadata: {name: shop-db}
spec:
  stage: inject
  source: {kind: ExternalSecret, name: shop-db}
  secret: shop-db
  auth: {method: jwt, mount: jwt}
  credentials:
    - {name: shop, keys: [password], engine: database/postgresql, path: database/creds/shop}
  files:
    - {key: password, template: '{{ with secret "database/creds/shop" }}{{ .Data.password }}{{ end }}'}
  workloads: []
"""


def apply_base(kube: Cluster) -> str:
    """Apply every file of the base, wait until it is served, and return the definition's name."""
    base = REPOSITORY / "deploy" / "base"
    listed = yaml.safe_load((base / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    (definition,) = [yaml.safe_load((base / name).read_text(encoding="utf-8")) for name in listed]
    name = str(kube.apply(definition)["metadata"]["name"])
    wait_until(lambda: conditions(kube, name).get("Established") == "True", what=f"{name} is served")
    return name


def conditions(kube: Cluster, name: str) -> dict[str, str]:
    found = kube.get(CRD, "CustomResourceDefinition", name)
    return {one["type"]: one["status"] for one in found.get("status", {}).get("conditions") or []}


def in_cluster(migration: SecretMigration, namespace: str) -> Object:
    made: dict[str, Any] = yaml.safe_load(write_migration(migration))
    made["metadata"] |= {"namespace": namespace, "name": "one"}
    return made


def test_definition_is_accepted_and_structural(lab_api: Lab) -> None:
    name = apply_base(lab_api.kube)

    assert conditions(lab_api.kube, name).get("NonStructuralSchema", "False") == "False"


def test_server_keeps_every_field_that_is_written(lab_api: Lab, namespace: str) -> None:
    """A field that the definition does not know would be dropped without a word."""
    apply_base(lab_api.kube)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(migration=migrations())
    def check(migration: SecretMigration) -> None:
        written = in_cluster(migration, namespace)

        stored = lab_api.kube.create(deepcopy(written), dry_run=True)

        assert stored["spec"] == written["spec"]

    check()


@pytest.mark.parametrize(
    ("field", "value"),
    [("stage", "someday"), ("secret", None), ("credentials", "all"), ("workloads", [{"kind": "Pod"}])],
)
def test_server_refuses_what_our_reader_would_refuse(lab_api: Lab, namespace: str, field: str, value: object) -> None:
    apply_base(lab_api.kube)
    wrong = yaml.safe_load(VALID)
    wrong["metadata"]["namespace"] = namespace
    lab_api.kube.create(deepcopy(wrong), dry_run=True)
    wrong["spec"][field] = value

    with pytest.raises(ApiError, match=rf"spec\.{field}") as refused:
        lab_api.kube.create(wrong, dry_run=True)

    assert refused.value.status == 422


def test_server_refuses_a_moved_key_without_a_file(lab_api: Lab, namespace: str) -> None:
    """What the fields alone do not say stands in the definition as CEL."""
    apply_base(lab_api.kube)
    wrong = yaml.safe_load(VALID)
    wrong["metadata"]["namespace"] = namespace
    wrong["spec"]["credentials"][0]["keys"].append("username")

    with pytest.raises(ApiError, match="each moved key needs one file"):
        lab_api.kube.create(wrong, dry_run=True)
