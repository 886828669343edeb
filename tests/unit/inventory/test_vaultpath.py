from __future__ import annotations

import pytest

from injector.inventory.vaultpath import build_path, find_path, is_dynamic_path, is_issued, request_path


@pytest.mark.parametrize(
    ("mount", "key", "version", "path"),
    [
        ("secret", "foo", "v2", "secret/data/foo"),
        ("secret", "/foo", "v2", "secret/data//foo"),
        ("secret", "secret/foo", "v2", "secret/data/foo"),
        ("secret", "secret/data/foo", "v2", "secret/data/foo"),
        ("secret", "data/foo", "v2", "secret/data/data/foo"),
        ("secret/data", "foo", "v2", "secret/data/data/foo"),
        ("", "secret/foo", "v2", "secret/data/foo"),
        ("", "secret/a/data/b", "v2", "secret/a/data/b"),
        ("", "/secret/foo", "v2", "/data/secret/foo"),
        ("database", "creds/app", "v1", "database/creds/app"),
        ("", "database/creds/app", "v1", "database/creds/app"),
    ],
)
def test_a_path_is_built_as_the_operator_builds_it(mount: str, key: str, version: str, path: str) -> None:
    assert build_path(mount, key, version) == path


def test_a_key_of_one_segment_without_a_mount_is_taken_for_the_mount() -> None:
    assert build_path("", "foo", "v2") == "foo/data"


def test_a_v1_store_strips_its_mount_and_keeps_data() -> None:
    assert build_path("kv", "kv/data/foo", "v1") == "kv/data/foo"


def test_a_request_has_no_double_and_no_outer_slashes() -> None:
    assert request_path("secret", "/foo/", "v2") == "secret/data/foo"


def test_an_empty_key_asks_for_nothing() -> None:
    assert request_path("secret", "", "v2") == ""


def test_find_looks_at_everything_below_a_folder() -> None:
    assert find_path("secret", "dev/apps", "v2") == "secret/data/dev/apps/*"
    assert find_path("kv", "", "v1") == "kv/*"


@pytest.mark.parametrize(
    ("mount", "key"),
    [
        ("secret", "database/creds/app"),
        ("secret", "secret/database/creds/app"),
        ("", "database/static-creds/app"),
        ("database", "creds/app"),
        ("postgres", "creds/app"),
        ("aws-prod", "sts/deploy"),
        ("secret", "pki_int/issue/web"),
        ("secret", "team-database/creds/app"),
    ],
)
def test_a_path_of_an_engine_is_recognised(mount: str, key: str) -> None:
    assert is_dynamic_path(mount, key)


@pytest.mark.parametrize(
    ("mount", "key"),
    [
        ("secret", "database"),
        ("secret", "apps/database/password"),
        ("secret", "apps/database/creds/app"),
        ("secret", "database/creds"),
        ("secret", "database/creds/app/password"),
        ("secret", "app/creds/db"),
        ("kv", "creds/app"),
        ("secret", "database/creds/" + "a" * 600),
    ],
)
def test_database_in_a_kv_path_is_still_kv(mount: str, key: str) -> None:
    assert not is_dynamic_path(mount, key)


def test_a_request_that_issues_is_told_from_one_that_reads_kv() -> None:
    assert is_issued("database/creds/app")
    assert not is_issued("secret/data/database/creds/app")
