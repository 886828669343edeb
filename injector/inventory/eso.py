"""ExternalSecrets: which Secret they make, of which keys, from which remote values.

The rules are ESO's own (v2.9.0). Stores are read by `injector.inventory.esostore`; what an ExternalSecret fetches by
`injector.inventory.esodata`, what its template makes of it by `injector.inventory.esokeys`. Nothing in here decides
what a credential is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from injector.inventory.esodata import Fetched, read_fetched
from injector.inventory.esokeys import ConfigMapLookup, read_keys
from injector.inventory.esopush import Push, read_push_secret
from injector.inventory.esostore import ESO_GROUP, StoreIndex, read_store, resolve, store_ref
from injector.inventory.sourcesbase import texts
from injector.location import Location
from injector.manifests.document import Resource, api_group, items, mapping, text
from injector.manifests.yamldoc import Map, Value
from injector.model import Finding, ObjectRef, SecretKey, SecretSource, SourceKind

__all__ = [
    "ConfigMapLookup",
    "Push",
    "StoreIndex",
    "read_external_secret",
    "read_push_secret",
    "read_store",
    "resolve",
]

MANIFEST_TYPE: Final = "manifest:"
"""Start of `SecretSource.secret_type` when ``target.manifest`` makes something else than a Secret."""

_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_UNSERVED: Final = frozenset({"v1alpha1", "v1beta1"})
_NOT_WITH_DELETE: Final = frozenset({"Merge", "None", "CreateOrMerge", "Orphan"})


@dataclass(frozen=True, slots=True)
class _Spec:
    """One ExternalSecret as the operator sees it, whichever object it is written in.

    Attributes:
        kind, ref: what the user wrote; `ref.namespace` is the one that the Secret lands in.
        name: metadata.name of the ExternalSecret itself.
        body: its ``spec``.
        where: the line of that spec.
    """

    kind: SourceKind
    ref: ObjectRef
    name: str
    body: Map
    where: Location
    namespaces: tuple[str, ...] = ()
    chooses_more: bool = False


def read_external_secret(
    resource: Resource,
    root: str,
    stores: StoreIndex,
    *,
    config_map: ConfigMapLookup | None = None,
) -> tuple[list[SecretSource], list[Finding]]:
    """Read an ExternalSecret, or a ClusterExternalSecret, which yields one source per namespace that it names.

    Args:
        resource: the object; of another kind nothing is returned.
        root: id of the root that deploys it.
        stores: stores by which remote paths are composed; with an empty index they stay as written, until
            `resolve` is called.
        config_map: finds ConfigMaps of the same build, for ``templateFrom``.

    Returns:
        The sources, and findings: ``eso-no-data``, ``eso-empty-remote-key``, ``eso-duplicate-secret-key``,
        ``eso-template-missing-variable``, ``eso-unserved-version``, ``eso-deletion-policy-conflict``,
        ``eso-immutable-target``, ``vault-dynamic-path-in-kv``. Never raises, whatever the shape.

    Source: external-secrets apis/externalsecrets/v1/externalsecret_types.go,
    clusterexternalsecret_types.go@v2.9.0.
    """
    if api_group(resource.body) != ESO_GROUP:
        return [], []
    sources: list[SecretSource] = []
    findings: dict[Finding, None] = {}
    for spec in _iter_specs(resource):
        if not spec.name:
            continue
        source, found = _read_spec(spec, resource, root, config_map)
        composed, more = resolve(source, stores)
        sources.append(composed)
        findings.update(dict.fromkeys([*found, *more]))
    if sources:
        findings.update(dict.fromkeys(_iter_version(resource.body)))
    return sources, list(findings)


def _iter_version(body: Map) -> Iterator[Finding]:
    version = text(body.get("apiVersion")).rpartition("/")[2]
    if version in _UNSERVED:
        same = "the fields are the same" if version == "v1beta1" else "where dataFrom entries are under extract"
        message = f"{ESO_GROUP}/{version} is not served since External Secrets Operator 0.17: use v1, {same}"
        yield Finding("eso-unserved-version", message, body.at("apiVersion"))


def _iter_specs(resource: Resource) -> Iterator[_Spec]:
    body, ref = resource.body, resource.ref
    spec = mapping(body, "spec")
    if ref.kind == SourceKind.EXTERNAL_SECRET:
        yield _Spec(SourceKind.EXTERNAL_SECRET, ref, ref.name, spec, body.at("spec"))
    elif ref.kind == SourceKind.CLUSTER_EXTERNAL_SECRET:
        name = text(spec.get("externalSecretName")) or ref.name
        inner = mapping(spec, "externalSecretSpec")
        where = spec.at("externalSecretSpec") if "externalSecretSpec" in spec else body.at("spec")
        names, chooses_more = _namespaces(spec)
        for namespace in names or ("",):
            own = ObjectRef(ref.kind, namespace, ref.name)
            yield _Spec(SourceKind.CLUSTER_EXTERNAL_SECRET, own, name, inner, where, names, chooses_more)


def _namespaces(spec: Map) -> tuple[tuple[str, ...], bool]:
    """Return the namespaces that a ClusterExternalSecret names, and whether it may choose others by other labels.

    All that a selector asks for must hold, so that one which names namespaces chooses no others; an empty one chooses all.
    """
    found: dict[str, None] = {}
    for name in items(spec, "namespaces"):
        if text(name):
            found[text(name)] = None
    single = spec.get("namespaceSelector")
    selectors: list[Value] = [*([] if single is None else [single]), *items(spec, "namespaceSelectors")]
    chooses_more = False
    for selector in selectors:
        named = list(_selected(selector))
        found.update(dict.fromkeys(named))
        chooses_more = chooses_more or not named
    return tuple(found), chooses_more


def _selected(selector: Value) -> Iterator[str]:
    name = text(mapping(selector, "matchLabels").get(_NAMESPACE_LABEL))
    if name:
        yield name
    for one in items(selector, "matchExpressions"):
        expression = mapping(one)
        if text(expression.get("key")) == _NAMESPACE_LABEL and text(expression.get("operator")) == "In":
            yield from (text(value) for value in items(expression, "values") if text(value))


def _read_spec(
    spec: _Spec, resource: Resource, root: str, lookup: ConfigMapLookup | None
) -> tuple[SecretSource, list[Finding]]:
    target = mapping(spec.body, "target")
    store = store_ref(mapping(spec.body, "secretStoreRef"))
    fetched = read_fetched(spec.body, store)
    keys, findings = read_keys(target, fetched, spec.ref.namespace, lookup)
    metadata = mapping(resource.body, "metadata")
    source = SecretSource(
        kind=spec.kind,
        ref=spec.ref,
        target=text(target.get("name")) or spec.name,
        origin=resource.origin(root),
        keys=keys,
        secret_type=_secret_type(target),
        store=store,
        labels=texts(mapping(metadata, "labels")),
        annotations=texts(mapping(metadata, "annotations")),
        secret_labels=texts(mapping(mapping(mapping(target, "template"), "metadata"), "labels")),
        creation_policy=text(target.get("creationPolicy")) or "Owner",
        deletion_policy=text(target.get("deletionPolicy")),
        refresh_policy=text(spec.body.get("refreshPolicy")),
        refresh_interval=text(spec.body.get("refreshInterval")),
        namespaces=spec.namespaces,
        chooses_more=spec.chooses_more,
        variables=fetched.variables(),
        extracts=fetched.extracts(),
    )
    return source, [*_iter_findings(spec, target, fetched, keys), *fetched.findings, *findings]


def _secret_type(target: Map) -> str:
    manifest = mapping(target, "manifest")
    if manifest:
        # Nothing in the model says "no Secret at all"; a type that no Secret can have does.
        return f"{MANIFEST_TYPE}{text(manifest.get('apiVersion'))}/{text(manifest.get('kind'))}"
    return text(mapping(target, "template").get("type"))


def _iter_findings(spec: _Spec, target: Map, fetched: Fetched, keys: tuple[SecretKey, ...]) -> Iterator[Finding]:
    creation = text(target.get("creationPolicy")) or "Owner"
    deletion = text(target.get("deletionPolicy"))
    if not items(spec.body, "data") and not items(spec.body, "dataFrom"):
        message = "has neither data nor dataFrom: the operator's webhook refuses it"
        yield Finding("eso-no-data", message, spec.where)
    elif not keys and not fetched.findings:
        message = "nothing in data and dataFrom can be read: the Secret has no keys"
        yield Finding("eso-no-data", message, spec.where)
    if deletion == "Delete" and creation in _NOT_WITH_DELETE:
        how = "fails at run time" if creation == "Orphan" else "is refused by the operator's webhook"
        message = f"deletionPolicy Delete with creationPolicy {creation} {how}"
        yield Finding("eso-deletion-policy-conflict", message, target.at("deletionPolicy"))
    elif deletion == "Merge" and creation == "None":
        message = "deletionPolicy Merge with creationPolicy None is refused by the operator's webhook"
        yield Finding("eso-deletion-policy-conflict", message, target.at("deletionPolicy"))
    if target.get("immutable") is True:
        message = "target.immutable: the Secret's data is never written again, so the store's changes do not arrive"
        yield Finding("eso-immutable-target", message, target.at("immutable"))
