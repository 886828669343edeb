from __future__ import annotations

import pytest

from injector.inventory.esotemplate import find_variables, iter_actions


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        ("{{ .user }}", ("user",)),
        ("{{.user}}:{{- .password -}}", ("user", "password")),
        ("{{ $.user }}", ("user",)),
        ('{{ index . "a-b" }}', ("a-b",)),
        ("{{ index $ `a-b` }}", ("a-b",)),
        ('{{ get . "a" }}', ("a",)),
        ('{{ .a | b64dec | fromJson | dig "x" "" }}', ("a",)),
        ('{{ printf "%s:%s" .user .password | b64enc }}', ("user", "password")),
        ('{{ printf ".not .a %s" .field }}', ("field",)),
        ("{{ (.json | fromJson).password }}", ("json",)),
        ('{{ (index . "a-b" | fromJson).x }}', ("a-b",)),
        ("{{ with .a }}{{ .inner }}{{ end }}", ("a",)),
        ("{{ with .a }}{{ $.b }}{{ end }}{{ .c }}", ("a", "b", "c")),
        ("{{ with . }}{{ .a }}{{ end }}", ("a",)),
        ("{{ if .a }}{{ .b }}{{ else if .c }}{{ .d }}{{ else }}{{ .e }}{{ end }}", ("a", "b", "c", "d", "e")),
        ("{{ with .a }}x{{ else }}{{ .b }}{{ end }}", ("a", "b")),
        ("{{ with .a }}x{{ else with .b }}{{ .y }}{{ end }}", ("a", "b")),
        ("{{ range $k, $v := . }}{{ $k }}={{ $v }}{{ end }}", ("*",)),
        ("{{ range .list }}{{ .name }}{{ end }}", ("list",)),
        ("{{ . | toJson }}", ("*",)),
        ("{{ $x := .a }}{{ $x }}", ("a",)),
        ("{{ $root := . }}{{ $root.a }}", ("a",)),
        ("{{ $j := .a | fromJson }}{{ $j.password }}", ("a",)),
        ("{{ index . $name }}", ("*",)),
        ("{{ index . (printf $f) }}", ("*",)),
        ("{{ index .list 0 }}", ("list",)),
        ('{{ if hasKey . "a" }}{{ .a }}{{ end }}', ("a",)),
        ('{{ pluck "a" . | first }}', ("a",)),
        ('{{ dig "a" "b" "none" . }}', ("a",)),
        ("{{/* .comment */}}{{ .a }}", ("a",)),
        ("{{ .a }}{{ .b ", ("a",)),
        ('{{ define "t" }}{{ .a }}{{ end }}{{ template "t" . }}', ("a",)),
        ('{{ "quoted }} .a" }}{{ .b }}', ("b",)),
        ("{{ .größe }}", ("größe",)),
        ("{{ end }}{{ else }}{{ .a }}", ("a",)),
        ("{{ eq 1.5 .a }}", ("a",)),
        ('{{ index . "a\\"b" }}', ('a"b',)),
        ('{{ "text" .a }}', ("a",)),
        ("{{- /* a comment .x */ -}}{{ .a }}", ("a",)),
        ("{{ with .a }}" * 50 + "{{ .b }}", ("a",)),
        ("no action", ()),
        ("", ()),
    ],
)
def test_the_variables_of_a_template_are_found(template: str, variables: tuple[str, ...]) -> None:
    assert find_variables(template).variables == variables


def test_only_fields_are_required_not_looked_up_names() -> None:
    uses = find_variables('{{ .a }}{{ index . "b" }}')

    assert uses.required == ("a",)


def test_what_has_key_asks_for_is_not_required() -> None:
    uses = find_variables('{{ if hasKey . "a" }}{{ .a }}{{ end }}{{ .b }}')

    assert uses.required == ("b",)


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        ("{{ .Secrets.user }}", ("user",)),
        ('{{ get .Secrets "user" }}', ("user",)),
        ('{{- printf "p=%s" (get .Secrets "password") -}}', ("password",)),
        ("{{ range $_, $c := .Secrets.ca_chain }}{{ $c }}{{ end }}", ("ca_chain",)),
        ("{{ with .Secrets }}{{ .user }}{{ end }}", ("user",)),
        ("{{ .Secrets | toJson }}", ("*",)),
        ("{{ .Metadata.custom }}{{ .Labels.x }}", ()),
    ],
)
def test_values_may_lie_below_a_prefix(template: str, variables: tuple[str, ...]) -> None:
    assert find_variables(template, ("Secrets",)).variables == variables


def test_a_template_that_no_secret_could_hold_is_not_read() -> None:
    assert find_variables("{{ .a }}" * 200_000).variables == ()


def test_actions_know_whether_they_print() -> None:
    printing = [action.is_output for action in iter_actions("{{ .a }}{{ if .b }}{{ end }}{{ $x := 1 }}{{/* c */}}")]

    assert printing == [True, False, False, False, False]
