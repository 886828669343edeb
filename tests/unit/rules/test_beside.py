"""What the surroundings of a value tell when its own name leaves it open."""

from __future__ import annotations

import pytest

from injector.model import Verdict
from injector.rules.example import external_secret, manifests, workload
from tests.unit.rules.judging import credential_of, item_of, judge

_AWS = {"AWS_ACCESS_KEY_ID": "shop#id", "AWS_SECRET_ACCESS_KEY": "shop#key"}


def test_the_end_of_the_path_tells_which_database_a_password_is_for() -> None:
    keys = {"DB_PASSWORD": "apps/postgres/shop#password", "RABBITMQ_PASSWORD": "apps/rabbitmq/shop#password"}

    report = judge(external_secret("shop/web", keys))

    assert credential_of(report, "DB_PASSWORD").engine == "database/postgresql"
    assert credential_of(report, "RABBITMQ_PASSWORD").engine == "rabbitmq"


def test_a_path_that_ends_with_database_makes_a_bare_login_one_to_a_database() -> None:
    keys = {"username": "shop/database#username", "password": "shop/database#password"}

    assert credential_of(judge(external_secret("shop/web", keys)), "password").engine == "database"


def test_a_folder_further_up_the_path_tells_nothing() -> None:
    report = judge(external_secret("shop/web", {"password": "database/team/tools/viewer#password"}))

    assert credential_of(report, "password").verdict is Verdict.STATIC


def test_a_bare_uri_is_a_login_when_the_path_names_a_database() -> None:
    report = judge(external_secret("shop/web", {"uri": "shop/postgres#uri", "docs": "shop/docs#url"}))

    assert credential_of(report, "uri").engine == "database/postgresql"


@pytest.mark.parametrize(
    ("beside", "engine"),
    [
        ({}, "database/redis"),
        ({"RABBITMQ_HOST": "shop#host"}, "rabbitmq"),
        ({"REDIS_HOST": "shop#host"}, "database/redis"),
    ],
)
def test_a_queues_url_goes_to_the_broker_that_stands_beside_it(beside: dict[str, str], engine: str) -> None:
    report = judge(external_secret("shop/web", {"CELERY_BROKER_URL": "shop#broker", **beside}))

    assert credential_of(report, "CELERY_BROKER_URL").engine == engine


def test_an_exporter_logs_in_to_what_it_is_called_after() -> None:
    report = judge(
        external_secret("shop/metrics", {"DATA_SOURCE_PASS": "shop#password"})
        + "---\n"
        + workload("shop/metrics", "ghcr.io/acme/mysql-exporter:1.0", env_from="metrics")
    )

    assert credential_of(report, "DATA_SOURCE_PASS").engine == "database/mysql"


def test_keys_beside_a_bucket_and_no_endpoint_are_amazons() -> None:
    report = judge(external_secret("shop/web", {**_AWS, "S3_BUCKET": "shop/s3#bucket"}))

    assert credential_of(report, "AWS_SECRET_ACCESS_KEY").engine == "aws"


@pytest.mark.parametrize("key", ["S3_ENDPOINT", "AWS_ENDPOINT_URL", "MINIO_HOST"])
def test_keys_beside_an_endpoint_are_not_amazons(key: str) -> None:
    report = judge(external_secret("shop/web", {**_AWS, key: "shop#endpoint"}))

    assert credential_of(report, "AWS_SECRET_ACCESS_KEY").kind == "s3-compatible"


def test_keys_called_s3s_are_amazons_when_the_endpoint_is() -> None:
    report = judge(
        external_secret("shop/web", {"S3_ACCESS_KEY": "shop#id", "S3_SECRET_KEY": "shop#key"})
        + "---\n"
        + workload(
            "shop/web",
            "ghcr.io/acme/web:1.4",
            env={"S3_ENDPOINT": "=https://s3.eu-west-1.amazonaws.com"},
            env_from="web",
        )
    )

    assert credential_of(report, "S3_SECRET_KEY").engine == "aws"


@pytest.mark.parametrize(
    "template",
    [
        "postgresql://web@pg.db.svc/web?sslcert=/tls/tls.crt",
        "redis://{{ .REDIS_HOST }}:6379/0",
        "mysql://web@{{ .HOST }}/web",
    ],
)
def test_a_dsn_without_a_password_is_configuration(template: str) -> None:
    report = judge(external_secret("shop/web", {"x": "shop#x"}, template={"STORE_URL": template}))

    assert credential_of(report, "STORE_URL").kind == "configuration"


@pytest.mark.parametrize(
    "template",
    [
        "postgresql://web:{{ .PASSWORD }}@pg.db.svc/web",
        "postgres://{{ .USER }}:{{ .PASSWORD }}@{{ .HOST }}:{{ .PORT }}/{{ .NAME }}",
        "redis://:{{ .PASSWORD }}@redis:6379",
        "jdbc:postgresql://pg/web?user=web&password={{ .PASSWORD }}",
        "mongodb://{{ .CREDENTIALS }}@mongo:27017/web",
    ],
)
def test_a_dsn_with_a_password_is_a_login(template: str) -> None:
    report = judge(external_secret("shop/web", {"x": "shop#x"}, template={"STORE_URL": template}))

    assert credential_of(report, "STORE_URL").verdict is Verdict.DYNAMIC


def test_a_superuser_is_told_by_the_name_that_the_value_has_in_the_store() -> None:
    template = {"POSTGRES_USER": "{{ .PG_SUPER_USER }}", "POSTGRES_PASSWORD": "{{ .PG_SUPER_PASS }}"}

    report = judge(external_secret("shop/dump", {"PG_SUPER_PASS": "pg#super"}, template=template))

    assert credential_of(report, "POSTGRES_PASSWORD").kind == "server-own"


def test_the_key_beside_a_certificate_is_the_certificates() -> None:
    report = judge(external_secret("shop/mtls", {"EDGE_CERT": "mtls#cert", "EDGE_KEY": "mtls#key"}))

    assert credential_of(report, "EDGE_KEY").kind == "tls-certificate"


def test_a_directory_server_is_a_client_of_its_own_database() -> None:
    report = judge(
        external_secret("auth/lldap", {"LLDAP_DATABASE_URL": "lldap#db", "LLDAP_LDAP_USER_PASS": "lldap#admin"})
        + "---\n"
        + workload("auth/lldap", "docker.io/lldap/lldap:v0.6", env_from="lldap")
    )

    assert credential_of(report, "LLDAP_DATABASE_URL").verdict is Verdict.DYNAMIC
    assert credential_of(report, "LLDAP_LDAP_USER_PASS").kind == "server-own"


def test_a_key_that_signs_is_not_that_of_the_access_key_beside_it() -> None:
    keys = {**_AWS, "SECRET_KEY": "shop#signing", "SHOP_SECRET_KEY": "shop#encryption"}

    report = judge(
        manifests(external_secret("shop/web", keys), workload("shop/web", "ghcr.io/acme/web:1", env_from="web"))
    )

    assert credential_of(report, "SECRET_KEY").kind == "encryption-key"
    assert credential_of(report, "SHOP_SECRET_KEY").kind == "encryption-key"
    assert credential_of(report, "AWS_ACCESS_KEY_ID").engine == "aws"


_GIVEN = """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: pg, namespace: shop}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target:
    template:
      metadata: {labels: {cnpg.io/reload: "true"}}
      data: {username: "{{ .u }}", password: "{{ .p }}", AWS_ACCESS_KEY_ID: "{{ .i }}", AWS_SECRET_ACCESS_KEY: "{{ .s }}"}
  data:
    - {secretKey: u, remoteRef: {key: shop/pg, property: username}}
    - {secretKey: p, remoteRef: {key: shop/pg, property: password}}
    - {secretKey: i, remoteRef: {key: shop/pg, property: id}}
    - {secretKey: s, remoteRef: {key: shop/pg, property: key}}
"""


def test_a_secret_that_is_labelled_for_an_operator_is_the_servers() -> None:
    report = judge(manifests(_GIVEN))

    assert item_of(report, "pg").verdict is Verdict.STATIC
    assert credential_of(report, "password").kind == "server-own"
    assert credential_of(report, "AWS_ACCESS_KEY_ID").kind == "s3-compatible"


def test_a_labelled_secret_that_a_client_reads_is_a_login() -> None:
    reader = workload("shop/web", "ghcr.io/acme/web:1", env={"DB_PASSWORD": "pg#password"})

    assert credential_of(judge(manifests(_GIVEN, reader)), "password").engine == "database/postgresql"


def test_of_two_writers_each_has_its_own_credentials() -> None:
    first = external_secret("shop/web", {"JWT_SECRET": "shop/web#jwt"})
    second = external_secret("shop/login", {"DB_PASSWORD": "shop/pg#password"}, target="web")

    report = judge(manifests(first, second, workload("shop/web", "ghcr.io/acme/web:1", env_from="web")))

    assert item_of(report, "web").verdict is Verdict.STATIC
    assert item_of(report, "login").verdict is Verdict.DYNAMIC
