"""Secrets of the Vault Secrets Operator: VaultStaticSecret, VaultDynamicSecret and VaultPKISecret.

Source: hashicorp/vault-secrets-operator api/v1beta1/{common,vaultstaticsecret_types,vaultdynamicsecret_types,
vaultpkisecret_types}.go, helpers/secrets.go, controllers/vaultpkisecret_controller.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from injector.inventory.esotemplate import ALL, find_variables
from injector.inventory.sourcesbase import texts
from injector.inventory.vaultpath import tidy
from injector.manifests.document import Resource, items, mapping, text
from injector.manifests.yamldoc import Map
from injector.model import Remote, SecretKey, SecretSource, SourceKind, StoreRef
from injector.redact import redact

VSO_GROUP: Final = "secrets.hashicorp.com"

_RAW: Final = "_raw"
"""Key that holds the whole answer as JSON, unless ``excludeRaw``."""
_INPUT: Final = ("Secrets",)
"""Where a template finds the values: ``.Secrets.name``."""
_KINDS: Final = {
    "VaultStaticSecret": SourceKind.VAULT_STATIC_SECRET,
    "VaultDynamicSecret": SourceKind.VAULT_DYNAMIC_SECRET,
    "VaultPKISecret": SourceKind.VAULT_PKI_SECRET,
}
_PKI_FIELDS: Final = (
    "certificate", "private_key", "private_key_type", "issuing_ca", "ca_chain", "serial_number", "expiration",
)  # fmt: skip
_TLS_KEYS: Final = ("tls.crt", "tls.key")
_LOGIN: Final = re.compile(r"(?:creds|static-creds)/[^/]+\Z")
_NO_LOGIN: Final = re.compile(r"aws|gcp|azure|consul|nomad|terraform|kubernetes|alicloud", re.IGNORECASE)
"""Mounts of engines whose credentials are no user and password."""


def read_vault_operator(resource: Resource, root: str) -> list[SecretSource]:
    """Read one object of the operator; none when it makes no Secret or names none.

    `SecretSource.store` is its VaultAuth (``vaultAuthRef``; the operator's ``default`` when absent).
    """
    kind = _KINDS.get(text(resource.body.get("kind")))
    spec = mapping(resource.body, "spec")
    destination = mapping(spec, "destination")
    target = text(destination.get("name"))
    if kind is None or not target:
        return []
    store = StoreRef("VaultAuth", text(spec.get("vaultAuthRef")) or "default", "vault")
    where = spec.at("path") if "path" in spec else spec.at("role" if "role" in spec else None)
    remote = Remote(store, _request_path(kind, spec), "", where)
    metadata = mapping(resource.body, "metadata")
    return [
        SecretSource(
            kind=kind,
            ref=resource.ref,
            target=target,
            origin=resource.origin(root),
            keys=_read_keys(kind, destination, remote),
            secret_type=text(destination.get("type")),
            store=store,
            labels=texts(mapping(metadata, "labels")),
            annotations=texts(mapping(metadata, "annotations")),
            refresh_interval=text(spec.get("refreshAfter")),
        )
    ]


def _request_path(kind: SourceKind, spec: Map) -> str:
    mount, path = text(spec.get("mount")), text(spec.get("path"))
    if kind is SourceKind.VAULT_PKI_SECRET:
        issuer, role = text(spec.get("issuerRef")), text(spec.get("role"))
        return tidy(f"{mount}/issuer/{issuer}/issue/{role}" if issuer else f"{mount}/issue/{role}")
    if not path:
        return ""
    is_v2 = kind is SourceKind.VAULT_STATIC_SECRET and text(spec.get("type")) != "kv-v1"
    return tidy(f"{mount}/data/{path}" if is_v2 else f"{mount}/{path}")


def _read_keys(kind: SourceKind, destination: Map, remote: Remote) -> tuple[SecretKey, ...]:
    """Return the Secret's keys: fields that the filters let through, ``_raw``, then templates over both."""
    transformation = mapping(destination, "transformation")
    templates = mapping(transformation, "templates")
    has_references = bool(items(transformation, "transformationRefs"))
    found: dict[str, SecretKey] = {}
    for field in _fields(kind, destination, remote):
        if _is_kept(field, transformation):
            found[field] = SecretKey(field, (_part(remote, field),), location=remote.location)
    if transformation.get("excludeRaw") is not True and not _is_excluded_all(transformation):
        found[_RAW] = SecretKey(_RAW, (remote,), location=remote.location)
    if has_references:
        # SecretTransformations stand in other objects, and may add any key.
        where = transformation.at("transformationRefs")
        found[ALL] = SecretKey(ALL, (remote,), "", (ALL,), where)
    for name, template in templates.items():
        source = text(mapping(template).get("text"))
        uses = find_variables(source, _INPUT)
        remotes = tuple(dict.fromkeys(_part(remote, variable) for variable in uses.variables))
        found.pop(name, None)
        found[name] = SecretKey(name, remotes, redact(source), uses.variables, templates.at(name))
    return tuple(found.values())


def _part(remote: Remote, field: str) -> Remote:
    if field == ALL:
        return remote
    if field in _TLS_KEYS and remote.path.rpartition("/")[0].endswith("issue"):
        field = "certificate" if field == "tls.crt" else "private_key"
    return Remote(remote.store, remote.path, field, remote.location)


def _fields(kind: SourceKind, destination: Map, remote: Remote) -> tuple[str, ...]:
    """Return the fields that Vault answers with, ``*`` when only Vault knows."""
    if kind is SourceKind.VAULT_PKI_SECRET:
        is_tls = text(destination.get("type")) == "kubernetes.io/tls"
        # Versions differ in whether a template keeps tls.crt and tls.key from being made; a Secret of this type
        # without them is refused by the API server, so they are there either way.
        return (*_TLS_KEYS, *_PKI_FIELDS) if is_tls else _PKI_FIELDS
    mount, _, path = remote.path.partition("/")
    if kind is SourceKind.VAULT_DYNAMIC_SECRET and _LOGIN.match(path) and not _NO_LOGIN.search(mount):
        return ("username", "password")
    return (ALL,)


def _is_kept(field: str, transformation: Map) -> bool:
    """Tell whether ``excludes`` and then ``includes`` let a field through.

    Both are regular expressions, and a pattern that is no valid one lets everything through.
    """
    if field == ALL:
        return not _is_excluded_all(transformation)
    if field in _TLS_KEYS:
        return True
    if _matches(field, items(transformation, "excludes")):
        return False
    includes = items(transformation, "includes")
    return not includes or _matches(field, includes)


def _is_excluded_all(transformation: Map) -> bool:
    return any(text(pattern) in (".*", "^.*$", ".+") for pattern in items(transformation, "excludes"))


def _matches(field: str, patterns: Iterable[object]) -> bool:
    for pattern in patterns:
        try:
            if isinstance(pattern, str) and re.search(pattern, field):
                return True
        except re.error:
            continue
    return False
