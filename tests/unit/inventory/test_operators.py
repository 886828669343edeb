from __future__ import annotations

import pytest

from injector.inventory.operatorrows import ROWS
from injector.model import ObjectRef, SourceKind
from tests.unit.inventory.source_reading import made_by, only_source


def resource(kind: str, spec: str = "", metadata: str = "") -> str:
    version, _, name = kind.rpartition("/")
    return f"apiVersion: {version}\nkind: {name}\nmetadata: {{name: db, namespace: a{metadata}}}\nspec: {{{spec}}}"


PGO = "postgres-operator.crunchydata.com/v1beta1/PostgresCluster"
CNPG = "postgresql.cnpg.io/v1/Cluster"


def test_the_secret_is_the_operators_and_via_is_the_resource() -> None:
    source = only_source(resource("onepassword.com/v1/OnePasswordItem"))

    assert (source.kind, source.ref) == (SourceKind.OPERATOR, ObjectRef("Secret", "a", "db"))
    assert source.via == ObjectRef("OnePasswordItem", "a", "db")


def test_crunchy_makes_a_secret_for_every_user() -> None:
    made = made_by(resource(PGO, "users: [{name: app, databases: [app]}, {name: admin}], customTLSSecret: {name: t}"))

    assert made == {
        "a/db-pguser-app": ("user", "password", "host", "port", "verifier", "dbname", "uri", "jdbc-uri"),
        "a/db-pguser-admin": ("user", "password", "host", "port", "verifier"),
    }


def test_crunchy_adds_the_pooler() -> None:
    made = made_by(resource(PGO, "proxy: {pgBouncer: {}}, users: [{name: app, databases: [app]}]"))

    assert {"pgbouncer-host", "pgbouncer-uri"} <= set(made["a/db-pguser-app"])


def test_crunchy_without_users_makes_one_called_like_the_cluster() -> None:
    made = made_by(resource(PGO, "port: 5432"))

    assert "uri" in made["a/db-pguser-db"]


def test_crunchy_with_an_empty_list_of_users_makes_none() -> None:
    assert list(made_by(resource(PGO, "users: []"))) == ["a/db-cluster-cert"]


def test_cloud_native_pg_makes_the_applications_secret() -> None:
    made = made_by(resource(CNPG))

    assert {"username", "password", "host", "port", "dbname", "uri", "jdbc-uri", "pgpass"} <= set(made["a/db-app"])
    assert "a/db-superuser" not in made


def test_cloud_native_pg_makes_the_superusers_secret_when_asked() -> None:
    assert "a/db-superuser" in made_by(resource(CNPG, "enableSuperuserAccess: true"))


def test_cloud_native_pg_makes_none_when_the_login_is_given() -> None:
    made = made_by(
        resource(
            CNPG, "bootstrap: {initdb: {secret: {name: x}}}, enableSuperuserAccess: true, superuserSecret: {name: y}"
        )
    )

    assert not {"a/db-app", "a/db-superuser"} & set(made)


@pytest.mark.parametrize(("recovery", "is_made"), [("source: old", False), ("source: old, database: app", True)])
def test_cloud_native_pg_recovers_with_a_login_only_for_a_named_database(recovery: str, is_made: bool) -> None:  # noqa: FBT001
    made = made_by(resource(CNPG, f"bootstrap: {{recovery: {{{recovery}}}}}"))

    assert ("a/db-app" in made) is is_made


def test_zalandos_users_are_keys_of_a_mapping() -> None:
    made = made_by(resource("acid.zalan.do/v1/postgresql", "users: {app_user: [], other: [createdb]}"))

    assert "a/app-user.db.credentials.postgresql.acid.zalan.do" in made
    assert made["a/other.db.credentials.postgresql.acid.zalan.do"] == ("username", "password")


@pytest.mark.parametrize(
    ("kind", "spec", "made"),
    [
        ("pgv2.percona.com/v2/PerconaPGCluster", "users: [{name: u}]", {"a/db-pguser-u", "a/db-cluster-cert"}),
        ("cert-manager.io/v1/Certificate", "secretName: tls", {"a/tls"}),
        ("mongodbcommunity.mongodb.com/v1/MongoDBCommunity", "users: [{name: u, db: admin}]", {"a/db-admin-u"}),
        (
            "mongodbcommunity.mongodb.com/v1/MongoDBCommunity",
            "users: [{name: u, connectionStringSecretName: conn}]",
            {"a/conn"},
        ),
        ("rabbitmq.com/v1beta1/RabbitmqCluster", "", {"a/db-default-user"}),
        ("rabbitmq.com/v1beta1/RabbitmqCluster", "secretBackend: {vault: {role: x}}", set()),
        ("kafka.strimzi.io/v1beta2/KafkaUser", "authentication: {type: tls}", {"a/db"}),
        ("elasticsearch.k8s.elastic.co/v1/Elasticsearch", "", {"a/db-es-elastic-user", "a/db-es-http-certs-public"}),
        ("objectbucket.io/v1alpha1/ObjectBucketClaim", "", {"a/db"}),
        ("ceph.rook.io/v1/CephObjectStoreUser", "store: s", {"a/rook-ceph-object-user-s-db"}),
        ("k8s.mariadb.com/v1alpha1/Connection", "", {"a/db"}),
        ("k8s.mariadb.com/v1alpha1/Connection", "secretName: c", {"a/c"}),
        ("k8s.mariadb.com/v1alpha1/MariaDB", "", {"a/db-root"}),
        ("k8s.mariadb.com/v1alpha1/MariaDB", "rootPasswordSecretKeyRef: {name: r, key: k}", set()),
        ("k8s.mariadb.com/v1alpha1/MariaDB", "rootPasswordSecretKeyRef: {name: r, key: k, generate: true}", {"a/r"}),
        ("kubedb.com/v1/Redis", "", {"a/db-auth"}),
        ("kubedb.com/v1/Redis", "authSecret: {name: x}", set()),
        ("minio.min.io/v2/Tenant", "", {"a/db-tls"}),
        ("minio.min.io/v2/Tenant", "requestAutoCert: false", set()),
        (
            "secrets.infisical.com/v1alpha1/InfisicalSecret",
            "managedSecretReference: {secretName: i, secretNamespace: n}",
            {"n/i"},
        ),
        ("secrets.doppler.com/v1alpha1/DopplerSecret", "managedSecret: {name: d}", {"a/d"}),
        (
            "database.aws.crossplane.io/v1beta1/RDSInstance",
            "writeConnectionSecretToRef: {name: c, namespace: n}",
            {"n/c"},
        ),
        ("apps/v1/Deployment", "", set()),
        ("cert-manager.io/v1/Certificate", "", set()),
    ],
)
def test_operators_make_these_secrets(kind: str, spec: str, made: set[str]) -> None:
    assert set(made_by(resource(kind, spec))) == made


def test_listed_keys_are_those_of_the_resource() -> None:
    text = resource(
        "k8s.bitwarden.com/v1/BitwardenSecret", "secretName: s, map: [{secretKeyName: A}, {secretKeyName: B}, {}]"
    )

    assert made_by(text) == {"a/s": ("A", "B")}


def test_a_csi_class_makes_the_secrets_it_syncs() -> None:
    text = resource(
        "secrets-store.csi.x-k8s.io/v1/SecretProviderClass",
        "secretObjects: [{secretName: s, data: [{key: k, objectName: o}]}]",
    )

    assert made_by(text) == {"a/s": ("k",)}


def test_a_mapping_of_templates_lists_keys() -> None:
    text = resource("redhatcop.redhat.io/v1alpha1/VaultSecret", "output: {name: s, stringData: {a: x, b: y}}")

    assert made_by(text) == {"a/s": ("a", "b")}


def test_an_issuers_certificate_belongs_to_the_annotated_ingress() -> None:
    spec = "tls: [{secretName: t, hosts: [x]}, {hosts: [y]}]"
    annotated = resource("networking.k8s.io/v1/Ingress", spec, ", annotations: {cert-manager.io/cluster-issuer: le}")

    assert made_by(annotated) == {"a/t": ("tls.crt", "tls.key", "ca.crt")}
    assert made_by(resource("networking.k8s.io/v1/Ingress", spec)) == {}


def test_a_cluster_issuers_account_key_lies_with_cert_manager() -> None:
    text = resource("cert-manager.io/v1/ClusterIssuer", "acme: {privateKeySecretRef: {name: k}}")

    assert made_by(text) == {"cert-manager/k": ("tls.key",)}


def test_keystores_add_their_files() -> None:
    made = made_by(resource("cert-manager.io/v1/Certificate", "secretName: t, keystores: {jks: {create: true}}"))

    assert "keystore.jks" in made["a/t"]


def test_keys_of_a_user_stand_where_the_user_does() -> None:
    text = f"apiVersion: {PGO.rpartition('/')[0]}\nkind: PostgresCluster\nmetadata: {{name: db}}\nspec:\n"
    source = only_source(text + "  customTLSSecret: {name: t}\n  users:\n    - name: app\n")

    assert source.keys[0].location.line == 7


def test_every_row_of_the_table_names_its_secret_and_its_keys() -> None:
    for row in ROWS:
        assert row.target, row
        assert row.keys or row.listed or row.more, row
