"""Namespaces, affixes, and the references that follow them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.manifests.kustomize.trees import DEPLOYMENT, SECRET, at, built, holder, one

PARTS = {
    "secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\n",
    "app.yaml": DEPLOYMENT,
}


def manifest(api: str, kind: str, rest: str = "") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: thing\n{rest}"


@pytest.mark.parametrize(
    ("api", "kind", "namespace"),
    [
        ("external-secrets.io/v1", "ExternalSecret", "shop"),
        ("external-secrets.io/v1", "ClusterSecretStore", "shop"),
        ("v1", "ConfigMap", "shop"),
        ("v1", "PersistentVolume", ""),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", ""),
        ("rbac.authorization.k8s.io/v1alpha1", "ClusterRole", "shop"),
    ],
)
def test_only_kinds_known_as_cluster_scoped_get_no_namespace(
    tmp_path: Path, api: str, kind: str, namespace: str
) -> None:
    made = built(
        tmp_path, {"kustomization.yaml": "namespace: shop\nresources: [a.yaml]\n", "a.yaml": manifest(api, kind)}
    )

    assert one(made, kind).ref.namespace == namespace


def test_a_namespace_object_is_renamed_and_keeps_out_of_affixes(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": "namespace: shop\nnamePrefix: p-\nresources: [a.yaml]\n",
            "a.yaml": manifest("v1", "Namespace"),
        },
    )

    assert one(made, "Namespace").ref.name == "shop"


def test_the_namespace_points_at_the_kustomization(tmp_path: Path) -> None:
    made = built(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\nnamespace: shop\n", "a.yaml": SECRET})

    assert str(holder(one(made, "ExternalSecret").body, "metadata").at("namespace")) == "kustomization.yaml:2"


def test_a_bindings_default_subject_follows_the_namespace(tmp_path: Path) -> None:
    binding = manifest(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "roleRef: {kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}\n"
        "subjects:\n- {kind: ServiceAccount, name: default, namespace: old}\n- {kind: ServiceAccount, name: own}\n"
        "- {kind: ServiceAccount, name: strange, namespace: far}\n",
    )
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: own}\n"
    made = built(
        tmp_path,
        {"kustomization.yaml": "namespace: shop\nresources: [a.yaml, b.yaml]\n", "a.yaml": binding, "b.yaml": account},
    )

    subjects = at(one(made, "RoleBinding").body, "subjects")

    assert [at(subject, "namespace") for subject in subjects] == ["shop", "shop", "far"]  # type: ignore[union-attr]


def test_references_follow_prefix_and_suffix(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {"kustomization.yaml": "namePrefix: p-\nnameSuffix: -s\nresources: [secret.yaml, app.yaml]\n", **PARTS},
    )
    container = at(one(made, "Deployment").body, "spec", "template", "spec", "containers", 0)

    assert at(container, "envFrom", 0, "secretRef", "name") == "p-login-s"
    assert one(made, "Secret").original_name == "login"


def test_a_reference_to_what_is_not_in_the_build_stays(tmp_path: Path) -> None:
    made = built(
        tmp_path, {"kustomization.yaml": "namePrefix: p-\nresources: [es.yaml, app.yaml]\n", "es.yaml": SECRET, **PARTS}
    )
    container = at(one(made, "Deployment").body, "spec", "template", "spec", "containers", 0)

    assert at(container, "envFrom", 0, "secretRef", "name") == "login"
    assert at(one(made, "ExternalSecret").body, "spec", "target", "name") == "login"


def test_a_renaming_patch_is_followed(tmp_path: Path) -> None:
    patch = "patches:\n- target: {kind: Secret}\n  patch: '[{op: replace, path: /metadata/name, value: new}]'\n"
    made = built(tmp_path, {"kustomization.yaml": "resources: [secret.yaml, app.yaml]\n" + patch, **PARTS})
    container = at(one(made, "Deployment").body, "spec", "template", "spec", "containers", 0)

    assert at(container, "envFrom", 0, "secretRef", "name") == "new"


def test_configurations_add_references_of_custom_resources(tmp_path: Path) -> None:
    release = manifest(
        "helm.toolkit.fluxcd.io/v2", "HelmRelease", "spec:\n  valuesFrom:\n  - {kind: Secret, name: login}\n"
    )
    names = "nameReference:\n- kind: Secret\n  version: v1\n  fieldSpecs:\n  - {path: spec/valuesFrom/name, kind: HelmRelease}\n"
    made = built(
        tmp_path,
        {
            "kustomization.yaml": "namePrefix: p-\nresources: [secret.yaml, hr.yaml]\nconfigurations: [names.yaml]\n",
            "hr.yaml": release,
            "names.yaml": names,
            **PARTS,
        },
    )

    assert at(one(made, "HelmRelease").body, "spec", "valuesFrom", 0, "name") == "p-login"


def test_two_variants_of_one_base_each_keep_their_own_references(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [secret.yaml, app.yaml]\n",
            **{f"base/{name}": content for name, content in PARTS.items()},
            "a/kustomization.yaml": "namePrefix: a-\nresources: [../base]\n",
            "b/kustomization.yaml": "namePrefix: b-\nresources: [../base]\n",
            "kustomization.yaml": "resources: [a, b]\n",
        },
    )

    assert made.diagnostics == []
    for side in "ab":
        container = at(one(made, "Deployment", f"{side}-app").body, "spec", "template", "spec", "containers", 0)
        assert at(container, "envFrom", 0, "secretRef", "name") == f"{side}-login"


def test_a_name_that_two_objects_had_is_followed_to_the_nearer_one(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "a/kustomization.yaml": "namePrefix: a-\nresources: [secret.yaml, app.yaml]\n",
            **{f"a/{name}": content for name, content in PARTS.items()},
            "b/kustomization.yaml": "namePrefix: b-\nresources: [secret.yaml]\n",
            "b/secret.yaml": PARTS["secret.yaml"],
            "kustomization.yaml": "resources: [a, b, lone.yaml]\n",
            "lone.yaml": DEPLOYMENT.replace("name: app\nspec", "name: lone\nspec"),
        },
    )

    def reads(name: str) -> object:
        container = at(one(made, "Deployment", name).body, "spec", "template", "spec", "containers", 0)
        return at(container, "envFrom", 0, "secretRef", "name")

    assert (reads("a-app"), reads("lone")) == ("a-login", "login")


def test_a_reference_does_not_leave_its_namespace(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "a/kustomization.yaml": "namespace: a\nnamePrefix: a-\nresources: [secret.yaml]\n",
            "a/secret.yaml": PARTS["secret.yaml"],
            "kustomization.yaml": "resources: [a, app.yaml]\n",
            "app.yaml": DEPLOYMENT,
        },
    )
    container = at(one(made, "Deployment").body, "spec", "template", "spec", "containers", 0)

    assert at(container, "envFrom", 0, "secretRef", "name") == "login"


def test_objects_without_metadata_are_given_one(tmp_path: Path) -> None:
    bare = "apiVersion: v1\nkind: ConfigMap\ndata: {}\n"
    made = built(tmp_path, {"kustomization.yaml": "namespace: shop\nresources: [a.yaml]\n", "a.yaml": bare})

    assert one(made, "ConfigMap").ref.namespace == "shop"
