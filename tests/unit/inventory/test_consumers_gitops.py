"""What the GitOps engines' own objects read: Flux, Argo CD, k3s."""

from __future__ import annotations

import textwrap

import pytest

from injector.inventory.helmvalues_releases import embedded_objects
from injector.model import How, ObjectRef
from tests.unit.inventory.reading import consumers_of, only, release, resource_of, shown

_FLUX = [
    ("source.toolkit.fluxcd.io/v1", "GitRepository", "secretRef: {name: s}", "spec.secretRef"),
    ("source.toolkit.fluxcd.io/v1", "OCIRepository", "certSecretRef: {name: s}", "spec.certSecretRef"),
    ("source.toolkit.fluxcd.io/v1", "Bucket", "secretRef: {name: s}", "spec.secretRef"),
    ("notification.toolkit.fluxcd.io/v1", "Receiver", "secretRef: {name: s}", "spec.secretRef"),
    ("notification.toolkit.fluxcd.io/v1beta3", "Provider", "secretRef: {name: s}", "spec.secretRef"),
    ("image.toolkit.fluxcd.io/v1", "ImageRepository", "secretRef: {name: s}", "spec.secretRef"),
    (
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        "decryption: {provider: sops, secretRef: {name: s}}",
        "spec.decryption.secretRef",
    ),
    (
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        "kubeConfig: {secretRef: {name: s}}",
        "spec.kubeConfig.secretRef",
    ),
    (
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        "chart: {spec: {chart: c, verify: {provider: cosign, secretRef: {name: s}}}}",
        "spec.chart.spec.verify.secretRef",
    ),
]


@pytest.mark.parametrize(("version", "kind", "spec", "path"), _FLUX)
def test_flux_objects_name_secrets(version: str, kind: str, spec: str, path: str) -> None:
    found = only(
        consumers_of(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: r, namespace: n}}\nspec: {{{spec}}}\n")
    )

    assert (found.how, found.secret, found.path) == (How.CUSTOM_RESOURCE, "s", path)


def test_flux_substitutes_from_secrets() -> None:
    found = only(
        consumers_of(
            """
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: {name: r, namespace: n}
            spec:
              postBuild:
                substituteFrom: [{kind: ConfigMap, name: c}, {kind: Secret, name: s}]
            """
        )
    )

    assert (found.how, found.secret) == (How.FLUX_SUBSTITUTE, "s")


@pytest.mark.parametrize(
    ("entry", "key", "path"),
    [
        ("", "values.yaml", "spec.valuesFrom"),
        (", valuesKey: k", "k", "spec.valuesFrom"),
        (", valuesKey: k, targetPath: db.password", "k", "db.password"),
    ],
)
def test_values_from_a_secret_say_key_and_target(entry: str, key: str, path: str) -> None:
    found = only(
        consumers_of(
            f"""
            apiVersion: helm.toolkit.fluxcd.io/v2beta1
            kind: HelmRelease
            metadata: {{name: r, namespace: n}}
            spec: {{valuesFrom: [{{kind: Secret, name: s{entry}}}]}}
            """
        )
    )

    assert (found.how, found.key, found.path) == (How.HELM_VALUES_FROM, key, path)


def test_values_are_read_in_the_target_namespace() -> None:
    found = consumers_of(
        """
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: app, namespace: flux-system}
        spec:
          targetNamespace: shop
          valuesFrom: [{kind: Secret, name: from}]
          values: {existingSecret: '{{ .Release.Name }}-{{ $.Release.Namespace }}'}
        """
    )

    assert [(one.secret, one.secret_namespace) for one in found] == [
        ("from", ""),
        ("shop-app-shop", "shop"),
    ]


@pytest.mark.parametrize(
    ("spec", "chart"),
    [
        ("chart: {spec: {chart: grafana}}", "grafana"),
        ("chart: {spec: {chart: ./charts/shop}}", "shop"),
        ("chartRef: {kind: OCIRepository, name: known}", "app-template"),
        ("chartRef: {kind: OCIRepository, name: unknown}", "unknown"),
        ("chart: {name: old, repository: x}", "old"),
        ("chart: {git: g, path: charts/shop}", "shop"),
        ("interval: 1h", ""),
    ],
)
def test_chart_is_named_whatever_way_it_is_referred_to(spec: str, chart: str) -> None:
    found = only(
        consumers_of(
            f"""
            apiVersion: helm.toolkit.fluxcd.io/v2
            kind: HelmRelease
            metadata: {{name: r, namespace: n}}
            spec: {{{spec}, values: {{existingSecret: s}}}}
            """,
            charts={"known": "app-template"},
        )
    )

    assert found.chart == chart


_PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      containers:
      - name: app
        envFrom:
        - secretRef:
            name: s
"""


def _post_renderer(body: str) -> str:
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: r, namespace: n}}
spec:
  postRenderers:
  - kustomize:
{body}
"""


def test_post_renderer_patches_are_read_with_their_lines() -> None:
    patch = textwrap.indent(_PATCH, " " * 10)
    found = only(consumers_of(_post_renderer(f"      patches:\n      - patch: |\n{patch}")))

    assert (found.how, found.secret, found.ref.kind, found.location.line) == (
        How.ENV_FROM,
        "s",
        "HelmRelease",
        19,
    )


def test_post_renderer_strategic_merges_are_read() -> None:
    patch = textwrap.indent(_PATCH, " " * 8)[8:]
    found = only(consumers_of(_post_renderer(f"      patchesStrategicMerge:\n      - {patch}")))

    assert found.secret == "s"  # noqa: S105 - a name


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (
            "{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}}",
            ["env A <- s[k] in containers"],
        ),
        (
            "{op: add, path: /spec/template/spec/containers/0/envFrom, value: [{secretRef: {name: s}}]}",
            ["envFrom <- s in containers"],
        ),
        ("{op: replace, path: /spec/tls/secretName, value: s}", ["customResource spec.tls.secretName <- s"]),
        ("{op: remove, path: /spec/tls/secretName}", []),
        ("{op: add, path: /-, value: x}", []),
    ],
)
def test_post_renderer_operations_are_read(operation: str, expected: list[str]) -> None:
    found = consumers_of(
        _post_renderer(f"      patchesJson6902:\n      - target: {{kind: X}}\n        patch: [{operation}]")
    )

    assert shown(found) == expected


def _application(source: str, kind: str = "Application") -> str:
    spec = f"destination: {{namespace: shop}}, {source}"
    inner = f"template: {{spec: {{{spec}}}}}" if kind == "ApplicationSet" else spec
    return f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: app, namespace: argocd}}\nspec: {{{inner}}}\n"


@pytest.mark.parametrize(
    "source",
    [
        "source: {chart: grafana, helm: {valuesObject: {envFromSecret: s}}}",
        'source: {chart: grafana, helm: {values: "envFromSecret: s"}}',
        "source: {path: charts/grafana, helm: {parameters: [{name: envFromSecret, value: s}]}}",
        "sources: [{ref: values}, {chart: grafana, helm: {valuesObject: {envFromSecret: s}}}]",
    ],
)
def test_applications_have_their_values_in_many_fields(source: str) -> None:
    found = only(consumers_of(_application(source)))

    assert (found.how, found.secret, found.secret_namespace, found.chart) == (
        How.ENV_FROM,
        "s",
        "shop",
        "grafana",
    )


def test_application_sets_are_read_through_their_template() -> None:
    found = only(
        consumers_of(_application("source: {chart: c, helm: {valuesObject: {existingSecret: s}}}", "ApplicationSet"))
    )

    assert (found.ref.kind, found.secret) == ("ApplicationSet", "s")


def test_parameters_lie_over_the_values_of_an_application() -> None:
    source = (
        "source: {chart: c, helm: {valuesObject: {auth: {existingSecret: old}}, "
        "parameters: [{name: auth.existingSecret, value: new}, {name: 'a[0].b', value: x}, {name: a..b, value: x}]}}"
    )
    found = only(consumers_of(_application(source)))

    assert (found.secret, found.path) == ("new", "auth.existingSecret")


def test_values_text_of_an_application_keeps_its_lines() -> None:
    found = only(
        consumers_of(
            """\
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            metadata: {name: app, namespace: argocd}
            spec:
              source:
                chart: c
                helm:
                  values: |
                    # a comment
                    auth:
                      existingSecret: s
            """
        )
    )

    assert found.location.line == 11


def test_applications_without_values_read_nothing() -> None:
    assert consumers_of(_application("source: {path: apps/x}")) == []


def test_values_text_that_is_a_template_reads_nothing() -> None:
    assert consumers_of(_application('source: {chart: c, helm: {values: "{{- if x }}\\na: b: c"}}')) == []


@pytest.mark.parametrize("kind", ["HelmChart", "HelmChartConfig"])
def test_helm_charts_of_k3s_are_releases(kind: str) -> None:
    found = consumers_of(
        f"""
        apiVersion: helm.cattle.io/v1
        kind: {kind}
        metadata: {{name: traefik, namespace: kube-system}}
        spec:
          targetNamespace: edge
          authSecret: {{name: repo-login}}
          valuesContent: |
            existingSecret: s
        """
    )

    assert shown(found) == [
        "customResource authSecret <- repo-login",
        "helmValues existingSecret <- s in traefik",
    ]
    assert found[1].secret_namespace == "edge"  # noqa: S105 - a namespace


def test_objects_inside_values_are_consumers_of_their_own() -> None:
    found = only(
        consumers_of(
            release("""
            extraObjects:
            - apiVersion: networking.k8s.io/v1
              kind: Ingress
              metadata: {name: '{{ .Release.Name }}-web'}
              spec: {tls: [{secretName: s}]}
            """)
        )
    )

    assert (found.ref, found.how) == (ObjectRef("Ingress", "apps", "app-web"), How.INGRESS_TLS)


def test_objects_inside_values_are_handed_out_for_who_looks_for_sources() -> None:
    made = embedded_objects(
        resource_of(
            release("""
            rawResources:
              es:
                apiVersion: external-secrets.io/v1
                kind: ExternalSecret
                metadata: {name: '{{ .Release.Name }}-db'}
            extraDeploy:
            - |
              apiVersion: external-secrets.io/v1
              kind: ExternalSecret
              metadata: {name: second, namespace: other}
            """)
        )
    )

    assert [str(one.ref) for one in made] == [
        "ExternalSecret/apps/app-db",
        "ExternalSecret/other/second",
    ]
    assert [one.location.line for one in made] == [10, 15]


def test_other_objects_hand_out_nothing() -> None:
    assert embedded_objects(resource_of("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n")) == []


def test_objects_without_metadata_are_named_after_the_release() -> None:
    made = embedded_objects(
        resource_of(
            release("""
            rawResources:
              es: {apiVersion: external-secrets.io/v1, kind: ExternalSecret, spec: {}}
              no: {apiVersion: v1, kind: Nothing}
            """)
        )
    )

    assert [str(one.ref) for one in made] == ["ExternalSecret/apps/app"]


def test_patches_that_are_no_objects_are_left_alone() -> None:
    body = "      patches: [{patch: 'a: b'}, {patch: 5}, 7]\n      patchesStrategicMerge: [text, {a: b}]\n      patchesJson6902: [{patch: [5]}]"

    assert consumers_of(_post_renderer(body)) == []
