"""The grammar of Go templates. Its agreement with Go was also tried on 360,000 random texts, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.templates.gotemplate import MAX_DEPTH, parse_template
from injector.templates.lexer import Kind, TemplateSyntaxError, tokenize
from injector.templates.nodes import Action, Branch, Comment, Definition, Term, Text
from tests.unit.templates.cases import load_cases

WORDS = st.sampled_from(
    [
        *("{{", "{{- ", "}}", " -}}", "if ", "else", "else if ", "end", "with ", "range ", 'define "x"', 'block "y" .'),
        *("template", "break", " ", "\n", ".", ".A", "$", "$x", ":=", "=", ",", "|", "(", ")", '"s"', "`r`", "'c'"),
        *("1", "0x1f", "-3", "+", "1_0", "upper ", "true", "nil", "/* c */", "text", '"\\n"', '"\\q"', "ä", '"'),
        *("{{end}}", "{{else}}", "{{ .A }}", "{{if .A}}", "{{range .A}}"),
    ]
)
TEXTS = st.one_of(st.lists(WORDS, max_size=20).map("".join), st.text(max_size=40))


@given(TEXTS)
def test_tokens_joined_are_the_text(text: str) -> None:
    try:
        tokens = tokenize(text, "{{", "}}")
    except TemplateSyntaxError:
        return

    assert "".join(token.text for token in tokens) == text
    assert all(text[token.start : token.end] == token.text for token in tokens)


@given(TEXTS)
def test_anything_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        nodes = parse_template(text).nodes
    except TemplateSyntaxError as err:
        places = [0, err.offset, len(text)]
    else:
        places = [0, *(place for node in nodes for place in (node.start, node.end)), len(text)]
        assert places[::2] == places[1::2]  # each node starts where the one before it ends

    assert places == sorted(places)


def test_nodes_of_every_case_cover_its_text() -> None:
    for case in load_cases():
        nodes = parse_template(case.template or "").nodes

        ends = [0, *(node.end for node in nodes)]
        assert [node.start for node in nodes] == ends[:-1], case.name
        assert ends[-1] == len(case.template or ""), case.name


def test_kinds_of_nodes() -> None:
    text = 'a{{/* c */}}{{ .A }}{{ if .B }}b{{ else if .C }}c{{ else }}d{{ end }}{{ define "x" }}e{{ end }}'

    nodes = parse_template(text).nodes

    assert [type(node) for node in nodes] == [Text, Comment, Action, Branch, Definition]
    branch = nodes[3]
    assert isinstance(branch, Branch)
    assert isinstance(branch.otherwise[0], Branch)
    assert branch.end == branch.otherwise[0].end


def test_operands_keep_fields_and_places() -> None:
    text = '{{ printf "a\\tb" $.x.y (len .Z).w 1.5 | upper }}'

    (node,) = parse_template(text).nodes

    assert isinstance(node, Action)
    first, second = node.pipeline.commands
    assert first.function == "printf"
    assert second.function == "upper"
    assert [(one.term, one.value, one.fields) for one in first.operands[1:]] == [
        (Term.STRING, "a\tb", ()),
        (Term.VARIABLE, "$", ("x", "y")),
        (Term.GROUP, "", ("w",)),
        (Term.LITERAL, "", ()),
    ]
    assert [text[one.start : one.end] for one in first.operands] == [
        *("printf", '"a\\tb"', "$.x.y", "(len .Z).w", "1.5"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ .A", "unclosed action"),
        ("{{/* a", "unclosed comment"),
        ("{{/* a */ }}", "comment ends before closing delimiter"),
        ("{{ }}", "missing value for command"),
        ("{{ ( }}", "unclosed left paren"),
        ("{{ ) }}", "unexpected right paren"),
        ('{{ "a }}', "unterminated string"),
        ("{{ .A : }}", "expected :="),
        ("{{ $x }}", "undefined variable '$x'"),
        ("{{ if .A }}{{ $x := 1 }}{{ end }}{{ $x }}", "undefined variable '$x'"),
        ("{{ .A | 1 }}", "non executable command in pipeline"),
        ("{{ .A.1 }}", "unexpected word in operand"),
        ("{{ a+b }}", "bad character '+'"),
        ("{{ 089 }}", "bad number"),
        ("{{ & }}", "unexpected character '&' in action"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ if .A }}", "unexpected end of the text"),
        ("{{ if .A }}{{ else }}{{ else }}{{ end }}", "expected {{end}}"),
        ("{{ range .A }}{{ else with .B }}{{ end }}{{ end }}", "unexpected with"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ('{{ range .A }}{{ define "x" }}{{ end }}{{ end }}', "unexpected define"),
        ('{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}', "multiple definition of template 'x'"),
        ('{{ define "x" }}{{ else }}{{ end }}', "unexpected {{else}} in define clause"),
        ("{{ range $a, 1 }}{{ end }}", "range can only initialize variables"),
        ("{{ $a, $b := .A }}", "too many declarations in command"),
        ("{{ | len }}", "empty command"),
        ('{{ "\\q" }}', "unknown escape in a string"),
        ('{{ "\\777" }}', "unknown escape in a string"),
        ('{{ "\\uD800" }}', "unknown escape in a string"),
        ('{{ "a".b }}', "unexpected . after term"),
        ("{{ template .A }}", "expected string, found field"),
        ("{{" + "(" * (MAX_DEPTH + 1) + ".A" + ")" * (MAX_DEPTH + 1) + "}}", f"nested more than {MAX_DEPTH} deep"),
    ],
)
def test_what_go_does_not_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        parse_template(text)

    assert caught.value.message == message


def test_a_name_may_be_defined_again_when_one_of_both_is_empty() -> None:
    text = '{{ define "x" }} {{/* nothing */}}{{ end }}{{ define "x" }}b{{ end }}'

    assert len(parse_template(text).nodes) == 2


def test_deep_nesting_is_no_recursion_error() -> None:
    depth = MAX_DEPTH - 1

    assert parse_template("{{ if .A }}" * depth + "x" + "{{ end }}" * depth).nodes
    assert parse_template("{{ " + "(" * depth + ".A" + ")" * depth + " }}").nodes


def test_a_long_text_is_read_in_a_moment() -> None:
    assert len(parse_template("{{ .A }}{ " * 5_000).nodes) == 10_000


def test_line_of_an_offset_counts_from_one() -> None:
    template = parse_template("a\nb\n{{ .A }}")

    assert [template.line_of(at) for at in (0, 2, 4)] == [1, 2, 3]


def test_blank_belongs_to_the_trim_marker() -> None:
    kinds = [(token.kind, token.text) for token in tokenize("{{- .A  -}}", "{{", "}}")]

    assert kinds == [
        (Kind.LEFT, "{{- "),
        (Kind.FIELD, ".A"),
        (Kind.SPACE, " "),
        (Kind.RIGHT, " -}}"),
        (Kind.END, ""),
    ]
