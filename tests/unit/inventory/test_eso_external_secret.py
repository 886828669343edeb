from __future__ import annotations

import pytest

from injector.inventory.eso import StoreIndex, read_external_secret
from injector.model import ObjectRef, SourceKind
from tests.unit.inventory.reading import resource_of
from tests.unit.inventory.source_reading import external, read_all, read_spec, shown

DATA = "\ndata: [{secretKey: a, remoteRef: {key: x}}]\n"
CLUSTER = """
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: wide}
spec:
  externalSecretName: inner
  namespaces: [one]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: two}}
  namespaceSelectors:
    - matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [three, one]}]
    - matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [four]}]
    - matchLabels: {team: a}
  externalSecretSpec:
    secretStoreRef: {name: vault}
    data: [{secretKey: a, remoteRef: {key: x}}]
"""


def test_the_secret_is_called_like_the_external_secret() -> None:
    source, _ = read_spec(DATA)

    assert (source.target, source.creation_policy, source.kind) == ("app", "Owner", SourceKind.EXTERNAL_SECRET)


def test_target_and_policies_are_as_written() -> None:
    source, _ = read_spec(
        "target: {name: t, creationPolicy: Merge, deletionPolicy: Retain}\nrefreshPolicy: OnChange\nrefreshInterval: 1h0m0s"
        + DATA
    )

    assert (source.target, source.creation_policy, source.deletion_policy) == ("t", "Merge", "Retain")
    assert (source.refresh_policy, source.refresh_interval) == ("OnChange", "1h0m0s")


def test_labels_and_annotations_are_those_of_the_external_secret() -> None:
    text = external(DATA).replace("namespace: apps}", "namespace: apps, labels: {a: b}, annotations: {c: 1}}")
    sources, _ = read_all(text)

    assert (sources[0].labels, sources[0].annotations) == ({"a": "b"}, {"c": "1"})


def test_a_target_that_is_no_secret_says_so_in_its_type() -> None:
    source, _ = read_spec("target: {manifest: {apiVersion: v1, kind: ConfigMap}}" + DATA)

    assert (source.target, source.secret_type) == ("app", "manifest:v1/ConfigMap")


def test_a_store_without_kind_is_a_secret_store() -> None:
    text = external(DATA).replace("kind: ClusterSecretStore, ", "")
    sources, _ = read_all(text)

    assert sources[0].store is not None
    assert sources[0].store.kind == "SecretStore"


@pytest.mark.parametrize("version", ["v1beta1", "v1alpha1"])
def test_a_version_that_is_not_served_is_a_finding(version: str) -> None:
    _, findings = read_all(external(DATA, version=version))

    assert [(finding.rule, finding.location.line) for finding in findings] == [("eso-unserved-version", 1)]


@pytest.mark.parametrize(
    ("creation", "deletion"),
    [("Merge", "Delete"), ("None", "Delete"), ("CreateOrMerge", "Delete"), ("Orphan", "Delete"), ("None", "Merge")],
)
def test_policies_that_contradict_each_other_are_a_finding(creation: str, deletion: str) -> None:
    _, rules = read_spec(f"target: {{creationPolicy: {creation}, deletionPolicy: {deletion}}}" + DATA)

    assert rules == ["eso-deletion-policy-conflict"]


@pytest.mark.parametrize(("creation", "deletion"), [("Owner", "Delete"), ("Merge", "Merge"), ("None", "Retain")])
def test_policies_that_agree_are_none(creation: str, deletion: str) -> None:
    _, rules = read_spec(f"target: {{creationPolicy: {creation}, deletionPolicy: {deletion}}}" + DATA)

    assert rules == []


def test_an_immutable_target_is_a_finding() -> None:
    _, rules = read_spec("target: {immutable: true}" + DATA)

    assert rules == ["eso-immutable-target"]


def test_a_cluster_external_secret_has_a_source_for_every_namespace_it_names() -> None:
    sources, findings = read_external_secret(resource_of(CLUSTER), "files", StoreIndex.empty())

    assert [source.ref for source in sources] == [
        ObjectRef("ClusterExternalSecret", name, "wide") for name in ("one", "two", "three")
    ]
    assert {source.target for source in sources} == {"inner"}
    assert (sources[0].namespaces, findings) == (("one", "two", "three"), [])


def test_a_cluster_external_secret_by_other_labels_has_one_source_without_namespace() -> None:
    text = CLUSTER.replace("namespaces: [one]", "x: 1").replace("kubernetes.io/metadata.name", "zone")
    sources, _ = read_external_secret(resource_of(text), "files", StoreIndex.empty())

    assert [(source.ref.namespace, source.namespaces, shown(source)) for source in sources] == [("", (), ["a <- x#"])]


def test_findings_of_a_cluster_external_secret_are_told_once() -> None:
    text = CLUSTER.replace("key: x}", "key: ''}")
    _, findings = read_external_secret(resource_of(text), "files", StoreIndex.empty())

    assert [finding.rule for finding in findings] == ["eso-empty-remote-key"]


@pytest.mark.parametrize("head", ["v1\nkind: ExternalSecret", "external-secrets.io/v1\nkind: SecretStore"])
def test_what_is_no_external_secret_is_left_alone(head: str) -> None:
    resource = resource_of(f"apiVersion: {head}\nmetadata: {{name: x}}")

    assert read_external_secret(resource, "files", StoreIndex.empty()) == ([], [])


def test_an_external_secret_without_name_makes_nothing() -> None:
    resource = resource_of("apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: []}")

    assert read_external_secret(resource, "files", StoreIndex.empty()) == ([], [])


def test_the_origin_is_kept() -> None:
    sources, _ = read_all(external(DATA))

    assert (sources[0].origin.root, sources[0].origin.location.line) == ("files", 1)
