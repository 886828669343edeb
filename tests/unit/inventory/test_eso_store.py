from __future__ import annotations

from injector.inventory.eso import StoreIndex, read_store, resolve
from injector.model import ObjectRef, Store
from tests.unit.inventory.reading import resource_of
from tests.unit.inventory.source_reading import VAULT, external, index_of, read_all, read_spec, shown


def store_of(text: str) -> Store:
    store = read_store(resource_of(text), "files")
    assert store is not None
    return store


def test_a_vault_store_says_server_mount_and_version() -> None:
    store = store_of(VAULT)

    assert (store.provider, store.server, store.mount, store.version) == ("vault", "https://vault:8200", "secret", "v2")


def test_a_vault_store_without_version_is_v2_and_without_path_has_no_mount() -> None:
    store = store_of(
        "apiVersion: external-secrets.io/v1beta1\nkind: SecretStore\nmetadata: {name: s, namespace: a}\n"
        "spec: {provider: {vault: {server: x}}}"
    )

    assert (store.version, store.mount, store.ref) == ("v2", "", ObjectRef("SecretStore", "a", "s"))


def test_another_provider_is_known_by_its_key() -> None:
    store = store_of(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s, namespace: a}\n"
        "spec: {provider: {aws: {service: SecretsManager, region: eu-central-1}}}"
    )

    assert (store.provider, store.mount, store.version) == ("aws", "", "")


def test_a_store_without_provider_is_unknown() -> None:
    store = store_of("apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s}\nspec: [1]")

    assert store.provider == "unknown"


def test_a_cluster_store_has_no_namespace() -> None:
    store = store_of(VAULT.replace("{name: vault}", "{name: vault, namespace: stray}"))

    assert store.ref.namespace == ""


def test_every_secret_on_the_way_to_the_provider_is_named() -> None:
    store = store_of("""
        apiVersion: external-secrets.io/v1
        kind: ClusterSecretStore
        metadata: {name: vault}
        spec:
          provider:
            vault:
              caProvider: {type: Secret, name: ca, key: ca.crt, namespace: eso}
              auth:
                tokenSecretRef: {name: token, namespace: eso, key: token}
                appRole: {secretRef: {name: role}}
                kubernetes: {serviceAccountRef: {name: account}}
    """)

    assert store.auth_secrets == (("", "role"), ("eso", "ca"), ("eso", "token"))


def test_a_ca_from_a_config_map_is_no_secret() -> None:
    store = store_of("""
        apiVersion: external-secrets.io/v1
        kind: SecretStore
        metadata: {name: s, namespace: a}
        spec: {provider: {vault: {caProvider: {type: ConfigMap, name: ca, key: ca.crt}}}}
    """)

    assert store.auth_secrets == ()


def test_a_namespaced_store_logs_in_with_secrets_of_its_namespace() -> None:
    store = store_of("""
        apiVersion: external-secrets.io/v1
        kind: SecretStore
        metadata: {name: s, namespace: a}
        spec: {provider: {webhook: {secrets: [{secretRef: {name: hook}}]}}}
    """)

    assert store.auth_secrets == (("a", "hook"),)


def test_a_crd_of_another_group_is_no_store() -> None:
    assert read_store(resource_of("apiVersion: v1\nkind: SecretStore\nmetadata: {name: s}"), "files") is None


def test_a_generator_is_a_store_that_generates() -> None:
    store = store_of("""
        apiVersion: generators.external-secrets.io/v1alpha1
        kind: VaultDynamicSecret
        metadata: {name: db, namespace: apps}
        spec:
          path: /database/creds/app
          provider: {server: "https://vault:8200", auth: {tokenSecretRef: {name: token, key: t}}}
    """)

    assert (store.provider, store.mount, store.auth_secrets) == (
        "generator",
        "database/creds/app",
        (("apps", "token"),),
    )


def test_a_cluster_generator_is_read_through_its_inner_spec() -> None:
    store = store_of("""
        apiVersion: generators.external-secrets.io/v1alpha1
        kind: ClusterGenerator
        metadata: {name: db}
        spec: {kind: VaultDynamicSecret, generator: {vaultDynamicSecretSpec: {path: database/creds/app}}}
    """)

    assert (store.ref.namespace, store.mount) == ("", "database/creds/app")


def test_a_namespaced_store_is_found_in_its_namespace_only() -> None:
    index = index_of("""
        apiVersion: external-secrets.io/v1
        kind: SecretStore
        metadata: {name: s, namespace: a}
        spec: {provider: {vault: {}}}
    """)

    assert index.find("SecretStore", "a", "s") is not None
    assert index.find("SecretStore", "b", "s") is None


def test_paths_stay_as_written_until_their_store_is_known() -> None:
    sources, _ = read_all(
        external("data: [{secretKey: p, remoteRef: {key: app, property: password}}]"), StoreIndex.empty()
    )
    assert shown(sources[0]) == ["p <- app#password"]

    resolved, findings = resolve(sources[0], index_of(VAULT))

    assert (shown(resolved), findings) == (["p <- secret/data/app#password"], [])
    assert resolved.store is not None
    assert resolved.store.provider == "vault"


def test_resolving_twice_changes_nothing() -> None:
    sources, _ = read_all(external("data: [{secretKey: p, remoteRef: {key: app}}]"))

    again, _ = resolve(sources[0], index_of(VAULT))

    assert again is sources[0]


def test_a_store_outside_the_tree_stays_unknown_and_its_key_as_written() -> None:
    source, rules = read_spec("data: [{secretKey: p, remoteRef: {key: /app/p}}]", StoreIndex.empty())

    assert source.keys[0].remotes[0].store.provider == "unknown"
    assert (shown(source), rules) == (["p <- /app/p#"], [])


def test_an_engines_path_behind_kv_is_a_broken_reference() -> None:
    spec = "data: [{secretKey: p, remoteRef: {key: database/creds/app, property: password}}]"
    _, findings = read_all(external(spec))

    assert [finding.rule for finding in findings] == ["vault-dynamic-path-in-kv"]
    assert "secret/data/database/creds/app: a broken reference" in findings[0].message


def test_an_engines_path_that_the_operator_really_reads_is_reported_for_its_leases() -> None:
    stores = index_of(VAULT.replace("path: secret, version: v2", "path: database, version: v1"))
    spec = "data: [{secretKey: p, remoteRef: {key: creds/app, property: password}}]"
    sources, findings = read_all(external(spec), stores)

    assert shown(sources[0]) == ["p <- database/creds/app#password"]
    assert "different leases" in findings[0].message


def test_references_deeper_than_any_provider_nests_are_not_followed() -> None:
    deep = "{secretRef: {name: far}}"
    for _ in range(20):
        deep = f"{{a: {deep}}}"
    store = store_of(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s, namespace: a}\n"
        f"spec: {{provider: {{other: {deep}}}}}"
    )

    assert store.auth_secrets == ()
