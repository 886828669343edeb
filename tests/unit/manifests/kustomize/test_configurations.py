"""What ``configurations:`` adds to the tables, and how tables of several layers join."""

from __future__ import annotations

from pathlib import Path

from injector.manifests.kustomize.config import DEFAULT, read_configuration
from tests.unit.manifests.kustomize.trees import at, built, one, yaml_map

FOO = (
    "apiVersion: example.org/v1\nkind: Foo\nmetadata: {name: foo}\nspec: {image: app:1, size: 1, ref: foo, space: x}\n"
)
TABLE = """\
images: [{path: spec/image, kind: Foo}]
replicas: [{path: spec/size, kind: Foo}]
namePrefix: [{path: spec/ref, kind: Foo}]
nameSuffix: [{path: spec/ref, kind: Foo}]
namespace: [{path: spec/space, kind: Foo}, {kind: no-path}]
commonLabels: [{path: spec/labels, kind: Foo, create: true}]
commonAnnotations: [{path: spec/notes, kind: Foo, create: true}]
"""


def test_fields_of_custom_resources_are_transformed(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": """\
resources: [foo.yaml]
configurations: [table.yaml]
namespace: shop
namePrefix: p-
nameSuffix: -s
images: [{name: app, newTag: "2"}]
replicas: [{name: foo, count: 3}]
commonLabels: {a: b}
commonAnnotations: {c: d}
""",
            "foo.yaml": FOO,
            "table.yaml": TABLE,
        },
    )

    assert made.diagnostics == []
    assert at(one(made, "Foo").body, "spec") == {
        "image": "app:2",
        "size": 3,
        "ref": "p-foo-s",
        "space": "shop",
        "labels": {"a": "b"},
        "notes": {"c": "d"},
    }


def test_tables_join_and_count_an_entry_once() -> None:
    first = read_configuration(yaml_map("nameReference: [{kind: A, fieldSpecs: [{path: a/b, kind: X}]}]"))
    second = read_configuration(yaml_map("nameReference: [{kind: A, fieldSpecs: [{path: a/b, kind: X}, {path: c}]}]"))

    merged = first.merged(second)

    assert len(merged.references) == len(DEFAULT.references) + 1
    assert [spec.segments for spec in merged.references[-1].specs] == [("a", "b"), ("c",)]
    assert merged.common_labels == DEFAULT.common_labels
    assert DEFAULT.merged(first) is first
    assert first.merged(DEFAULT) is first
