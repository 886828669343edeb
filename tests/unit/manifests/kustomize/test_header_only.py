"""Documents of which only the head was read: their metadata is worked on and nothing is invented."""

from __future__ import annotations

from pathlib import Path

from injector.manifests.files import Files
from injector.manifests.kustomize import build
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, one, tree


def test_only_the_metadata_of_a_head_is_transformed(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "kustomization.yaml": """\
resources: [app.yaml]
namespace: shop
namePrefix: p-
commonLabels: {a: b}
replicas: [{name: app, count: 2}]
images: [{name: app, newTag: "2"}]
patches:
  - patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: app, annotations: {x: y}}, spec: {a: b}}'
  - target: {kind: Deployment}
    patch: |-
      - {op: replace, path: /spec/replicas, value: 3}
      - {op: add, path: /metadata/annotations/z, value: w}
replacements:
  - source: {kind: Deployment, fieldPath: spec.gone}
    targets: [{select: {kind: Deployment}, fieldPaths: [spec.other]}]
""",
            "app.yaml": DEPLOYMENT,
        },
    )
    files = Files(tmp_path, files.found, heads=frozenset({"Deployment"}))

    made = build(files, ".")

    assert made.diagnostics == []
    assert one(made, "Deployment").body == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "p-app", "namespace": "shop", "labels": {"a": "b"}, "annotations": {"x": "y", "z": "w"}},
    }
