"""A pod as it is admitted is led back to what stands in Git."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.convention.workload import Owner, build_workload, find_owner
from injector.pod.model import Json


def owned(kind: str, name: str, version: str = "apps/v1", labels: dict[str, str] | None = None) -> dict[str, Any]:
    reference = {"apiVersion": version, "kind": kind, "name": name, "controller": True}
    return {"metadata": {"ownerReferences": [reference], "labels": labels or {}}, "spec": {"containers": []}}


@pytest.mark.parametrize(
    ("pod", "owner"),
    [
        (owned("ReplicaSet", "web-5d4", labels={"pod-template-hash": "5d4"}), Owner("apps/v1", "Deployment", "web")),
        (owned("ReplicaSet", "web-5d4", labels={"pod-template-hash": "7f"}), Owner("apps/v1", "ReplicaSet", "web-5d4")),
        (owned("ReplicaSet", "web-5d4"), Owner("apps/v1", "ReplicaSet", "web-5d4")),
        (
            owned("ReplicaSet", "web-5d4", labels={"rollouts-pod-template-hash": "5d4"}),
            Owner("argoproj.io/v1alpha1", "Rollout", "web"),
        ),
        (owned("StatefulSet", "db"), Owner("apps/v1", "StatefulSet", "db")),
        (owned("Job", "run-29012345", "batch/v1"), Owner("batch/v1", "CronJob", "run")),
        (owned("Job", "import-2024", "batch/v1"), Owner("batch/v1", "Job", "import-2024")),
        ({"metadata": {"name": "x"}}, Owner("v1", "Pod", "x")),
        ({"metadata": {"generateName": "x-"}}, Owner("v1", "Pod", "x")),
        ({}, Owner("v1", "Pod", "")),
    ],
)
def test_owner_is_what_stands_in_git(pod: dict[str, Any], owner: Owner) -> None:
    assert find_owner(pod) == owner


@pytest.mark.parametrize(
    "pod", [owned("Cluster", "pg", "postgresql.cnpg.io/v1"), owned("StatefulSet", "pg", "apps.kruise.io/v1beta1")]
)
def test_pod_of_an_operator_has_no_manifest(pod: dict[str, Any]) -> None:
    made = build_workload(pod, "shop")

    assert made == pod["metadata"]["ownerReferences"][0]["kind"]


def test_what_kubernetes_adds_is_taken_away() -> None:
    pod = owned("StatefulSet", "db", labels={"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"})
    pod["spec"] = {
        "hostname": "db-0",
        "nodeName": "n",
        "containers": [{"name": "a", "volumeMounts": [{"name": "kube-api-access-x"}, {"name": "s"}]}],
        "volumes": [
            {"name": "kube-api-access-x", "projected": {}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}},
            {"name": "s", "secret": {"secretName": "s"}},
        ],
    }

    made: Any = build_workload(pod, "shop")

    assert made["spec"]["template"] == {
        "metadata": {"labels": {"app": "db"}},
        "spec": {
            "containers": [{"name": "a", "volumeMounts": [{"name": "s"}]}],
            "volumes": [{"name": "s", "secret": {"secretName": "s"}}],
        },
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.sampled_from(["metadata", "spec", "labels", "ownerReferences", "containers", "volumes", "kind", "name"])


@given(st.dictionaries(PARTS, st.dictionaries(PARTS, JSON, max_size=4) | JSON, max_size=3))
def test_no_shape_of_a_pod_raises(pod: dict[str, Json]) -> None:
    made = build_workload(pod, "shop")

    assert made
