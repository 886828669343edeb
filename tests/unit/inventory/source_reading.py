"""Short ways from YAML text to Secrets' makers, for the tests of this folder."""

from __future__ import annotations

import textwrap

from injector.inventory.eso import ConfigMapLookup, StoreIndex, read_external_secret, read_store
from injector.inventory.sources import read_sources
from injector.model import Finding, SecretKey, SecretSource
from tests.unit.inventory.reading import resource_of

VAULT = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec: {provider: {vault: {server: "https://vault:8200", path: secret, version: v2}}}
"""


def index_of(*texts: str) -> StoreIndex:
    """Index the stores of these manifests."""
    stores = [read_store(resource_of(text), "files") for text in texts]
    return StoreIndex.of(store for store in stores if store is not None)


def external(spec: str, name: str = "app", namespace: str = "apps", version: str = "v1") -> str:
    """Return an ExternalSecret that reads from the Vault store above."""
    return (
        f"apiVersion: external-secrets.io/{version}\nkind: ExternalSecret\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n"
        "spec:\n  secretStoreRef: {kind: ClusterSecretStore, name: vault}\n"
    ) + textwrap.indent(textwrap.dedent(spec), "  ")


def read_all(
    text: str, stores: StoreIndex | None = None, config_map: ConfigMapLookup | None = None
) -> tuple[list[SecretSource], list[Finding]]:
    """Read an ExternalSecret; its store is the Vault store above unless others are given."""
    index = stores if stores is not None else index_of(VAULT)
    return read_external_secret(resource_of(text), "files", index, config_map=config_map)


def read_spec(
    spec: str, stores: StoreIndex | None = None, config_map: ConfigMapLookup | None = None
) -> tuple[SecretSource, list[str]]:
    """Read the ExternalSecret with this spec: its source, and the rules of its findings."""
    sources, findings = read_all(external(spec), stores, config_map)
    assert len(sources) == 1
    return sources[0], [finding.rule for finding in findings]


def show(key: SecretKey) -> str:
    """Return a key with its remotes in one line: ``password <- secret/data/app#password``."""
    remotes = " ".join(f"{one.path}#{one.prop}" for one in key.remotes)
    return f"{key.name} <- {remotes}".rstrip()


def shown(source: SecretSource) -> list[str]:
    """Return every key in one line."""
    return [show(key) for key in source.keys]


def made_by(text: str) -> dict[str, tuple[str, ...]]:
    """Return the Secrets that a manifest makes: ``namespace/name`` -> names of keys."""
    return {
        f"{source.ref.namespace}/{source.target}": tuple(key.name for key in source.keys)
        for source in read_sources(resource_of(text), "files")
    }


def only_source(text: str) -> SecretSource:
    """Return the one source of a manifest."""
    found = read_sources(resource_of(text), "files")
    assert len(found) == 1
    return found[0]
