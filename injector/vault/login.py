"""Which Vault, and who logs in to it, as values: what `client` needs, without the libraries that it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

TIMEOUT_S: Final = 60.0
"""As the ``vault`` program has it."""


class LoginMethod(StrEnum):
    """How to log in."""

    TOKEN = "token"  # noqa: S105 - a word
    KUBERNETES = "kubernetes"
    JWT = "jwt"
    APPROLE = "approle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Which Vault, and how it is trusted.

    Attributes:
        url: with scheme and port.
        namespace: Vault Enterprise's or OpenBao's; empty for the root.
        ca: file or folder of certificates; empty for those of the system.
        is_unverified: trust any certificate.
        server_name: the name that its certificate is for, when it is not the URL's; empty for the URL's.
        certificate, key: files by which this side shows who it is; empty for none. The key may stand in the certificate's.
        timeout_s: of one request.
    """

    url: str
    namespace: str = ""
    ca: str = ""
    is_unverified: bool = False
    server_name: str = ""
    certificate: str = ""
    key: str = ""
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who logs in. The secrets are never shown.

    Attributes:
        method: see `LoginMethod`.
        mount: below ``auth/``; empty for the method's own name.
        role: of the method; not for `LoginMethod.TOKEN`. For `LoginMethod.APPROLE` its role id.
        secret: the token, the JWT, the ServiceAccount's token, or the secret id.
    """

    method: LoginMethod = LoginMethod.TOKEN
    mount: str = ""
    role: str = ""
    secret: str = field(default="", repr=False)

    def request(self) -> tuple[str, dict[str, str]]:
        """Return path and body of the login."""
        path = f"auth/{self.mount or self.method.value}/login"
        if self.method is LoginMethod.APPROLE:
            return path, {"role_id": self.role, **({"secret_id": self.secret} if self.secret else {})}
        return path, {"role": self.role, "jwt": self.secret}
