"""Trees without Flux and Argo CD, orphans, and what never counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.inventory.build import build_inventory
from injector.manifests.tree import load_tree
from tests.unit.inventory.trees import (
    STORE,
    external,
    flux,
    grow,
    judge,
    kustomization,
    made,
    names,
    paths_of,
    read,
    readers,
    said,
)

COMPONENT = kustomization("es.yaml").replace("v1beta1\nkind: Kustomization", "v1alpha1\nkind: Component")
SET_KEY = "[{target: {kind: ExternalSecret}, patch: '[{op: replace, path: /spec/data/0/remoteRef/key, value: %s/db}]'}]"


def test_kustomizations_that_nobody_lists_are_roots(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "base/kustomization.yaml": kustomization("es.yaml"),
            "base/es.yaml": external("base"),
            "app/kustomization.yml": kustomization("../base", components="[../component]"),
            "component/kustomization.yaml": COMPONENT,
            "component/es.yaml": external("component"),
            "other/Kustomization": kustomization("es.yaml"),
            "other/es.yaml": external("other"),
            "left.yaml": external("left"),
        },
    )

    found = read(tmp_path)

    assert made(found.deployed) == [
        "app/base kustomize:app base/es.yaml:1#0",
        "app/component kustomize:app component/es.yaml:1#0",
        "app/other kustomize:other other/es.yaml:1#0",
    ]
    assert names(found.orphaned) == ["app/left"]


def test_three_overlays_deploy_three_objects_of_one_source(tmp_path: Path) -> None:
    contents = {"base/kustomization.yaml": kustomization("es.yaml"), "base/es.yaml": external("login", key="")}
    for stage in ("dev", "prod", "test"):
        contents[f"overlays/{stage}/kustomization.yaml"] = kustomization(
            "../../base", namespace=f"app-{stage}", patches=SET_KEY % stage
        )
    grow(tmp_path, {**contents, "store.yaml": STORE})

    report = judge(tmp_path)

    assert [
        (
            item.source.ref.namespace,
            item.source.origin.location.path,
            item.source.origin.deployed_by,
            item.credentials[0].vault_paths,
        )
        for item in report.items
    ] == [
        (f"app-{stage}", "base/es.yaml", (f"overlays/{stage}", "base"), (f"secret/data/{stage}/db",))
        for stage in ("dev", "prod", "test")
    ]
    assert [item.source.origin.location.line for item in report.items] == [1, 1, 1]


def test_a_remote_base_is_unresolved_and_its_login_is_not_shown(tmp_path: Path) -> None:
    remote = "https://bot:c4n4rytoken9@github.com/org/repo//deploy?ref=v1"
    grow(tmp_path, {"kustomization.yaml": kustomization("es.yaml", remote), "es.yaml": external()})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert said(found.unresolved) == ["kustomization.yaml:5 remote-base!"]
    assert found.unreadable == ()
    assert "c4n4ry" not in str(found.unresolved)
    assert "github.com/org/repo" in found.unresolved[0].message


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "kustomization.yaml:5 missing-resource!"),
        ({"components": "[gone]"}, "kustomization.yaml:5 missing-resource!"),
        ({"patches": "[{path: gone.yaml}]"}, "kustomization.yaml:5 missing-file!"),
    ],
)
def test_what_is_listed_and_missing_is_said(fields: dict[str, str], expected: str, tmp_path: Path) -> None:
    listed = ["es.yaml"] if fields else ["es.yaml", "gone.yaml"]
    grow(tmp_path, {"kustomization.yaml": kustomization(*listed, **fields), "es.yaml": external()})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert said([*found.unreadable, *found.unresolved]) == [expected]


@pytest.mark.parametrize(
    "folder", ["tests", "test", "testdata", "e2e/cases", "fixtures", "vendor/chart", "x/__tests__", "a/third_party/b"]
)
def test_fixtures_never_count(folder: str, tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            f"{folder}/es.yaml": external("fixture"),
            f"{folder}/store.yaml": STORE,
            f"{folder}/flux.yaml": flux("fixture", "./apps"),
            f"{folder}/kust/kustomization.yaml": kustomization("es.yaml"),
            f"{folder}/kust/es.yaml": external("kustomized"),
            "apps/es.yaml": external("plain"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/plain"]
    assert names(found.orphaned) == []
    assert found.deployed.stores == []


def test_a_fixture_that_a_root_reaches_is_deployed(tmp_path: Path) -> None:
    grow(tmp_path, {"kustomization.yaml": kustomization("tests/es.yaml"), "tests/es.yaml": external()})

    assert names(read(tmp_path).deployed) == ["app/login"]


@pytest.mark.parametrize("folder", ["overlays/test", "envs/test", "clusters/test", "app/test"])
def test_an_environment_called_test_counts(folder: str, tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            f"{folder}/kustomization.yaml": kustomization("es.yaml"),
            f"{folder}/es.yaml": external(),
            "app/prod/x.yaml": "",
        },
    )

    assert names(read(tmp_path).deployed) == ["app/login"]


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: externalsecrets.external-secrets.io, namespace: app}
spec:
  group: external-secrets.io
  names: {kind: ExternalSecret}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          properties:
            spec: {properties: {secretName: {type: string, default: login}, secretRef: {name: login}}}
"""


def test_a_crd_makes_nothing_and_reads_nothing(tmp_path: Path) -> None:
    grow(tmp_path, {"crds/es.yaml": CRD, "crds/store.yaml": CRD.replace("ExternalSecret", "SecretStore")})

    found = read(tmp_path)

    assert names(found.deployed) == []
    assert readers(found.deployed) == []
    assert found.deployed.stores == []


def test_a_chart_is_listed_as_templated_and_its_crds_do_not_count(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
            "chart/values.yaml": "existingSecret: login\n",
            "chart/templates/deployment.yaml": "{{- if .Values.x }}\napiVersion: apps/v1\nkind: Deployment\n{{- end }}\n",
            "chart/templates/broken.yaml": "a:\n\tb: {{ .Values.x }}\n",
            "chart/crds/es.yaml": CRD,
            "es.yaml": external(),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert found.unreadable == ()
    assert sorted(one.location.path for one in found.templated) == [
        "chart/templates/broken.yaml",
        "chart/templates/deployment.yaml",
    ]


def test_a_chart_that_is_deployed_gives_what_stands_there_without_templating(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "flux.yaml": flux("chart", "./chart"),
            "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
            "chart/templates/es.yaml": external("plain"),
            "chart/templates/web.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\n",
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/plain"]
    assert said(found.templated) == ["chart/templates/web.yaml:4 templated"]
    assert found.unreadable == ()


def test_plain_files_see_each_others_config_maps_however_many_there_are(tmp_path: Path) -> None:
    """More than one piece of work: what one file says must reach all the others."""
    pod = """\
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: app}
        spec:
          containers:
            - name: web
              image: web
              envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: login}}]
        """
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: app}\ndata: {DB_HOST: db}\n"
    repository = """\
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: web, namespace: app}
        spec: {url: oci://registry/charts/grafana}
        """
    release = """\
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: app}
        spec:
          chartRef: {kind: OCIRepository, name: web}
          values: {admin: {existingSecret: login}}
        """
    filler = {f"m{number:03}.yaml": external(f"s{number}") for number in range(100)}
    grow(tmp_path, {"a.yaml": pod, "b.yaml": repository, **filler, "y.yaml": release, "z.yaml": settings})

    found = read(tmp_path)

    [container] = [one.container for one in found.deployed.consumers if one.container and one.container.image == "web"]
    assert dict(container.env) == {"DB_HOST": "db"}
    assert {one.chart for one in found.deployed.consumers if one.ref.kind == "HelmRelease"} == {"grafana"}


def test_a_key_that_only_an_overlay_sets_is_no_finding(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "base/kustomization.yaml": kustomization("es.yaml"),
            "base/es.yaml": external(key=""),
            "prod/kustomization.yaml": kustomization("../base", patches=SET_KEY % "prod"),
        },
    )

    found = read(tmp_path)

    assert paths_of(found.deployed) == ["password <- prod/db#password"]
    assert [one.rule for one in found.deployed.findings if "key" in one.rule] == []


def test_entry_that_does_not_exist_leaves_the_answer_incomplete(tmp_path: Path) -> None:
    """Kustomize refuses to build it, so nobody knows what is deployed."""
    (tmp_path / "kustomization.yaml").write_text("resources: [gone.yaml, empty]\n")
    (tmp_path / "empty").mkdir()

    found = build_inventory(load_tree([tmp_path])).unreadable

    assert sorted((one.code, one.is_deployed) for one in found) == [
        ("missing-kustomization", True),
        ("missing-resource", True),
    ]
