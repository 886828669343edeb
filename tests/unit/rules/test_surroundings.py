"""What templates, siblings, operators and chart values tell of a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.model import Verdict
from injector.rules.example import document, external_secret, file, flux, manifests, vault_store, workload
from tests.unit.rules.judging import credential_of, item_of, judge, near_misses_of

APP = "ghcr.io/acme/web:1.4"


def templated(template: dict[str, str], *parts: str) -> str:
    secret = external_secret("shop/web", {"u": "shop/web#u", "p": "shop/web#p"}, template=template)
    return manifests(secret, *(parts or (workload("shop/web", APP, env_from="web"),)))


def release(chart: str, values: str) -> str:
    body = f"spec: {{chart: {{spec: {{chart: {chart}}}}}, values: {values}}}"
    return document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "shop/web", body)


@pytest.mark.parametrize(
    ("template", "engine"),
    [
        ("postgres://{{ .u }}:{{ .p }}@pg/app", "database/postgresql"),
        ("jdbc:postgresql://pg/app?user={{ .u }}&password={{ .p }}", "database/postgresql"),
        ("mysql+pymysql://{{ .u }}:{{ .p }}@db/app", "database/mysql"),
        ("{{ .u }}:{{ .p }}@tcp(mysql:3306)/app", "database/mysql"),
        ("mongodb+srv://{{ .u }}:{{ .p }}@mongo/app", "database/mongodb"),
        ("rediss://:{{ .p }}@valkey:6379/0", "database/redis"),
        ("amqps://{{ .u }}:{{ .p }}@mq/vhost", "rabbitmq"),
        ("host=pg user={{ .u }} password={{ .p }} dbname=app", "database/postgresql"),
        ("Server=sql;Initial Catalog=app;User Id={{ .u }};Password={{ .p }}", "database/mssql"),
        ("https://{{ .u }}:{{ .p }}@api.example.org", ""),
        ("http://elastic:{{ .p }}@elasticsearch:9200", "database/elasticsearch"),
    ],
)
def test_a_template_tells_its_system(template: str, engine: str) -> None:
    assert credential_of(judge(templated({"APP_CONNECTION_URL": template})), "APP_CONNECTION_URL").engine == engine


def test_a_configuration_file_holds_several_credentials() -> None:
    text = "db: postgres://{{ .u }}:{{ .p }}@pg/app\noidc_client_secret: {{ .u }}\n# password: {{ .p }}\nport: 80\n"

    report = judge(templated({"config.yaml": text}))

    found = [one for item in report.items for one in item.credentials]
    assert {(one.kind, one.engine) for one in found} == {
        ("database-login", "database/postgresql"),
        ("oauth-client", ""),
    }
    assert {one.keys for one in found} == {("config.yaml",)}


@pytest.mark.parametrize(
    ("key", "kind"), [("DB_USER", "configuration"), ("NOTES", "configuration"), ("DB_PASSWORD", "database-login")]
)
def test_a_text_that_stands_in_git_is_configuration_unless_it_names_a_secret(key: str, kind: str) -> None:
    assert credential_of(judge(templated({key: "shop"})), key).kind == kind


def test_a_secret_key_beside_an_access_key_belongs_to_it() -> None:
    keys = {"access_key": "shop/web#a", "secret_key": "shop/web#s"}

    report = judge(manifests(external_secret("shop/web", keys), workload("shop/web", APP, env_from="web")))

    assert credential_of(report, "secret_key").keys == ("access_key", "secret_key")
    assert credential_of(report, "secret_key").engine == "aws"


def test_a_secret_key_beside_a_whole_pair_signs() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a#i", "AWS_SECRET_ACCESS_KEY": "a#s", "SECRET_KEY": "a#k"}

    report = judge(manifests(external_secret("a/web", keys), workload("a/web", APP, env_from="web")))

    assert credential_of(report, "SECRET_KEY").kind == "encryption-key"


def test_a_secret_key_alone_signs() -> None:
    report = judge(manifests(external_secret("a/web", {"secret_key": "x"}), workload("a/web", APP, env_from="web")))

    assert credential_of(report, "secret_key").kind == "encryption-key"


@pytest.mark.parametrize(
    ("endpoint", "verdict"), [("s3.amazonaws.com", Verdict.DYNAMIC), ("minio:9000", Verdict.STATIC)]
)
def test_a_file_with_an_endpoint_is_awss_only_at_aws(endpoint: str, verdict: Verdict) -> None:
    text = f"endpoint: {endpoint}\naccess_key: {{{{ .u }}}}\nsecret_key: {{{{ .p }}}}\n"

    assert item_of(judge(templated({"store.conf": text})), "web").verdict is verdict


@pytest.mark.parametrize(
    ("chart", "values", "engine"),
    [
        (
            "nextcloud",
            "{externalDatabase: {type: postgresql, existingSecret: {secretName: web}}}",
            "database/postgresql",
        ),
        ("keycloak", "{externalDatabase: {host: pg, existingSecret: web}}", "database/postgresql"),
        ("harbor", "{database: {type: external, external: {existingSecret: web}}}", "database/postgresql"),
        ("acme", "{redis: {auth: {existingSecret: web}}}", ""),
    ],
)
def test_chart_values_tell_a_system(chart: str, values: str, engine: str) -> None:
    report = judge(manifests(external_secret("shop/web", {"password": "shop/web#p"}), release(chart, values)))

    assert credential_of(report, "password").engine == engine


def test_a_password_of_something_else_in_a_charts_secret_is_not_the_databases() -> None:
    keys = {"mariadb-password": "a#m", "wordpress-password": "a#w"}
    values = "{existingSecret: web, mariadb: {auth: {existingSecret: web}}}"

    report = judge(manifests(external_secret("shop/web", keys), release("wordpress", values)))

    assert credential_of(report, "wordpress-password").verdict is Verdict.STATIC
    assert credential_of(report, "mariadb-password").engine == "database/mysql"


@pytest.mark.parametrize(
    ("api", "kind", "secret", "key", "engine"),
    [
        ("postgresql.cnpg.io/v1", "Cluster", "pg-app", "uri", "database/postgresql"),
        ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", "pg-pguser-pg", "uri", "database/postgresql"),
        ("rabbitmq.com/v1beta1", "RabbitmqCluster", "pg-default-user", "password", "rabbitmq"),
    ],
)
def test_an_operators_secret_is_for_what_the_operator_runs(
    api: str, kind: str, secret: str, key: str, engine: str
) -> None:
    variable = "MQ_PASSWORD" if kind == "RabbitmqCluster" else "DATABASE_URL"
    reader = workload("shop/web", APP, env={variable: f"{secret}#{key}", "MQ_HOST": "=rabbitmq"})

    report = judge(manifests(document(api, kind, "shop/pg", "spec: {}"), reader))

    assert credential_of(report, key).engine == engine


def test_an_exporters_dsn_is_a_login() -> None:
    values = "{config: {datasourceSecret: {name: web, key: DATA_SOURCE_NAME}}}"
    secret = external_secret("shop/web", {"DATA_SOURCE_NAME": "a#dsn"})

    report = judge(manifests(secret, release("prometheus-postgres-exporter", values)))

    assert credential_of(report, "DATA_SOURCE_NAME").engine == "database/postgresql"


def test_keys_that_only_the_store_knows_are_those_that_consumers_name() -> None:
    body = "spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}, dataFrom: [{extract: {key: shop/web}}]}"
    secret = document("external-secrets.io/v1", "ExternalSecret", "shop/web", body)
    reader = workload("shop/web", APP, env={"POSTGRES_PASSWORD": "web#pw", "API_TOKEN": "web#token"})

    report = judge(manifests(secret, reader))

    assert credential_of(report, "pw").engine == "database/postgresql"
    assert credential_of(report, "token").kind == "api-token"


def test_a_whole_secret_that_nobody_names_keys_of_is_judged_by_its_path() -> None:
    body = "spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}, dataFrom: [{extract: {key: postgres/web}}]}"
    secret = document("external-secrets.io/v1", "ExternalSecret", "shop/web", body)

    report = judge(manifests(secret, workload("shop/web", APP, env_from="web")))

    assert credential_of(report, "*").engine == "database/postgresql"
    assert item_of(report, "web").confidence == "low"


def test_keys_beside_a_superuser_that_nobody_reads_are_those_of_its_backups() -> None:
    keys = {"root-password": "a#r", "AWS_ACCESS_KEY_ID": "a#i", "AWS_SECRET_ACCESS_KEY": "a#s"}

    report = judge(external_secret("shop/mysql", keys))

    assert credential_of(report, "AWS_SECRET_ACCESS_KEY").kind == "s3-compatible"


def test_a_server_that_runs_a_clients_command_is_a_client() -> None:
    secret = external_secret("shop/dump", {"PGPASSWORD": "a#p"})

    report = judge(manifests(secret, workload("shop/dump", "postgres:17", env_from="dump", command="pg_dumpall -h pg")))

    assert item_of(report, "dump").verdict is Verdict.DYNAMIC


@pytest.mark.parametrize(
    "name",
    [
        "web-superuser",
        "web-pguser-postgres",
        "mysql-root",
        "logs-es-elastic-user",
        "postgres.web.credentials.postgresql.acid.zalan.do",
    ],
)
def test_a_secret_of_a_superuser_is_told_by_its_name_with_medium_confidence(name: str) -> None:
    secret = external_secret(f"shop/{name}", {"POSTGRES_PASSWORD": "a#p"})

    found = credential_of(judge(manifests(secret, workload("shop/web", APP, env_from=name))), "POSTGRES_PASSWORD")

    assert (found.kind, found.confidence) == ("server-own", "medium")


def test_a_dsn_of_a_superuser_is_the_servers_own() -> None:
    found = credential_of(judge(templated({"DATABASE_URL": "postgres://postgres:{{ .p }}@pg/app"})), "DATABASE_URL")

    assert (found.kind, found.reasons[0].rule) == ("server-own", "superuser-login")


@pytest.mark.parametrize(
    ("secret_type", "kind"),
    [
        ("kubernetes.io/service-account-token", "service-account-token"),
        ("kubernetes.io/dockerconfigjson", "registry"),
        ("kubernetes.io/tls", "tls-certificate"),
        ("kubernetes.io/ssh-auth", "ssh-key"),
        ("Opaque", "unknown"),
    ],
)
def test_the_secrets_type_tells_what_its_names_leave_open(secret_type: str, kind: str) -> None:
    secret = document("v1", "Secret", "shop/blob", f"type: {secret_type}\nstringData: {{blob: x}}")

    report = judge(manifests(secret, workload("shop/web", APP, volume="blob:/blob")))

    assert credential_of(report, "blob").kind == kind


def test_a_service_accounts_token_is_kubernetes_to_issue() -> None:
    secret = document("v1", "Secret", "shop/sa", "type: kubernetes.io/service-account-token\nstringData: {token: x}")

    report = judge(manifests(secret, workload("shop/web", APP, volume="sa:/token")))

    assert credential_of(report, "token").engine == "kubernetes"


def test_what_vaults_operator_renders_from_pki_is_a_private_certificate() -> None:
    body = "spec: {mount: pki, role: web, commonName: web.svc, destination: {create: true, name: web-tls}}"
    secret = document("secrets.hashicorp.com/v1beta1", "VaultPKISecret", "shop/web", body)

    report = judge(manifests(secret, workload("shop/web", APP, volume="web-tls:/tls")))

    assert {one.engine for item in report.items for one in item.credentials} == {"pki"}


def test_a_path_that_issues_nothing_known_is_judged_by_its_names() -> None:
    body = "spec: {mount: custom, path: anything/web, destination: {create: true, name: web}}"
    secret = document("secrets.hashicorp.com/v1beta1", "VaultDynamicSecret", "shop/web", body)

    report = judge(manifests(secret, workload("shop/web", APP, env={"POSTGRES_PASSWORD": "web#password"})))

    assert credential_of(report, "password").engine == "database/postgresql"


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("shop/velero-creds", {"AWS_SECRET_ACCESS_KEY": "a#s"}),
        ("shop/web", {"AWS_SECRET_ACCESS_KEY": "minio/app#s"}),
        ("shop/web", {"AWS_SECRET_ACCESS_KEY": "a#s", "RESTIC_REPOSITORY_NAME": "a#r"}),
    ],
)
def test_keys_of_backups_and_object_stores_are_no_awss(name: str, keys: dict[str, str]) -> None:
    reader = workload("shop/web", APP, env_from=name.partition("/")[2])

    assert credential_of(judge(manifests(external_secret(name, keys), reader)), "AWS_SECRET_ACCESS_KEY").engine == ""


def test_keys_beside_a_text_with_another_endpoint_are_no_awss() -> None:
    template = {"AWS_SECRET_ACCESS_KEY": "{{ .p }}", "STORE_URL": "https://store.example.org"}

    assert credential_of(judge(templated(template)), "AWS_SECRET_ACCESS_KEY").engine == ""


@pytest.mark.parametrize(
    ("value", "engine"), [("5432", "database/postgresql"), ("db.example.org:3306", "database/mysql")]
)
def test_a_port_tells_a_system(value: str, engine: str) -> None:
    env = {"DB_PASSWORD": "web#p", "DB_ADDRESS_PORT": f"={value}"}
    secret = external_secret("shop/web", {"p": "a#p"})

    assert credential_of(judge(manifests(secret, workload("shop/web", APP, env=env))), "p").engine == engine


def test_what_is_needed_before_the_store_and_after_it_came_close_to_bootstrap(tmp_path: Path) -> None:
    secret = external_secret("data/web", {"POSTGRES_PASSWORD": "a#p"})
    text = manifests(
        file("clusters/home/all.yaml", flux("early"), flux("stores", after="early"), flux("late", after="stores")),
        file("early/app.yaml", secret, workload("data/early", APP, env_from="web")),
        file("late/app.yaml", workload("data/late", APP, env_from="web")),
        file("stores/store.yaml", vault_store("vault")),
    )

    report = judge(text, tmp_path)

    assert credential_of(report, "POSTGRES_PASSWORD").verdict is Verdict.DYNAMIC
    assert "bootstrap-order" in near_misses_of(report)


def test_what_nobody_deploys_is_judged_as_if_it_were(tmp_path: Path) -> None:
    app = manifests(
        external_secret("shop/web", {"POSTGRES_PASSWORD": "a#p"}), workload("shop/web", APP, env_from="web")
    )
    text = manifests(
        file("clusters/home/all.yaml", flux("web")),
        file("web/app.yaml", workload("shop/other", APP)),
        file("attic/app.yaml", app),
    )

    report = judge(text, tmp_path)

    assert report.items == ()
    assert [(item.verdict, item.confidence) for item in report.orphans] == [
        (item.verdict, item.confidence) for item in judge(app).items
    ]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text", ["http://{{a", "http://{{ .p }}", "redis://{{a", "x", "host=", "{{- ", "superuser:", "0a"]
)
def test_a_long_template_costs_no_more_than_its_length(text: str) -> None:
    """A pattern that tries every way to read a text would need longer than the machine lasts."""
    report = judge(templated({"DATABASE_URL": text * 3000}))

    assert item_of(report, "web").source.keys


def line_of(text: str, word: str) -> int:
    (line,) = [number for number, one in enumerate(text.splitlines(), 1) if word in one]
    return line


def test_the_line_of_the_variable_that_tells_is_the_evidence() -> None:
    env = {"DB_HOST": "=mariadb.shop.svc", "DB_PASSWORD": "web#pw"}
    text = manifests(external_secret("shop/web", {"pw": "shop/web#pw"}), workload("shop/web", APP, env=env))

    reasons = credential_of(judge(text), "pw").reasons

    told = {one.message: one.location.line for one in reasons}
    assert told["DB_HOST of Deployment/shop/web tells that it is mysql"] == line_of(text, "mariadb")


def test_the_endpoint_of_another_store_is_the_evidence_against_aws() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "shop#id", "AWS_SECRET_ACCESS_KEY": "shop#key"}
    env = {name: f"web#{name}" for name in keys} | {"S3_ENDPOINT": "=http://minio:9000"}
    text = manifests(external_secret("shop/web", keys), workload("shop/web", APP, env=env))

    reasons = credential_of(judge(text), "AWS_ACCESS_KEY_ID").reasons

    told = {one.message: one.location.line for one in reasons}
    assert told["S3_ENDPOINT of Deployment/shop/web names another store"] == line_of(text, "minio")


def test_the_line_in_a_charts_values_is_the_evidence(tmp_path: Path) -> None:
    release = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart: {spec: {chart: acme-web}}
  values:
    config:
      database:
        host: mysql.shop.svc
    env:
      DB_PASSWORD: {valueFrom: {secretKeyRef: {name: web, key: pw}}}
"""
    text = manifests(external_secret("shop/web", {"pw": "shop/web#pw"}), release)

    reasons = credential_of(judge(text, tmp_path), "pw").reasons

    assert line_of(text, "host:") in [one.location.line for one in reasons if "mysql" in one.message]
