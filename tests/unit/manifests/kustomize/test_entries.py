"""What a kustomization lists: files, folders, and what is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.manifests.kustomize import build
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, SECRET, built, codes, one, said, tree


def test_an_external_secret_of_three_overlays_is_three_resources_with_one_source(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [es.yaml]\n",
            "base/es.yaml": SECRET,
            **{f"{name}/kustomization.yaml": f"resources: [../base]\nnamespace: {name}\n" for name in "abc"},
        },
    )

    made = [one(build(files, name), "ExternalSecret") for name in "abc"]

    assert [item.ref.namespace for item in made] == ["a", "b", "c"]
    assert {str(item.location) for item in made} == {"base/es.yaml:1"}
    assert [item.deployed_by for item in made] == [(name, "base") for name in "abc"]
    assert made[0].body is not made[1].body


def test_a_missing_entry_is_a_diagnostic_and_the_rest_goes_on(tmp_path: Path) -> None:
    made = built(tmp_path, {"kustomization.yaml": "resources:\n  - gone.yaml\n  - es.yaml\n", "es.yaml": SECRET})

    assert said(made) == ["kustomization.yaml:2 missing-resource"]
    assert one(made, "ExternalSecret").ref.name == "login"


def test_a_broken_document_costs_only_itself(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {"kustomization.yaml": "resources: [a.yaml, b.yaml]\n", "a.yaml": "a: [\n---\n" + SECRET, "b.yaml": DEPLOYMENT},
    )

    made = build(files, ".")

    assert [item.ref.kind for item in made.resources] == ["ExternalSecret", "Deployment"]
    assert [found.code for found in files.diagnostics["a.yaml"]] == ["yaml-syntax"]


@pytest.mark.parametrize(
    "entry",
    [
        "https://example.org/a.yaml",
        "github.com/acme/deploy//base?ref=v1",
        "git@github.com:acme/deploy.git",
        "ssh://git@host/repo",
        "host.example/repo/path?ref=main",
    ],
)
def test_a_remote_base_is_named_and_not_fetched(tmp_path: Path, entry: str) -> None:
    made = built(tmp_path, {"kustomization.yaml": f"resources: ['{entry}']\ncomponents: ['{entry}']\n"})

    assert codes(made) == ["remote-base", "remote-base"]


def test_a_remote_base_by_ssh_is_named_with_its_user(tmp_path: Path) -> None:
    made = built(tmp_path, {"kustomization.yaml": "resources: ['git@github.com:acme/deploy.git']\n"})

    (found,) = made.diagnostics
    assert found.message.startswith("git@github.com:acme/deploy.git is remote")


def test_a_folder_called_like_a_host_is_a_folder(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": "resources: [github.com/app]\n",
            "github.com/app/kustomization.yaml": "resources: [es.yaml]\n",
            "github.com/app/es.yaml": SECRET,
        },
    )

    assert codes(made) == []
    assert len(made.resources) == 1


def test_a_cycle_ends_with_a_diagnostic(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [../b, es.yaml]\n",
            "a/es.yaml": SECRET,
            "b/kustomization.yaml": "resources: [../a]\n",
        },
        "a",
    )

    assert said(made) == ["b/kustomization.yaml:1 cycle"]
    assert len(made.resources) == 1


def test_a_link_that_leads_back_is_a_cycle(tmp_path: Path) -> None:
    files = tree(tmp_path, {"a/kustomization.yaml": "resources: [loop]\n"})
    (tmp_path / "a" / "loop").symlink_to(".")

    assert codes(build(files, "a")) == ["cycle"]


def test_bases_that_double_each_other_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("injector.manifests.kustomize.accumulate.MAX_VISITS", 50)
    contents = {
        f"{level}{side}/kustomization.yaml": f"resources: [../{level + 1}a, ../{level + 1}b]\n"
        for level in range(10)
        for side in "ab"
    }

    assert codes(built(tmp_path, contents, "0a")).count("too-large") == 1


def test_legacy_bases_are_read(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {"kustomization.yaml": "bases: [b]\n", "b/kustomization.yml": "resources: [es.yaml]\n", "b/es.yaml": SECRET},
    )

    assert len(made.resources) == 1
    assert made.reached == {"kustomization.yaml", "b/kustomization.yml", "b/es.yaml"}


@pytest.mark.parametrize(
    ("kustomization", "code"),
    [
        ("resources: [/etc/passwd]\n", "bad-entry"),
        ("resources: [{a: b}]\n", "bad-entry"),
        ("resources: [empty]\n", "missing-kustomization"),
        ("resources: [other/kustomization.yaml]\n", "bad-entry"),
        ("resources: [values.yaml]\n", "not-an-object"),
        ("components: [nowhere]\n", "missing-resource"),
        ("components: [other]\n", "wrong-kind"),
        ("resources: [part]\n", "wrong-kind"),
        ("- a\n", "bad-kustomization"),
        ("resource: [a.yaml]\n", "unknown-field"),
        ("vars: [{name: A}]\n", "unresolved"),
        ("transformers: [a.yaml]\n", "unresolved"),
        ("helmCharts: [{name: app, valuesFile: values.yaml}]\n", "unresolved"),
        ("helmCharts: [1]\n", "unresolved"),
        ("openapi: {path: a.json}\n", "unresolved"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, kustomization: str, code: str) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": kustomization,
            "empty/note.txt": "",
            "values.yaml": "a: b\n",
            "other/kustomization.yaml": "kind: Kustomization\n",
            "part/kustomization.yaml": "kind: Component\n",
        },
    )

    assert codes(made) == [code]
    assert made.diagnostics[0].location.path == "kustomization.yaml" or code == "not-an-object"


def test_a_charts_values_file_is_reached(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {"kustomization.yaml": "helmCharts:\n  - name: app\n    valuesFile: values.yaml\n", "values.yaml": "a: b\n"},
    )

    assert "values.yaml" in made.reached
    assert "values.yaml" in made.diagnostics[0].message


def test_an_object_listed_twice_counts_once(tmp_path: Path) -> None:
    made = built(
        tmp_path, {"kustomization.yaml": "resources:\n  - a.yaml\n  - b.yaml\n", "a.yaml": SECRET, "b.yaml": SECRET}
    )

    assert said(made) == ["kustomization.yaml:3 duplicate-resource"]
    assert [str(item.location) for item in made.resources] == ["a.yaml:1"]


def test_local_configuration_is_not_deployed(tmp_path: Path) -> None:
    local = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {config.kubernetes.io/local-config: 'true'}\n"

    assert built(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": local}).resources == []


def test_the_loaded_documents_are_not_changed(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        {
            "kustomization.yaml": "resources: [es.yaml]\nnamespace: a\nnamePrefix: p-\ncommonLabels: {a: b}\n",
            "es.yaml": SECRET,
        },
    )
    build(files, ".")

    fresh = tree(tmp_path, {})

    assert files.load("es.yaml")[0].value == fresh.load("es.yaml")[0].value


def test_the_same_tree_builds_the_same_twice(tmp_path: Path) -> None:
    files = tree(
        tmp_path, {"kustomization.yaml": "resources: [b.yaml, a.yaml]\n", "a.yaml": SECRET, "b.yaml": DEPLOYMENT}
    )

    assert [item.body for item in build(files, ".").resources] == [item.body for item in build(files, ".").resources]


def test_a_folder_without_kustomization_is_said(tmp_path: Path) -> None:
    assert codes(built(tmp_path, {"a.yaml": SECRET})) == ["missing-kustomization"]
