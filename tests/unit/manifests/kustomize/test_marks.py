"""Labels, annotations, images, replicas and replacements."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.location import Location
from injector.manifests.kustomize.counting import split_image
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, SECRET, at, built, codes, holder, one


@pytest.mark.parametrize(
    ("fields", "in_metadata", "in_template", "in_selector"),
    [
        ("commonLabels: {a: b}", True, True, True),
        ("labels: [{pairs: {a: b}}]", True, False, False),
        ("labels: [{pairs: {a: b}, includeTemplates: true}]", True, True, False),
        ("labels: [{pairs: {a: b}, includeSelectors: true}]", True, True, True),
        ("commonAnnotations: {a: b}", False, False, False),
    ],
)
def test_labels_reach_where_they_are_asked_to(
    tmp_path: Path, fields: str, *, in_metadata: bool, in_template: bool, in_selector: bool
) -> None:
    made = built(tmp_path, {"kustomization.yaml": f"resources: [app.yaml]\n{fields}\n", "app.yaml": DEPLOYMENT})
    body = one(made, "Deployment").body
    template = holder(body, "spec", "template")

    assert ("labels" in holder(body, "metadata")) is in_metadata
    assert ("metadata" in template and "labels" in holder(template, "metadata")) is in_template
    assert ("selector" in holder(body, "spec")) is in_selector


def test_annotations_point_at_the_kustomization(tmp_path: Path) -> None:
    made = built(
        tmp_path, {"kustomization.yaml": "resources: [es.yaml]\ncommonAnnotations:\n  a: b\n", "es.yaml": SECRET}
    )

    annotations = holder(one(made, "ExternalSecret").body, "metadata", "annotations")

    assert annotations.at("a") == Location("kustomization.yaml", 3)


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        ("app:1", "newTag: '2'", "app:2"),
        ("app@sha256:abc", "newTag: '2'", "app:2"),
        ("app", "newName: r.example:5000/app", "r.example:5000/app"),
        ("app:1", "digest: sha256:abc", "app@sha256:abc"),
        ("app:1", "digest: sha256:abc, newTag: '3'", "app:3@sha256:abc"),
        ("other/app:1", "newTag: '2'", "other/app:1"),
        ("application:1", "newTag: '2'", "application:1"),
    ],
)
def test_images_are_replaced_by_name(tmp_path: Path, image: str, options: str, expected: str) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": f"resources: [app.yaml]\nimages:\n  - {{name: app, {options}}}\n",
            "app.yaml": DEPLOYMENT.replace("app:1", image),
        },
    )
    container = holder(one(made, "Deployment").body, "spec", "template", "spec", "containers", 0)

    assert container["image"] == expected
    assert container.at("image").path == ("app.yaml" if image == expected else "kustomization.yaml")


def test_a_registrys_port_is_no_tag() -> None:
    assert split_image("r:5000/a") == ("r:5000/a", "", "")
    assert split_image("r:5000/a:1@sha256:b") == ("r:5000/a", "1", "sha256:b")


def test_replicas_are_set_by_any_name(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "base/kustomization.yaml": "namePrefix: p-\nresources: [app.yaml]\n",
            "base/app.yaml": DEPLOYMENT,
            "kustomization.yaml": "resources: [base]\nreplicas:\n  - {name: app, count: '3'}\n  - {name: gone, count: 1}\n",
        },
    )
    spec = holder(one(made, "Deployment").body, "spec")

    assert spec["replicas"] == 3
    assert spec.at("replicas") == Location("kustomization.yaml", 3)
    assert codes(made) == ["no-target"]


REPLACEMENT = """\
resources: [es.yaml, app.yaml]
replacements:
  - source: {{kind: Deployment, fieldPath: {source}}}
    targets:
      - select: {{kind: ExternalSecret}}
        fieldPaths: [{target}]
        options: {options}
"""


@pytest.mark.parametrize(
    ("source", "target", "options", "where", "expected"),
    [
        ("metadata.name", "spec.target.name", "{}", ("spec", "target", "name"), "app"),
        ("metadata.name", "spec.data.*.remoteRef.key", "{}", ("spec", "data", 0, "remoteRef", "key"), "app"),
        ("metadata.name", "spec.data.0.secretKey", "{}", ("spec", "data", 0, "secretKey"), "app"),
        ("metadata.name", "'spec.data.[secretKey=password].new'", "{create: true}", ("spec", "data", 0, "new"), "app"),
        ("metadata.name", "'metadata.labels.[a.b/c]'", "{create: true}", ("metadata", "labels", "a.b/c"), "app"),
        (
            "spec.template.spec.containers.0.image",
            "spec.target.name",
            "{delimiter: o, index: 1}",
            ("spec", "target", "name"),
            "loapp:1",
        ),
        ("metadata.name", "spec.target.name", "{delimiter: /, index: -1}", ("spec", "target", "name"), "app/login"),
        ("metadata.name", "spec.target.name", "{delimiter: /, index: 9}", ("spec", "target", "name"), "login/app"),
    ],
)
def test_a_value_is_copied_to_its_targets(
    tmp_path: Path, source: str, target: str, options: str, where: tuple[str | int, ...], expected: str
) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": REPLACEMENT.format(source=source, target=target, options=options),
            "es.yaml": SECRET,
            "app.yaml": DEPLOYMENT,
        },
    )
    body = one(made, "ExternalSecret").body

    assert codes(made) == []
    assert at(body, *where) == expected
    assert str(holder(body, *where[:-1]).at(str(where[-1]))) == "kustomization.yaml:6"


@pytest.mark.parametrize(
    ("source", "target"),
    [("metadata.gone", "spec.target.name"), ("metadata.name", "spec.gone"), ("metadata.name", "spec.data.7.key")],
)
def test_a_replacement_without_field_is_said(tmp_path: Path, source: str, target: str) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": REPLACEMENT.format(source=source, target=target, options="{}"),
            "es.yaml": SECRET,
            "app.yaml": DEPLOYMENT,
        },
    )

    assert codes(made) == ["bad-replacement"]


def test_replacements_may_stand_in_a_file(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": "resources: [es.yaml, app.yaml]\nreplacements: [{path: r.yaml}, text]\n",
            "r.yaml": "- source: {kind: Deployment, name: app}\n  targets:\n"
            "  - select: {kind: ExternalSecret}\n    reject: [{name: other}]\n    fieldPaths: [spec.target.name]\n"
            "  - select: {kind: ExternalSecret}\n    reject: [{name: login}]\n    fieldPaths: [spec.data]\n",
            "es.yaml": SECRET,
            "app.yaml": DEPLOYMENT,
        },
    )

    assert at(one(made, "ExternalSecret").body, "spec", "target", "name") == "app"
    assert codes(made) == ["bad-replacement"]


def test_a_replacements_target_is_no_pattern(tmp_path: Path) -> None:
    kustomization = REPLACEMENT.format(source="metadata.name", target="spec.target.name", options="{}")
    made = built(
        tmp_path,
        {
            "kustomization.yaml": kustomization.replace("kind: ExternalSecret", "kind: External.*"),
            "es.yaml": SECRET,
            "app.yaml": DEPLOYMENT,
        },
    )

    assert at(one(made, "ExternalSecret").body, "spec", "target", "name") == "login"
