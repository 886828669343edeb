from __future__ import annotations

from injector.inventory.eso import Push, StoreIndex, read_push_secret
from injector.inventory.esopush import is_round_trip
from injector.inventory.facts import PushedPath
from injector.model import How, ObjectRef
from tests.unit.inventory.reading import resource_of
from tests.unit.inventory.source_reading import VAULT, index_of, read_spec

PUSH = """
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata: {name: push, namespace: db}
spec:
  secretStoreRefs: [{kind: ClusterSecretStore, name: vault}]
  selector: {secret: {name: pguser}}
  data:
    - match: {secretKey: password, remoteRef: {remoteKey: app/db, property: pw}}
"""


def test_it_reads_a_secret() -> None:
    consumer = read_push_secret(resource_of(PUSH), "files").consumers[0]

    assert (consumer.secret, consumer.how, consumer.ref) == (
        "pguser",
        How.PUSH,
        ObjectRef("PushSecret", "db", "push"),
    )


def test_it_says_which_paths_it_writes() -> None:
    push = read_push_secret(resource_of(PUSH), "files", index_of(VAULT))

    assert push.pushed == (PushedPath(ObjectRef("PushSecret", "db", "push"), "pguser", "password", "app/db", "pw"),)
    assert [(write.key, write.remote.path, write.remote.prop) for write in push.writes] == [
        ("password", "secret/data/app/db", "pw")
    ]


def test_reading_back_what_is_pushed_is_a_round_trip() -> None:
    push = read_push_secret(resource_of(PUSH), "files", index_of(VAULT))
    source, _ = read_spec("data: [{secretKey: a, remoteRef: {key: app/db, property: pw}}]")

    assert is_round_trip(source, push.writes) == push.writes[0]


def test_another_property_of_the_same_path_is_none() -> None:
    push = read_push_secret(resource_of(PUSH), "files", index_of(VAULT))
    source, _ = read_spec("data: [{secretKey: a, remoteRef: {key: app/db, property: other}}]")

    assert is_round_trip(source, push.writes) is None


def test_a_push_without_property_fills_the_whole_remote_secret() -> None:
    push = read_push_secret(resource_of(PUSH.replace(", property: pw", "")), "files", index_of(VAULT))
    source, _ = read_spec("data: [{secretKey: a, remoteRef: {key: app/db, property: any}}]")

    assert is_round_trip(source, push.writes) is not None


def test_paths_stay_as_written_without_stores() -> None:
    push = read_push_secret(resource_of(PUSH), "files", StoreIndex.empty())

    assert push.writes[0].remote.path == "app/db"


def test_pushing_everything_has_no_key() -> None:
    text = PUSH.replace("data:", "x:").replace("spec:", "spec:\n  dataTo: [{remoteKey: app/all}]")
    push = read_push_secret(resource_of(text), "files")

    assert [(one.path, one.key) for one in push.pushed] == [("app/all", "")]


def test_a_selector_of_secrets_is_a_finding() -> None:
    text = PUSH.replace("{name: pguser}", "{selector: {matchLabels: {a: b}}}")
    push = read_push_secret(resource_of(text), "files")

    assert (push.consumers, push.selector) == ((), (("a", "b"),))
    assert [finding.rule for finding in push.findings] == ["push-secret-selector"]


def test_a_push_that_deletes_the_remote_copy_is_a_finding() -> None:
    push = read_push_secret(resource_of(PUSH + "  deletionPolicy: Delete\n"), "files")

    assert [finding.rule for finding in push.findings] == ["push-secret-deletes-remote"]


def test_a_cluster_push_secret_is_read_through_its_inner_spec() -> None:
    push = read_push_secret(
        resource_of("""
            apiVersion: external-secrets.io/v1alpha1
            kind: ClusterPushSecret
            metadata: {name: push}
            spec: {pushSecretSpec: {selector: {secret: {name: s}}, data: [{match: {secretKey: k, remoteRef: {remoteKey: r}}}]}}
        """),
        "files",
    )

    assert [(one.secret, one.key, one.path) for one in push.pushed] == [("s", "k", "r")]


def test_anything_else_pushes_nothing() -> None:
    assert read_push_secret(resource_of(VAULT), "files") == Push()
