"""Tools that copy Secrets from namespace to namespace: emberstack's Reflector and mittwald's replicator.

A copy is a Secret of its own that follows another one, so whoever copies needs the Secret object itself.

Source: https://github.com/emberstack/kubernetes-reflector, https://github.com/mittwald/kubernetes-replicator
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from injector.location import Location
from injector.manifests.document import Resource, api_group, mapping, text
from injector.manifests.yamldoc import Map
from injector.model import Consumer, How, ObjectRef

EVERYWHERE: Final = "*"
"""Namespace of a copy when the tool copies to all of them."""

_REFLECTOR: Final = "reflector.v1.k8s.emberstack.com/"
_REPLICATOR: Final = "replicator.v1.mittwald.de/"
_PULL: Final = (f"{_REFLECTOR}reflects", f"{_REPLICATOR}replicate-from")
_TRUE: Final = "true"


def read_copies(resource: Resource, root: str) -> list[Consumer]:
    """Return the copies that annotations of `resource`, or of the Secret it makes, ask for.

    `Consumer.ref` is the copy: a Secret in the namespace where it lands, which may be a pattern as the tool takes it
    (``app-.*``), or ``*`` for all; `Consumer.secret` and `Consumer.secret_namespace` say what is copied,
    `Consumer.path` by which annotation. Permission to copy alone (``reflection-allowed``) copies nothing.
    """
    return list(_iter_copies(resource, root))


def _iter_copies(resource: Resource, root: str) -> Iterator[Consumer]:
    made = _made_secret(resource)
    if made is None:
        return
    name, annotations = made
    namespace = resource.ref.namespace
    for annotation in _PULL:
        value = text(annotations.get(annotation))
        if value:
            # Without a namespace the replicator takes the copy's own.
            source_namespace, _, source = value.rpartition("/")
            own = ObjectRef("Secret", namespace, name)
            where = annotations.at(annotation)
            yield _copy(resource, root, own, (source_namespace or namespace, source), (annotation, where))
    for annotation, target in _pushes(annotations):
        own = ObjectRef("Secret", target, name)
        yield _copy(resource, root, own, (namespace, name), (annotation, annotations.at(annotation)))


def _copy(
    resource: Resource, root: str, own: ObjectRef, source: tuple[str, str], annotation: tuple[str, Location]
) -> Consumer:
    return Consumer(
        ref=own,
        secret=source[1],
        how=How.COPY,
        origin=resource.origin(root),
        location=annotation[1],
        path=annotation[0],
        secret_namespace=source[0],
    )


def _pushes(annotations: Map) -> Iterator[tuple[str, str]]:
    """Yield (annotation, namespace) of every copy that the source itself asks for."""
    auto = f"{_REFLECTOR}reflection-auto-enabled"
    if text(annotations.get(auto)).lower() == _TRUE:
        chosen = f"{_REFLECTOR}reflection-auto-namespaces"
        # An empty list means all namespaces that reflection-allowed-namespaces permits.
        permitted = f"{_REFLECTOR}reflection-allowed-namespaces"
        for name in (chosen, permitted):
            targets = _split(text(annotations.get(name)))
            if targets:
                yield from ((name, target) for target in targets)
                break
        else:
            yield auto, EVERYWHERE
    for name in (f"{_REPLICATOR}replicate-to", f"{_REPLICATOR}replicate-to-matching"):
        value = text(annotations.get(name))
        if name.endswith("matching"):
            if value:
                yield name, EVERYWHERE  # by labels of namespaces, which are not known
        else:
            for target in _split(value):
                yield name, target.partition("/")[0]


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _made_secret(resource: Resource) -> tuple[str, Map] | None:
    """Return name and annotations of the Secret that a resource is or makes; None when it makes none."""
    body = resource.body
    group, kind = api_group(body), text(body.get("kind"))
    spec, name = mapping(body, "spec"), resource.ref.name
    if not group and kind == "Secret":
        return name, mapping(mapping(body, "metadata"), "annotations")
    if kind == "ExternalSecret":
        target = mapping(spec, "target")
        template = mapping(target, "template")
        # Without a template ESO copies the ExternalSecret's own annotations (externalsecret_controller_template.go:147).
        owner = mapping(template, "metadata") if "template" in target else mapping(body, "metadata")
        return text(target.get("name")) or name, mapping(owner, "annotations")
    if kind in ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"):
        destination = mapping(spec, "destination")
        return text(destination.get("name")), mapping(destination, "annotations")
    if kind == "SealedSecret":
        return name, mapping(mapping(mapping(spec, "template"), "metadata"), "annotations")
    if kind == "Certificate":
        return text(spec.get("secretName")), mapping(mapping(spec, "secretTemplate"), "annotations")
    return None
