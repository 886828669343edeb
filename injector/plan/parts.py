"""Which field of an issued credential a value is: user, password, or the whole of a connection string."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

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
}
"""Engine -> part -> field of the response's ``data``.

Source: "Generate credentials" in https://developer.hashicorp.com/vault/api-docs/secret/<engine>. Engines that must be
*written* to for a credential (pki, ssh, kubernetes) are not here: their request has parameters that only a person knows.
"""


def part_of_key(key: SecretKey, environment: Iterable[str]) -> Part:
    """Return what a Secret key without a template holds, by the names that it goes by."""
    names = [*environment, key.name, *(remote.prop for remote in key.remotes if remote.prop not in ("", "value"))]
    names += [remote.path.rpartition("/")[2] for remote in key.remotes]
    for name in names:
        part = judge_name(name).part if name else Part.SECRET
        if part in (Part.USER, Part.PASSWORD, Part.DSN, Part.CONFIG):
            return part
    return Part.SECRET
