"""Which field of an issued credential a value is: user, password, certificate, key, or the whole of a connection string."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from injector.knowledge import words as w
from injector.model import SecretKey
from injector.rules.naming import Part, judge_name

FIELDS: Final[Mapping[str, Mapping[Part, str]]] = {
    "database": {Part.USER: "username", Part.PASSWORD: "password"},
    "rabbitmq": {Part.USER: "username", Part.PASSWORD: "password"},
    "ldap": {Part.USER: "username", Part.PASSWORD: "password"},
    "aws": {Part.USER: "access_key", Part.PASSWORD: "secret_key", Part.SECRET: "secret_key"},
    "azure": {Part.USER: "client_id", Part.PASSWORD: "client_secret", Part.SECRET: "client_secret"},
    "consul": {Part.PASSWORD: "token", Part.SECRET: "token"},
    "nomad": {Part.PASSWORD: "secret_id", Part.SECRET: "secret_id"},
    "terraform": {Part.PASSWORD: "token", Part.SECRET: "token"},
    "gcp": {Part.PASSWORD: "private_key_data", Part.SECRET: "private_key_data"},
    "kubernetes": {Part.PASSWORD: "service_account_token", Part.SECRET: "service_account_token"},
    "pki": {},
}
"""Engine -> part -> field of the response's ``data``; of ``pki`` the names tell (`field_of`).

Source: "Generate credentials" in https://developer.hashicorp.com/vault/api-docs/secret/<engine>.
"""
CERTIFICATE: Final = "certificate"
AUTHORITY: Final = "issuing_ca"
KEY: Final = "private_key"
SESSION: Final = "security_token"
"""What STS credentials of AWS need besides."""
_DISTINGUISHED: Final = "distinguished_names.0"
"""The first entry of the role's ``creation_ldif``: what a bind takes where a mere user name is not enough."""
USERS: Final = frozenset({"username", "access_key", "client_id", _DISTINGUISHED})
"""Fields that are the user name of a login."""
UNFIT: Final[Mapping[str, str]] = {
    "ssh": (
        "what it issues is of no use as one file: a key is accepted only with its certificate beside it (ssh/issue), a signature "
        "is for a key that stays (ssh/sign), and a one-time password is used up by the first login (ssh/creds); let the "
        "client sign its key when it connects (vault ssh), or write a SecretMigration with both files by hand"
    ),
}
"""Engines whose credentials cannot take the place of a Secret's key -> why, and what to do."""

_STORES: Final = frozenset({"p12", "pfx", "jks", "keystore", "truststore", "pkcs12"})
_AUTHORITIES: Final = frozenset({"ca", "cacert", "root", "authority", "issuer"})


def field_of(engine: str, names: Iterable[str]) -> str:
    """Return the field that a value holds by the first of its names that tells; empty for none of this engine's.

    Args:
        engine: without the system.
        names: in the order in which they count.
    """
    for name in names:
        have = frozenset(w.words(name))
        if engine == "pki":
            found = _of_certificate(have)
        elif engine == "aws" and "session" in have:
            found = SESSION
        elif engine == "ldap" and have & {"dn", "binddn"}:
            found = _DISTINGUISHED
        else:
            found = ""
        if found:
            return found
    return ""


def _of_certificate(have: Collection[str]) -> str:
    words = frozenset(have)
    if words & (_STORES | w.PASSWORD | {"public", "pub"}) or ("key" in words and words & _AUTHORITIES):
        return ""
    if "key" in words:
        return KEY
    if words & _AUTHORITIES:
        return AUTHORITY
    return CERTIFICATE if words & (w.CERTIFICATE - {"tls"}) else ""


def named_fields(engine: str, variables: Iterable[str]) -> dict[str, str]:
    """Return the variables of a template that are fields of the credential by their names alone: variable -> field.

    Of an engine that issues a mere token the only one that may be a token is it.

    Args:
        engine: without the system.
        variables: of the template.
    """
    have = tuple(variables)
    found = {name: own for name in have if (own := field_of(engine, [name]))}
    fields = FIELDS[engine]
    tokens = [name for name in have if judge_name(name).part in (Part.PASSWORD, Part.SECRET)]
    if not found and len(tokens) == 1 and Part.USER not in fields and Part.SECRET in fields:
        return {tokens[0]: fields[Part.SECRET]}
    return found


def names_of(key: SecretKey, environment: Iterable[str]) -> Iterator[str]:
    """Yield the names that a Secret key goes by: its readers' variables, its own, its property's and its path's."""
    for name in (
        *environment,
        key.name,
        *(remote.prop for remote in key.remotes if remote.prop not in ("", "value")),
        *(remote.path.rpartition("/")[2] for remote in key.remotes),
    ):
        if name:
            yield name


def part_of_key(key: SecretKey, environment: Iterable[str]) -> Part:
    """Return what a Secret key without a template holds, by the names that it goes by."""
    for name in names_of(key, environment):
        part = judge_name(name).part
        if part in (Part.USER, Part.PASSWORD, Part.DSN, Part.CONFIG):
            return part
    return Part.SECRET
