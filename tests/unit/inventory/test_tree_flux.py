"""Flux trees: what is deployed from where, with which namespace, variables and patches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.trees import (
    STORE,
    documents,
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

SYNC = {"clusters/home/flux-system/gotk-sync.yaml": flux("flux-system", "./clusters/home")}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\ndata: {ENV: prod}\n"


def test_three_levels_are_followed_and_the_rest_is_orphaned(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/stores.yaml": flux("stores", "./infra/stores"),
            "clusters/home/apps.yaml": flux("apps", "./apps", dependsOn="[{name: stores}]"),
            "infra/stores/kustomization.yaml": kustomization("store.yaml"),
            "infra/stores/store.yaml": STORE,
            "apps/kustomization.yaml": kustomization("web.yaml", "nested"),
            "apps/web.yaml": external("web"),
            "apps/off.yaml": external("off"),
            "apps/nested/kustomization.yaml": kustomization("child.yaml"),
            "apps/nested/child.yaml": flux("child", "./deep/below", namespace="web"),
            "deep/below/es.yaml": external("deep"),
        },
    )

    found = read(tmp_path)

    assert made(found.deployed) == [
        "app/deep flux:web/child deep/below/es.yaml:1#0",
        "app/web flux:flux-system/apps apps/web.yaml:1#0",
    ]
    assert names(found.orphaned) == ["app/off"]
    assert found.roots["flux:flux-system/apps"].depends_on == ("flux:flux-system/stores",)
    assert paths_of(found.deployed) == ["password <- secret/data/app/db#password"] * 2
    assert found.unreadable == ()
    assert found.unresolved == ()


def test_what_stands_beside_an_entry_is_deployed_once(tmp_path: Path) -> None:
    grow(tmp_path, {"clusters/home/sync.yaml": documents(flux("flux-system", "./clusters/home"), external("beside"))})

    assert made(read(tmp_path).deployed) == [
        "app/beside flux:flux-system/flux-system clusters/home/sync.yaml:8#1",
    ]


def test_what_stands_beside_an_entry_outside_its_folder_is_deployed(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {"flux.yaml": documents(flux("apps", "./apps"), external("beside")), "apps/es.yaml": external("inside")},
    )

    assert names(read(tmp_path).deployed) == ["app/beside", "app/inside"]


def test_the_target_namespace_is_everybodys(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/apps.yaml": flux("apps", "./apps", targetNamespace="web", namePrefix="p-"),
            "apps/es.yaml": external("one", namespace="other"),
        },
    )

    found = read(tmp_path)

    assert [one.ref.name for one in found.deployed.sources] == ["p-one"]
    assert names(found.deployed) == ["web/p-one"]


def test_patches_and_components_of_the_spec_are_applied(tmp_path: Path) -> None:
    patch = "[{target: {kind: ExternalSecret}, patch: '[{op: replace, path: /spec/data/0/remoteRef/key, value: a/b}]'}]"
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/apps.yaml": flux("apps", "./apps", patches=patch, components="[../components/more]"),
            "apps/kustomization.yaml": kustomization("es.yaml"),
            "apps/es.yaml": external("one", key=""),
            "components/more/kustomization.yaml": kustomization("es.yaml").replace(
                "v1beta1\nkind: Kustomization", "v1alpha1\nkind: Component"
            ),
            "components/more/es.yaml": external("two", key=""),
            "store.yaml": STORE,
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/one", "app/two"]
    assert paths_of(found.deployed) == ["password <- secret/data/a/b#password"] * 2


def test_variables_of_the_spec_and_of_config_maps_are_filled_in(tmp_path: Path) -> None:
    post = "{substitute: {APP: web}, substituteFrom: [{kind: ConfigMap, name: settings}]}"
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/settings.yaml": CONFIG_MAP,
            "clusters/home/apps.yaml": flux("apps", "./apps", postBuild=post),
            "apps/es.yaml": external("${APP}", "${NS:=shop}", "${ENV}/${WHAT}/$${KEPT}"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["shop/web"]
    assert paths_of(found.deployed) == ["password <- prod/${WHAT}/${KEPT}#password"]
    assert said(found.unresolved) == ["apps/es.yaml:8 unresolved-variable!"]


def test_variables_of_secrets_are_kept_and_reported_and_their_secret_has_a_reader(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: vars, namespace: flux-system}\nstringData: {KEY: c4nary}\n"
    post = "{substituteFrom: [{kind: Secret, name: vars}]}"
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/vars.yaml": secret,
            "clusters/home/apps.yaml": flux("apps", "./apps", postBuild=post),
            "apps/es.yaml": external("${KEY}"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/${KEY}", "flux-system/vars"]
    assert said(found.unresolved) == [
        "apps/es.yaml:3 unresolved-variable!",
        "clusters/home/apps.yaml:7 substitute-from!",
    ]
    assert [one for one in readers(found.deployed) if "vars" in one] == [
        "fluxSubstitute Kustomization/flux-system/apps <- vars clusters/home/apps.yaml:7"
    ]


def test_without_post_build_nothing_is_substituted_nor_reported(tmp_path: Path) -> None:
    grow(tmp_path, {**SYNC, "clusters/home/es.yaml": external("${KEY}")})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/${KEY}"]
    assert found.unresolved == ()


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])
def test_every_version_of_a_kustomization_is_followed(version: str, tmp_path: Path) -> None:
    old = flux("apps", "./apps").replace("/v1\n", f"/{version}\n")
    grow(tmp_path, {"clusters/home/sync.yaml": old, "apps/es.yaml": external()})

    assert made(read(tmp_path).deployed) == ["app/login flux:flux-system/apps apps/es.yaml:1#0"]


@pytest.mark.parametrize("version", ["v2", "v2beta2", "v2beta1"])
def test_every_version_of_a_helm_release_is_read(version: str, tmp_path: Path) -> None:
    release = f"""\
        apiVersion: helm.toolkit.fluxcd.io/{version}
        kind: HelmRelease
        metadata: {{name: web, namespace: web}}
        spec:
          chart: {{spec: {{chart: grafana}}}}
          valuesFrom:
            - {{kind: Secret, name: from-secret, valuesKey: v.yaml}}
            - {{kind: ConfigMap, name: from-map}}
          values:
            admin: {{existingSecret: in-values}}
          postRenderers:
            - kustomize:
                patches:
                  - patch: |
                      apiVersion: apps/v1
                      kind: Deployment
                      metadata: {{name: web}}
                      spec:
                        template:
                          spec:
                            containers:
                              - name: web
                                envFrom: [{{secretRef: {{name: in-patch}}}}]
        """
    config_map = """\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: from-map, namespace: web}
        data:
          values.yaml: |
            admin: {existingSecret: overridden}
            envFromSecret: in-map
        """
    grow(tmp_path, {**SYNC, "clusters/home/web.yaml": release, "clusters/home/map.yaml": config_map})

    assert readers(read(tmp_path).deployed) == [
        "envFrom HelmRelease/web/web <- in-map clusters/home/map.yaml:7",
        "envFrom HelmRelease/web/web <- in-patch clusters/home/web.yaml:23",
        "helmValues HelmRelease/web/web <- in-values clusters/home/web.yaml:10",
        "helmValuesFrom HelmRelease/web/web <- from-secret[v.yaml] clusters/home/web.yaml:7",
    ]


def test_clusters_do_not_see_each_others_secrets(tmp_path: Path) -> None:
    pod = """\
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: app}
        spec:
          containers: [{name: web, image: web, envFrom: [{secretRef: {name: login}}]}]
        """
    grow(
        tmp_path,
        {
            "clusters/one/sync.yaml": flux("flux-system", "./clusters/one"),
            "clusters/one/apps.yaml": flux("apps", "./apps"),
            "clusters/one/pod.yaml": pod,
            "clusters/two/sync.yaml": flux("flux-system", "./clusters/two"),
            "clusters/two/apps.yaml": flux("apps", "./apps"),
            "apps/es.yaml": external(),
        },
    )

    report = judge(tmp_path)

    assert [(item.source.origin.root, [len(one.consumers) for one in item.credentials]) for item in report.items] == [
        ("flux:one:flux-system/apps", [1]),
        ("flux:two:flux-system/apps", [0]),
    ]


def test_a_path_that_is_not_in_the_tree_is_unresolved(tmp_path: Path) -> None:
    grow(tmp_path, {**SYNC, "clusters/home/gone.yaml": flux("gone", "./gone"), "clusters/home/es.yaml": external()})

    found = read(tmp_path)

    assert said(found.unresolved) == ["clusters/home/gone.yaml:1 unresolved-path!"]
    assert names(found.deployed) == ["app/login"]


def test_a_path_of_another_repository_is_not_looked_for_here(tmp_path: Path) -> None:
    ours = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: %s, namespace: flux-system}\n"
    )
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/own.yaml": ours % "flux-system" + "spec: {url: ssh://git@github.com/me/home.git}\n",
            "clusters/home/same.yaml": ours % "same" + "spec: {url: https://github.com/me/home}\n",
            "clusters/home/foreign.yaml": ours % "foreign" + "spec: {url: https://github.com/them/app}\n",
            "clusters/home/a.yaml": flux("a", "./deploy").replace("name: flux-system}\n", "name: foreign}\n", 2),
            "clusters/home/b.yaml": flux("b", "./apps").replace(
                "GitRepository, name: flux-system", "GitRepository, name: same"
            ),
            "deploy/es.yaml": external("not-theirs"),
            "apps/es.yaml": external("ours"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/ours"]
    assert names(found.orphaned) == ["app/not-theirs"]
    assert said(found.unresolved) == ["clusters/home/a.yaml:1 unresolved-path!"]


def test_a_switched_off_kustomization_makes_orphans(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            **SYNC,
            "clusters/home/kustomization.yaml": kustomization("flux-system/gotk-sync.yaml", "on.yaml"),
            "clusters/home/on.yaml": flux("on", "./on"),
            "clusters/home/off.yaml": flux("off", "./off"),
            "on/es.yaml": external("on"),
            "off/es.yaml": external("off"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/on"]
    assert made(found.orphaned) == ["app/off off-flux:flux-system/off off/es.yaml:1#0"]


@pytest.mark.parametrize("kind", ["FluxInstance", "HelmRelease"])
def test_a_flux_instance_is_a_root(kind: str, tmp_path: Path) -> None:
    sync = "sync: {kind: GitRepository, path: clusters/home, url: 'https://x/y'}"
    spec = sync if kind == "FluxInstance" else f"values: {{instance: {{{sync}}}}}"
    body = f"""\
        apiVersion: {"fluxcd.controlplane.io/v1" if kind == "FluxInstance" else "helm.toolkit.fluxcd.io/v2"}
        kind: {kind}
        metadata: {{name: flux, namespace: flux-system}}
        spec:
          chart: {{spec: {{chart: flux-instance}}}}
          {spec}
        """
    grow(
        tmp_path,
        {
            "bootstrap/instance.yaml": body,
            "clusters/home/apps.yaml": flux("apps", "./apps"),
            "apps/es.yaml": external(),
            "left.yaml": external("left"),
        },
    )

    found = read(tmp_path)

    assert made(found.deployed) == ["app/login flux:flux-system/apps apps/es.yaml:1#0"]
    assert names(found.orphaned) == ["app/left"]


def test_a_kustomization_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    grow(tmp_path, {"a/b.yaml": flux("b", "./b"), "b/a.yaml": flux("a", "./a"), "b/es.yaml": external()})

    assert names(read(tmp_path).deployed) == ["app/login"]


def test_an_environment_called_test_is_deployed(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "clusters/test/sync.yaml": flux("flux-system", "./clusters/test"),
            "clusters/test/apps.yaml": flux("apps", "./apps"),
            "apps/es.yaml": external(),
            "left.yaml": external("left"),
        },
    )

    assert names(read(tmp_path).deployed) == ["app/login"]


RELEASES = {
    "flux": """\
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: app}
        spec:
          chart: {spec: {chart: grafana}}
          values:
            extraObjects: [OBJECT]
        """,
    "argo": """\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          destination: {namespace: app}
          source:
            chart: grafana
            helm:
              values: |
                deep:
                  manifests: {one: OBJECT}
        """,
    "k3s": """\
        apiVersion: helm.cattle.io/v1
        kind: HelmChart
        metadata: {name: web, namespace: kube-system}
        spec:
          chart: grafana
          targetNamespace: app
          valuesContent: |
            extraDeploy: [OBJECT]
        """,
}


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_an_external_secret_in_a_charts_values_is_deployed(release: str, tmp_path: Path) -> None:
    embedded = (
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: login}, spec: {secretStoreRef: "
        "{name: vault}, data: [{secretKey: password, remoteRef: {key: a, property: b}}]}}"
    )
    grow(tmp_path, {"web.yaml": release.replace("OBJECT", embedded)})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert paths_of(found.deployed) == ["password <- a#b"]
