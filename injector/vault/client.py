"""The door to a real Vault: the only file that imports hvac (and requests, whose exceptions hvac lets pass).

Only plain reads, writes, lists and deletes of API paths go through it, which OpenBao has as well. What fails is told as
a `VaultError` without a token, a value or the libraries' own text; Vault's answer is quoted only where it refuses a
role or cannot read one, with what looks like a secret taken out.
"""

from __future__ import annotations

import contextlib
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import hvac
import requests
from hvac import exceptions
from requests.adapters import HTTPAdapter

from injector.errors import VaultError, VaultMountError
from injector.redact import redact
from injector.vault.login import Address, Login, LoginMethod


class VaultClient:
    """A Vault that somebody is logged in to; a `injector.vault.port.VaultPort`.

    Use it in a ``with``: a token that the login made is revoked at its end, one that was given is not.
    """

    def __init__(self, address: Address, login: Login) -> None:
        """Log in.

        Raises:
            VaultError: the login is refused, or Vault cannot be reached.
        """
        self._url = redact(address.url)
        self._is_own = login.method is not LoginMethod.TOKEN
        session = requests.Session()
        # hvac lets a session's own setting win, and a session that is given has one already: True.
        session.verify = verify = False if address.is_unverified else address.ca or True
        if address.certificate:
            session.cert = (address.certificate, address.key) if address.key else address.certificate
        settings: dict[str, Any] = {}
        if address.server_name:
            settings = {"server_hostname": address.server_name, "assert_hostname": address.server_name}
        if verify and Path(address.ca).is_dir() and address.ca:
            settings["ssl_context"] = _trusting(Path(address.ca))
        if settings:
            session.mount("https://", _Connecting(settings))
        self._client = hvac.Client(
            url=address.url,
            token=login.secret if login.method is LoginMethod.TOKEN else "",
            verify=verify,
            timeout=address.timeout_s,
            namespace=address.namespace or None,
            session=session,
        )
        if self._is_own:
            self._log_in(login)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back the token that the login made."""
        if self._is_own:
            self._is_own = False
            with contextlib.suppress(VaultError):
                self.write("auth/token/revoke-self", {})

    def read(self, path: str) -> Mapping[str, object] | None:
        """Return the ``data`` of a path; None when there is nothing."""
        # Quoted here too: an engine that is not configured yet says so (azure: "config is nil").
        answer = self._ask("read", path, lambda: self._client.adapter.get(f"/v1/{path}"), is_quoting=True)
        data = answer.get("data") if isinstance(answer, dict) else None
        return data if isinstance(data, dict) else None

    def list(self, path: str) -> tuple[str, ...]:
        """Return the keys below a path, sorted; empty when there are none."""
        answer = self._ask("list", path, lambda: self._client.adapter.list(f"/v1/{path}"))
        keys = answer["data"].get("keys") if isinstance(answer, dict) and isinstance(answer.get("data"), dict) else None
        return tuple(sorted(str(one) for one in keys)) if isinstance(keys, list) else ()

    def write(self, path: str, data: Mapping[str, object]) -> None:
        """Write a path."""
        self._ask("write", path, lambda: self._client.write_data(path, data=dict(data)), is_quoting=True)

    def delete(self, path: str) -> None:
        """Delete a path."""
        self._ask("delete", path, lambda: self._client.delete(path))

    def _log_in(self, login: Login) -> None:
        path, body = login.request()
        answer = self._ask("log in at", path, lambda: self._client.write_data(path, data=body))
        auth = answer.get("auth") if isinstance(answer, dict) else None
        token = auth.get("client_token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not token:
            raise VaultError(f"{self._url}: {path}: gave no token; check --login and --login-mount")
        self._client.token = token

    def _ask(self, verb: str, path: str, call: Callable[[], Any], *, is_quoting: bool = False) -> Any:
        # By the adapter: hvac's own read and list take a missing mount for a path without anything in it.
        with _translated(self._url, verb, path, is_quoting=is_quoting), warnings.catch_warnings():
            # Who said VAULT_SKIP_VERIFY need not be told at every request.
            warnings.filterwarnings("ignore", "Unverified HTTPS request")
            try:
                return call()
            except exceptions.InvalidPath as err:
                if _said(err, "no handler for route"):
                    told = f"{path}: nothing is mounted there; mount it, or correct vault.mounts or vault.auth.mount"
                    raise VaultMountError(told) from None
                if verb in ("read", "list", "delete"):
                    return None
                raise


_REASONS: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (exceptions.Forbidden, "403, permission denied", "log in as somebody who may do this, or mend the token"),
    (exceptions.Unauthorized, "401, not logged in", "log in again"),
    (
        exceptions.InvalidRequest,
        "400, the request is refused",
        "correct what it says in phase2.yaml or in the login's flags",
    ),
    (exceptions.InvalidPath, "404, there is no such path", "check mounts and names"),
    (exceptions.RateLimitExceeded, "429, too many requests", "run it again later"),
    (exceptions.VaultNotInitialized, "501, Vault is not initialized", "initialize it first"),
    (exceptions.VaultDown, "503, Vault is sealed or in maintenance", "unseal it first"),
    (exceptions.BadGateway, "502, Vault cannot reach what is behind it", "see its log"),
    (exceptions.InternalServerError, "500, Vault failed", "see its log"),
    (exceptions.VaultError, "an unexpected answer", "see its log"),
    (requests.exceptions.SSLError, "its certificate is not trusted", "set VAULT_CACERT, or VAULT_TLS_SERVER_NAME"),
    (requests.exceptions.Timeout, "no answer in time", "see whether it runs, or raise VAULT_CLIENT_TIMEOUT"),
    (requests.exceptions.ConnectionError, "no connection", "see whether it runs there, and check VAULT_ADDR"),
    (requests.exceptions.RequestException, "the request cannot be made", "check VAULT_ADDR"),
)
"""In this order: the first that an exception is an instance of."""
_NO_VAULT: Final = ["no usable answer", "see whether it is a Vault, and check VAULT_ADDR"]


@contextlib.contextmanager
def _translated(url: str, verb: str, path: str, *, is_quoting: bool) -> Iterator[None]:
    """Raise what hvac and requests raise as a `VaultError`.

    ``from None``: their exceptions hold the request, and so the token; nobody shall find it in a traceback.
    """
    try:
        yield
    except VaultError:
        raise
    except (exceptions.VaultError, requests.exceptions.RequestException, OSError, ValueError) as err:
        what, remedy = next((words for kind, *words in _REASONS if isinstance(err, kind)), _NO_VAULT)
        is_said = is_quoting and isinstance(err, exceptions.InvalidRequest | exceptions.InternalServerError)
        quoted = _quoted(err) if is_said else ""
        raise VaultError(f"{url}: cannot {verb} {path}: {what}{quoted}; {remedy}") from None


def _said(err: exceptions.VaultError, text: str) -> bool:
    return any(text in str(one) for one in err.errors or ())


def _quoted(err: exceptions.VaultError) -> str:
    """Return what Vault says of a role that it refuses."""
    said = [redact(" ".join(str(one).split())) for one in err.errors or ()]
    return f" ({'; '.join(said)})" if said else ""


def _trusting(folder: Path) -> ssl.SSLContext:
    """Return what trusts the authorities of every file of a folder, as the ``vault`` program reads ``VAULT_CAPATH``.

    OpenSSL by itself looks only for files that are named after what they hold. Source: go-rootcerts, LoadCAPath.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in sorted(folder.iterdir()):
        if file.is_file():
            try:
                context.load_verify_locations(cafile=file)
            except (OSError, ValueError):
                raise VaultError(f"{file}: holds no certificate; take it out of VAULT_CAPATH") from None
    return context


class _Connecting(HTTPAdapter):
    """Makes connections with further settings: another server's name, other authorities."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        super().__init__()

    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        """Add them."""
        super().init_poolmanager(*args, **{**settings, **self._settings})
