"""Strategic merge, list by list."""

from __future__ import annotations

import pytest

from injector.manifests.kustomize.merge import MismatchError, merge
from injector.manifests.kustomize.mergekeys import NOTHING, Schema, schema_of
from tests.unit.manifests.kustomize.trees import yaml_map

POD = schema_of("v1", "Pod")
SERVICE = schema_of("v1", "Service")


@pytest.mark.parametrize(
    ("schema", "had", "patch", "expected"),
    [
        (NOTHING, "{a: 1, b: {c: 2}}", "{b: {c: null, d: 3}}", "{a: 1, b: {d: 3}}"),
        (NOTHING, "{a: [1, 2]}", "{a: [3]}", "{a: [3]}"),
        (NOTHING, "{a: {b: 1}}", "{a: {$patch: replace, c: 2}}", "{a: {c: 2}}"),
        (NOTHING, "{a: {b: 1}, c: 1}", "{a: {$patch: delete}}", "{c: 1}"),
        (NOTHING, "{a: 1}", "{$patch: replace, b: 2}", "{b: 2}"),
        (NOTHING, "{}", "{a: {b: null, c: {$patch: delete}, d: 1}}", "{a: {d: 1}}"),
        (
            POD,
            "{spec: {containers: [{name: a, image: i}, {name: b}]}}",
            "{spec: {containers: [{name: b, image: j}, {name: c}]}}",
            "{spec: {containers: [{name: b, image: j}, {name: c}, {name: a, image: i}]}}",
        ),
        (
            POD,
            "{spec: {volumes: [{name: a}, {name: b}]}}",
            "{spec: {volumes: [{name: a, $patch: delete}, {name: gone, $patch: delete}]}}",
            "{spec: {volumes: [{name: b}]}}",
        ),
        (
            POD,
            "{spec: {volumes: [{name: a}]}}",
            "{spec: {volumes: [{$patch: replace}, {name: c}]}}",
            "{spec: {volumes: [{name: c}]}}",
        ),
        (POD, "{spec: {volumes: [{name: a}]}}", "{spec: {volumes: [{$patch: delete}]}}", "{spec: {}}"),
        (
            POD,
            "{spec: {volumes: [{name: a}]}}",
            "{spec: {volumes: [text, {x: y}]}}",
            "{spec: {volumes: [text, {x: y}, {name: a}]}}",
        ),
        (
            POD,
            "{metadata: {finalizers: [a, b]}}",
            "{metadata: {finalizers: [c, a]}}",
            "{metadata: {finalizers: [c, a, b]}}",
        ),
        (
            SERVICE,
            "{spec: {ports: [{port: 1}, {port: 2}]}}",
            "{spec: {ports: [{port: 2, name: x}, {port: 3}]}}",
            "{spec: {ports: [{port: 2, name: x}, {port: 3}, {port: 1}]}}",
        ),
        (
            SERVICE,
            "{spec: {ports: [{port: 1, protocol: TCP}, {port: 1, protocol: UDP}]}}",
            "{spec: {ports: [{port: 1, protocol: UDP, name: x}, {port: 3}]}}",
            "{spec: {ports: [{port: 3}, {port: 1, protocol: TCP}, {port: 1, protocol: UDP, name: x}]}}",
        ),
    ],
)
def test_a_patch_merges_as_kustomize_does(schema: Schema, had: str, patch: str, expected: str) -> None:
    target = yaml_map(had)

    assert merge(target, yaml_map(patch, "patch.yaml"), schema)
    assert target == yaml_map(expected)


def test_delete_at_the_top_deletes_the_object() -> None:
    assert not merge(yaml_map("{a: 1}"), yaml_map("{$patch: delete}"), NOTHING)


@pytest.mark.parametrize("patch", ["{a: 1}", "{a: [1]}", "{b: {c: 1}}", "{c: {d: 1}}"])
def test_fields_of_another_form_are_refused(patch: str) -> None:
    with pytest.raises(MismatchError):
        merge(yaml_map("{a: {x: 1}, b: 1, c: [1]}"), yaml_map(patch), NOTHING)
