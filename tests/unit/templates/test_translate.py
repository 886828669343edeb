"""What Vault Agent's text looks like. That it renders the right bytes is proved in ``tests/live/test_templates.py``."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.location import Location
from injector.templates import Engine, Field, Refusal, Translation, Whole, translate, translate_value
from injector.templates.gotemplate import parse_template
from tests.unit.templates.cases import load_cases
from tests.unit.templates.test_gotemplate import TEXTS

HERE = Location("apps/es.yaml", 20)
APP = "secret/data/app"
USER = Field(path="database/creds/app", prop="username", engine=Engine.ISSUING)
PASSWORD = Field(path="database/creds/app", prop="password", engine=Engine.ISSUING)
VALUE = (
    '{{- define "phase2-value" }}{{ if sprig_has (sprig_kindOf .) (sprig_list "map" "slice" "float64") }}'
    '{{ toJSON . }}{{ else if ne (sprig_kindOf .) "invalid" }}{{ . }}{{ end }}{{ end }}\n'
)
FIELD = (
    '{{- define "phase2-field" }}{{ if not (sprig_hasKey (index . 0) (index . 1)) }}'
    '{{ sprig_fail (printf "no key %q in this secret" (index . 1)) }}{{ end }}'
    '{{ template "phase2-value" (index (index . 0) (index . 1)) }}{{ end }}\n'
)


def kv(prop: str, path: str = APP) -> Field:
    """A property of a KV secret."""
    return Field(path=path, prop=prop)


def text_of(result: Translation | Refusal) -> str:
    """The text of a translation that was not refused."""
    assert isinstance(result, Translation), str(result)
    return result.text


def body_of(template: str, **variables: Field) -> str:
    """What stands between the data and their end."""
    text = text_of(translate(template, variables, location=HERE))
    start = text.index(") }}", text.index('block "phase2-body"')) + len(") }}")
    return text[start : text.rindex("{{ end }}{{ end }}")]


def test_dsn_reads_user_and_password_of_one_lease() -> None:
    template = "postgres://{{ .USER }}:{{ .PASSWORD | urlquery }}@{{ .HOST }}/app"
    variables = {"USER": USER, "PASSWORD": PASSWORD, "HOST": kv("host"), "UNREAD": kv("x", "secret/data/other")}

    result = translate(template, variables, location=HERE)

    assert isinstance(result, Translation)
    assert result.paths == ("database/creds/app", APP)
    assert result.variables == ("HOST", "PASSWORD", "USER")
    assert result.text == (
        VALUE + FIELD + '{{- with $s1 := secret "database/creds/app" }}\n{{- with $s2 := secret "secret/data/app" }}'
        '{{ block "phase2-body" (sprig_dict\n  "USER" $s1.Data.username\n  "PASSWORD" $s1.Data.password\n'
        '  "HOST" (executeTemplate "phase2-field" (sprig_list $s2.Data.data "host"))) }}'
        "postgres://{{ .USER }}:{{ .PASSWORD | urlquery }}@{{ .HOST }}/app"
        "{{ end }}{{ end }}\n{{- end }}"
    )


def test_bare_value_of_an_issued_credential_is_short() -> None:
    text = text_of(translate_value(USER, location=HERE))

    assert text == '{{- with $s1 := secret "database/creds/app" }}{{ $s1.Data.username }}{{ end }}'


def test_bare_value_of_kv_is_read_with_care() -> None:
    text = text_of(translate_value(kv("db-user"), location=HERE))

    assert text == (
        VALUE
        + FIELD
        + '{{- with $s1 := secret "secret/data/app" }}'
        + '{{ executeTemplate "phase2-field" (sprig_list $s1.Data.data "db-user") }}{{ end }}'
    )


def test_unusual_field_of_an_issued_credential_is_read_with_care() -> None:
    source = Field(path="aws/creds/app", prop="security_token", engine=Engine.ISSUING)

    text = text_of(translate_value(source, location=HERE))

    assert text.endswith('{{ executeTemplate "phase2-field" (sprig_list $s1.Data "security_token") }}{{ end }}')


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (Field(path=APP), "toJSON $s1.Data.data"),
        (Field(path="kv/app", engine=Engine.KV_V1), "toJSON $s1.Data"),
        (kv("a.b"), 'executeTemplate "phase2-path" (sprig_list $s1.Data.data "a.b")'),
        (Field(path=APP, prop="a", decoding="Base64"), '"a") | base64Decode'),
        (Field(path=APP, prop="a", decoding="Base64URL"), '"a") | base64URLDecode'),
        (Field(path=APP, prop="a", decoding="None", metadata="None"), 'sprig_list $s1.Data.data "a")'),
        (Field(path=APP, prop="a", is_extracted=True), 'sprig_list (parseJSON (toJSON $s1.Data.data)) "a")'),
    ],
)
def test_values_of_all_kinds(source: Field, value: str) -> None:
    text = text_of(translate_value(source, location=HERE))

    assert text.endswith(value + " }}{{ end }}")


@pytest.mark.parametrize(
    ("source", "query"),
    [
        (Field(path="/secret/data/app/", prop="a"), "secret/data/app"),
        (Field(path=APP, prop="a", version="3"), "secret/data/app?version=3"),
        (Field(path="kv/app", prop="a", version="3", engine=Engine.KV_V1), "kv/app"),
        (Field(path="secret/data/a b#c?d%e+é:f", prop="a"), "secret/data/a%20b%23c%3Fd%25e%2B%C3%A9%3Af"),
    ],
)
def test_paths_as_the_agent_parses_them(source: Field, query: str) -> None:
    result = translate_value(source, location=HERE)

    assert isinstance(result, Translation)
    assert f'secret "{query}"' in result.text
    assert result.paths == (source.path.strip("/"),)


def test_engine_that_is_asked_by_a_write_gets_its_parameters() -> None:
    parameters = (("common_name", 'a"b.example.org'), ("ttl", "24h"))
    fields = {
        name: Field(path="pki/issue/app", prop=prop, engine=Engine.ISSUING, parameters=parameters)
        for name, prop in (("CRT", "certificate"), ("KEY", "private_key"))
    }

    result = translate("{{ .CRT }}{{ .KEY }}", fields, location=HERE)

    assert isinstance(result, Translation)
    assert result.paths == ("pki/issue/app",)
    assert result.text.count(r'secret "pki/issue/app" "common_name=a\"b.example.org" "ttl=24h"') == 1


def test_versions_of_a_secret_are_two_reads_and_one_path() -> None:
    variables = {"OLD": Field(path=APP, prop="a", version="1"), "NEW": kv("a")}

    result = translate("{{ .OLD }}{{ .NEW }}", variables, location=HERE)

    assert isinstance(result, Translation)
    assert result.paths == (APP,)
    assert '$s1 := secret "secret/data/app?version=1"' in result.text
    assert '$s2 := secret "secret/data/app"' in result.text


@pytest.mark.parametrize(
    ("template", "body"),
    [
        ("{{ .A | upper }}", "{{ .A | sprig_upper }}"),
        ('{{ printf "%s" (quote .A) | b64enc }}', '{{ printf "%s" (sprig_quote .A) | sprig_b64enc }}'),
        ("{{ if and .A (not .B) }}x{{ end }}", "{{ if and .A (not .B) }}x{{ end }}"),
        ('{{ index . "A" }}', '{{ index . "A" }}'),
        ('{{ index . "none" }}{{ .A }}', '{{ sprig_get . "none" }}{{ .A }}'),
        ('{{ index $ (print "A" 1) }}', '{{ sprig_get $ (print "A" 1) }}'),
        ('{{ define "x" }}{{ .c }}{{ end }}{{ template "x" (dict "c" .A) }}', '{{ template "x" (sprig_dict "c" .A) }}'),
        ("{{ toYaml (list .A) }}", "{{ toJSON (sprig_list .A) | parseYAML | toYAML }}"),
        ("{{ .A | toYaml | quote }}", "{{ .A | toJSON | parseYAML | toYAML | sprig_quote }}"),
        ("{{ (fromYaml .A).x }}", '{{ (parseYAML .A | executeTemplate "phase2-yaml" | parseJSON).x }}'),
        ("{{ range $k, $v := . }}{{ $k }}{{ end }}", "{{ range $k, $v := . }}{{ $k }}{{ end }}"),
        ("{{/* upper */}}{{ `upper` }}upper{{ .A.upper }}", "{{/* upper */}}{{ `upper` }}upper{{ .A.upper }}"),
        ("\n {{- .A -}} \n", "\n {{- .A -}} \n"),
        ("{{ .A }} ${", '{{ .A }} ${{ "{" }}'),
    ],
)
def test_bodies_change_only_in_their_functions(template: str, body: str) -> None:
    assert body_of(template, A=USER, B=PASSWORD) == body


def test_definitions_move_to_the_front_and_still_trim() -> None:
    text = text_of(
        translate(
            'a {{- define "x" -}} {{ .A | upper }} {{ end }}{{ define "y" }}{{ end -}} b{{ template "x" . }}',
            {"A": USER},
            location=HERE,
        )
    )

    front, body = text.split("{{- with $s1", 1)
    assert front == '{{- define "x" -}} {{ .A | sprig_upper }} {{ end }}\n{{- define "y" }}{{ end }}\n'
    assert ') }}a {{- /**/}}{{/**/ -}} b{{ template "x" . }}{{ end }}' in body


def test_text_without_actions_stays_as_it_is() -> None:
    assert text_of(translate("just { text }\n", {"A": USER}, location=HERE)) == "just { text }\n"


def test_empty_text_is_no_empty_template() -> None:
    assert text_of(translate("", {}, location=HERE)) == '{{ "" }}'


def test_unread_variables_are_not_asked_for() -> None:
    result = translate("{{ upper `a` }}", {"A": USER}, location=HERE)

    assert result == Translation("{{ sprig_upper `a` }}")


def test_whole_secret_is_read_into_a_map() -> None:
    result = translate("{{ range . }}{{ . }}{{ end }}{{ .b }}", {"A": USER}, location=HERE, whole=[Whole(path=APP)])

    assert isinstance(result, Translation)
    assert result.text == (
        VALUE + '{{- with $s1 := secret "secret/data/app" }}\n'
        '{{- with $s2 := secret "database/creds/app" }}\n'
        "{{- $data1 := sprig_dict }}\n"
        "{{- range $k, $v := parseJSON (toJSON $s1.Data.data) }}\n"
        '{{- $_ := sprig_set $data1 (sprig_regexReplaceAll "[^\\\\pL\\\\pN_.-]" $k "_") (executeTemplate "phase2-value" $v) }}\n'
        "{{- end }}\n"
        '{{- $_ := sprig_set $data1 "A" $s2.Data.username }}'
        '{{ block "phase2-body" $data1 }}{{ range . }}{{ . }}{{ end }}{{ .b }}{{ end }}{{ end }}\n{{- end }}'
    )


def test_whole_secret_is_not_read_when_the_variables_suffice() -> None:
    result = translate("{{ .A }}", {"A": USER}, location=HERE, whole=[Whole(path=APP)])

    assert isinstance(result, Translation)
    assert result.paths == ("database/creds/app",)


def test_other_delimiters_are_kept() -> None:
    result = translate("[[ .A ]] {{ x }}", {"A": kv("a")}, location=HERE, delimiters=("[[", "]]"))

    assert isinstance(result, Translation)
    assert result.delimiters == ("[[", "]]")
    assert result.text.count("{{") == 1
    assert result.text.endswith("[[ .A ]] {{ x }}[[ end ]][[ end ]]")


def test_every_case_is_translated_to_a_template() -> None:
    for case in load_cases():
        result = case.translate("ns")

        assert isinstance(result, Translation), f"{case.name}: {result}"
        assert parse_template(result.text).nodes
        assert json.loads(json.dumps(result.text)) == result.text


def test_there_are_enough_cases_and_their_names_are_unique() -> None:
    names = [case.name for case in load_cases()]

    assert len(names) >= 190
    assert len({*names}) == len(names)


@given(TEXTS)
def test_any_text_is_translated_to_a_template_or_refused(text: str) -> None:
    result = translate(text, {"A": USER, "B": kv("b.c")}, location=HERE, whole=[Whole(path=APP)])

    if isinstance(result, Translation):
        assert parse_template(result.text).nodes
    else:
        assert HERE.line <= result.location.line <= HERE.line + text.count("\n")
        assert str(result).startswith(f"apps/es.yaml:{result.location.line}: {result.construct}: ")


PIECES = st.sampled_from(
    [
        *(
            "{{ .A }}",
            "{{- .B }}",
            "{{ $.A -}}",
            "{{ if .A }}",
            "{{ else }}",
            "{{ end }}",
            "{{ range . }}",
            "{{ with .B }}",
        ),
        *(" ", "\n", "text", "{", "}", "$", '"', "{{/* c */}}", "{{ printf `%s` .A }}", "{{ $x := . }}"),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_body_without_functions_of_sprig_is_kept_byte_for_byte(text: str) -> None:
    result = translate(text, {"A": USER, "B": PASSWORD}, location=HERE)

    if isinstance(result, Translation):
        assert text.removesuffix("{") in result.text
