"""Whether what Vault gives back is what was written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.knowledge.engines import ENGINES
from injector.vault.comparing import NEUTRAL, differing_fields, is_same
from injector.vault.engines import FORMS, find_role, read_parameters, ttl_fields


@pytest.mark.parametrize(
    ("name", "want", "have"),
    [
        ("default_ttl", 3600, "1h"),
        ("default_ttl", "1h", 3600),
        ("ttl", "1h30m", 5400),
        ("ttl", "1d", 86400),
        ("max_ttl", 0, "0s"),
        ("token_policies", ["a", "b"], ["b", "a"]),
        ("allowed_domains", "a,b", ["b", "a"]),
        ("bound_claims", {}, None),
        ("bound_audiences", [], None),
        ("allow_subdomains", "true", True),
        ("allow_subdomains", False, None),
        ("creation_statements", ['{"db": "a"}'], ['{"db": "a"}']),
        ("policy_document", '{"a": [1, 2]}', '{"a":[1,2]}'),
        ("vhosts", '{"/": {"read": ".*"}}', {"/": {"read": ".*", "write": "", "configure": ""}}),
        ("azure_roles", '[{"role_name": "Reader"}]', [{"role_name": "Reader", "role_id": "7"}]),
        ("bindings", 'resource "x" {}', {"x": ["roles/viewer"]}),
        ("type", "client", "client"),
        ("dn", "{not json", "{not json"),
    ],
)
def test_same_in_another_form(name: str, want: object, have: object) -> None:
    assert is_same(name, want, have)


@pytest.mark.parametrize(
    ("name", "want", "have"),
    [
        ("default_ttl", 3600, 60),
        ("ttl", "1h", "one hour"),
        ("ttl", 3600, ""),
        ("token_policies", ["a"], ["a", "b"]),
        ("creation_statements", ["a", "b"], ["b", "a"]),
        ("allow_subdomains", "true", False),
        ("vhosts", '{"/": {"read": ".*"}}', {"/": {"read": ".*"}, "other": {"read": ".*"}}),
        ("azure_roles", '[{"role_name": "Reader"}]', [{"role_name": "Owner"}]),
        ("bindings", 'resource "x" {}', {}),
        ("bound_claims", {"iss": "a,b"}, {"iss": ["a", "c"]}),
        ("type", "client", "management"),
        ("unknown", "x", None),
    ],
)
def test_different(name: str, want: object, have: object) -> None:
    assert not is_same(name, want, have)


_PLAIN = st.one_of(st.text(max_size=8), st.integers(0, 10**6), st.booleans(), st.lists(st.text(max_size=4), max_size=3))


@given(st.dictionaries(st.text(min_size=1, max_size=6), _PLAIN, max_size=4))
def test_what_is_given_back_as_it_was_written_is_unchanged(fields: dict[str, object]) -> None:
    assert differing_fields(fields, json.loads(json.dumps(fields)), "pki") == {}


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_times_are_the_same_when_their_seconds_are(one: int, other: int) -> None:
    text = f"{other // 3600}h{other // 60 % 60}m{other % 60}s"

    assert is_same("ttl", one, text) == (one == other)


@pytest.mark.parametrize("kind", sorted(NEUTRAL))
def test_role_with_nothing_beside_the_plan_is_unchanged(kind: str) -> None:
    assert differing_fields({"a": 1}, {"a": 1, **NEUTRAL[kind]}, kind) == {}


def test_engines_have_a_form_each() -> None:
    assert set(FORMS) == {engine.partition("/")[0] for engine in ENGINES}


@pytest.mark.parametrize(
    ("engine", "path", "found"),
    [
        ("database", "database/creds/a", ("database", "a")),
        ("database", "team/db/creds/a", ("team/db", "a")),
        ("aws", "aws/sts/a", ("aws", "a")),
        ("pki", "pki/issue/a", ("pki", "a")),
        ("ssh", "ssh/sign/a", ("ssh", "a")),
        ("ldap", "ldap/creds/team/a", ("ldap", "team/a")),
        ("gcp", "gcp/roleset/a/key", ("gcp", "a")),
        ("gcp", "gcp/roleset/a/token", ("gcp", "a")),
        ("gcp", "gcp/static-account/a/key", None),
        ("database", "database/static-creds/a", None),
        ("database", "secret/data/a", None),
    ],
)
def test_role_of_a_path(engine: str, path: str, found: tuple[str, str] | None) -> None:
    assert find_role(engine, path) == found


@pytest.mark.parametrize(
    ("engine", "parameters", "names"),
    [
        ("database", {}, ["default_ttl", "max_ttl"]),
        ("pki", {}, ["ttl", "max_ttl"]),
        ("kubernetes", {}, ["token_default_ttl", "token_max_ttl"]),
        ("aws", {"credential_type": "iam_user"}, []),
        ("aws", {"credential_type": "assumed_role"}, ["default_sts_ttl", "max_sts_ttl"]),
        ("rabbitmq", {}, []),
    ],
)
def test_time_fields_of_an_engine(engine: str, parameters: dict[str, object], names: list[str]) -> None:
    assert list(ttl_fields(engine, parameters, ttl_s=1, max_ttl_s=2)) == names


def test_parameters_get_the_types_that_vault_gives_back() -> None:
    given = {"allowed_domains": "a, b", "allow_subdomains": "true", "key_bits": "256", "key_type": "ec"}

    assert read_parameters("pki", given) == {
        "allowed_domains": ["a", "b"],
        "allow_subdomains": True,
        "key_bits": 256,
        "key_type": "ec",
    }
