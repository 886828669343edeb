"""Consumers of one object that is no Helm release: the generic walk, and the few kinds that need words of their own."""

from __future__ import annotations

from typing import Final

from injector.inventory.consumers_fields import FieldWalk
from injector.inventory.consumers_kinds import reads_nothing, rules_of
from injector.inventory.consumers_reader import Named, Reader, Use
from injector.inventory.podspec import read_items
from injector.manifests.document import api_group, items, mapping, text
from injector.manifests.yamldoc import Map
from injector.model import Consumer, How

_HEAD: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
_ESO_GROUP: Final = "external-secrets.io"

_INGRESS_ANNOTATIONS: Final = (
    ("nginx.ingress.kubernetes.io/auth-secret", How.CUSTOM_RESOURCE),
    ("nginx.ingress.kubernetes.io/auth-tls-secret", How.INGRESS_TLS),
    ("nginx.ingress.kubernetes.io/proxy-ssl-secret", How.INGRESS_TLS),
    ("haproxy.org/auth-secret", How.CUSTOM_RESOURCE),
    ("haproxy-ingress.github.io/auth-secret", How.CUSTOM_RESOURCE),
)
"""Annotations by which an Ingress names a Secret, as ``name`` or ``namespace/name``.

Source: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/ and the two
HAProxy controllers' own lists.
"""


def read_object(body: Map, reader: Reader) -> list[Consumer]:
    """Return what an object reads, Helm values excepted; raises for nothing that YAML can hold."""
    kind = text(body.get("kind"))
    group = api_group(body)
    if reads_nothing(kind, group):
        return []
    if group == _ESO_GROUP and kind in _ESO_READERS:
        return _ESO_READERS[kind](body, reader)
    if kind in ("StorageClass", "VolumeSnapshotClass"):
        return _read_class_parameters(mapping(body, "parameters"), reader)
    walk = FieldWalk(reader, rules_of(kind, group))
    for key, value in body.items():
        if key not in _HEAD:
            walk.read(body, key, value)
    if kind == "Ingress":
        walk.found += read_ingress_annotations(mapping(mapping(body, "metadata"), "annotations"), reader)
    return walk.found


def read_ingress_annotations(annotations: Map, reader: Reader) -> list[Consumer]:
    """Read the annotations that name a Secret for an ingress controller."""
    found = []
    for key, how in _INGRESS_ANNOTATIONS:
        value = annotations.get(key)
        if not isinstance(value, str):
            continue
        namespace, _, name = value.rpartition("/")
        secret = reader.name_of(name)
        if secret:
            named = Named(secret, annotations.at(key), namespace=reader.name_of(namespace))
            found.append(reader.consumer(Use(named, how, path=f"metadata.annotations.{key}")))
    return found


def _read_class_parameters(parameters: Map, reader: Reader) -> list[Consumer]:
    """Read ``csi.storage.k8s.io/…-secret-name`` and the namespace that stands beside it.

    Source: https://kubernetes-csi.github.io/docs/secrets-and-credentials-storage-class.html.
    """
    found = []
    for key, value in parameters.items():
        if key.endswith("secret-name") and reader.name_of(value):
            namespace = reader.name_of(parameters.get(f"{key.removesuffix('name')}namespace"))
            named = Named(reader.name_of(value), parameters.at(key), namespace=namespace)
            found.append(reader.consumer(Use(named, How.CUSTOM_RESOURCE, path=f"parameters.{key}")))
    return found


def _read_push_secret(_body: Map, _reader: Reader) -> list[Consumer]:
    """Return nothing: `injector.inventory.esopush` reads what is pushed, with the path it is pushed to."""
    return []


def _read_external_secret(body: Map, reader: Reader) -> list[Consumer]:
    """Read the Secrets whose keys an ExternalSecret takes for templates.

    Source: external-secrets apis/externalsecrets/v1 ``TemplateFrom``.
    """
    spec = mapping(body, "spec")
    spec = mapping(spec, "externalSecretSpec") or spec
    found = []
    for entry in items(mapping(mapping(spec, "target"), "template"), "templateFrom"):
        secret = mapping(entry, "secret")
        named = reader.named(secret)
        if named is not None:
            for key, _ in read_items(secret.get("items")) or (("", ""),):
                one = Named(named.secret, named.location, key)
                path = "spec.target.template.templateFrom.secret"
                found.append(reader.consumer(Use(one, How.TEMPLATE_FROM, path=path)))
    return found


_ESO_READERS: Final = {
    "PushSecret": _read_push_secret,
    "ClusterPushSecret": _read_push_secret,
    "ExternalSecret": _read_external_secret,
    "ClusterExternalSecret": _read_external_secret,
}
