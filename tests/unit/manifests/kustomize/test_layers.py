"""Components, what Flux and Argo CD lay over a kustomization, and the one Flux makes itself."""

from __future__ import annotations

from pathlib import Path

from injector.manifests.kustomize import build, build_generated
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, SECRET, at, codes, holder, one, tree, yaml_map


def test_a_component_works_on_what_its_parent_has(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "kustomization.yaml": "resources: [app.yaml]\ncomponents: [part]\nnamespace: shop\n",
            "app.yaml": DEPLOYMENT,
            "part/kustomization.yaml": "kind: Component\nresources: [es.yaml]\nnamePrefix: c-\n",
            "part/es.yaml": SECRET,
        },
    )

    made = build(files, ".")

    assert [str(item.ref) for item in made.resources] == ["Deployment/shop/c-app", "ExternalSecret/shop/c-login"]
    assert [item.deployed_by for item in made.resources] == [(".",), (".", "part")]


def test_extra_fields_are_laid_over_the_folders_own(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "app/kustomization.yaml": """\
resources: [app.yaml]
namespace: own
commonLabels: {a: own, b: own}
images: [{name: app, newName: kept, newTag: "2"}]
patches: [{target: {kind: Deployment}, patch: '{spec: {first: 1, second: 1}}'}]
""",
            "app/app.yaml": DEPLOYMENT,
            "part/kustomization.yaml": "kind: Component\ncommonAnnotations: {part: here}\n",
        },
    )
    extra = yaml_map(
        """\
namespace: flux
components: [../part]
commonLabels: {b: flux}
images: [{name: app, newTag: "3"}]
patches:
  - target: {kind: Deployment}
    patch: '{spec: {second: 2}}'
""",
        "clusters/app.yaml",
    )

    made = build(files, "app", extra=extra)
    body = one(made, "Deployment").body

    assert codes(made) == []
    assert made.resources[0].ref.namespace == "flux"
    assert str(holder(body, "metadata").at("namespace")) == "clusters/app.yaml:1"
    assert at(body, "metadata", "labels") == {"a": "own", "b": "flux"}
    assert at(body, "metadata", "annotations") == {"part": "here"}
    assert at(body, "spec", "template", "spec", "containers", 0, "image") == "app:3"
    assert (at(body, "spec", "first"), at(body, "spec", "second")) == (1, 2)
    assert str(holder(body, "spec").at("second")) == "clusters/app.yaml:7"


def test_flux_lists_every_manifest_below_a_folder_without_kustomization(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "app/a.yaml": SECRET,
            "app/deep/b.yml": DEPLOYMENT,
            "app/deep/c.json": "{}",
            "app/own/kustomization.yaml": "resources: [d.yaml]\nnamePrefix: own-\n",
            "app/own/d.yaml": SECRET,
            "app/own/unlisted.yaml": SECRET,
            "app/own/inner/kustomization.yaml": "resources: []\n",
            "application/e.yaml": SECRET,
        },
    )

    made = build_generated(files, "app", extra=yaml_map("{namespace: shop}"))

    assert [str(item.ref) for item in made.resources] == [
        "ExternalSecret/shop/login",
        "Deployment/shop/app",
        "ExternalSecret/shop/own-login",
    ]
    assert [item.deployed_by for item in made.resources] == [("app",), ("app",), ("app", "app/own")]
    assert made.reached == {"app/a.yaml", "app/deep/b.yml", "app/own/kustomization.yaml", "app/own/d.yaml"}


def test_the_generated_kustomization_of_the_root_and_of_an_unlisted_folder(tmp_path: Path) -> None:
    files = tree(tmp_path, {"a.yaml": SECRET})
    files.found = ()

    assert len(build_generated(files, ".").resources) == 1
    assert len(build_generated(tree(tmp_path, {}), ".").resources) == 1
