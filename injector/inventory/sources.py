"""Who makes Secrets, External Secrets Operator aside: plain and encrypted Secrets, Vault's operator, other operators.

A Secret's values are never kept. The exceptions are what is no value: an empty one, one that is nothing but
``${VAR}`` references, and the scheme of a connection string, which tells what the credential is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from injector.inventory.esotemplate import find_variables
from injector.inventory.operators import read_operator
from injector.inventory.sourcesbase import texts
from injector.inventory.sourcescopy import read_copies
from injector.inventory.sourcesvso import VSO_GROUP, read_vault_operator
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.inline import may_hold_encoded, may_hold_secret
from injector.manifests.yamldoc import Map, Value
from injector.model import SecretKey, SecretSource, SourceKind
from injector.redact import REDACTED, redact

__all__ = ["read_copies", "read_sources"]

_DSN: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{1,30}(?::[A-Za-z][A-Za-z0-9+.-]{1,30})?)://\S")
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_]\w*)(?::?[-=][^}]*)?\}")
_ONLY_REFERENCES: Final = re.compile(r"\s*(?:\$\{[A-Za-z_]\w*(?::?[-=][^}]*)?\}[-:@/._ ]?)+\s*\Z")
_GENERATE: Final = "secret-generator.v1.mittwald.de/autogenerate"
"""Annotation that names the keys which kubernetes-secret-generator fills.

Source: https://github.com/mittwald/kubernetes-secret-generator
"""
_FROM: Final = ("replicator.v1.mittwald.de/replicate-from", "reflector.v1.k8s.emberstack.com/reflects")
_SEALED_GROUP: Final = "bitnami.com"
_SOPS_GROUP: Final = "isindir.github.com"


def read_sources(resource: Resource, root: str) -> list[SecretSource]:
    """Return the Secrets that `resource` makes, or makes an operator write.

    External Secrets Operator's kinds are read by `injector.inventory.eso`. Never raises, whatever the shape.

    Args:
        resource: any object.
        root: id of the root that deploys it.
    """
    body = resource.body
    group, kind = api_group(body), text(body.get("kind"))
    if not group:
        return [_read_secret(resource, root)] if kind == "Secret" and resource.ref.name else []
    if group == VSO_GROUP:
        return read_vault_operator(resource, root)
    if group == _SEALED_GROUP and kind == "SealedSecret":
        return _read_sealed(resource, root)
    if group == _SOPS_GROUP and kind == "SopsSecret":
        return _read_sops_secret(resource, root)
    return read_operator(resource, root)


def _read_secret(resource: Resource, root: str) -> SecretSource:
    body = resource.body
    kind = SourceKind.SECRET
    if isinstance(body.get("sops"), Map):
        kind = SourceKind.SOPS
    elif resource.is_generated:
        kind = SourceKind.GENERATOR
    keys = {key.name: key for key in _iter_keys(mapping(body, "data"), is_text=False)}
    if kind is SourceKind.GENERATOR:  # the build has looked already, and keeps a placeholder where it may be secret
        marks = mapping(body, "data")
        keys = {name: replace(key, is_inline=marks[name] == REDACTED) for name, key in keys.items()}
    # stringData is written over data: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
    keys.update({key.name: key for key in _iter_keys(mapping(body, "stringData"), is_text=kind is SourceKind.SECRET)})
    annotations = texts(mapping(mapping(body, "metadata"), "annotations"))
    where = mapping(body, "metadata").at("annotations")
    for name in annotations.get(_GENERATE, "").split(","):
        if name.strip() and annotations[_GENERATE] not in ("true", "yes"):
            keys.setdefault(name.strip(), SecretKey(name.strip(), location=where))
    if any(name in annotations for name in _FROM):
        keys.setdefault("*", SecretKey("*", location=where))
    return _source(resource, root, kind, resource.ref.name, list(keys.values()), text(body.get("type")))


def _iter_keys(data: Map, *, is_text: bool) -> Iterator[SecretKey]:
    for name, value in data.items():
        is_inline = (may_hold_secret if is_text else may_hold_encoded)(name, text(value))
        yield SecretKey(name, template=_harmless(value) if is_text else "", location=data.at(name), is_inline=is_inline)


def _harmless(value: Value) -> str:
    """Return what may be kept of a value that stands in Git as plain text."""
    literal = text(value)
    dsn = _DSN.match(literal)
    if dsn:
        return f"{dsn[1]}://{REDACTED}"
    if _ONLY_REFERENCES.match(literal):
        # A default (``${VAR:=value}``) is a value and goes.
        return _REFERENCE.sub(r"${\1}", literal).strip()
    return ""


def _read_sealed(resource: Resource, root: str) -> list[SecretSource]:
    """Read a SealedSecret: its keys are known, its values are encrypted; a template may add more.

    Source: https://github.com/bitnami-labs/sealed-secrets pkg/apis/sealedsecrets/v1alpha1/types.go
    """
    spec = mapping(resource.body, "spec")
    template = mapping(spec, "template")
    encrypted, data = mapping(spec, "encryptedData"), mapping(template, "data")
    keys = {name: SecretKey(name, location=encrypted.at(name)) for name in encrypted}
    for name, value in data.items():
        uses = find_variables(text(value))
        keys[name] = SecretKey(name, (), redact(text(value)), uses.variables, data.at(name))
    if not resource.ref.name:
        return []
    return [
        _source(
            resource, root, SourceKind.SEALED_SECRET, resource.ref.name, list(keys.values()), text(template.get("type"))
        )
    ]


def _read_sops_secret(resource: Resource, root: str) -> list[SecretSource]:
    """Read a SopsSecret, which makes one Secret per template.

    Source: https://github.com/isindir/sops-secrets-operator api/v1alpha3/sopssecret_types.go
    """
    sources: list[SecretSource] = []
    for one in items(mapping(resource.body, "spec"), "secretTemplates"):
        template = mapping(one)
        name = text(template.get("name"))
        if name:
            pairs = [*mapping(template, "data").items(), *mapping(template, "stringData").items()]
            where = {key: mapping(template, "data").at(key) for key in mapping(template, "data")}
            where.update({key: mapping(template, "stringData").at(key) for key in mapping(template, "stringData")})
            keys = [SecretKey(key, location=where[key]) for key in dict(pairs)]
            sources.append(_source(resource, root, SourceKind.SOPS, name, keys, text(template.get("type"))))
    return sources


def _source(
    resource: Resource, root: str, kind: SourceKind, target: str, keys: list[SecretKey], secret_type: str
) -> SecretSource:
    metadata = mapping(resource.body, "metadata")
    return SecretSource(
        kind=kind,
        ref=resource.ref,
        target=target,
        origin=resource.origin(root),
        keys=tuple(keys),
        secret_type=secret_type,
        labels=texts(mapping(metadata, "labels")),
        annotations=texts(mapping(metadata, "annotations")),
    )
