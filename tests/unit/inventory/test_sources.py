from __future__ import annotations

import pytest

from injector.inventory.sources import read_sources
from injector.model import SourceKind
from tests.unit.inventory.reading import resource_of
from tests.unit.inventory.source_reading import made_by, only_source

CANARY = "CANARY-d3adb33f"


def secret(body: str, metadata: str = "") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: a{metadata}}}\n{body}"


def test_a_plain_secret_has_the_keys_of_data_and_string_data() -> None:
    source = only_source(secret("type: Opaque\ndata: {a: eA==}\nstringData: {b: y, a: z}"))

    assert (source.kind, source.target, source.secret_type) == (SourceKind.SECRET, "s", "Opaque")
    assert [key.name for key in source.keys] == ["a", "b"]


@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        f"postgresql://app:{CANARY}@db:5432/x",
        f"${{VAR:={CANARY}}}",
        f"prefix ${{VAR}} {CANARY}",
        f"https://{CANARY}.example.org",
    ],
)
def test_no_value_of_a_secret_is_kept(field: str, value: str) -> None:
    source = only_source(secret(f'{field}: {{k: "{value}"}}'))

    assert CANARY not in repr(source)


def test_kubectls_copy_of_a_secret_is_not_kept() -> None:
    annotation = f", annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{CANARY}', a: b}}"
    source = only_source(secret("data: {k: eA==}", annotation))

    assert source.annotations == {"a": "b"}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("postgresql://app:pw@db/x", "postgresql://<redacted>"),
        ("jdbc:mysql://db/x?password=pw", "jdbc:mysql://<redacted>"),
        ("${DB_PASSWORD}", "${DB_PASSWORD}"),
        ("${DB_PASSWORD:=secret}", "${DB_PASSWORD}"),
        ("${USER}:${PASSWORD}", "${USER}:${PASSWORD}"),
        ("hunter2", ""),
        ("", ""),
    ],
)
def test_of_plain_text_only_a_scheme_and_references_are_kept(value: str, kept: str) -> None:
    assert only_source(secret(f'stringData: {{k: "{value}"}}')).keys[0].template == kept


def test_a_generated_secret_says_so() -> None:
    resource = resource_of(secret("data: {k: eA==}"))
    resource.is_generated = True

    assert read_sources(resource, "files")[0].kind is SourceKind.GENERATOR


def test_a_secret_encrypted_by_sops_is_recognised_and_never_opened() -> None:
    source = only_source(secret(f"stringData: {{k: 'ENC[{CANARY}]', url: 'https://{CANARY}'}}\nsops: {{mac: x}}"))

    assert (source.kind, [key.name for key in source.keys]) == (SourceKind.SOPS, ["k", "url"])
    assert CANARY not in repr(source)


def test_a_copy_may_have_any_keys() -> None:
    source = only_source(secret("", ", annotations: {replicator.v1.mittwald.de/replicate-from: b/s}"))

    assert [key.name for key in source.keys] == ["*"]


def test_generated_passwords_are_keys() -> None:
    annotation = ', annotations: {secret-generator.v1.mittwald.de/autogenerate: "password, token"}'

    assert [key.name for key in only_source(secret("", annotation)).keys] == ["password", "token"]


def test_a_sealed_secret_has_encrypted_and_templated_keys() -> None:
    source = only_source(f"""
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: {{name: s, namespace: a}}
        spec:
          encryptedData: {{password: {CANARY}}}
          template:
            type: kubernetes.io/basic-auth
            data: {{url: "postgres://u:{{{{ .password }}}}@db"}}
    """)

    assert (source.kind, source.secret_type) == (SourceKind.SEALED_SECRET, "kubernetes.io/basic-auth")
    assert [(key.name, key.variables) for key in source.keys] == [("password", ()), ("url", ("password",))]
    assert CANARY not in repr(source)


def test_a_sops_secret_makes_a_secret_for_every_template() -> None:
    assert made_by(f"""
        apiVersion: isindir.github.com/v1alpha3
        kind: SopsSecret
        metadata: {{name: x, namespace: a}}
        spec:
          secretTemplates:
            - {{name: one, data: {{k: {CANARY}}}, stringData: {{j: {CANARY}}}}}
            - {{name: two}}
    """) == {"a/one": ("k", "j"), "a/two": ()}


@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment", "SecretList"])
def test_what_makes_no_secret_is_no_source(kind: str) -> None:
    assert made_by(f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\ndata: {{a: b}}") == {}


def test_keys_stand_where_they_are_written() -> None:
    source = only_source(secret("stringData:\n  k: v"))

    assert source.keys[0].location.line == 5
