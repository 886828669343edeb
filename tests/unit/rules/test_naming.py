"""What a name alone tells."""

from __future__ import annotations

import pytest

from injector.rules.naming import Part, judge_name


@pytest.mark.parametrize(
    ("name", "kind", "system"),
    [
        ("GF_DATABASE_PASSWORD", "login", "sql"),
        ("SONARR__POSTGRES__PASSWORD", "login", "postgresql"),
        ("PGPASSWORD", "login", "postgresql"),
        ("mongodb-root-password", "login", "mongodb"),
        ("REDIS_URL", "login", "redis"),
        ("DATABASE_URL", "login", "sql"),
        ("LDAP_BIND_PASSWORD", "login", "ldap"),
        ("RABBITMQ_PASSWORD", "login", "rabbitmq"),
        ("AWS_SECRET_ACCESS_KEY", "aws", ""),
        ("S3_ACCESS_KEY", "s3-compatible", ""),
        ("azure-client-secret", "azure", ""),
        ("OIDC_CLIENT_SECRET", "oauth-client", ""),
        ("SESSION_SECRET", "encryption-key", ""),
        ("RESTIC_PASSWORD", "encryption-key", ""),
        ("SMTP_PASSWORD", "smtp", ""),
        (".dockerconfigjson", "registry", ""),
        ("tls.crt", "tls-certificate", ""),
        ("SLACK_WEBHOOK_URL", "webhook-url", ""),
        ("GITHUB_TOKEN", "api-token", ""),
        ("HINDSIGHT_CP_ACCESS_KEY", "api-token", ""),
        ("admin-password", "password", ""),
        ("MQTT_PASSWORD", "unsupported-login", ""),
        ("JWT_PUBLIC_KEY", "configuration", ""),
        ("DB_HOST", "configuration", "sql"),
        ("ARM_CLIENT_SECRET", "azure", ""),
        ("AZURE_STORAGE_CONNECTION_STRING", "api-token", ""),
        ("AZURE_STORAGE_ACCOUNT", "configuration", ""),
        ("firebase-adminsdk.json", "gcp", ""),
        ("LDAP_BIND_DN", "login", "ldap"),
        ("K8S_TOKEN", "service-account-token", ""),
        ("TF_TOKEN_app_terraform_io", "terraform-token", ""),
        ("VAULT_ROLE_ID", "vault-token", ""),
        ("VAULTWARDEN_ADMIN_TOKEN", "api-token", ""),
        ("id_rsa", "ssh-key", ""),
        ("id_rsa.pub", "configuration", ""),
        ("DEPLOY_SSH_KEY", "git", ""),
        ("SSH_PASSWORD", "git", ""),
        ("kubeconfig", "kubeconfig", ""),
        ("REGISTRY_PASSWORD", "registry", ""),
        ("placeholder", "configuration", ""),
        ("apisecretkey", "encryption-key", ""),
        ("mumblepassword", "login", ""),
        ("PAPERLESS_REDIS", "login", "redis"),
        ("connection", "login", "sql"),
        ("ConnectionStrings__Main_ConnectionString", "login", "sql"),
        ("SITE_URL", "configuration", ""),
        ("---", "unknown", ""),
        ("PGUSER", "login", "postgresql"),
        ("ES_PASSWORD", "login", "elasticsearch"),
        ("MYSQLD_EXPORTER_PASSWORD", "login", "mysql"),
        ("ConnectionStrings__Cache", "login", "sql"),
        ("ConnectionStrings__Redis", "login", "redis"),
        ("DATA_SOURCE_NAME", "login", "sql"),
        ("DATA_SOURCE_PASS", "login", "sql"),
        ("CI_DATABASE_DATASOURCE", "login", "sql"),
        ("POSTGRES_URL_NON_POOLING", "login", "postgresql"),
        ("DIRECT_URL", "login", "sql"),
        ("CELERY_BROKER_URL", "login", "broker"),
        ("LLDAP_DATABASE_URL", "login", "sql"),
        ("CLICKHOUSE_DATABASE_URL", "unsupported-login", ""),
        ("SENTRY_DSN", "api-token", ""),
        ("WEB_PASSWORD_SECRET", "encryption-key", ""),
        ("AZURE_AD_CLIENT_SECRET", "oauth-client", ""),
        ("WEBSITE_URL", "configuration", ""),
    ],
)
def test_a_name_tells_its_kind_and_system(name: str, kind: str, system: str) -> None:
    hint = judge_name(name)

    assert (hint.kind, hint.system) == (kind, system)


def test_input_of_a_provisioning_init_container_is_told_by_its_name() -> None:
    assert judge_name("INIT_POSTGRES_PASS").is_provisioning
    assert judge_name("INIT_POSTGRES_SUPER_PASS").is_superuser
    assert not judge_name("POSTGRES_PASS").is_provisioning


def test_an_admin_of_a_database_is_a_superuser() -> None:
    assert judge_name("POSTGRES_ADMIN_PASSWORD").is_superuser
    assert not judge_name("GF_SECURITY_ADMIN_PASSWORD").system


def test_a_user_name_is_not_a_password() -> None:
    assert judge_name("DB_USER").part is Part.USER
    assert judge_name("DB_PASS").part is Part.PASSWORD


@pytest.mark.parametrize("name", ["WEB_DATABASE_POSTGRES_ADMIN_PASSWORD", "DB_ADMIN_PASSWORD", "MYSQL_ROOT_PASSWORD"])
def test_an_administrator_of_a_database_is_a_superuser(name: str) -> None:
    assert judge_name(name).is_superuser


def test_an_apps_administrator_is_none() -> None:
    assert not judge_name("ADMIN_DB_PASSWORD").is_superuser
