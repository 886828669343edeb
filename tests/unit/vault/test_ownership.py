"""The head of a policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.vault.ownership import Head, is_role_path, parse_head, render_head

_NAME = st.from_regex(r"[a-z][a-z0-9-]{0,8}/[a-z][a-z0-9.-]{0,8}", fullmatch=True)
_PATH = st.from_regex(
    r"(?:auth/[a-z]{1,5}/role|[b-r][a-z]{3,6}/(?:role|roles|roleset))/[A-Za-z0-9_.-]{1,8}[a-z]", fullmatch=True
)


@given(st.lists(_NAME, min_size=1, max_size=3), st.lists(_PATH, max_size=4))
def test_head_is_read_as_it_was_written(owner: list[str], belongings: list[str]) -> None:
    text = "\n".join([*render_head(owner, belongings), 'path "a" {}'])

    assert parse_head(text) == Head(owner=tuple(owner), belongings=tuple(belongings))


@pytest.mark.parametrize("text", ["", 'path "a" {}', "# made by hand", 'path "a" {}\n# phase2: made for a/b'])
def test_policy_without_a_head_is_not_ours(text: str) -> None:
    assert parse_head(text) is None


@pytest.mark.parametrize(
    ("path", "is_role"),
    [
        ("auth/jwt/role/a", True),
        ("auth/team/jwt/role/a", True),
        ("database/roles/a", True),
        ("team/db/roles/a", True),
        ("gcp/roleset/a", True),
        ("auth/token/roles/a", False),
        ("auth/jwt/config", False),
        ("sys/mounts/secret", False),
        ("sys/policies/roles/a", False),
        ("identity/entity/roles/x", False),
        ("database/config/a", False),
        ("database/roles/../config/a", False),
        ("database/roles/", False),
        ("database/roles/a*", False),
    ],
)
def test_only_roles_can_belong_to_a_policy(path: str, is_role: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_role_path(path) == is_role
