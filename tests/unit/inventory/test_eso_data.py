from __future__ import annotations

import pytest

from tests.unit.inventory.source_reading import VAULT, index_of, read_spec, shown


def test_data_gives_every_key_its_path_and_property() -> None:
    source, rules = read_spec("""
        data:
          - {secretKey: user, remoteRef: {key: apps/db, property: username}}
          - {secretKey: password, remoteRef: {key: apps/db, property: password}}
    """)

    assert shown(source) == ["user <- secret/data/apps/db#username", "password <- secret/data/apps/db#password"]
    assert rules == []


def test_locations_are_those_of_the_key_and_of_the_remote_reference() -> None:
    source, _ = read_spec("""
        data:
          - secretKey: user
            remoteRef:
              key: apps/db
    """)

    key = source.keys[0]
    assert (key.location.line, key.remotes[0].location.line) == (8, 10)


def test_an_entry_may_read_from_a_store_of_its_own() -> None:
    other = VAULT.replace("name: vault}", "name: other}").replace("path: secret", "path: kv")
    source, _ = read_spec(
        """
        data:
          - secretKey: a
            remoteRef: {key: x}
            sourceRef: {storeRef: {kind: ClusterSecretStore, name: other}}
        """,
        index_of(VAULT, other),
    )

    assert shown(source) == ["a <- kv/data/x#"]
    assert source.keys[0].remotes[0].store.name == "other"
    assert source.store is not None
    assert source.store.name == "vault"


def test_extract_without_template_leaves_the_keys_unknown() -> None:
    source, _ = read_spec("dataFrom: [{extract: {key: apps/db}}, {extract: {key: apps/mail, property: smtp}}]")

    assert shown(source) == ["* <- secret/data/apps/db# secret/data/apps/mail#smtp"]


def test_data_stands_beside_what_is_extracted() -> None:
    source, _ = read_spec("""
        dataFrom: [{extract: {key: apps/db}}]
        data: [{secretKey: a, remoteRef: {key: x}}]
    """)

    assert shown(source) == ["* <- secret/data/apps/db#", "a <- secret/data/x#"]


def test_data_wins_over_a_generator_of_the_same_key() -> None:
    source, _ = read_spec("""
        dataFrom: [{sourceRef: {generatorRef: {kind: Password, name: gen}}}]
        data: [{secretKey: password, remoteRef: {key: x}}]
    """)

    assert shown(source) == ["password <- secret/data/x#"]


def test_find_stands_for_everything_below_its_folder() -> None:
    source, _ = read_spec("dataFrom: [{find: {path: dev, name: {regexp: .*}}}]")

    assert shown(source) == ["* <- secret/data/dev/*#"]


def test_v1alpha1_has_the_reference_itself_as_the_entry() -> None:
    source, _ = read_spec("dataFrom: [{key: apps/db}]")

    assert shown(source) == ["* <- secret/data/apps/db#"]


def test_a_generators_keys_are_known_by_its_kind() -> None:
    source, _ = read_spec("dataFrom: [{sourceRef: {generatorRef: {kind: ECRAuthorizationToken, name: ecr}}}]")

    assert [key.name for key in source.keys] == ["username", "password", "proxy_endpoint", "expires_at"]
    store = source.keys[0].remotes[0].store
    assert (store.kind, store.name, store.provider) == ("ECRAuthorizationToken", "ecr", "generator")


def test_a_vault_generator_reads_the_path_of_its_manifest() -> None:
    generator = """
        apiVersion: generators.external-secrets.io/v1alpha1
        kind: VaultDynamicSecret
        metadata: {name: db, namespace: apps}
        spec: {path: database/creds/app}
    """
    source, rules = read_spec(
        "dataFrom: [{sourceRef: {generatorRef: {kind: VaultDynamicSecret, name: db}}}]", index_of(generator)
    )

    assert (shown(source), rules) == (["* <- database/creds/app#"], [])


def test_a_generator_whose_keys_are_rewritten_leaves_them_unknown() -> None:
    source, _ = read_spec("""
        dataFrom:
          - sourceRef: {generatorRef: {kind: Password, name: gen}}
            rewrite: [{regexp: {source: password, target: secret}}]
    """)

    assert [key.name for key in source.keys] == ["*"]


@pytest.mark.parametrize(
    ("rewrite", "variable", "prop"),
    [
        ('[{regexp: {source: "(.*)", target: "db_$1"}}]', "db_user", "user"),
        ('[{regexp: {source: "^(.+)$", target: "${1}_db"}}]', "user_db", "user"),
        ('[{regexp: {source: "app-(.*)", target: "$1"}}]', "user", "app-user"),
        ('[{regexp: {source: "^app_", target: ""}}]', "user", "app_user"),
        ('[{transform: {template: "db_{{ .value }}"}}]', "db_user", "user"),
        ('[{regexp: {source: "(.*)", target: "a_$1"}}, {regexp: {source: "(.*)", target: "b_$1"}}]', "b_a_x", "x"),
        ('[{regexp: {source: "[^a-z]+", target: "_"}}]', "user", ""),
        ('[{transform: {template: "{{ .value | upper }}"}}]', "USER", ""),
        ("[{merge: {strategy: Extract}}]", "user", ""),
        ('[{regexp: {source: "(.*)", target: "db_$1"}}]', "other", "other"),
    ],
)
def test_a_rewrite_is_read_backwards_where_that_is_possible(rewrite: str, variable: str, prop: str) -> None:
    source, _ = read_spec(f"""
        target: {{template: {{data: {{out: "{{{{ .{variable} }}}}"}}}}}}
        dataFrom: [{{extract: {{key: db}}, rewrite: {rewrite}}}]
    """)

    assert shown(source) == [f"out <- secret/data/db#{prop}"]


def test_a_merge_to_json_makes_one_key() -> None:
    source, _ = read_spec("dataFrom: [{find: {path: dev}, rewrite: [{merge: {into: all, strategy: JSON}}]}]")

    assert shown(source) == ["all <- secret/data/dev/*#"]


def test_unicode_conversion_is_undone() -> None:
    source, _ = read_spec("""
        target: {template: {data: {out: '{{ index . "a_U002f_b" }}'}}}
        dataFrom: [{extract: {key: db, conversionStrategy: Unicode}}]
    """)

    assert shown(source) == ["out <- secret/data/db#a/b"]


def test_an_empty_remote_key_is_a_finding_at_its_line() -> None:
    source, rules = read_spec("data: [{secretKey: a, remoteRef: {key: '', property: p}}]")

    assert rules == ["eso-empty-remote-key"]
    assert source.keys[0].remotes[0].path == ""


def test_an_empty_extract_is_a_finding_as_well() -> None:
    _, rules = read_spec("dataFrom: [{extract: {key: ''}}]")

    assert rules == ["eso-empty-remote-key"]


def test_a_key_that_is_defined_twice_is_a_finding_and_the_last_one_wins() -> None:
    source, rules = read_spec("""
        data:
          - {secretKey: a, remoteRef: {key: x}}
          - {secretKey: a, remoteRef: {key: y}}
    """)

    assert (shown(source), rules) == (["a <- secret/data/y#"], ["eso-duplicate-secret-key"])


def test_no_data_at_all_is_a_finding() -> None:
    source, rules = read_spec("target: {name: x}")

    assert (source.keys, rules) == ((), ["eso-no-data"])


def test_data_of_a_wrong_shape_counts_as_none() -> None:
    source, rules = read_spec("data: [1, [], {}]")

    assert source.keys == ()
    assert "eso-empty-remote-key" in rules


def test_an_entry_of_data_from_that_names_nothing_is_left_out() -> None:
    source, _ = read_spec("dataFrom: [{rewrite: [1]}, {extract: {key: x}}]")

    assert shown(source) == ["* <- secret/data/x#"]


def test_a_rewrite_before_one_that_hides_the_name_hides_it_too() -> None:
    source, _ = read_spec("""
        target: {template: {data: {out: "{{ .user }}"}}}
        dataFrom:
          - extract: {key: db}
            rewrite: [1, {regexp: {source: "(.*)", target: "a_$1"}}, {merge: {}}]
    """)

    assert shown(source) == ["out <- secret/data/db#"]


def test_what_a_template_may_use_is_known_with_version_and_decoding() -> None:
    source, _ = read_spec("""
        target: {template: {data: {url: "{{ .pass }}"}}}
        data:
          - {secretKey: pass, remoteRef: {key: apps/db, property: p, version: "3", decodingStrategy: Base64}}
    """)

    name, remote = source.variables[0]
    assert (name, remote.path, remote.prop, remote.kv) == ("pass", "secret/data/apps/db", "p", "v2")
    assert (remote.version, remote.decoding, remote.metadata) == ("3", "Base64", "")


def test_extracts_are_known_with_conversion_and_rewrite() -> None:
    source, _ = read_spec("""
        dataFrom:
          - extract: {key: apps/db, conversionStrategy: Unicode}
          - extract: {key: apps/mail}
            rewrite: [{regexp: {source: a, target: b}}]
          - find: {name: {regexp: x}}
    """)

    told = [(one.remote.path, one.conversion, one.is_rewritten) for one in source.extracts]

    assert told == [("secret/data/apps/db", "Unicode", False), ("secret/data/apps/mail", "", True)]
