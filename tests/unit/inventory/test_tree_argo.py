"""Argo CD trees: Applications, ApplicationSets and what they deploy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.trees import (
    application,
    documents,
    external,
    grow,
    kustomization,
    made,
    names,
    read,
    readers,
    said,
)


def app_set(name: str, generators: str, path: str, *, namespace: str = "apps", more: str = "") -> str:
    return application(
        "set",
        f"""\
generators:
{generators}
template:
  metadata: {{name: "{name}"}}
  spec:
    source: {{repoURL: "https://x/y", path: "{path}"{more}}}
    destination: {{namespace: {namespace}}}
""",
        kind="ApplicationSet",
    )


PLAIN = "source: {repoURL: 'https://x/y', path: %s}\ndestination: {server: 'https://kubernetes.default.svc', namespace: web}\n"


def test_a_folder_of_an_application_is_deployed_to_its_destination(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "argo/web.yaml": application("web", PLAIN % "apps/web"),
            "apps/web/es.yaml": external("plain", namespace=""),
            "apps/web/other.yaml": external("placed", namespace="other"),
            "apps/web/deeper/es.yaml": external("deeper"),
            "apps/left/es.yaml": external("left"),
        },
    )

    found = read(tmp_path)

    assert made(found.deployed) == [
        "other/placed argo:argocd/web:apps/web apps/web/other.yaml:1#0",
        "web/plain argo:argocd/web:apps/web apps/web/es.yaml:1#0",
    ]
    assert names(found.orphaned) == ["app/deeper", "app/left"]


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("{recurse: true}", ["app/a", "app/b", "app/c"]),
        ("{recurse: false}", ["app/a"]),
        ("{recurse: true, exclude: 'skip/*'}", ["app/a", "app/b"]),
        ("{recurse: true, include: '{deep/*,*/c.yaml}'}", ["app/b", "app/c"]),
        ("{recurse: true, include: '*.yaml', exclude: '{skip/*,deep/*}'}", ["app/a"]),
        ("{include: '{a,b}.yaml'}", ["app/a"]),
    ],
)
def test_a_directory_source_says_which_files(directory: str, expected: list[str], tmp_path: Path) -> None:
    """Source: https://argo-cd.readthedocs.io/en/stable/user-guide/directory/#including-only-certain-files."""
    spec = f"source: {{path: apps, directory: {directory}}}\ndestination: {{namespace: web}}\n"
    grow(
        tmp_path,
        {
            "argo/web.yaml": application("web", spec),
            "apps/a.yaml": external("a"),
            "apps/deep/b.yaml": external("b"),
            "apps/skip/c.yaml": external("c"),
        },
    )

    assert names(read(tmp_path).deployed) == expected


def test_applications_of_applications_are_followed(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "root.yaml": application("root", PLAIN % "argo"),
            "argo/web.yaml": documents(application("web", PLAIN % "apps/web"), external("beside")),
            "apps/web/kustomization.yaml": kustomization("es.yaml"),
            "apps/web/es.yaml": external("inside", namespace=""),
        },
    )

    assert made(read(tmp_path).deployed) == [
        "app/beside argo:argocd/root:argo argo/web.yaml:8#1",
        "web/inside argo:argocd/web:apps/web apps/web/es.yaml:1#0",
    ]


def test_an_application_that_nobody_deploys_makes_orphans(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "root.yaml": application("root", PLAIN % "argo"),
            "argo/kustomization.yaml": kustomization("on.yaml"),
            "argo/on.yaml": application("on", PLAIN % "on"),
            "argo/off.yaml": application("off", PLAIN % "off"),
            "on/es.yaml": external("on"),
            "off/es.yaml": external("off"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/on"]
    assert made(found.orphaned) == ["app/off off-argo:argocd/off:off off/es.yaml:1#0"]


def test_an_application_of_a_chart_is_a_consumer_once(tmp_path: Path) -> None:
    spec = """\
        source:
          chart: grafana
          helm:
            valuesObject: {admin: {existingSecret: login}}
        destination: {namespace: web}
        """
    grow(
        tmp_path,
        {"root.yaml": application("root", PLAIN % "argo"), "argo/grafana.yaml": application("grafana", spec)},
    )
    grow(tmp_path / "alone", {"grafana.yaml": application("grafana", spec)})

    expected = "helmValues Application/argocd/grafana <- login {}:8"

    assert readers(read(tmp_path, "root.yaml", "argo").deployed) == [expected.format("argo/grafana.yaml")]
    assert readers(read(tmp_path, "alone").deployed) == [expected.format("grafana.yaml")]


def test_kustomize_options_of_the_source_are_laid_over(tmp_path: Path) -> None:
    options = (
        "{namespace: shop, namePrefix: p-, nameSuffix: -s, components: [../more], patches: [{target: {kind: "
        "ExternalSecret, name: one}, patch: '[{op: replace, path: /spec/data/0/remoteRef/key, value: a/b}]'}]}"
    )
    spec = f"source: {{path: apps, kustomize: {options}}}\ndestination: {{namespace: web}}\n"
    grow(
        tmp_path,
        {
            "argo/web.yaml": application("web", spec),
            "apps/kustomization.yaml": kustomization("es.yaml"),
            "apps/es.yaml": external("one", namespace="", key=""),
            "more/kustomization.yaml": kustomization("two.yaml").replace(
                "v1beta1\nkind: Kustomization", "v1alpha1\nkind: Component"
            ),
            "more/two.yaml": external("two"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["shop/p-one-s", "shop/p-two-s"] or names(found.deployed) == [
        "shop/one",
        "shop/two",
    ]
    assert sorted(one.ref.name for one in found.deployed.sources) == ["p-one-s", "p-two-s"]
    assert "a/b" in {remote.path for one in found.deployed.sources for key in one.keys for remote in key.remotes}


def test_every_one_of_several_sources_counts(tmp_path: Path) -> None:
    spec = """\
        sources:
          - {path: apps/one}
          - {path: apps/two}
          - {chart: grafana, helm: {valueFiles: [$values/values/base.yaml, $values/values/prod.yaml, $gone/x.yaml]}}
          - {ref: values, repoURL: 'https://x/y'}
        destination: {namespace: web}
        """
    grow(
        tmp_path,
        {
            "argo/web.yaml": application("web", spec),
            "apps/one/es.yaml": external("one"),
            "apps/two/es.yaml": external("two"),
            "values/base.yaml": "admin: {existingSecret: base}\nenvFromSecret: kept\n",
            "values/prod.yaml": "# the later file wins\nadmin: {existingSecret: prod}\n",
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/one", "app/two"]
    assert readers(found.deployed) == [
        "envFrom Application/argocd/web <- kept values/base.yaml:2",
        "helmValues Application/argocd/web <- prod values/prod.yaml:2",
    ]
    assert names(found.orphaned) == []


@pytest.mark.parametrize(
    ("helm", "expected"),
    [
        ("{valueFiles: [v.yaml]}", "file chart/v.yaml:1"),
        ("{valueFiles: [/chart/v.yaml]}", "file chart/v.yaml:1"),
        ("{valueFiles: [gone.yaml]}", "chart chart/values.yaml:1"),
        ("{valueFiles: [v.yaml], values: 'admin: {existingSecret: text}'}", "text argo/web.yaml:8"),
        ("{valueFiles: [v.yaml], valuesObject: {admin: {existingSecret: object}}}", "object argo/web.yaml:8"),
        (
            "{values: 'admin: {existingSecret: text}', valuesObject: {admin: {existingSecret: object}}}",
            "object argo/web.yaml:8",
        ),
        (
            "{valuesObject: {admin: {existingSecret: object}}, parameters: [{name: admin.existingSecret, value: set}]}",
            "set argo/web.yaml:8",
        ),
        ("{}", "chart chart/values.yaml:1"),
    ],
)
def test_values_win_over_each_other_as_in_argo(helm: str, expected: str, tmp_path: Path) -> None:
    """Source: https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-value-precedence."""
    spec = f"source:\n  path: chart\n  repoURL: ''\n  helm: {helm}\ndestination: {{namespace: web}}\n"
    grow(
        tmp_path,
        {
            "argo/web.yaml": application("web", spec),
            "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
            "chart/values.yaml": "admin: {existingSecret: chart}\n",
            "chart/v.yaml": "admin: {existingSecret: file}\n",
            "chart/templates/x.yaml": "a: {{ .Values.x }}\n",
        },
    )

    name, _, place = expected.partition(" ")

    assert readers(read(tmp_path).deployed) == [f"helmValues Application/argocd/web <- {name} {place}"]


def test_a_list_generator_makes_an_application_for_every_element(tmp_path: Path) -> None:
    generators = "  - list: {elements: [{env: one, ns: a}, {env: two, ns: b, deep: {x: 1}}]}"
    grow(
        tmp_path,
        {
            "argo/set.yaml": app_set("web-{{env}}", generators, "apps/{{ .env }}", namespace="'{{ns}}'"),
            "apps/one/es.yaml": external("x", namespace=""),
            "apps/two/es.yaml": external("x", namespace=""),
        },
    )

    assert made(read(tmp_path).deployed) == [
        "a/x argo:argocd/web-one:apps/one apps/one/es.yaml:1#0",
        "b/x argo:argocd/web-two:apps/two apps/two/es.yaml:1#0",
    ]


@pytest.mark.parametrize(
    "template", ["{{path}}", "{{ .path.path }}", "apps/{{path.basename}}", "apps/{{ .path.basename }}", "apps/{{path[1]}}",
                 "apps/{{ index .path.segments 1 }}", "apps/{{path.basenameNormalized}}", "apps/{{values.dir}}", "apps/{{ .values.dir }}"]
)  # fmt: skip
def test_git_directories_are_those_of_the_tree(template: str, tmp_path: Path) -> None:
    generators = (
        "  - git: {directories: [{path: apps/*}, {path: apps/off, exclude: true}], values: {dir: '{{path.basename}}'}}"
    )
    grow(
        tmp_path,
        {
            "argo/set.yaml": app_set("web-{{path.basename}}", generators, template),
            "apps/one/es.yaml": external("one"),
            "apps/two/es.yaml": external("two"),
            "apps/two/deeper/es.yaml": external("deeper"),
            "apps/off/es.yaml": external("off"),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/one", "app/two"]
    assert names(found.orphaned) == ["app/deeper", "app/off"]


def test_git_files_give_their_content(tmp_path: Path) -> None:
    generators = "  - git: {files: [{path: 'envs/*/config.json'}, {path: 'deep/**/config.yaml'}]}"
    grow(
        tmp_path,
        {
            "argo/set.yaml": app_set("web-{{app.name}}", generators, "{{ .app.folder }}", namespace="'{{app.name}}'"),
            "envs/one/config.json": '{"app": {"name": "one", "folder": "apps/one"}}',
            "envs/two/more/config.json": '{"app": {"name": "no", "folder": "apps/no"}}',
            "deep/a/b/config.yaml": "app: {name: two, folder: apps/two}\n",
            "apps/one/es.yaml": external("x", namespace=""),
            "apps/two/es.yaml": external("x", namespace=""),
            "apps/no/es.yaml": external("x", namespace=""),
        },
    )

    assert names(read(tmp_path).deployed) == ["one/x", "two/x"]


def test_a_matrix_combines_and_a_generator_of_clusters_keeps_the_braces(tmp_path: Path) -> None:
    generators = """\
  - matrix:
      generators:
        - clusters: {selector: {}}
        - git: {directories: [{path: apps/*}]}
        - list: {elements: [{ns: a}, {ns: b}]}"""
    grow(
        tmp_path,
        {
            "argo/set.yaml": app_set("{{name}}-{{path.basename}}-{{ns}}", generators, "{{path}}", namespace="'{{ns}}'"),
            "apps/one/es.yaml": external("x", namespace=""),
        },
    )

    assert names(read(tmp_path).deployed) == ["a/x", "b/x"]


def test_a_merge_lays_matching_elements_over_the_first_generators(tmp_path: Path) -> None:
    generators = """\
  - merge:
      mergeKeys: [app]
      generators:
        - list: {elements: [{app: one, ns: a}, {app: two, ns: a}]}
        - list: {elements: [{app: two, ns: b}, {app: three, ns: c}]}"""
    grow(
        tmp_path,
        {
            "argo/set.yaml": app_set("{{app}}", generators, "apps/{{app}}", namespace="'{{ns}}'"),
            "apps/one/es.yaml": external("one", namespace=""),
            "apps/two/es.yaml": external("two", namespace=""),
            "apps/three/es.yaml": external("three", namespace=""),
        },
    )

    assert names(read(tmp_path).deployed) == ["a/one", "b/two"]


def test_a_cluster_generator_alone_deploys_a_fixed_path_and_reports_one_with_braces(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "argo/fixed.yaml": app_set("fixed-{{name}}", "  - clusters: {}", "apps/one", namespace="'{{name}}'"),
            "argo/open.yaml": app_set("open-{{name}}", "  - clusters: {}", "apps/{{name}}"),
            "apps/one/es.yaml": external(),
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert said(found.unresolved) == ["argo/open.yaml:10 unresolved-path!"]


def test_clusters_by_destination_do_not_see_each_other(tmp_path: Path) -> None:
    two = "".join(
        application(f"web-{cluster}", f"source: {{path: apps}}\ndestination: {{namespace: web, name: {cluster}}}\n")
        + "---\n"
        for cluster in ("one", "two")
    )
    grow(tmp_path, {"argo.yaml": two, "apps/es.yaml": external()})

    assert {root.cluster for root in read(tmp_path).roots.values() if root.folder} == {"one", "two"}


@pytest.mark.parametrize(
    "spec", ["{}", "3", "{source: 3, sources: {}}", "{source: {path: [a]}}", "{generators: 3, template: []}"]
)
@pytest.mark.parametrize("kind", ["Application", "ApplicationSet"])
def test_what_is_of_a_wrong_shape_deploys_nothing(kind: str, spec: str, tmp_path: Path) -> None:
    grow(tmp_path, {"argo.yaml": application("web", spec, kind=kind), "es.yaml": external()})

    assert names(read(tmp_path).deployed) == ["app/login"]
