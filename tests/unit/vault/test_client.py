"""The door to Vault: what fails behind it is told in our words, and never with the token."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import hvac.exceptions
import pytest
import requests
from requests.adapters import HTTPAdapter

from injector.errors import VaultError, VaultMountError
from injector.vault.client import VaultClient
from injector.vault.login import Address, Login, LoginMethod
from tests.canary import CANARY

TOKEN = f"hvs.{CANARY}"
URL = "https://vault.example:8200"

Answer = Callable[[requests.PreparedRequest], requests.Response]


class Wire:
    """Stands where the network begins, and keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], Any]] = []
        self.settings: dict[str, Any] = {}
        self.answer: Answer = lambda request: respond(request, 204)

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        body = json.loads(request.body) if request.body else None
        self.sent.append((str(request.method), str(request.url), dict(request.headers), body))
        self.settings = settings
        return self.answer(request)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Let no request leave this process."""
    made = Wire()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setattr(HTTPAdapter, "send", made.send)
    return made


def respond(request: requests.PreparedRequest, status: int, body: object = None) -> requests.Response:
    """An answer as Vault gives it."""
    response = requests.Response()
    response.status_code = status
    response.request = request
    response.url = str(request.url)
    response.headers["Content-Type"] = "application/json"
    response._content = json.dumps(body).encode() if body is not None else b""
    return response


def _client(**settings: Any) -> VaultClient:
    return VaultClient(Address(url=URL, **settings), Login(secret=TOKEN))


def test_plain_requests_with_token_and_namespace(wire: Wire) -> None:
    client = _client(namespace="team", timeout_s=7.0)
    wire.answer = lambda request: respond(request, 200, {"data": {"keys": ["b", "a"], "x": 1}})

    read, listed = client.read("database/roles/a"), client.list("sys/policies/acl")
    client.write("database/roles/a", {"db_name": "pg"})
    client.delete("database/roles/a")

    assert read == {"keys": ["b", "a"], "x": 1}
    assert listed == ("a", "b")
    assert [(verb, url.removeprefix(f"{URL}/v1/"), body) for verb, url, _, body in wire.sent] == [
        ("GET", "database/roles/a", None),
        ("LIST", "sys/policies/acl", None),
        ("POST", "database/roles/a", {"db_name": "pg"}),
        ("DELETE", "database/roles/a", None),
    ]
    assert {headers["X-Vault-Namespace"] for _, _, headers, _ in wire.sent} == {"team"}
    assert {headers["X-Vault-Token"] == TOKEN for _, _, headers, _ in wire.sent} == {True}
    assert wire.settings["timeout"] == 7.0


@pytest.mark.parametrize(
    ("settings", "verify"),
    [({}, True), ({"ca": "/ca.pem"}, "/ca.pem"), ({"ca": "/ca.pem", "is_unverified": True}, False)],
)
def test_certificates_are_checked_as_asked_for(wire: Wire, settings: dict[str, Any], verify: object) -> None:
    _client(**settings).delete("a/b")

    assert wire.settings["verify"] == verify


def test_authorities_of_vault_win_over_those_of_other_programs(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise requests lets REQUESTS_CA_BUNDLE win over what is set for a session."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")

    _client(ca="/ca.pem").delete("a/b")

    assert wire.settings["verify"] == "/ca.pem"


def test_name_of_the_server_is_asked_for_and_checked() -> None:
    client = VaultClient(Address(url=URL, server_name="vault.internal"), Login(secret=TOKEN))

    pools = client._client.adapter.session.get_adapter(URL).poolmanager.connection_pool_kw

    assert (pools["server_hostname"], pools["assert_hostname"]) == ("vault.internal", "vault.internal")


@pytest.mark.parametrize(
    ("login", "path", "body"),
    [
        (
            Login(method=LoginMethod.KUBERNETES, role="ops", secret=TOKEN),
            "auth/kubernetes/login",
            {"role": "ops", "jwt": TOKEN},
        ),
        (
            Login(method=LoginMethod.JWT, mount="team/jwt", role="ops", secret=TOKEN),
            "auth/team/jwt/login",
            {"role": "ops", "jwt": TOKEN},
        ),
        (
            Login(method=LoginMethod.APPROLE, role="id", secret=TOKEN),
            "auth/approle/login",
            {"role_id": "id", "secret_id": TOKEN},
        ),
        (Login(method=LoginMethod.APPROLE, role="id"), "auth/approle/login", {"role_id": "id"}),
    ],
)
def test_token_of_a_login_is_used_and_given_back(wire: Wire, login: Login, path: str, body: object) -> None:
    wire.answer = lambda request: respond(request, 200, {"auth": {"client_token": TOKEN}})

    with VaultClient(Address(url=URL), login) as client:
        client.read("a/b")

    assert [(url.removeprefix(f"{URL}/v1/"), sent) for _, url, _, sent in wire.sent] == [
        (path, body),
        ("a/b", None),
        ("auth/token/revoke-self", {}),
    ]
    assert "X-Vault-Token" not in wire.sent[0][2]
    assert wire.sent[1][2]["X-Vault-Token"] == TOKEN


def test_token_that_was_given_is_not_revoked(wire: Wire) -> None:
    with _client():
        pass

    assert wire.sent == []


def test_login_that_gives_no_token_is_told(wire: Wire) -> None:
    wire.answer = lambda request: respond(request, 200, {"data": {}})

    with pytest.raises(VaultError, match="gave no token"):
        VaultClient(Address(url=URL), Login(method=LoginMethod.JWT, role="a", secret=TOKEN))


def test_nothing_there_is_none_and_no_mount_is_an_error(wire: Wire) -> None:
    client = _client()
    wire.answer = lambda request: respond(request, 404, {"errors": []})
    nothing, empty = client.read("a/b"), client.list("a")
    wire.answer = lambda request: respond(
        request, 404, {"errors": ['no handler for route "a/b". route entry not found.']}
    )

    with pytest.raises(VaultMountError, match="a/b: nothing is mounted there"):
        client.read("a/b")

    assert nothing is None
    assert empty == ()


def test_vaults_reason_for_refusing_a_role_is_quoted_without_secrets(wire: Wire) -> None:
    said = f'unknown field "x"\npassword={CANARY}!Aa1'
    wire.answer = lambda request: respond(request, 400, {"errors": [said]})

    with pytest.raises(VaultError) as caught:
        _client().write("a/roles/b", {})

    assert '(unknown field "x" password=<redacted>)' in str(caught.value)


def _statuses() -> list[tuple[str, Answer]]:
    errors = {"errors": [f"token {TOKEN} is wrong"]}
    found: list[tuple[str, Answer]] = [
        (str(status), lambda request, status=status: respond(request, status, errors))  # type: ignore[misc]
        for status in (400, 401, 403, 404, 405, 412, 418, 429, 472, 500, 501, 502, 503)
    ]
    broken = (
        requests.ConnectionError(TOKEN),
        requests.exceptions.SSLError(TOKEN),
        requests.Timeout(TOKEN),
        requests.TooManyRedirects(TOKEN),
        requests.exceptions.InvalidHeader(TOKEN),
        requests.exceptions.ChunkedEncodingError(TOKEN),
        UnicodeEncodeError("latin-1", TOKEN, 0, 1, "x"),
        OSError(TOKEN),
        hvac.exceptions.VaultError(TOKEN),
        hvac.exceptions.ParamValidationError(TOKEN),
    )

    def raising(error: Exception) -> Answer:
        def fail(_request: requests.PreparedRequest) -> requests.Response:
            raise error

        return fail

    found += [(type(error).__name__, raising(error)) for error in broken]
    return found


@pytest.mark.parametrize("verb", ["read", "list", "write", "delete", "login"])
@pytest.mark.parametrize(("name", "answer"), _statuses())
def test_nothing_of_the_libraries_passes_and_no_token_is_told(wire: Wire, name: str, answer: Answer, verb: str) -> None:
    """Neither in the message nor in a traceback of it."""
    wire.answer = answer
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: _client().read("a/b"),
        "list": lambda: _client().list("a/b"),
        "write": lambda: _client().write("a/b", {"x": TOKEN}),
        "delete": lambda: _client().delete("a/b"),
        "login": lambda: VaultClient(Address(url=URL), Login(method=LoginMethod.JWT, role="a", secret=TOKEN)),
    }
    if name == "404" and verb in ("read", "list", "delete"):
        assert calls[verb]() in (None, ())
        return

    with pytest.raises(VaultError) as caught:
        calls[verb]()

    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told.lower()
    assert str(caught.value).count("; ") >= 1


def test_login_shows_no_secret() -> None:
    assert CANARY not in repr(Login(secret=TOKEN))
