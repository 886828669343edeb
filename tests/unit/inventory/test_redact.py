from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.redact import REDACTED, looks_secret, redact


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "true", "False", "null", "8080", "-1", "3.14", "512Mi", "100m", "1h30m", "50%", "2024-01-01T00:00:00Z",
        "grafana", "INFO", "kube-system", "eu-central-1", "postgres17", "utf8mb4", "x86_64", "oauth2", "en_US.UTF-8",
        "GF_DATABASE_PASSWORD__FILE", "Europe/Rome", "*", "*.tazlab.net", "v1.2.3", "16.4-alpine3.20",
        "db.apps.svc.cluster.local:5432", "10.0.0.0/8", "0.0.0.0:8080", ":8080", "s3.amazonaws.com", "smtp.gmail.com:587",
        "/run/secrets/db.txt", "./config.yaml", "https://auth.tazlab.net/oauth2/callback", "redis://redis:6379/0",
        "http://vault.vault.svc:8200/v1/sys/health", "jdbc:postgresql://db:5432/app?sslmode=disable", "nginx:latest",
        "quay.io/minio/minio:RELEASE.2024-01-01T00-00-00Z", "ghcr.io/org/app:v1.2.3@sha256:" + "ab12" * 16,
        "${DB_PASSWORD}", "${DB_PASSWORD:-}", "${X:-}", "$(POSTGRES_PASSWORD)", "$HOME/bin", "${HOST:-db}", "{{ .user }}:{{ .password }}",
        "postgresql://{{ .user }}:{{ .pass | urlquery }}@db:5432/app", "mysql://app:${PASSWORD}@db/app",
        "{{ .user }}:{{ .password }}@tcp(db:3306)/app", "{{ index . `DB_PASSWORD` }}", '{{ printf "%s:%s" .a .b }}',
        "password={{ .p }}", "PASSWORD_FILE=/run/secrets/p", "token_url=https://sso/token", "password: true", "a,b;c|d",
        "SELECT * FROM users WHERE id=1", "-Xmx512m", "--max-connections=100", "<redacted>", "password=<redacted>",
    ],
)  # fmt: skip
def test_configuration_is_kept(text: str) -> None:
    assert redact(text) == text
    assert not looks_secret(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://app:CANARY@db:5432/x", "postgresql://<redacted>@db:5432/x"),
        ("redis://:CANARY@redis:6379/0", "redis://<redacted>@redis:6379/0"),
        ("https://CANARY@github.com/org/repo", "https://<redacted>@github.com/org/repo"),
        ("mongodb+srv://a:CANARY@c.example.net/x", "mongodb+srv://<redacted>@c.example.net/x"),
        ("jdbc:postgresql://db/x?user=a&password=CANARY", "jdbc:postgresql://db/x?user=a&password=<redacted>"),
        ("host=db password=CANARY dbname=x", "host=db password=<redacted> dbname=x"),
        ("Server=db;Password=CANARY;Port=1", "Server=db;Password=<redacted>;Port=1"),
        ('{"user":"a","password":"CANARY two words"}', '{"user":"a","password":"<redacted>"}'),
        ("api_key: CANARY and more\nport: 1", "api_key: <redacted>\nport: 1"),
        ("PGPASSWORD=CANARY psql -h db", "PGPASSWORD=<redacted> psql -h db"),
        ("mysql -h db -pCANARY -e x", "mysql -h db -p<redacted> -e x"),
        ("redis-server --requirepass CANARY", "redis-server --requirepass <redacted>"),
        ("Authorization: Bearer CANARY", "Authorization: <redacted>"),
        ("Bearer CANARY", "Bearer <redacted>"),
        ("${DB_PASSWORD:=CANARY}", "${DB_PASSWORD:=<redacted>}"),
        ("${X:-CANARY-9Xy!z}", "${X:-<redacted>}"),
        ('{{ .p | default "CANARY9Xy1z" }}', '{{ .p | default "<redacted>" }}'),
        ("-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----", "<redacted>"),
        ("-----BEGIN KEY-----\nCANARY", "<redacted>"),
        ("admin:CANARY1", "<redacted>"),
        ("{{ .user }}:CANARY1@db", "{{ .user }}<redacted>"),
        (
            "https://hooks.example.com/services/T0CANARY/xXxXxXx",
            "https://hooks.example.com/services/<redacted>/<redacted>",
        ),
        ("user@CANARY.com", "<redacted>"),
        ("1http://CANARY9x!@db", "<redacted>"),
        ("{{ .u }}@CANARY9x!y", "{{ .u }}<redacted>"),
        ("http://app:CANARY", "http://<redacted>"),
        ("${VAR:?not set CANARY9Xy!z}", "${VAR:?not set <redacted>}"),
        ("SEED=CANARY9x,Yz(8)", "SEED=<redacted>"),
    ],
)
def test_secrets_are_taken_out_and_the_rest_is_kept(text: str, kept: str) -> None:
    assert redact(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "P@ssw0rd!", "correct#horse", "Abc,Def=9!x", "a;b(c)9#", "aGVsbG8gd29ybGQ5", "dGhpc2lzYXNlY3JldA==", "xkqjzvbnmwrtplkj", "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnop", "glpat-abcdefgh", "sk-abcdefgh", "hvs.CAESIJ", "eyJhbGciOi.eyJzdWIi.c2ln", "AGE-SECRET-KEY-1QQ",
        "xoxb-1234-abcd", "550e8400-e29b-41d4-a716-446655440000", "d41d8cd98f00b204e9800998ecf8427e", "$2a$10$N9qo8uLOickgx2ZMRZ",
        "tskey-auth-abc", "AbCdEfGhIjKl", "abc12def34", "naïveÜ", "0xdeadbeefcafe", "x" * 300_000,
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes(text: str) -> None:
    assert redact(text) == REDACTED
    assert looks_secret(text)


@given(st.text())
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)

    assert redact(once) == once


_NAMES = st.sampled_from(["PASSWORD", "db_password", "client-secret", "API_KEY", "token", "PGPASSWORD"])
_VALUES = st.text(string.ascii_letters + string.digits + "!@#%^*_-+.~", min_size=3, max_size=40)


@given(_NAMES, _VALUES, st.sampled_from(["=", ": ", ":", '="', "='"]))
def test_what_is_called_a_secret_never_stays(name: str, value: str, sign: str) -> None:
    planted = f"CANARY{value}"

    assert "CANARY" not in redact(f"port=1 {name}{sign}{planted}")


@given(st.text(string.ascii_letters + string.digits + "!$%^*_-+.~:/?#@,;=&()[]", min_size=1, max_size=40))
def test_a_password_in_a_url_never_stays(password: str) -> None:
    assert "CANARY" not in redact(f"postgresql://app:CANARY{password}@db:5432/app")
    assert "CANARY" not in redact(f"postgresql://app:x{password}CANARY@db:5432/app")


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", min_size=24, max_size=64))
def test_random_base64_does_not_stay(token: str) -> None:
    """Random text that happens to be words, as hypothesis' ``AAAA``, is not what is meant."""
    digits, cases = len(re.findall(r"[A-Za-z]\d[A-Za-z]", token)), len(re.findall(r"[a-z][A-Z]", token))
    if digits >= 2 and cases >= 2 and "/" not in token:
        assert redact(token) == REDACTED
