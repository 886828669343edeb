"""Whether a value that stands in a Secret's manifest may be secret: what is written in Git, everybody with Git can read.

A Secret holds more than secrets: hosts, user names, empty places that somebody fills later, references that another tool
replaces, and text that is encrypted already. Only what is none of these counts. The value itself is never kept.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

from injector.redact import is_plain, looks_secret

_ENCRYPTED: Final = re.compile(
    r"ENC\[AES256_GCM,|\A\s*\$ANSIBLE_VAULT;|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|\A\x00GITCRYPT\x00"
)
"""SOPS (also whole files of it), ansible-vault, age, PGP, git-crypt."""
_REFERENCE: Final = re.compile(
    r"""(?:
      (?:\$\{[A-Za-z_.][\w.]*\}|\$\([A-Za-z_]\w*\)|\{\{[^{}]{0,500}\}\})
      (?:[-:@/._ ]?(?:\$\{[A-Za-z_.][\w.]*\}|\$\([A-Za-z_]\w*\)|\{\{[^{}]{0,500}\}\}))*
    | \$[A-Za-z_]\w*
    | <(?:path:)?[\w ./:\#|-]+>
    | (?:ref\+[a-z0-9]+|vault|op|secretref\+[a-z0-9]+)(?:://|:)\S+
    )\Z""",
    re.VERBOSE,
)
"""Flux and Helm variables, argocd-vault-plugin, vals, bank-vaults, 1Password."""
_PLACEHOLDER: Final = re.compile(
    r"[<\[(*]*(?:redacted|change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this)?|replace[-_ ]with[-_ ][a-z0-9_ -]{1,60}|place[-_ ]?holder|to[-_ ]?do|tbd|dummy|fake|example"
    r"|xx+|\.\.+|\*\*+|(?:your|my|insert|some)[-_ ][a-z0-9_ -]{1,60}|(?:managed|filled|set|injected|provided)[-_ ]by[-_ ][a-z0-9_ -]{1,60})"
    r"[>\])*!.]*\Z",
    re.IGNORECASE,
)
_PUBLIC: Final = re.compile(
    r"\s*(?:-----BEGIN (?P<what>(?:TRUSTED )?CERTIFICATE|X509 CRL|(?:RSA |EC )?PUBLIC KEY|PGP PUBLIC KEY BLOCK|DH PARAMETERS)-----"
    r"[^-]*-----END (?P=what)-----\s*|[#][^\n]*\n)+\Z"
)
_PUBLIC_LINE: Final = re.compile(
    r"(?:\S+ )?(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+|sk-(?:ssh|ecdsa)\S+) [A-Za-z0-9+/=]+(?: [^\n]*)?\Z"
)
"""A public key, or a line of known_hosts."""
_IDENTITY: Final = re.compile(r"(?:\A|[_.-])(?:uu|UU)?(?:id|ID|Id)\Z|[a-z](?:Id|ID)\Z|(?i:public[_-]?key|pubkey)\Z")
"""Keys of what may be known to all: a client's, tenant's or project's id, a public key."""
_SAID_ALOUD: Final = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\Z|arn:[\w-]+:[\w-]*:[\w-]*:\d*:[\w:/.*+=,@-]+\Z", re.ASCII
)
"""An address of mail, an ARN."""
_USER: Final = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]{1,30}://)(?P<user>[^\s/:@]+)@")
_SECRET_ID: Final = re.compile(r"secret|session", re.IGNORECASE)
_WHOLE: Final = 256 * 1024
"""Longer values are judged as text at their start only."""
_DEEPEST: Final = 32


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
    if "\n" in text:
        parsed = _as_json(text)
        return looks_secret(text) if parsed is None else _any_secret(name, parsed, 0)
    if _SAID_ALOUD.match(text) or (_IDENTITY.search(name) and not _SECRET_ID.search(name)):
        return False
    parsed = _as_json(text)
    if parsed is not None:
        return _any_secret(name, parsed, 0)
    return looks_secret(f"{name}: {_USER.sub(_without_user, text)}")


def _without_user(match: re.Match[str]) -> str:
    """Take a user's name without a password out of a URL; what is no plain name may be a token."""
    return match["scheme"] if is_plain(match["user"]) else match[0]


def _as_json(text: str) -> object:
    """Return a mapping or a list that stands there as JSON; None for everything else."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _any_secret(name: str, value: object, depth: int) -> bool:
    """Judge every text in a structure by the name that it stands under."""
    if depth > _DEEPEST:
        return True
    if isinstance(value, dict):
        return any(_any_secret(str(key), one, depth + 1) for key, one in value.items())
    if isinstance(value, list):
        return any(_any_secret(name, one, depth + 1) for one in value)
    return isinstance(value, str) and may_hold_secret(name, value)


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
