"""Consumers of every kind of workload, wherever its pod spec stands."""

from __future__ import annotations

import pytest

from injector.model import ObjectRef
from tests.unit.inventory.reading import consumers_of, only, shown

_CONTAINER = "{name: a, envFrom: [{secretRef: {name: s}}]}"

_WORKLOADS = [
    ("v1", "Pod", f"spec: {{containers: [{_CONTAINER}]}}"),
    ("apps/v1", "StatefulSet", f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}"),
    ("apps/v1", "DaemonSet", f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}"),
    ("apps/v1", "ReplicaSet", f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}"),
    ("v1", "ReplicationController", f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}"),
    ("v1", "PodTemplate", f"template: {{spec: {{containers: [{_CONTAINER}]}}}}"),
    ("batch/v1", "Job", f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}"),
    (
        "batch/v1",
        "CronJob",
        f"spec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}}}}}",
    ),
    (
        "argoproj.io/v1alpha1",
        "Rollout",
        f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}",
    ),
    (
        "argoproj.io/v1alpha1",
        "WorkflowTemplate",
        f"spec: {{templates: [{{name: t, container: {_CONTAINER}}}]}}",
    ),
    (
        "argoproj.io/v1alpha1",
        "CronWorkflow",
        f"spec: {{workflowSpec: {{templates: [{{name: t, script: {_CONTAINER}}}]}}}}",
    ),
    (
        "serving.knative.dev/v1",
        "Service.knative",
        f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}",
    ),
    (
        "apps.openshift.io/v1",
        "DeploymentConfig",
        f"spec: {{template: {{spec: {{containers: [{_CONTAINER}]}}}}}}",
    ),
    ("tekton.dev/v1", "Task", f"spec: {{steps: [{_CONTAINER}]}}"),
    ("monitoring.coreos.com/v1", "Prometheus", f"spec: {{containers: [{_CONTAINER}]}}"),
    (
        "k8s.elastic.co/v1",
        "Kibana",
        f"spec: {{podTemplate: {{spec: {{containers: [{_CONTAINER}]}}}}}}",
    ),
]


@pytest.mark.parametrize(("version", "kind", "body"), _WORKLOADS)
def test_every_workload_kind_is_read(version: str, kind: str, body: str) -> None:
    kind = kind.partition(".")[0]
    found = consumers_of(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: w, namespace: n}}\n{body}\n")

    assert shown(found) == ["envFrom <- s in a"]
    assert found[0].ref == ObjectRef(kind, "n", "w")


def test_volumes_of_an_argo_workflow_are_mounted_by_its_templates() -> None:
    found = consumers_of(
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: w-, namespace: n}
        spec:
          volumes: [{name: v, secret: {secretName: s}}]
          templates:
          - name: t
            container: {image: x, volumeMounts: [{name: v, mountPath: /v}]}
        """
    )

    assert shown(found) == ["volume /v <- s in container"]


def test_volumes_of_an_operators_resource_are_mounted_by_what_stands_beside() -> None:
    found = consumers_of(
        """
        apiVersion: monitoring.coreos.com/v1
        kind: Prometheus
        metadata: {name: p, namespace: n}
        spec:
          volumes: [{name: v, secret: {secretName: s}}]
          volumeMounts: [{name: v, mountPath: /v}]
        """
    )

    assert shown(found) == ["volume /v <- s in spec"]


def test_what_holds_no_secret_is_read_fast_and_says_nothing() -> None:
    assert consumers_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {secretName: x}\n") == []


def test_a_deployments_origin_is_its_root() -> None:
    found = only(
        consumers_of(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{_CONTAINER}]}}\n")
    )

    assert (found.origin.root, found.origin.location.path) == ("files", "app.yaml")
