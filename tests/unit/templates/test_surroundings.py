"""Where the text goes: env files for shells, values of Helm charts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from injector.location import Location
from injector.templates import Engine, Field, Translation, Variable, translate_env_file
from injector.templates.helm import quote_for_tpl
from injector.templates.strings import unquote

HERE = Location("es.yaml", 1)
USER = Field(path="database/creds/app", prop="username", engine=Engine.ISSUING)
PASSWORD = Field(path="database/creds/app", prop="password", engine=Engine.ISSUING)


def test_env_file_shares_its_secrets_and_quotes_every_value() -> None:
    entries = [
        Variable(name="DB_USER", template=None, variables={"any": USER}, location=HERE),
        Variable(name="DSN", template="{{ .U }}:{{ .P | upper }}", variables={"U": USER, "P": PASSWORD}, location=HERE),
        Variable(name="PLAIN", template="text", variables={}, location=HERE),
    ]

    result = translate_env_file(entries)

    assert isinstance(result, Translation)
    assert result.text == (
        '{{- define "phase2-env-DSN" }}{{ .U }}:{{ .P | sprig_upper }}{{ end }}\n'
        '{{- define "phase2-env-PLAIN" }}text{{ end }}\n'
        '{{- with $s1 := secret "database/creds/app" }}'
        "export DB_USER='{{ $s1.Data.username | replaceAll \"'\" \"'\\\\''\" }}'\n"
        'export DSN=\'{{ executeTemplate "phase2-env-DSN" (sprig_dict\n  "U" $s1.Data.username\n  "P" $s1.Data.password)'
        " | replaceAll \"'\" \"'\\\\''\" }}'\n"
        "export PLAIN='{{ executeTemplate \"phase2-env-PLAIN\" | replaceAll \"'\" \"'\\\\''\" }}'\n"
        "{{ end }}"
    )


def test_env_file_of_nothing_is_empty_but_a_template() -> None:
    result = translate_env_file([])

    assert result == Translation('{{ "" }}')


def test_helm_value_without_braces_stays() -> None:
    assert quote_for_tpl("plain `text`") == "plain `text`"


def test_helm_value_with_braces_is_one_raw_string() -> None:
    assert quote_for_tpl('{{ with secret "a" }}') == '{{ `{{ with secret "a" }}` }}'


def test_helm_value_with_backquotes_is_put_together() -> None:
    assert quote_for_tpl("{{ `a` }}\r\n") == '{{ `{{ ` }}{{ "`" }}{{ `a` }}{{ "`" }}{{ ` }}` }}{{ "\\r" }}{{ `\n` }}'


@given(st.text(alphabet="{} `\r\n\"a'$"))
def test_helm_gives_back_the_text(text: str) -> None:
    """What ``tpl`` does, as far as these texts go: each action prints its literal."""
    quoted = quote_for_tpl(text)

    if "{{" in text:
        literals = re.findall(r'\{\{ (`[^`]*`|"(?:[^"\\]|\\.)*") \}\}', quoted)
        assert "".join(f"{{{{ {literal} }}}}" for literal in literals) == quoted
        assert "".join(unquote(literal, 0) for literal in literals) == text
    else:
        assert quoted == text
