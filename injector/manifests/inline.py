"""Whether a value that stands in a Secret's manifest may be secret: what is written in Git, everybody with Git can read.

A Secret holds more than secrets: hosts, user names, empty places that somebody fills later, references that another tool
replaces, and text that is encrypted already. Only what is none of these counts. The value itself is never kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from injector.redact import looks_secret

_ENCRYPTED: Final = re.compile(
    r"ENC\[AES256_GCM,|\A\s*\$ANSIBLE_VAULT;|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|\A\x00GITCRYPT\x00"
)
"""SOPS (also whole files of it), ansible-vault, age, PGP, git-crypt."""
_REFERENCE: Final = re.compile(
    r"""(?:
      (?:\$\{[A-Za-z_]\w*\}|\$\([A-Za-z_]\w*\)|\{\{[^{}]{0,500}\}\})(?:[-:@/._ ]?(?:\$\{[A-Za-z_]\w*\}|\$\([A-Za-z_]\w*\)|\{\{[^{}]{0,500}\}\}))*
    | \$[A-Za-z_]\w*
    | <(?:path:)?[\w ./:\#|-]+>
    | (?:ref\+[a-z0-9]+|vault|op|secretref\+[a-z0-9]+)(?:://|:)\S+
    )\Z""",
    re.VERBOSE,
)
"""Flux and Helm variables, argocd-vault-plugin, vals, bank-vaults, 1Password."""
_PLACEHOLDER: Final = re.compile(
    r"[<\[(*]*(?:redacted|change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this)?|place[-_ ]?holder|to[-_ ]?do|tbd|dummy|fake|example"
    r"|xx+|\.\.+|\*\*+|(?:your|my|insert|some)[-_ ][a-z0-9_ -]{1,60}|(?:managed|filled|set|injected|provided)[-_ ]by[-_ ][a-z0-9_ -]{1,60})"
    r"[>\])*!.]*\Z",
    re.IGNORECASE,
)
_PUBLIC: Final = re.compile(
    r"\s*(?:-----BEGIN (?P<what>(?:TRUSTED )?CERTIFICATE|X509 CRL|(?:RSA |EC )?PUBLIC KEY|DH PARAMETERS)-----"
    r"[A-Za-z0-9+/=\s]*-----END (?P=what)-----\s*|[#][^\n]*\n)+\Z"
)
_PUBLIC_LINE: Final = re.compile(
    r"(?:\S+ )?(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+|sk-(?:ssh|ecdsa)\S+) [A-Za-z0-9+/=]+(?: [^\n]*)?\Z"
)
"""A public key, or a line of known_hosts."""
_IDENTITY: Final = re.compile(r"(?:\A|[_.-]|(?<=[a-z])(?=I))id\Z", re.IGNORECASE)
_SECRET_ID: Final = re.compile(r"secret|session", re.IGNORECASE)
_WHOLE: Final = 256 * 1024
"""Longer values are judged as text at their start only."""


def may_hold_secret(name: str, value: str) -> bool:
    """Tell whether a value may be secret, by its key's name and by itself.

    Args:
        name: the Secret's key.
        value: as the Secret will hold it, not base64.
    """
    text = value.strip()[:_WHOLE]
    if not text or _ENCRYPTED.search(text) or _REFERENCE.match(text) or _PLACEHOLDER.match(text):
        return False
    if _PUBLIC.match(f"{text}\n") or all(_PUBLIC_LINE.match(line) for line in _lines(text)):
        return False
    if _IDENTITY.search(name) and not _SECRET_ID.search(name) and "\n" not in text:
        return False  # a client's, tenant's or project's id is no secret
    return looks_secret(text if "\n" in text else f"{name}: {text}")


def may_hold_encoded(name: str, value: str) -> bool:
    """Tell the same of a value as ``data`` has it: base64, or what a tool replaces before it is."""
    compact = "".join(value.split())
    try:
        decoded = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        return may_hold_secret(name, value)
    try:
        return may_hold_secret(name, decoded.decode())
    except UnicodeDecodeError:
        return not decoded.startswith(b"\x00GITCRYPT\x00")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
