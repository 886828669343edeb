"""What is refused, by name and place."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from injector.location import Location
from injector.templates import Engine, Field, Refusal, Variable, Whole, translate, translate_env_file, translate_value
from injector.templates.writer import MAX_TEMPLATE

HERE = Location("es.yaml", 7)
A = Field(path="secret/data/app", prop="a")


def refused(template: str, variables: Mapping[str, Field] | None = None, *whole: Whole) -> Refusal:
    """The refusal of a template that has a variable A."""
    result = translate(template, variables or {"A": A}, location=HERE, whole=whole)
    assert isinstance(result, Refusal), result
    return result


@pytest.mark.parametrize(
    ("template", "construct", "line"),
    [
        ("{{ bcrypt .A }}", "function bcrypt", 7),
        ('{{ htpasswd "u" .A "bcrypt" }}', "function htpasswd", 7),
        ("a\n{{ .A }}\n{{ randAlphaNum 8 }}", "function randAlphaNum", 9),
        ('{{ .A }}\n\n{{- now | date "2006" }}', "function now", 9),
        ("{{ if .A }}\n{{ genPrivateKey `rsa` }}{{ end }}", "function genPrivateKey", 8),
        ("{{ pkcs12key .A }}", "function pkcs12key", 7),
        ("{{ fullPemToPkcs12Pass .A .A `x` }}", "function fullPemToPkcs12Pass", 7),
        ("{{ jwkPublicKeyPem .A }}", "function jwkPublicKeyPem", 7),
        ("{{ filterCertChain `leaf` .A }}", "function filterCertChain", 7),
        ("{{ getHostByName .A }}", "function getHostByName", 7),
        ("{{ .A | hexdec }}", "function hexdec", 7),
        ("{{ filterPEM .A .A }}", "function filterPEM", 7),
        ("{{ filterPEM }}", "function filterPEM", 7),
        ("{{ env `HOME` }}", "function env", 7),
        ('{{ secret "x" }}', "function secret", 7),
        ("{{ list toYaml }}", "function toYaml", 7),
        ("{{ hasKey . `A` }}", "function hasKey", 7),
        ("{{ $ | keys }}", "function keys", 7),
        ("{{ $all := . }}\n{{ get $all `A` }}", "function get", 8),
        ("{{ typeOf . }}", "function typeOf", 7),
        ("{{ .B }}", ".B", 7),
        ("{{ with .A }}\n{{ $.B.c }}{{ end }}", ".B", 8),
        ("{{ index . `A` `b` `c` | index . `A` 1 2 | index $ .A 1 }}", "index", 7),
        ("{{ $x := . }}{{ if .A }}{{ $x = .A }}{{ end }}{{ index $x `B` }}", "index", 7),
        ("{{ $x := .A }}{{ with $x = $ }}{{ end }}{{ index $x `B` }}", "index", 7),
        ('{{ define "x" }}{{ index . "B" }}{{ end }}{{ template "x" . }}', "index", 7),
        ('{{ template "x" }}', "template 'x'", 7),
        ('{{ define "phase2-value" }}{{ end }}', "template 'phase2-value'", 7),
        ("\n\n{{ if .A }}", "template syntax", 9),
        ("x" * (MAX_TEMPLATE + 1), "template", 7),
    ],
)
def test_construct_and_line_are_named(template: str, construct: str, line: int) -> None:
    result = refused(template)

    assert (result.construct, result.location) == (construct, Location("es.yaml", line))


@pytest.mark.parametrize(
    ("source", "construct"),
    [
        (Field(path="secret/data/app", prop="a", decoding="Auto"), "decodingStrategy Auto"),
        (Field(path="secret/data/app", prop="a", decoding="Rot13"), "decodingStrategy Rot13"),
        (Field(path="secret/data/app", prop="a", metadata="Fetch"), "metadataPolicy Fetch"),
        (Field(path="secret/data/app", prop="a", version="latest"), "remoteRef.version"),
        (Field(path="", prop="a"), "remoteRef.key"),
        *(
            (Field(path="secret/data/app", prop=prop), "remoteRef.property")
            for prop in (
                "a.#",
                "a|b",
                "*",
                "a?",
                "@this",
                "a.@keys",
                "!x",
                "a.[b]",
                "{a}",
                "a\\.b",
                ".a",
                "a.",
                "a..b",
                'a"b',
            )
        ),
    ],
)
def test_sources_that_cannot_be_read_are_refused(source: Field, construct: str) -> None:
    bare = translate_value(source, location=HERE)
    template = refused("{{ .A }}", {"A": source})

    assert isinstance(bare, Refusal)
    assert bare.construct == template.construct == construct


def test_unread_sources_are_not_refused() -> None:
    bad = Field(path="secret/data/app", prop="a", decoding="Auto")

    assert not isinstance(translate("text", {"A": bad}, location=HERE), Refusal)


def test_place_of_the_source_is_told_when_it_is_known() -> None:
    source = Field(path="secret/data/app", prop="a", decoding="Auto", location=Location("base/es.yaml", 31))

    assert refused("{{ .A }}", {"A": source}).location == Location("base/es.yaml", 31)


@pytest.mark.parametrize(
    ("whole", "construct"),
    [
        (Whole(path="secret/data/app", is_rewritten=True), "dataFrom.rewrite"),
        (Whole(path="secret/data/app", conversion="Unicode"), "conversionStrategy Unicode"),
        (Whole(path="secret/data/app", decoding="Auto"), "decodingStrategy Auto"),
        (Whole(path="secret/data/app", prop="a.*"), "remoteRef.property"),
    ],
)
def test_whole_secrets_that_cannot_be_read_are_refused(whole: Whole, construct: str) -> None:
    assert refused("{{ range . }}{{ . }}{{ end }}", None, whole).construct == construct


def test_no_message_holds_more_of_the_template_than_a_name() -> None:
    result = refused('{{ "hunter2" | bcrypt }} hunter2')

    assert "hunter2" not in str(result)


def test_env_file_names_the_entry_that_is_refused() -> None:
    good = Variable(name="GOOD", template=None, variables={"A": A}, location=HERE)
    bad = Variable(name="BAD", template="\n{{ now }}", variables={}, location=Location("other.yaml", 3))

    result = translate_env_file([good, bad])

    assert isinstance(result, Refusal)
    assert str(result).startswith("other.yaml:4: function now: ")


def test_env_file_refuses_a_name_that_no_shell_takes() -> None:
    result = translate_env_file([Variable(name="tls.crt", template=None, variables={"A": A}, location=HERE)])

    assert isinstance(result, Refusal)
    assert result.construct == "variable 'tls.crt'"


def test_env_file_refuses_two_templates_of_one_name() -> None:
    text = '{{ define "x" }}{{ end }}{{ template "x" }}'
    entries = [Variable(name=name, template=text, variables={}, location=HERE) for name in ("ONE", "TWO")]

    result = translate_env_file(entries)

    assert isinstance(result, Refusal)
    assert result.construct == "template 'x'"


def test_engine_that_issues_ignores_a_version() -> None:
    source = Field(path="database/creds/app", prop="username", engine=Engine.ISSUING, version="2")

    assert not isinstance(translate_value(source, location=HERE), Refusal)
