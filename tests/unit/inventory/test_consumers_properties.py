"""Whatever stands in YAML, reading consumers never raises and never depends on what it should not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from injector.inventory.consumers import read_consumers
from injector.inventory.helmvalues_releases import embedded_objects
from injector.location import Location
from injector.manifests.document import Resource
from injector.manifests.yamldoc import Map, Seq, Value, clone

_KEYS = st.sampled_from(
    [
        "spec", "template", "containers", "initContainers", "env", "envFrom", "volumes", "volumeMounts", "secret",
        "secretRef", "secretName", "secretKeyRef", "valueFrom", "name", "key", "items", "path", "subPath", "mountPath",
        "projected", "sources", "kind", "values", "valuesFrom", "chart", "existingSecret", "existingSecretKey",
        "controllers", "persistence", "type", "imagePullSecrets", "tls", "ingress", "optional", "metadata", "labels",
        "enabled", "image", "repository", "provider", "extraEnv", "envFromSecrets", "extraSecretMounts", "helm",
        "source", "parameters", "postRenderers", "kustomize", "patches", "patch", "op", "value", "command", "args",
        "secrets", "secretKeys", "globalMounts", "advancedMounts", "defaultContainerOptions", "configMaps", "global",
        "annotations", "volumeSpec", "extraObjects", "apiVersion", "selector", "target", "templateFrom", "parameters",
    ]
)  # fmt: skip
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(
        ["s", "Secret", "secret", "custom", "- a: b\n- c", "{{ .Release.Name }}", "v1", "a.b.c", "\ud800\n", "/env/-"]
    ),
)  # fmt: skip


def _map(pairs: dict[str, Value]) -> Map:
    made = Map("f.yaml", 1)
    made.update(pairs)
    made.lines.update(dict.fromkeys(pairs, 2))
    return made


def _seq(values: list[Value]) -> Seq:
    made = Seq("f.yaml", 1)
    made.extend(values)
    return made


_VALUES: st.SearchStrategy[Value] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.dictionaries(st.one_of(_KEYS, st.text(max_size=4)), inner, max_size=6).map(_map),
        st.lists(inner, max_size=4).map(_seq),
    ),
    max_leaves=40,
)
_KINDS = st.sampled_from(
    [
        ("apps/v1", "Deployment"), ("helm.toolkit.fluxcd.io/v2", "HelmRelease"), ("argoproj.io/v1alpha1", "Application"),
        ("argoproj.io/v1alpha1", "ApplicationSet"), ("helm.cattle.io/v1", "HelmChart"),
        ("external-secrets.io/v1", "SecretStore"), ("external-secrets.io/v1", "ExternalSecret"),
        ("external-secrets.io/v1alpha1", "PushSecret"), ("networking.k8s.io/v1", "Ingress"), ("v1", "ServiceAccount"),
        ("x/v1", "Widget"), ("storage.k8s.io/v1", "StorageClass"), ("monitoring.coreos.com/v1", "Prometheus"),
    ]
)  # fmt: skip


def _resource(head: tuple[str, str], metadata: Value, spec: Value) -> Resource:
    body = _map({"apiVersion": head[0], "kind": head[1], "metadata": metadata, "spec": spec})
    return Resource(body, Location("f.yaml", 1), 0)


@settings(max_examples=400, deadline=None)
@given(_KINDS, _VALUES, _VALUES)
def test_reading_never_raises_and_changes_nothing(head: tuple[str, str], metadata: Value, spec: Value) -> None:
    resource = _resource(head, metadata, spec)
    before = repr(clone(resource.body))

    found = read_consumers(resource, "files")
    embedded_objects(resource)

    assert repr(resource.body) == before
    assert all(one.secret for one in found)


@settings(max_examples=200, deadline=None)
@given(_VALUES)
def test_values_under_plausible_parents_never_raise(values: Value) -> None:
    spec = _map({"chart": "c", "values": values})

    read_consumers(_resource(("helm.toolkit.fluxcd.io/v2", "HelmRelease"), None, spec), "files")
    nested = _map({"values": _map({"controllers": _map({"m": _map({"containers": _map({"a": values})})}),
                                   "persistence": values})})  # fmt: skip
    read_consumers(_resource(("helm.toolkit.fluxcd.io/v2", "HelmRelease"), None, nested), "files")


@settings(max_examples=100, deadline=None)
@given(_KINDS, _VALUES)
def test_reading_twice_says_the_same(head: tuple[str, str], spec: Value) -> None:
    resource = _resource(head, None, spec)

    assert read_consumers(resource, "files") == read_consumers(resource, "files")
