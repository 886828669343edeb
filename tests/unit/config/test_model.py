"""What the parts of a configuration match, and what holds without a file."""

from __future__ import annotations

import pytest

from injector.config.model import DEFAULT, App, AuthMethod, Bootstrap, Config, Override, Vault, VaultAuth
from injector.model import Verdict


def static(**globs: str) -> Override:
    return Override(verdict=Verdict.STATIC, reason="because", **globs)  # type: ignore[arg-type]


def matches(one: Override, *, paths: tuple[str, ...] = ("secret/data/shop/db",)) -> bool:
    return one.matches("shop", ("db", "db-secret"), vault_paths=paths, key="PASSWORD")


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ({"namespace": "sh*"}, True),
        ({"namespace": "shop2"}, False),
        ({"name": "db-secret"}, True),
        ({"name": "other"}, False),
        ({"vault_path": "secret/shop/*"}, True),
        ({"vault_path": "secret/data/*"}, True),
        ({"vault_path": "secret/other/*"}, False),
        ({"key": "PASS*"}, True),
        ({"key": "pass*"}, False),
        ({"namespace": "shop", "name": "db", "key": "USER"}, False),
        ({"namespace": "shop", "name": "db", "vault_path": "secret/*/db", "key": "PASSWORD"}, True),
    ],
)
def test_override_matches_when_all_its_globs_do(globs: dict[str, str], *, expected: bool) -> None:
    assert matches(static(**globs)) is expected


def test_override_by_vault_path_does_not_match_a_key_from_nowhere() -> None:
    assert not matches(static(vault_path="secret/*"), paths=())
    assert matches(static(name="db"), paths=())


def test_first_override_that_matches_wins() -> None:
    first, second = static(namespace="shop", key="PASS*"), static(namespace="*")
    config = Config(overrides=(first, second))

    assert config.find_override("shop", ["db"], vault_paths=[], key="PASSWORD") is first
    assert config.find_override("shop", ["db"], vault_paths=[], key="USER") is second
    assert DEFAULT.find_override("shop", ["db"], vault_paths=[], key="USER") is None


@pytest.mark.parametrize(
    ("glob", "image", "expected"),
    [
        ("grafana", "docker.io/grafana/grafana:12.0", True),
        ("grafana", "registry:5000/grafana@sha256:00", True),
        ("registry:5000/*", "registry:5000/grafana:1@sha256:00", True),
        ("ghcr.io/acme/*", "ghcr.io/acme/shop:1.0", True),
        ("ghcr.io/acme/*", "ghcr.io/other/shop:1.0", False),
        ("acme", "ghcr.io/acme/shop", False),
        ("*", "", False),
    ],
)
def test_app_is_told_by_its_image_without_tag(glob: str, image: str, *, expected: bool) -> None:
    assert App(image=glob).matches(image) is expected


def test_app_is_told_by_its_chart_too() -> None:
    app = App(image="shop", chart="shop-*")

    assert app.matches("", "shop-web")
    assert app.matches("shop:1", "other")
    assert not app.matches("other:1", "shop")
    assert Config(apps=(app,)).find_app("shop") is app
    assert DEFAULT.find_app("shop") is None


def test_variable_named_by_hand_wins_over_the_ending() -> None:
    app = App(image="shop", file_suffix="_FILE", file_env={"DSN": "DSN_PATH"})

    assert app.file_variable("DSN") == "DSN_PATH"
    assert app.file_variable("PASSWORD") == "PASSWORD_FILE"
    assert App(image="shop").file_variable("PASSWORD") == ""


def test_bootstrap_namespaces_are_globs() -> None:
    assert Bootstrap(namespaces=("infra-*",)).has_namespace("infra-net")
    assert not DEFAULT.bootstrap.has_namespace("infra-net")


def test_mount_of_a_system_is_named_before_that_of_its_engine() -> None:
    vault = Vault(mounts={"database": "db", "database/mysql": "db-mysql"})

    assert vault.find_mount("database/mysql") == "db-mysql"
    assert vault.find_mount("database/postgresql") == "db"
    assert vault.find_mount("aws") is None


def test_auth_mount_is_called_as_its_method_unless_said() -> None:
    assert VaultAuth(method=AuthMethod.JWT).path == "auth/jwt"
    assert VaultAuth(method=AuthMethod.JWT, mount="jwt-prod").path == "auth/jwt-prod"
