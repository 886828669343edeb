"""The fine points of what decides a verdict, each with the manifests it is about."""

from __future__ import annotations

import json

import pytest

from injector.model import Confidence, Readiness, Verdict
from injector.rules.example import document, external_secret, manifests, workload
from injector.rules.registry import VERDICTS
from tests.unit.rules.judging import credential_of, item_of, judge, near_misses_of

APP = "ghcr.io/acme/web:1.4"


def app(*keys: str, **literals: str) -> str:
    """An ExternalSecret of these keys, which a workload reads one by one beside literal variables."""
    env = {key: f"web#{key}" for key in keys} | {name: f"={value}" for name, value in literals.items()}
    return manifests(
        external_secret("shop/web", {key: f"shop/web#{key}" for key in keys}), workload("shop/web", APP, env=env)
    )


def test_what_makes_roles_in_an_init_container_is_static() -> None:
    init = workload(
        "shop/web", "postgres:17", env={"PGPASSWORD": "web#super"}, command="psql -c 'CREATE ROLE web'", is_init=True
    )

    report = judge(manifests(external_secret("shop/web", {"super": "shop/web#super"}), init))

    found = credential_of(report, "super")
    assert (found.kind, found.verdict, found.confidence) == ("provisioning-input", Verdict.STATIC, Confidence.HIGH)


def test_what_an_init_container_only_waits_with_is_a_clients() -> None:
    init = workload("shop/web", "postgres:17", env={"PGPASSWORD": "web#pw"}, command="pg_isready -d shop", is_init=True)

    report = judge(manifests(external_secret("shop/web", {"pw": "shop/web#pw"}), init))

    assert credential_of(report, "pw").engine == "database/postgresql"


def test_what_makes_a_role_is_dynamic_capable_when_the_app_logs_in_with_it() -> None:
    secret = external_secret("shop/web", {"INIT_POSTGRES_PASS": "shop/web#password"})
    reader = workload("shop/web", APP, env={"POSTGRES_PASSWORD": "web#INIT_POSTGRES_PASS"})

    report = judge(manifests(secret, reader))

    assert credential_of(report, "INIT_POSTGRES_PASS").verdict is Verdict.DYNAMIC


def test_an_app_that_logs_in_beside_its_init_container_is_told_as_a_near_miss() -> None:
    secret = external_secret("shop/web", {"INIT_POSTGRES_PASS": "shop/web#password"})
    init = workload("shop/web", "postgres-init:17", env={"INIT_POSTGRES_PASS": "web#INIT_POSTGRES_PASS"}, is_init=True)
    reader = workload("shop/worker", APP, env={"DB_PASS": "web#INIT_POSTGRES_PASS", "DB_TYPE": "=postgres"})

    report = judge(manifests(secret, init, reader))

    assert credential_of(report, "INIT_POSTGRES_PASS").verdict is Verdict.DYNAMIC
    assert "provisioning-input" in near_misses_of(report)


@pytest.mark.parametrize(
    ("api", "kind", "body"),
    [
        (
            "k8s.keycloak.org/v2alpha1",
            "Keycloak",
            "spec: {db: {vendor: postgres, passwordSecret: {name: web, key: pw}}}",
        ),
        (
            "grafana.integreatly.org/v1beta1",
            "GrafanaDatasource",
            "spec: {valuesFrom: [{targetPath: secureJsonData.password, valueFrom: {secretKeyRef: {name: web, key: pw}}}]}",
        ),
        (
            "postgresql.cnpg.io/v1",
            "Cluster",
            "spec: {managed: {roles: [{name: web, passwordSecret: {name: web}}]}}",
        ),
        (
            "mongodbcommunity.mongodb.com/v1",
            "MongoDBCommunity",
            "spec: {users: [{name: web, passwordSecretRef: {name: web, key: pw}}]}",
        ),
    ],
)
def test_a_login_that_only_a_custom_resource_reads_is_static(api: str, kind: str, body: str) -> None:
    secret = external_secret("shop/web", {"pw": "shop/web#pw", "username": "shop/web#user"})

    report = judge(manifests(secret, document(api, kind, "shop/web", body)))

    assert item_of(report, "web").verdict is Verdict.STATIC
    assert credential_of(report, "pw").reasons[0].rule == "secret-object-needed"


def test_a_login_that_a_custom_resource_and_a_workload_read_moves_and_the_resource_is_blocked() -> None:
    body = "spec: {db: {vendor: postgres, passwordSecret: {name: web, key: POSTGRES_PASSWORD}}}"
    keycloak = document("k8s.keycloak.org/v2alpha1", "Keycloak", "shop/keycloak", body)

    report = judge(manifests(app("POSTGRES_PASSWORD"), keycloak))

    found = credential_of(report, "POSTGRES_PASSWORD")
    assert found.verdict is Verdict.DYNAMIC
    assert {one.consumer.ref.kind: one.readiness for one in found.consumers} == {
        "Deployment": Readiness.NEEDS_CHANGE,
        "Keycloak": Readiness.BLOCKED,
    }
    assert "secret-object-needed" in near_misses_of(report)


def test_a_password_of_a_server_and_its_client_moves_and_the_server_is_blocked() -> None:
    server = workload("shop/pg", "postgres:17", env={"POSTGRES_PASSWORD": "web#POSTGRES_PASSWORD"}, kind="StatefulSet")

    report = judge(manifests(app("POSTGRES_PASSWORD"), server))

    found = credential_of(report, "POSTGRES_PASSWORD")
    assert found.verdict is Verdict.DYNAMIC
    assert [one.readiness for one in found.consumers if one.consumer.ref.name == "pg"] == [Readiness.BLOCKED]
    assert "server-own-password" in near_misses_of(report)


def test_the_clients_copy_is_a_clients_and_the_servers_copy_a_servers() -> None:
    server = manifests(
        external_secret("data/pg", {"password": "shop/web#POSTGRES_PASSWORD"}),
        workload("data/pg", "postgres:17", env={"POSTGRES_PASSWORD": "pg#password"}),
    )

    report = judge(manifests(app("POSTGRES_PASSWORD"), server))

    assert (item_of(report, "web").verdict, item_of(report, "pg").verdict) == (Verdict.DYNAMIC, Verdict.STATIC)


@pytest.mark.parametrize(
    ("key", "engine"),
    [
        ("VALKEY_PASSWORD", "database/redis"),
        ("KEYDB_PASSWORD", "database/redis"),
        ("DRAGONFLY_PASSWORD", "database/redis"),
        ("MARIADB_PASSWORD", "database/mysql"),
        ("PERCONA_PASSWORD", "database/mysql"),
        ("COCKROACH_PASSWORD", "database/postgresql"),
        ("YUGABYTE_PASSWORD", "database/postgresql"),
        ("TIMESCALE_PASSWORD", "database/postgresql"),
        ("OPENSEARCH_PASSWORD", "database/elasticsearch"),
        ("RABBITMQ_PASSWORD", "rabbitmq"),
        ("LDAP_BIND_PASSWORD", "ldap"),
        ("CONSUL_HTTP_TOKEN", "consul"),
        ("NOMAD_TOKEN", "nomad"),
        ("TF_API_TOKEN", "terraform"),
        ("K8S_TOKEN", "kubernetes"),
    ],
)
def test_what_speaks_a_systems_protocol_counts_as_that_system(key: str, engine: str) -> None:
    assert credential_of(judge(app(key)), key).engine == engine


def test_a_redis_password_without_a_user_needs_an_acl_user() -> None:
    alone = credential_of(judge(app("REDIS_PASSWORD")), "REDIS_PASSWORD")
    with_user = credential_of(judge(app("REDIS_PASSWORD", "REDIS_USERNAME")), "REDIS_PASSWORD")

    assert any("ACL user" in text for text in alone.consumers[0].obstacles)
    assert not any("ACL user" in text for one in with_user.consumers for text in one.obstacles)


@pytest.mark.parametrize(
    ("image", "verdict"), [(APP, Verdict.DYNAMIC), ("postgres:17", Verdict.STATIC), ("bitnami/redis:7", Verdict.STATIC)]
)
def test_a_generated_password_is_judged_by_its_reader(image: str, verdict: Verdict) -> None:
    body = (
        "spec: {dataFrom: [{sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, "
        "kind: Password, name: any}}}]}"
    )
    secret = document("external-secrets.io/v1", "ExternalSecret", "shop/web", body)
    variable = "REDIS_PASSWORD" if "redis" in image else "POSTGRES_PASSWORD"

    report = judge(manifests(secret, workload("shop/web", image, env={variable: "web#password"})))

    assert item_of(report, "web").verdict is verdict


def test_what_stands_beside_a_login_makes_nothing_static_nor_mixed() -> None:
    keys = ("host", "port", "dbname", "sslmode", "username", "password")
    env = {f"DB_{key.upper()}": f"web#{key}" for key in keys} | {"DB_TYPE": "=postgres"}

    report = judge(
        manifests(external_secret("shop/web", {key: f"a#{key}" for key in keys}), workload("shop/web", APP, env=env))
    )

    assert item_of(report, "web").verdict is Verdict.DYNAMIC
    assert credential_of(report, "password").keys == ("password", "username")
    assert credential_of(report, "host").kind == "configuration"


def test_a_user_name_alone_beside_a_token_is_no_credential() -> None:
    report = judge(app("DB_USER", "OPENAI_API_KEY"))

    assert item_of(report, "web").verdict is Verdict.STATIC
    assert credential_of(report, "DB_USER").kind == "configuration"


def test_an_external_secret_may_need_several_engines() -> None:
    keys = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "AMQP_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")

    found = item_of(judge(app(*keys)), "web")

    assert found.verdict is Verdict.DYNAMIC
    assert {one.engine for one in found.credentials} == {"database/postgresql", "database/redis", "rabbitmq", "aws"}


def test_a_static_credential_beside_a_dynamic_capable_one_is_mixed() -> None:
    assert item_of(judge(app("POSTGRES_PASSWORD", "OPENAI_API_KEY")), "web").verdict is Verdict.MIXED


def test_a_database_url_beside_a_broker_is_the_databases() -> None:
    report = judge(app("DATABASE_URL", "AMQP_URL", DB_ENGINE="postgresql"))

    assert credential_of(report, "DATABASE_URL").engine == "database/postgresql"
    assert credential_of(report, "AMQP_URL").engine == "rabbitmq"


def test_a_database_password_is_not_told_by_the_cache_beside_it() -> None:
    report = judge(app("DB_PASSWORD", REDIS_HOST="redis", CACHE_URL="redis://redis:6379"))

    assert credential_of(report, "DB_PASSWORD").engine == "database"


def test_a_login_to_nothing_in_particular_is_not_told_by_a_cache_beside_it() -> None:
    assert credential_of(judge(app("APP_PASSWORD", REDIS_HOST="redis")), "APP_PASSWORD").verdict is Verdict.STATIC


@pytest.mark.parametrize("keys", [("POSTGRES_PASSWORD",), ("OPENAI_API_KEY",), ("MYSQL_ROOT_PASSWORD",)])
def test_what_nobody_reads_is_never_judged_with_high_confidence(keys: tuple[str, ...]) -> None:
    report = judge(external_secret("shop/web", dict.fromkeys(keys, "shop/web")))

    assert item_of(report, "web").confidence is not Confidence.HIGH
    assert "no-reader" in {reason.rule for reason in credential_of(report, keys[0]).reasons}


@pytest.mark.parametrize(
    "key",
    [
        "POSTGRES_PASSWORD",
        "MYSQL_ROOT_PASSWORD",
        "OPENAI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "INIT_POSTGRES_PASS",
        "SMTP_PASSWORD",
        "SESSION_SECRET",
    ],
)
def test_a_name_alone_never_gives_high(key: str) -> None:
    secret = external_secret("shop/web", {key: "shop/web#x"})

    report = judge(manifests(secret, workload("shop/web", APP, env_from="web")))

    assert credential_of(report, key).confidence is not Confidence.HIGH


@pytest.mark.parametrize(
    ("keys", "literals"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), {"AWS_ENDPOINT_URL": "http://minio.storage:9000"}),
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), {"S3_ENDPOINT": "https://s3.eu-central-1.wasabisys.com"}),
        (("GOOGLE_MAPS_API_KEY",), {}),
        (("gcloud-age.agekey",), {}),
        (("METRICS_USERNAME", "METRICS_PASSWORD"), {}),
        (("METRICS_BASIC_AUTH_PASSWORD",), {"REDIS_HOST": "redis"}),
        (("PGADMIN_DEFAULT_PASSWORD",), {}),
        (("DUMMY_DB_PASSWORD",), {}),
        (("AZURE_STORAGE_CONNECTION_STRING",), {}),
        (("FIREBASE_API_KEY",), {}),
        (("CONSUL_GOSSIP_ENCRYPTION_KEY",), {}),
        (("VAULT_TOKEN",), {}),
    ],
)
def test_what_only_looks_like_an_engines_stays_static(keys: tuple[str, ...], literals: dict[str, str]) -> None:
    assert item_of(judge(app(*keys, **literals)), "web").verdict is Verdict.STATIC


def test_aws_keys_without_another_endpoint_are_awss() -> None:
    report = judge(
        app("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", AWS_ENDPOINT_URL="https://s3.us-east-1.amazonaws.com")
    )

    assert credential_of(report, "AWS_SECRET_ACCESS_KEY").engine == "aws"


def test_a_key_file_that_googles_variable_names_is_a_service_account() -> None:
    secret = external_secret("shop/web", {"key": "shop/web#key"})
    body = (
        "spec: {template: {spec: {volumes: [{name: k, secret: {secretName: web}}], containers: [{name: app, image: x/y, "
        "volumeMounts: [{name: k, mountPath: /keys}], "
        "env: [{name: GOOGLE_APPLICATION_CREDENTIALS, value: /keys/key}]}]}}}"
    )

    report = judge(manifests(secret, document("apps/v1", "Deployment", "shop/web", body)))

    assert credential_of(report, "key").engine == "gcp"


def test_a_private_authoritys_certificate_is_dynamic_capable_only_when_no_ingress_reads_it() -> None:
    keys = {"ca.crt": "a#ca", "tls.crt": "a#crt", "tls.key": "a#key"}
    mounted = manifests(external_secret("shop/tls", keys), workload("shop/web", APP, volume="tls:/etc/tls"))
    body = "spec: {tls: [{hosts: [shop.example.org], secretName: tls}]}"

    alone = judge(mounted)
    with_ingress = judge(manifests(mounted, document("networking.k8s.io/v1", "Ingress", "shop/web", body)))

    assert credential_of(alone, "tls.key").engine == "pki"
    assert credential_of(with_ingress, "tls.key").verdict is Verdict.STATIC


def test_an_ssh_key_is_for_git_unless_something_tells_of_hosts() -> None:
    keys = {"id_ed25519": "a#key"}
    git = manifests(external_secret("ops/k", keys), workload("ops/sync", "git-sync:v4", volume="k:/ssh"))
    hosts = manifests(external_secret("ops/k", keys), workload("ops/run", "ansible/ansible-runner:2", volume="k:/ssh"))
    open_question = manifests(external_secret("ops/k", keys), workload("ops/app", APP, volume="k:/ssh"))

    assert credential_of(judge(git), "id_ed25519").kind == "git"
    assert credential_of(judge(hosts), "id_ed25519").engine == "ssh"
    assert credential_of(judge(open_question), "id_ed25519").verdict is Verdict.STATIC
    assert "engine-ssh" in near_misses_of(judge(open_question))


@pytest.mark.parametrize(
    ("path", "engine"),
    [
        ("database/creds/web", "database"),
        ("postgres/creds/web", "database/postgresql"),
        ("aws/creds/web", "aws"),
        ("rabbitmq/creds/web", "rabbitmq"),
    ],
)
def test_what_vaults_operator_issues_already_is_of_the_paths_engine(path: str, engine: str) -> None:
    mount, _, rest = path.partition("/")
    body = f"spec: {{mount: {mount}, path: {rest}, destination: {{create: true, name: web}}}}"
    secret = document("secrets.hashicorp.com/v1beta1", "VaultDynamicSecret", "shop/web", body)

    report = judge(manifests(secret, workload("shop/web", APP, env={"APP_PASSWORD": "web#password"})))

    assert credential_of(report, "password").engine == engine


def test_a_fake_stores_values_are_no_credentials() -> None:
    store = document(
        "external-secrets.io/v1",
        "ClusterSecretStore",
        "vault",
        "spec: {provider: {fake: {data: [{key: a, value: b}]}}}",
    )

    report = judge(manifests(store, app("POSTGRES_PASSWORD")))

    assert item_of(report, "web").verdict is Verdict.STATIC
    assert credential_of(report, "POSTGRES_PASSWORD").kind == "configuration"


def test_the_evidence_of_the_system_is_told() -> None:
    found = credential_of(judge(app("DB_PASSWORD", DB_HOST="pg-rw.data.svc")), "DB_PASSWORD")

    assert any("DB_HOST of Deployment/shop/web tells" in reason.message for reason in found.reasons)
    assert not any("pg-rw" in reason.message for reason in found.reasons)


def test_the_pieces_of_a_web_address_are_one_credential() -> None:
    template = "template: {data: {HOOK_WEBHOOK_URL: 'https://chat.example/hooks/{{ .id }}/{{ .token }}'}}"

    report = judge(
        manifests(
            external_secret("shop/web", {"id": "shop/hook#id", "token": "shop/hook#token"}, target=template),
            workload("shop/web", APP, env_from="web"),
        )
    )

    assert [one.keys for one in item_of(report, "web").credentials] == [("HOOK_WEBHOOK_URL",)]


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("Server=sql.shop.svc,1433;Database=shop;User Id={{ .u }};Password={{ .p }}", "database/mssql"),
        ("Server=sql;Initial Catalog=shop;User Id={{ .u }};Password={{ .p }}", "database/mssql"),
        ("Server=mariadb.shop.svc;Database=shop;Uid={{ .u }};Pwd={{ .p }}", "database/mysql"),
        ("Server=db;Port=3306;Database=shop;Uid={{ .u }};Pwd={{ .p }}", "database/mysql"),
        ("Host=db;Database=shop;Username={{ .u }};Password={{ .p }}", "database/postgresql"),
        ("Server={{ .host }};Database=shop;User Id={{ .u }};Password={{ .p }}", "database"),
    ],
)
def test_a_connection_string_says_to_which_system_it_leads(text: str, engine: str) -> None:
    keys = {key: f"shop/x#{key}" for key in ("u", "p", "host")}
    made = external_secret("shop/web", keys, target=f"template: {{data: {{ConnectionStrings__Shop: '{text}'}}}}")

    report = judge(manifests(made, workload("shop/web", APP, env_from="web")))

    assert credential_of(report, "ConnectionStrings__Shop").engine == engine


def test_a_text_that_stands_in_for_a_key_is_none() -> None:
    made = external_secret(
        "shop/web",
        {"x": "shop/web#x"},
        target="template: {data: {AWS_SECRET_ACCESS_KEY: dummy, WEB_TOKEN: '{{ .x }}'}}",
    )

    report = judge(manifests(made, workload("shop/web", APP, env_from="web")))

    assert credential_of(report, "AWS_SECRET_ACCESS_KEY").kind == "configuration"


def test_sql_servers_image_is_called_after_its_folder() -> None:
    server = workload("shop/db", "mcr.microsoft.com/mssql/server:2022-latest", env_from="db", kind="StatefulSet")

    report = judge(manifests(external_secret("shop/db", {"MSSQL_PASSWORD": "shop/db#pw"}), server))

    assert credential_of(report, "MSSQL_PASSWORD").kind == "server-own"


def test_the_store_that_logs_in_with_a_secret_is_the_evidence() -> None:
    report = judge(next(rule for rule in VERDICTS if rule.id == "bootstrap-store-login").example)

    (reason,) = credential_of(report, "secret-id").reasons

    assert (reason.rule, reason.location.line) == ("bootstrap-store-login", 12)


@pytest.mark.parametrize(
    ("volume", "kind"),
    [
        ("db-client-shop-tls:/etc/client", "tls-certificate"),
        ("postgres-client:/etc/certs", "tls-certificate"),
        ("postgres-certs:/etc/postgres", "tls-certificate"),
        ("postgres-client:/etc/login", "database-login"),
        ("tls-terminator-postgres:/etc/login", "database-login"),
    ],
)
def test_a_whole_secret_that_is_called_a_certificate_is_no_login(volume: str, kind: str) -> None:
    report = judge(workload("shop/web", "ghcr.io/acme/web:1.4", volume=volume))

    assert credential_of(report, "*").kind == kind


def test_a_secret_of_unknown_keys_that_nothing_makes_has_reasons() -> None:
    report = judge(workload("shop/web", "ghcr.io/acme/web:1.4", env_from="web"))

    (credential,) = report.items[0].credentials

    assert (credential.keys, [one.rule for one in credential.reasons]) == (("*",), ["kind-unknown"])


@pytest.mark.parametrize(
    ("file", "engine"),
    [
        ("db.url=jdbc:mysql://db:3306/shop\ndb.user={{ .user }}\ndb.password={{ .password }}\n", "database/mysql"),
        ("db:\n  host: pg.shop.svc\n  port: 5432\n  password: '{{ .password }}'\n", "database/postgresql"),
        ("db.password={{ .password }}\nweb.port=8080\n", "database"),
    ],
)
def test_a_configuration_file_says_elsewhere_which_database_it_is(file: str, engine: str) -> None:
    keys = {key: f"shop/x#{key}" for key in ("user", "password")}
    made = external_secret("shop/web", keys, target=f"template: {{data: {{app.conf: {json.dumps(file)}}}}}")

    report = judge(manifests(made, workload("shop/web", APP, volume="web:/etc/app")))

    assert credential_of(report, "app.conf").engine == engine


def test_each_of_two_writers_is_told_with_its_own_path() -> None:
    one = external_secret("shop/one", {"API_TOKEN": "shop/old#token"}, target="name: web")
    two = external_secret("shop/two", {"API_TOKEN": "shop/new#token"}, target="name: web")

    report = judge(manifests(one, two, workload("shop/web", APP, env_from="web")))

    assert [one.vault_paths for name in ("one", "two") for one in item_of(report, name).credentials] == [
        ("shop/old",),
        ("shop/new",),
    ]
