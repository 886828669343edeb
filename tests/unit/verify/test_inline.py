"""Which values of a Secret's manifest may be secret."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.manifests.inline import may_hold_encoded, may_hold_secret
from tests.canary import CANARY, has_canary
from tests.unit.verify.holding import hold, told

SECRET = [
    ("password", "hunter2"),
    ("DB_PASSWORD", "correct horse battery staple"),
    ("token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ("anything", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("dsn", "postgres://shop:hunter2@db:5432/shop"),
    ("config.yaml", "database:\n  host: db\n  password: hunter2\n"),
    ("tls.key", "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"),
    (
        "both.pem",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nM\n-----END PRIVATE KEY-----",
    ),
    ("secret_id", "1f0b6a0e-9b0a-4d55-a7c2-5f5d1c0f7a11"),
    ("password", "${PASSWORD:-hunter2}"),
    ("PASSWORD", "<hunter2!>"),
    ("POSTGRES_PASSWORD", "vibe"),
    ("secret-key", "s3events123"),
    ("url", "https://hooks.slack.com/services/T00000000/B00000000/aB3dE5fG7hI9jK1lM3nO5pQ7"),
    (".dockerconfigjson", '{"auths":{"ghcr.io":{"auth":"dXNlcjpwYXNzd29yZA=="}}}'),
    ("config", '{"bearerToken":"eyJhbGciOi","tlsClientConfig":{"insecure":false}}'),
    ("config", '{"password": hunter2'),
    ("config", '{"a":' * 40 + "1" + "}" * 40),
    ("auth", "admin:$2y$05$eVlq5lQ3bXb9ZrXcEr9kDeYk6yJxHkQn"),
    ("wg0.conf", "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"),
    ("alertmanager.yaml", "global:\n  smtp_smarthost: mail:587\n  smtp_auth_password: abc123def\n"),
]
HARMLESS = [
    ("password", ""),
    ("password", "  \n"),
    ("password", "${PASSWORD}"),
    ("dsn", "${USER}:${PASSWORD}@${HOST}"),
    ("password", "$(PASSWORD)"),
    ("password", "{{ .Values.password }}"),
    ("password", "<path:secret/data/shop#password>"),
    ("password", "ref+vault://secret/shop#password"),
    ("password", "vault:secret/data/shop#password"),
    ("password", "op://vault/item/field"),
    ("password", "CHANGE_ME"),
    ("password", "<your-password-here>"),
    ("password", "REDACTED"),
    ("password", "ENC[AES256_GCM,data:Zm9v,iv:YQ==,tag:Yg==,type:str]"),
    ("file.json", '{"a": "ENC[AES256_GCM,data:Zm9v,type:str]", "sops": {"mac": "ENC[AES256_GCM,data:x]"}}'),
    ("vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n62313365396662343061393464336163\n"),
    ("username", "admin"),
    ("host", "db.shop.svc.cluster.local"),
    ("url", "https://git.example.com/shop.git"),
    ("port", "5432"),
    ("type", "git"),
    ("insecure", "true"),
    ("client-id", "8d969eef6ecad3c29a3a629280e686cf"),
    ("tenantId", "1f0b6a0e-9b0a-4d55-a7c2-5f5d1c0f7a11"),
    ("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
    ("known_hosts", "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n"),
    ("identity.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@home"),
    ("config.yaml", "database:\n  host: db\n  port: 5432\n"),
    ("email", "me@example.com"),
    ("DATABASE_URL", "postgres://app@db:5432/app"),
    ("role-arn", "arn:aws:iam::123456789012:role/external-dns"),
    ("uuid", "1f0b6a0e-9b0a-4d55-a7c2-5f5d1c0f7a11"),
    ("WIREGUARD_PUBLIC_KEY", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="),
    (".dockerconfigjson", '{"auths":{}}'),
    ("config", '{"tlsClientConfig":{"insecure":false}}'),
    ("config", '[{"host": "db", "ports": [5432, "5433"]}]'),
    ("token", "REPLACE_WITH_TOKEN"),
    ("api-key", "YOUR_ACTUAL_API_KEY_HERE"),
    ("git_token", "${.secrets.git_token}"),
    ("AWS_SECRET_ACCESS_KEY", "X" * 40),
    ("gpg.pub", "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: GnuPG v2\n\nmQENBF\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----"),
    ("alertmanager.yaml", "route:\n  receiver: 'null'\nreceivers:\n- name: 'null'\n"),
    ("SECRET_DOMAIN", "example.com"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SECRET)
def test_a_value_that_may_be_secret_counts(name: str, value: str) -> None:
    assert may_hold_secret(name, value)
    assert may_hold_encoded(name, base64.b64encode(value.encode()).decode())


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_a_value_that_is_none_does_not(name: str, value: str) -> None:
    assert not may_hold_secret(name, value)
    assert not may_hold_encoded(name, base64.b64encode(value.encode()).decode())


@pytest.mark.parametrize("value", ["${PASSWORD}", "ENC[AES256_GCM,data:Zm9v,type:str]", "<path:secret/data/a#b>", ""])
def test_what_a_tool_replaces_need_not_be_base64(value: str) -> None:
    assert not may_hold_encoded("password", value)


def test_bytes_that_are_no_text_may_be_a_keystore() -> None:
    assert may_hold_encoded("keystore.jks", base64.b64encode(b"\xfe\xed\xfe\xed\x00\x00").decode())
    assert not may_hold_encoded("locked", base64.b64encode(b"\x00GITCRYPT\x00\xff\xfe").decode())


@given(st.text(max_size=40), st.text(max_size=200))
def test_no_text_is_too_strange(name: str, value: str) -> None:
    assert may_hold_secret(name, value) in (True, False)
    assert may_hold_encoded(name, value) in (True, False)


PLAIN = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: web, namespace: shop}}
stringData:
  host: db.shop.svc
  password: {CANARY}Zq8w
"""


def test_the_key_and_its_line_are_told_and_the_value_is_not(tmp_path: Path) -> None:
    found = hold({"web.yaml": PLAIN}, tmp_path)

    assert told(found) == [("inline-secret", "web.yaml:6")]
    assert "key password" in found.violations[0].message
    assert not has_canary(repr(found))


def test_a_secret_in_git_counts_though_nothing_deploys_it(tmp_path: Path) -> None:
    found = hold({"kustomization.yaml": "resources: [app.yaml]\n", "app.yaml": "", "old/web.yaml": PLAIN}, tmp_path)

    assert told(found) == [("inline-secret", "old/web.yaml:6")]
    assert [one.is_deployed for one in found.violations] == [False]


def test_a_secret_that_two_overlays_deploy_is_told_once(tmp_path: Path) -> None:
    overlay = "resources: [../../base]\nnamespace: {}\n"
    files = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": PLAIN}
    files |= {f"overlays/{name}/kustomization.yaml": overlay.format(name) for name in ("one", "two")}

    assert told(hold(files, tmp_path)) == [("inline-secret", "base/web.yaml:6")]


GENERATED = """\
secretGenerator:
  - name: web
    namespace: shop
    literals:
      - host=db
      - password=hunter2
    envs: [some.env]
    files: [ca.crt, key.pem]
"""


def test_what_a_generator_reads_from_git_counts(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": GENERATED,
        "some.env": "TOKEN=ENC[AES256_GCM,data:Zm9v,type:str]\nUSER=shop\nAPI_KEY=a8Kz0qPz\n",
        "ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "key.pem": "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n",
    }

    found = hold(files, tmp_path)

    assert sorted(one.message.split()[1] for one in found.violations) == ["API_KEY", "key.pem", "password"]


@pytest.mark.parametrize(
    "allowed",
    [
        "{namespace: shop, reason: r}",
        "{name: web, key: pass*, reason: r}",
        "{path: 'demo/*', reason: r}",
    ],
)
def test_what_the_configuration_allows_is_let_be(allowed: str, tmp_path: Path) -> None:
    found = hold({"demo/web.yaml": PLAIN}, tmp_path, f"verify: {{allow: [{allowed}]}}")

    assert found.violations == ()


@pytest.mark.parametrize(
    "allowed", ["{namespace: other, reason: r}", "{name: web, key: token, reason: r}", "{path: 'other/*', reason: r}"]
)
def test_what_it_does_not_name_counts(allowed: str, tmp_path: Path) -> None:
    found = hold({"demo/web.yaml": PLAIN}, tmp_path, f"verify: {{allow: [{allowed}]}}")

    assert told(found) == [("inline-secret", "demo/web.yaml:6")]


@pytest.mark.parametrize(("reason", "counts"), [("a demo", False), ("", True), ("  ", True)])
def test_an_annotation_with_a_reason_suppresses(reason: str, *, counts: bool, tmp_path: Path) -> None:
    mark = f"annotations: {{phase2.tazlab.net/ignore.inline-secret: '{reason}'}}"

    found = hold({"web.yaml": PLAIN.replace("namespace: shop", f"namespace: shop, {mark}")}, tmp_path)

    assert bool(found.violations) is counts
    assert [one.reason for one in found.suppressed] == ([] if counts else [reason])


def test_a_value_left_open_in_a_sops_file_counts(tmp_path: Path) -> None:
    text = PLAIN.replace("host: db.shop.svc", "other: 'ENC[AES256_GCM,data:Zm9v,type:str]'") + "sops: {mac: x}\n"

    assert told(hold({"web.yaml": text}, tmp_path)) == [("inline-secret", "web.yaml:6")]
