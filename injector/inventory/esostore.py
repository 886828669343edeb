"""Stores and generators of External Secrets Operator: where values come from, and how to look them up.

Whose key an ExternalSecret's entry reads is decided in `injector.inventory.esodata`; this module only knows stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from injector.inventory.vaultpath import find_path, is_dynamic_path, is_issued, request_path, tidy
from injector.manifests.document import Resource, api_group, mapping, text
from injector.manifests.yamldoc import Map, Value
from injector.model import Finding, Remote, SecretKey, SecretSource, Store, StoreRef
from injector.redact import redact

ESO_GROUP: Final = "external-secrets.io"
GENERATOR_GROUP: Final = "generators.external-secrets.io"
UNKNOWN: Final = "unknown"
"""Provider of a store that has not been looked up, or is not in the tree."""
GENERATOR: Final = "generator"
"""Provider of values that a generator makes."""
FIND: Final = "/*"
"""End of a remote path that stands for everything below a folder (``dataFrom.find``)."""

_CLUSTER_KINDS: Final = frozenset({"ClusterSecretStore", "ClusterGenerator"})
_STORE_KINDS: Final = frozenset({"SecretStore", "ClusterSecretStore"})
_MAX_DEPTH: Final = 12
"""Providers nest their references at most six levels deep."""

GENERATOR_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "ACRAccessToken": ("username", "password"),
    "BeyondtrustWorkloadCredentialsDynamicSecret": (),
    "CloudsmithAccessToken": ("auth", "expiry"),
    "ECRAuthorizationToken": ("username", "password", "proxy_endpoint", "expires_at"),
    "Fake": (),
    "GCRAccessToken": ("username", "password", "expiry"),
    "GithubAccessToken": ("token",),
    "Grafana": ("login", "token"),
    "MFA": ("token", "timeRemaining"),
    "Password": ("password",),
    "QuayAccessToken": ("registry", "auth", "expiry"),
    "SSHKey": ("privateKey", "publicKey"),
    "STSSessionToken": ("access_key_id", "secret_access_key", "session_token", "expiration"),
    "UUID": ("uuid",),
    "VaultDynamicSecret": (),
    "Webhook": (),
}
"""Generator kind -> the keys it yields; empty where they depend on what answers.

Source: external-secrets pkg/generator/*/*.go, the maps that ``Generate`` returns.
"""


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """Stores and generators by (kind, namespace, name), for the composition of remote paths.

    Attributes:
        stores: the namespace is empty for ClusterSecretStores and ClusterGenerators.
    """

    stores: Mapping[tuple[str, str, str], Store] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> StoreIndex:
        """Return an index without stores: remote paths stay as written until `resolve` is called."""
        return cls()

    @classmethod
    def of(cls, stores: Iterable[Store]) -> StoreIndex:
        """Index stores; of two with the same identity the first one stays."""
        found: dict[tuple[str, str, str], Store] = {}
        for store in stores:
            found.setdefault((store.ref.kind, store.ref.namespace, store.ref.name), store)
        return cls(found)

    @classmethod
    def of_cluster(cls, stores: Iterable[Store], cluster: str, clusters: Mapping[str, str]) -> StoreIndex:
        """Index stores as a cluster sees them: its own first, which others may have by the same name.

        Args:
            stores: all stores of the tree.
            cluster: whose index it is, empty for what belongs to no cluster in particular.
            clusters: root id -> its cluster.
        """
        return cls.of(sorted(stores, key=lambda one: clusters.get(one.origin.root, "") != cluster))

    def find(self, kind: str, namespace: str, name: str) -> Store | None:
        """Return the store that an ExternalSecret in `namespace` means, None when it is not in the tree."""
        return self.stores.get((kind, "" if kind in _CLUSTER_KINDS else namespace, name))


def read_store(resource: Resource, root: str) -> Store | None:
    """Read a SecretStore, a ClusterSecretStore or a generator; None for anything else.

    A generator becomes a store of provider ``generator``; `Store.mount` is then the whole path that a
    VaultDynamicSecret reads. `Store.auth_secrets` are (namespace, name) of every Secret needed to reach the provider,
    its CA included; the namespace is empty when a cluster-wide store leaves it to the ExternalSecret's.

    Source: external-secrets apis/externalsecrets/v1/secretstore_types.go and secretstore_vault_types.go@v2.9.0.
    """
    body = resource.body
    group = api_group(body)
    ref = resource.ref
    if group == GENERATOR_GROUP:
        return _read_generator(resource, root)
    if group != ESO_GROUP or ref.kind not in _STORE_KINDS:
        return None
    is_cluster = ref.kind in _CLUSTER_KINDS
    providers = mapping(mapping(body, "spec"), "provider")
    provider = next(iter(providers), UNKNOWN)
    own = mapping(providers, provider)
    namespace = "" if is_cluster else ref.namespace
    is_vault = provider == "vault"
    return Store(
        ref=replace(ref, namespace=namespace),
        provider=provider,
        origin=resource.origin(root),
        server=redact(text(own.get("server"))),
        mount=text(own.get("path")) if is_vault else "",
        version=(text(own.get("version")) or "v2") if is_vault else "",
        auth_secrets=_auth_secrets(own, namespace),
        namespace=_own_namespace(own) if provider == "kubernetes" else "",
    )


def _own_namespace(provider: Map) -> str:
    """Return the namespace of the operator's own cluster that a store of provider ``kubernetes`` speaks of.

    Source: https://external-secrets.io/latest/provider/kubernetes/ (the server is kubernetes.default, the namespace default).
    """
    url = text(mapping(provider, "server").get("url"))
    return "" if url and "kubernetes.default" not in url else text(provider.get("remoteNamespace")) or "default"


def _read_generator(resource: Resource, root: str) -> Store:
    ref = resource.ref
    spec = mapping(resource.body, "spec")
    is_cluster = ref.kind in _CLUSTER_KINDS
    if is_cluster:
        # ClusterGenerator: spec.generator.<kind>Spec holds what the namespaced kind has as spec.
        inner = mapping(spec, "generator")
        spec = mapping(next((value for value in inner.values() if isinstance(value, Map)), None))
    vault = mapping(spec, "provider")
    namespace = "" if is_cluster else ref.namespace
    return Store(
        ref=replace(ref, namespace=namespace),
        provider=GENERATOR,
        origin=resource.origin(root),
        server=redact(text(vault.get("server"))),
        mount=tidy(text(spec.get("path"))),
        version="",
        auth_secrets=_auth_secrets(spec, namespace),
    )


def _auth_secrets(provider: Map, namespace: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(set(_iter_secrets(provider, "", namespace, 0))))


def _iter_secrets(value: Value, key: str, namespace: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield every reference to a Secret below a provider.

    All providers refer by ``{name, key, namespace}``, most under a key that ends in SecretRef; a CA may as well come
    from a ConfigMap, which says so in ``type``.
    """
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _iter_secrets(item, key, namespace, depth + 1)
        return
    if not isinstance(value, Map):
        return
    name = text(value.get("name"))
    has_key = isinstance(value.get("key"), str) or key.lower().endswith("secretref")
    if name and has_key and text(value.get("type")) != "ConfigMap":
        yield text(value.get("namespace")) or namespace, name
    for child, inner in value.items():
        yield from _iter_secrets(inner, child, namespace, depth + 1)


def resolve(source: SecretSource, stores: StoreIndex) -> tuple[SecretSource, list[Finding]]:
    """Compose the remote paths of a source that was read before its stores were known.

    What has been composed stays as it is, so calling it twice changes nothing.

    Returns:
        The source with providers and request paths filled in, and ``vault-dynamic-path-in-kv`` findings.
    """
    namespace = source.ref.namespace
    findings: dict[Finding, None] = {}
    keys = tuple(_resolve_key(key, namespace, stores, findings) for key in source.keys)
    store = source.store
    if store is not None and store.provider == UNKNOWN:
        found = stores.find(store.kind, namespace, store.name)
        store = replace(store, provider=found.provider) if found else store
    if keys == source.keys and store == source.store:
        return source, []
    # The same remotes as those of the keys: what is wrong with them has been said.
    said: dict[Finding, None] = {}
    variables = tuple((name, resolve_remote(one, namespace, stores, said)) for name, one in source.variables)
    extracts = tuple(
        replace(one, remote=resolve_remote(one.remote, namespace, stores, said)) for one in source.extracts
    )
    return replace(source, keys=keys, store=store, variables=variables, extracts=extracts), list(findings)


def _resolve_key(key: SecretKey, namespace: str, stores: StoreIndex, findings: dict[Finding, None]) -> SecretKey:
    remotes = tuple(resolve_remote(remote, namespace, stores, findings) for remote in key.remotes)
    return key if remotes == key.remotes else replace(key, remotes=remotes)


def resolve_remote(remote: Remote, namespace: str, stores: StoreIndex, findings: dict[Finding, None]) -> Remote:
    """Compose one remote's path; it stays as written while its store is unknown."""
    own = remote.store
    if own.provider == GENERATOR:
        found = stores.find(own.kind, namespace, own.name)
        return replace(remote, path=found.mount) if found and found.mount and not remote.path else remote
    if own.provider != UNKNOWN:
        return remote
    found = stores.find(own.kind, namespace, own.name)
    if found is None:
        return remote
    path, kv = remote.path, ""
    if found.provider == "vault" and path:
        kv = found.version
        if path.endswith(FIND):
            path = find_path(found.mount, path[: -len(FIND)], found.version)
        else:
            _check_dynamic(remote, found, findings)
            path = request_path(found.mount, path, found.version)
    return replace(remote, store=StoreRef(own.kind, own.name, found.provider), path=path, kv=kv)


def _check_dynamic(remote: Remote, store: Store, findings: dict[Finding, None]) -> None:
    if not is_dynamic_path(store.mount, remote.path):
        return
    asked = request_path(store.mount, remote.path, store.version)
    if is_issued(asked):
        # Fact 7 of ESO: every data entry is a read, hence a lease, of its own, and the login is revoked at the end.
        message = (
            f"{asked} issues credentials, and ESO reads it once for every entry: user and password come from "
            "different leases, which are revoked with the login; have them rendered by the Vault Agent instead"
        )
    else:
        message = (
            f"{remote.path} looks like a path that issues credentials, but {store.ref.kind} {store.ref.name} "
            f"reads KV and asks for {asked}: a broken reference"
        )
    findings[Finding("vault-dynamic-path-in-kv", message, remote.location)] = None


def store_ref(value: Map, default: StoreRef | None = None) -> StoreRef | None:
    """Read ``{kind, name}`` of a store; an empty kind means SecretStore.

    Source: external-secrets apis/externalsecrets/v1/externalsecret_types.go:25-37@v2.9.0.
    """
    name = text(value.get("name"))
    return StoreRef(text(value.get("kind")) or "SecretStore", name) if name else default
