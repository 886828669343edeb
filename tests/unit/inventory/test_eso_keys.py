from __future__ import annotations

from collections.abc import Mapping

from injector.inventory.eso import read_external_secret
from injector.manifests.yamldoc import Value
from tests.unit.inventory.reading import resource_of
from tests.unit.inventory.source_reading import VAULT, external, index_of, read_spec, shown

DATA = """
data:
  - {secretKey: u, remoteRef: {key: db, property: username}}
  - {secretKey: p, remoteRef: {key: db, property: password}}
"""
USER, PASSWORD = "secret/data/db#username", "secret/data/db#password"


def maps(_namespace: str, name: str) -> Mapping[str, Value] | None:
    """Stand for a build with one ConfigMap of templates."""
    return {"app.ini": "user={{ .u }}", "all": 'A: "{{ .u }}"\nB: "{{ .p }}"\n'} if name == "templates" else None


def test_template_data_replaces_the_fetched_names() -> None:
    source, _ = read_spec('target: {template: {data: {DB_USER: "{{ .u }}", DB_PASS: "{{ .p }}"}}}' + DATA)

    assert shown(source) == [f"DB_USER <- {USER}", f"DB_PASS <- {PASSWORD}"]


def test_merge_policy_merge_keeps_the_fetched_names() -> None:
    source, _ = read_spec('target: {template: {mergePolicy: Merge, data: {u: "x{{ .p }}"}}}' + DATA)

    assert shown(source) == [f"p <- {PASSWORD}", f"u <- {PASSWORD}"]


def test_a_template_of_metadata_and_type_keeps_the_fetched_names() -> None:
    source, _ = read_spec("target: {template: {type: kubernetes.io/basic-auth, metadata: {labels: {a: b}}}}" + DATA)

    assert (source.secret_type, shown(source)) == ("kubernetes.io/basic-auth", [f"u <- {USER}", f"p <- {PASSWORD}"])


def test_a_template_that_joins_values_has_all_their_remotes() -> None:
    source, _ = read_spec('target: {template: {data: {url: "postgresql://{{ .u }}:{{ .p }}@db:5432/app"}}}' + DATA)

    key = source.keys[0]
    assert shown(source) == [f"url <- {USER} {PASSWORD}"]
    assert (key.variables, key.template) == (("u", "p"), "postgresql://{{ .u }}:{{ .p }}@db:5432/app")


def test_a_template_key_stands_where_it_is_written() -> None:
    source, _ = read_spec('target:\n  template:\n    data:\n      a: "{{ .u }}"\ndata: []\n')

    assert source.keys[0].location.line == 9


def test_a_secret_in_a_template_is_redacted() -> None:
    source, _ = read_spec("target: {template: {data: {a: 'postgresql://app:CANARY-9Xy!@db/x'}}}" + DATA)

    assert "CANARY" not in repr(source)
    assert source.keys[0].template == "postgresql://<redacted>@db/x"


def test_a_literal_is_configuration_without_remotes() -> None:
    source, _ = read_spec("target: {template: {data: {host: db.apps.svc}}}" + DATA)

    assert (shown(source), source.keys[0].template) == (["host <-"], "db.apps.svc")


def test_an_undefined_variable_comes_from_every_extract_in_order() -> None:
    source, rules = read_spec("""
        target: {template: {data: {url: "{{ .user }}"}}}
        dataFrom: [{extract: {key: a}}, {extract: {key: b, property: nested}}]
    """)

    assert (shown(source), rules) == (["url <- secret/data/a#user secret/data/b#nested.user"], [])


def test_a_variable_that_nothing_provides_is_a_finding() -> None:
    _, rules = read_spec('target: {template: {data: {a: "{{ .missing }}"}}}' + DATA)

    assert rules == ["eso-template-missing-variable"]


def test_a_looked_up_name_may_be_missing() -> None:
    _, rules = read_spec("target: {template: {data: {a: '{{ index . \"missing\" }}'}}}" + DATA)

    assert rules == []


def test_a_template_of_the_whole_data_has_every_remote() -> None:
    source, _ = read_spec('target: {template: {data: {all: "{{ . | toJson }}"}}}' + DATA)

    assert shown(source) == [f"all <- {USER} {PASSWORD}"]


def test_a_config_map_of_the_same_build_is_read() -> None:
    source, _ = read_spec(
        "target: {template: {templateFrom: [{configMap: {name: templates, items: [{key: app.ini}]}}]}}" + DATA,
        config_map=maps,
    )

    assert shown(source) == [f"app.ini <- {USER}"]


def test_keys_and_values_of_a_config_map_are_keys() -> None:
    spec = "target: {template: {templateFrom: [{configMap: {name: templates, items: [{key: all, templateAs: KeysAndValues}]}}]}}"
    source, _ = read_spec(spec + DATA, config_map=maps)

    assert shown(source) == [f"A <- {USER}", f"B <- {PASSWORD}"]


def test_a_config_map_that_is_not_there_leaves_its_key_open() -> None:
    source, _ = read_spec(
        "target: {template: {templateFrom: [{configMap: {name: other, items: [{key: app.ini}]}}]}}" + DATA,
        config_map=maps,
    )

    assert shown(source) == [f"app.ini <- {USER} {PASSWORD}"]
    assert source.keys[0].variables == ("*",)


def test_unknown_keys_and_values_are_any_keys() -> None:
    source, _ = read_spec(
        "target: {template: {templateFrom: [{configMap: {name: x, items: [{key: k, templateAs: KeysAndValues}]}}]}}"
        + DATA
    )

    assert [key.name for key in source.keys] == ["*"]


def test_a_secret_as_template_is_never_read() -> None:
    source, _ = read_spec(
        "target: {template: {templateFrom: [{secret: {name: tpl, items: [{key: app.ini}]}}]}}" + DATA, config_map=maps
    )

    assert source.keys[0].template == ""


def test_a_literal_template_is_a_yaml_mapping() -> None:
    source, _ = read_spec(
        "target:\n  template:\n    templateFrom:\n    - literal: |\n        user: {{ .u }}\n"
        '        url: "postgres://{{ .u }}:{{ .p | urlquery }}@db"' + DATA
    )

    assert shown(source) == [f"user <- {USER}", f"url <- {USER} {PASSWORD}"]
    assert source.keys[1].template == "postgres://{{ .u }}:{{ .p | urlquery }}@db"


def test_a_literal_template_that_prints_its_keys_has_any_keys() -> None:
    source, _ = read_spec(
        'target: {template: {templateFrom: [{literal: "{{ range $k, $v := . }}{{ $k }}: {{ $v }}\\n{{ end }}"}]}}'
        + DATA
    )

    assert shown(source) == [f"* <- {USER} {PASSWORD}"]


def test_a_literal_template_with_a_scope_counts_as_a_whole() -> None:
    source, _ = read_spec(
        'target: {template: {templateFrom: [{literal: "{{ with .u }}\\nname: {{ . }}\\n{{ end }}\\nfixed: a"}]}}' + DATA
    )

    assert shown(source) == [f"name <- {USER}", f"fixed <- {USER}"]


def test_a_literal_template_that_is_no_yaml_still_shows_its_keys() -> None:
    source, _ = read_spec('target: {template: {templateFrom: [{literal: "a: [\\nb: {{ .p }}"}]}}' + DATA)

    assert shown(source) == [f"a <- {PASSWORD}", f"b <- {PASSWORD}"]


def test_template_data_wins_over_template_from() -> None:
    source, _ = read_spec(
        'target: {template: {data: {a: "{{ .p }}"}, templateFrom: [{literal: "a: {{ .u }}"}]}}' + DATA
    )

    assert shown(source) == [f"a <- {PASSWORD}"]


def test_a_template_for_annotations_makes_no_keys() -> None:
    source, _ = read_spec('target: {template: {templateFrom: [{target: Annotations, literal: "a: {{ .u }}"}]}}' + DATA)

    assert source.keys == ()


def test_every_file_of_a_template_has_the_line_of_its_item() -> None:
    text = external(
        "target:\n  template:\n    templateFrom:\n    - configMap:\n        name: templates\n        items:\n"
        "        - key: app.ini\ndata: [{secretKey: u, remoteRef: {key: a}}]\n"
    )
    sources, _ = read_external_secret(resource_of(text), "files", index_of(VAULT), config_map=maps)

    assert sources[0].keys[0].location.line == 12


def test_a_literal_template_too_large_for_a_secret_has_any_keys() -> None:
    source, _ = read_spec(
        "target: {template: {templateFrom: [{configMap: {name: x, items: [{key: k, templateAs: KeysAndValues}]}}]}}"
        + DATA,
        config_map=lambda _namespace, _name: {"k": "a: {{ .u }}\n" * 100_000},
    )

    assert [key.name for key in source.keys] == ["*"]


def test_a_key_that_is_printed_can_be_any_name() -> None:
    source, _ = read_spec('target: {template: {templateFrom: [{literal: "{{ .u }}: {{ .p }}\\nport: 5432"}]}}' + DATA)

    assert shown(source) == [f"* <- {USER} {PASSWORD}", "port <-"]
