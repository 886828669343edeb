"""Which Vault, and who logs in: from the environment, from files, and never from a flag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from injector.cli.vaultside import LoginFlags, read_address, read_login
from injector.config.load import parse_config
from injector.config.model import DEFAULT
from injector.errors import UsageError
from injector.vault.login import Address, LoginMethod
from tests.canary import CANARY

URL = "https://vault.example:8200"


def _flags(method: LoginMethod, **given: str) -> LoginFlags:
    settings: dict[str, Any] = {"login_role": "", "login_mount": "", "login_file": "", **given}
    return LoginFlags(login=method, **settings)


def test_address_of_the_environment_wins_over_the_file() -> None:
    config = parse_config(b"vault: {address: 'https://other.example', namespace: file}")

    assert read_address({}, config) == Address(url="https://other.example", namespace="file")
    assert read_address({"VAULT_ADDR": f"{URL}/", "VAULT_NAMESPACE": "env"}, config) == Address(
        url=URL, namespace="env"
    )


def test_all_that_the_vault_program_reads(tmp_path: Path) -> None:
    environment = {
        "VAULT_ADDR": URL,
        "VAULT_CACERT": str(tmp_path),
        "VAULT_CAPATH": "/nonexistent",
        "VAULT_SKIP_VERIFY": "true",
        "VAULT_TLS_SERVER_NAME": "vault.internal",
        "VAULT_CLIENT_TIMEOUT": "90s",
    }

    assert read_address(environment, DEFAULT) == Address(
        url=URL, ca=str(tmp_path), is_unverified=True, server_name="vault.internal", timeout_s=90
    )


def test_certificate_of_the_client_is_named_with_its_key(tmp_path: Path) -> None:
    certificate, key = tmp_path / "crt", tmp_path / "key"
    for file in (certificate, key):
        file.touch()
    environment = {"VAULT_ADDR": URL, "VAULT_CLIENT_CERT": str(certificate), "VAULT_CLIENT_KEY": str(key)}

    assert read_address(environment, DEFAULT) == Address(url=URL, certificate=str(certificate), key=str(key))


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 60), ("5", 5), ("1.5s", 1.5), ("2m", 120), ("1h", 3600), ("500ms", 0.5)]
)
def test_timeout_in_every_form(text: str, seconds: float) -> None:
    assert read_address({"VAULT_ADDR": URL, "VAULT_CLIENT_TIMEOUT": text}, DEFAULT).timeout_s == seconds


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "set VAULT_ADDR, or vault.address in phase2.yaml"),
        ({"VAULT_ADDR": "vault.example"}, "VAULT_ADDR: is no URL"),
        ({"VAULT_ADDR": URL, "VAULT_SKIP_VERIFY": "perhaps"}, "VAULT_SKIP_VERIFY: is neither true nor false"),
        ({"VAULT_ADDR": URL, "VAULT_CACERT": "/nonexistent"}, "/nonexistent: there is no such file or folder"),
        ({"VAULT_ADDR": URL, "VAULT_CLIENT_CERT": "/nonexistent"}, "/nonexistent: there is no such file"),
        ({"VAULT_ADDR": URL, "VAULT_CLIENT_KEY": __file__}, "VAULT_CLIENT_KEY: is nothing without VAULT_CLIENT_CERT"),
        ({"VAULT_ADDR": URL, "VAULT_CLIENT_TIMEOUT": "soon"}, "VAULT_CLIENT_TIMEOUT: is no time"),
        ({"VAULT_ADDR": URL, "VAULT_CLIENT_TIMEOUT": "0"}, "VAULT_CLIENT_TIMEOUT: is no time"),
    ],
)
def test_variable_that_makes_no_sense_is_told(environment: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_address(environment, DEFAULT)

    assert told in str(caught.value)


def test_token_of_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text("file\n", encoding="utf-8")
    flags = _flags(LoginMethod.TOKEN)

    assert read_login({"HOME": str(tmp_path)}, flags).secret == "file"
    assert read_login({"HOME": str(tmp_path), "VAULT_TOKEN": "env"}, flags).secret == "env"


def test_logins_take_their_secrets_from_files_and_variables(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("file\n", encoding="utf-8")
    environment = {"VAULT_JWT": "jwt", "VAULT_ROLE_ID": "id", "VAULT_SECRET_ID": "sid"}

    made = [
        read_login(environment, _flags(LoginMethod.KUBERNETES, login_role="r", login_file=str(file))),
        read_login(environment, _flags(LoginMethod.JWT, login_role="r", login_mount="auth/team/jwt/")),
        read_login(environment, _flags(LoginMethod.JWT, login_role="r", login_file=str(file))),
        read_login(environment, _flags(LoginMethod.APPROLE)),
        read_login(environment, _flags(LoginMethod.APPROLE, login_role="r", login_file=str(file))),
        read_login({}, _flags(LoginMethod.APPROLE, login_role="r")),
    ]

    assert [(one.mount, one.role, one.secret) for one in made] == [
        ("", "r", "file"),
        ("team/jwt", "r", "jwt"),
        ("", "r", "file"),
        ("", "id", "sid"),
        ("", "r", "file"),
        ("", "r", ""),
    ]


@pytest.mark.parametrize(
    ("environment", "flags", "told"),
    [
        ({}, _flags(LoginMethod.TOKEN), "set VAULT_TOKEN"),
        ({"HOME": "/nonexistent"}, _flags(LoginMethod.TOKEN), "run `vault login`"),
        ({}, _flags(LoginMethod.KUBERNETES, login_role="r"), "name its file with --login-file"),
        ({}, _flags(LoginMethod.JWT, login_role="r"), "set VAULT_JWT"),
        ({"VAULT_JWT": CANARY}, _flags(LoginMethod.JWT), "--login jwt needs a role"),
        ({"VAULT_SECRET_ID": CANARY}, _flags(LoginMethod.APPROLE), "--login approle needs a role"),
        (
            {},
            _flags(LoginMethod.JWT, login_role="r", login_file="/nonexistent/jwt"),
            "/nonexistent/jwt: cannot be read",
        ),
    ],
)
def test_what_a_login_needs_is_told(environment: dict[str, str], flags: LoginFlags, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_login(environment, flags)

    assert told in str(caught.value)
    assert CANARY not in str(caught.value)
