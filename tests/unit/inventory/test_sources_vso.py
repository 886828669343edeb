from __future__ import annotations

import pytest

from injector.model import SecretSource, SourceKind
from tests.unit.inventory.source_reading import made_by, only_source, shown


def vso(kind: str, spec: str) -> SecretSource:
    text = f"apiVersion: secrets.hashicorp.com/v1beta1\nkind: {kind}\nmetadata: {{name: v, namespace: a}}\nspec: {{{spec}}}"
    return only_source(text)


def test_a_static_secret_reads_kv_version_two() -> None:
    source = vso(
        "VaultStaticSecret", "mount: secret, path: app/db, type: kv-v2, destination: {name: t}, refreshAfter: 1h"
    )

    assert (source.kind, source.target, source.refresh_interval) == (SourceKind.VAULT_STATIC_SECRET, "t", "1h")
    assert shown(source) == ["* <- secret/data/app/db#", "_raw <- secret/data/app/db#"]


def test_a_static_secret_reads_kv_version_one() -> None:
    source = vso("VaultStaticSecret", "mount: kv, path: app, type: kv-v1, destination: {name: t}")

    assert shown(source)[0] == "* <- kv/app#"


def test_a_dynamic_database_secret_has_user_and_password() -> None:
    source = vso("VaultDynamicSecret", "mount: database, path: creds/app, destination: {name: t}")

    assert shown(source) == [
        "username <- database/creds/app#username",
        "password <- database/creds/app#password",
        "_raw <- database/creds/app#",
    ]


def test_a_dynamic_cloud_secret_has_fields_that_only_vault_knows() -> None:
    source = vso("VaultDynamicSecret", "mount: aws, path: creds/app, destination: {name: t}")

    assert [key.name for key in source.keys] == ["*", "_raw"]


def test_a_pki_secret_is_issued_by_its_role() -> None:
    source = vso("VaultPKISecret", "mount: pki, role: web, destination: {name: t, type: kubernetes.io/tls}")

    assert shown(source)[:2] == ["tls.crt <- pki/issue/web#certificate", "tls.key <- pki/issue/web#private_key"]
    assert (source.target, source.secret_type) == ("t", "kubernetes.io/tls")


def test_a_pki_secret_may_choose_its_issuer() -> None:
    source = vso("VaultPKISecret", "mount: pki, role: web, issuerRef: new, destination: {name: t}")

    assert source.keys[0].remotes[0].path == "pki/issuer/new/issue/web"
    assert "tls.crt" not in [key.name for key in source.keys]


def test_a_static_secret_without_path_asks_for_nothing() -> None:
    assert shown(vso("VaultStaticSecret", "mount: kv, destination: {name: t}")) == ["* <- #", "_raw <- #"]


def test_templates_make_keys_of_the_values_they_read() -> None:
    source = vso(
        "VaultStaticSecret",
        'mount: s, path: p, destination: {name: t, transformation: {excludeRaw: true, excludes: [".*"], '
        "templates: {K: {text: '{{ get .Secrets \"a\" }}-{{ .Secrets.b }}'}}}}",
    )

    assert shown(source) == ["K <- s/data/p#a s/data/p#b"]


def test_a_filter_takes_fields_out() -> None:
    source = vso(
        "VaultDynamicSecret",
        "mount: database, path: creds/app, destination: {name: t, transformation: {excludeRaw: true, excludes: [^user]}}",
    )

    assert [key.name for key in source.keys] == ["password"]


def test_a_filter_lets_only_some_fields_through() -> None:
    source = vso(
        "VaultDynamicSecret",
        "mount: database, path: creds/app, "
        'destination: {name: t, transformation: {excludeRaw: true, includes: ["[", username]}}',
    )

    assert [key.name for key in source.keys] == ["username"]


def test_a_transformation_elsewhere_may_add_any_key() -> None:
    source = vso(
        "VaultDynamicSecret",
        "mount: database, path: creds/app, destination: {name: t, transformation: {transformationRefs: [{name: x}]}}",
    )

    assert "*" in [key.name for key in source.keys]


def test_the_login_stands_for_the_store() -> None:
    source = vso("VaultStaticSecret", "mount: s, path: p, vaultAuthRef: ns/auth, destination: {name: t}")

    assert source.store is not None
    assert (source.store.kind, source.store.name, source.store.provider) == ("VaultAuth", "ns/auth", "vault")


@pytest.mark.parametrize("kind", ["VaultAuth", "VaultConnection", "VaultStaticSecret"])
def test_what_names_no_destination_makes_nothing(kind: str) -> None:
    assert made_by(f"apiVersion: secrets.hashicorp.com/v1beta1\nkind: {kind}\nmetadata: {{name: v}}\nspec: {{}}") == {}
