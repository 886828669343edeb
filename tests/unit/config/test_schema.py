"""The JSON Schema that editors use accepts what the reader accepts, and nothing else."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest
import yaml

from injector.config import model
from injector.config.admission import WEBHOOK
from injector.config.fields import APP, AUTH, CONFIG, NAMES, OVERRIDE, VAULT
from injector.config.load import parse_config
from injector.config.page import EXAMPLES, build_schema, read_schema, render_config_page
from injector.config.shape import Section
from injector.errors import ConfigError

VALIDATOR = jsonschema.Draft202012Validator(build_schema())

CONVENTION = (
    "{mounts: {aws: aws}, auth: {method: jwt}, "
    "names: {authRole: '{namespace}-{serviceAccount}', engineRole: '{namespace}-{name}'}, labelAlone: [shop]}"
)
GOOD = [
    f"vault: {CONVENTION}",
    "",
    "{}",
    *EXAMPLES.values(),
    "".join(EXAMPLES.values()),
    "overrides: []",
    "overrides: [{namespace: '*', verdict: static, reason: r}]",
    "overrides: [{name: 'a[!bc]?', verdict: dynamic-capable, engine: pki, reason: r}]",
    "apps: [{image: a, is: infrastructure}, {chart: a, is: client}, {chart: b, is: server, system: other}]",
    "apps: [{image: a, fileSuffix: __FILE}]",
    "vault: {}",
    "vault: {auth: {method: kubernetes}}",
    "vault: {kvMounts: [a/b, c], namespace: admin/team}",
    "bootstrap: {}",
    "labelPrefix: acme",
    "vault: {labelAlone: []}",
    "webhook: {enforce: warn}",
    "labelPrefix: notkubernetes.io",
    "defaults: {}",
    "verify: {}",
    "verify: {rules: {inline-secret: 'off'}}",
    "verify: {admission: {tls-template: deny}, allow: [{path: a, reason: r}], shared: [{name: a, reason: r}]}",
    "verify: {forbidden: [{name: a-1, regex: 'a+', except: [b], level: warn}]}",
    "defaults: {classify: {verbose: 2, quiet: false, verdict: [mixed], namespace: [a]}}",
]
BAD = [
    "[]",
    "text",
    "unknown: 1",
    "overrides:",
    "overrides: {}",
    "overrides: [a]",
    "overrides: [{verdict: static, reason: r}]",
    "overrides: [{name: a, verdict: static}]",
    "overrides: [{name: a, reason: r}]",
    "overrides: [{name: a, verdict: mixed, reason: r}]",
    "overrides: [{name: a, verdict: static, reason: ' '}]",
    "overrides: [{name: a, verdict: static, reason: r, engine: aws}]",
    "overrides: [{name: a, verdict: dynamic-capable, reason: r}]",
    "overrides: [{name: a, verdict: dynamic-capable, reason: r, engine: postgresql}]",
    "overrides: [{name: 'a b', verdict: static, reason: r}]",
    "overrides: [{name: 'a[', verdict: static, reason: r}]",
    "overrides: [{name: a, verdict: static, reason: r}, {name: a, verdict: static, reason: r}]",
    "overrides: [{name: 1, verdict: static, reason: r}]",
    "apps: [{is: client}]",
    "apps: [{image: a}]",
    "apps: [{image: a, is: server}]",
    "apps: [{image: a, is: web-tool, system: mysql}]",
    "apps: [{image: a, fileSuffix: _FILE, system: mysql}]",
    "apps: [{image: a, is: client, system: mariadb}]",
    "apps: [{image: a, fileSuffix: FILE}]",
    "apps: [{image: a, fileEnv: {a-b: C}}]",
    "apps: [{image: a, fileEnv: {A: ''}}]",
    "bootstrap: {namespaces: a}",
    "bootstrap: {namespaces: [a, a]}",
    "labelPrefix: Acme",
    "labelPrefix: a/b",
    "labelPrefix: vault.hashicorp.com",
    "labelPrefix: node.kubernetes.io",
    f"labelPrefix: {'a' * 254}",
    "vault: {address: vault}",
    "vault: {address: 'https://user@vault'}",
    "vault: {mounts: {sql: a}}",
    "vault: {mounts: {aws: /a}}",
    "vault: {auth: {}}",
    "vault: {auth: {method: approle}}",
    "vault: {names: {policy: '{ns}'}}",
    "vault: {names: {policy: '{namespace'}}",
    "vault: {labelAlone: [shop]}",
    "vault: {labelAlone: [Shop]}",
    *(f"vault: {CONVENTION.replace(one, '')}" for one in ("mounts: {aws: aws}, ", "auth: {method: jwt}, ")),
    *(
        f"vault: {CONVENTION.replace(one, 'x')}"
        for one in ("{namespace}-{serviceAccount}", "{serviceAccount}", "-{name}")
    ),
    "webhook: {enforce: maybe}",
    "defaults: {plan: {}}",
    "engineRoles: [{namespace: a, name: b}]",
    "engineRoles: [{owner: 'a\"; DROP'}]",
    "engineRoles: [{ttl: 1d}]",
    "engineRoles: [{ttl: 60}]",
    "engineRoles: [{engine: sql, owner: a}]",
    "workloads: [{name: a}]",
    "workloads: [{runAsUser: -1}]",
    "workloads: [{labelsPath: 'a b'}]",
    "apps: [{image: a, command: run}]",
    "defaults: {classify: {fail-on: never}}",
    "defaults: {classify: {jobs: 0}}",
    "defaults: {classify: {jobs: 1.5}}",
    "defaults: {classify: {jobs: true}}",
    "defaults: {classify: {verbose: 3}}",
    "defaults: {classify: {namespace: ['a,b']}}",
    "defaults: {explain: {output: json}}",
    "verify: []",
    "verify: {rules: {no-such-rule: warn}}",
    "verify: {rules: {inline-secret: error}}",
    "verify: {admission: {forbidden-text: warn}}",
    "verify: {allow: [{key: a, reason: r}]}",
    "verify: {allow: [{path: a}]}",
    "verify: {shared: [{reason: r}]}",
    "verify: {forbidden: [{name: a}]}",
    "verify: {forbidden: [{name: a, text: b, regex: c}]}",
    "verify: {forbidden: [{name: A, text: b}]}",
    "verify: {forbidden: [{text: b}]}",
]


def is_read(text: str) -> bool:
    try:
        parse_config(text.encode())
    except ConfigError:
        return False
    return True


def is_valid(text: str) -> bool:
    return VALIDATOR.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize("text", GOOD)
def test_good_file_is_good_for_both(text: str) -> None:
    assert is_read(text)
    assert is_valid(text)


@pytest.mark.parametrize("text", BAD)
def test_bad_file_is_bad_for_both(text: str) -> None:
    assert not is_read(text)
    assert not is_valid(text)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(build_schema())


def test_schema_that_is_shipped_is_the_one_that_is_made() -> None:
    assert json.loads(read_schema()) == build_schema(), "run `python -m injector.cli.docs`"


@pytest.mark.parametrize(
    ("section", "made"),
    [
        (CONFIG, model.Config),
        (OVERRIDE, model.Override),
        (APP, model.App),
        (VAULT, model.Vault),
        (AUTH, model.VaultAuth),
        (NAMES, model.VaultNames),
        (WEBHOOK, model.Webhook),
    ],
)
def test_every_attribute_of_the_model_has_its_key_and_no_key_has_none(section: Section, made: type) -> None:
    attributes = {one.name for one in dataclasses.fields(made)} - {"location", "path"}

    assert {one.name for one in section.fields} == attributes


def test_page_tells_every_key_with_an_example_that_is_read() -> None:
    page = render_config_page()

    assert set(EXAMPLES) == {one.key for one in CONFIG.fields}
    for example in page.split("```yaml\n")[1:]:
        assert is_read(example.partition("```")[0])
    for section in (CONFIG, OVERRIDE, APP, VAULT, AUTH, NAMES, WEBHOOK):
        for one in section.fields:
            assert f"| `{one.key}`" in page
