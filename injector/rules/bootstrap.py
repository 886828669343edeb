"""Rules about what Vault, or the way to it, depends on: it cannot wait for Vault."""

from __future__ import annotations

from typing import Final

from injector.knowledge.apps import BOOTSTRAP_NAMESPACES
from injector.model import Confidence, How
from injector.rules.example import document, external_secret, file, flux, manifests, vault_store, workload
from injector.rules.readers import infrastructure_of
from injector.rules.rule import Answer, Case, NearMiss, VerdictRule, stays

_REMEDY: Final = "Nothing to do: it stays with the External Secrets Operator, since Vault may need it to be reached."


def _store_login(case: Case) -> Answer:
    namespace, name = case.secret.namespace, case.secret.name
    if (namespace, name) not in case.context.store_logins and ("", name) not in case.context.store_logins:
        return None
    stores = (one.location for one in case.secret.consumers if one.how is How.STORE_AUTH)
    where = next(stores, case.secret.sources[0].origin.location)
    return stays("a secret store logs in with it", where, Confidence.HIGH)


def _namespace(case: Case) -> Answer:
    namespace = case.secret.namespace
    config = case.context.config
    where = case.secret.sources[0].origin.location
    if namespace in BOOTSTRAP_NAMESPACES:
        return stays(f"namespace {namespace} holds infrastructure", where, Confidence.HIGH)
    if config.bootstrap.has_namespace(namespace):
        return stays(f"namespace {namespace} holds infrastructure, says {config.path}", where, Confidence.HIGH)
    return None


def _infrastructure(case: Case) -> Answer:
    for one in case.clients:
        name = infrastructure_of(one, case.context.config)
        if name:
            return stays(f"{one.ref} ({name}) is infrastructure", one.location, Confidence.HIGH)
    return None


def _order(case: Case) -> Answer:
    early = [one for one in case.clients if one.origin.root in case.context.before_store]
    if not early:
        return None
    message = f"{early[0].ref} must be ready before the store of Vault is"
    late = next((one for one in case.clients if one not in early), None)
    if late:
        return NearMiss(f"{message}, but {late.ref} is not", early[0].location)
    return stays(message, early[0].location, Confidence.HIGH)


RULES: Final = (
    VerdictRule(
        id="bootstrap-store-login",
        statement="What a secret store logs in with stays static: it opens the way to Vault.",
        remedy=_REMEDY,
        example=manifests(
            external_secret("ops/approle", {"secret-id": "ops/approle#id"}),
            document(
                "external-secrets.io/v1",
                "ClusterSecretStore",
                "vault",
                "spec: {provider: {vault: {server: https://vault:8200, path: secret, auth: {appRole: {path: approle, "
                "roleId: eso, secretRef: {name: approle, namespace: ops, key: secret-id}}}}}}",
            ),
        ),
        decide=_store_login,
    ),
    VerdictRule(
        id="bootstrap-namespace",
        statement="What stands in a namespace of infrastructure stays static.",
        remedy=_REMEDY,
        example=manifests(
            external_secret("flux-system/notify", {"POSTGRES_PASSWORD": "flux/notify#password"}),
            workload("flux-system/notify", "ghcr.io/acme/notify:1.0", env_from="notify"),
        ),
        decide=_namespace,
    ),
    VerdictRule(
        id="bootstrap-infrastructure",
        statement="What the GitOps engine, network, VPN, DNS, certificates, storage or backups read stays static.",
        remedy=_REMEDY,
        example=manifests(
            external_secret("network/dns", {"AWS_SECRET_ACCESS_KEY": "network/dns#secret"}),
            workload("network/dns", "registry.k8s.io/external-dns/external-dns:v0.15.0", env_from="dns"),
        ),
        decide=_infrastructure,
    ),
    VerdictRule(
        id="bootstrap-order",
        statement="What must be ready before the store of Vault is, by the tree's own order, stays static.",
        remedy=_REMEDY,
        example=manifests(
            file("clusters/home/all.yaml", flux("storage"), flux("stores", after="storage")),
            file(
                "storage/app.yaml",
                external_secret("data/web", {"POSTGRES_PASSWORD": "data/web#password"}),
                workload("data/web", "ghcr.io/acme/volumes:1.0", env_from="web"),
            ),
            file(
                "stores/store.yaml",
                vault_store("vault"),
            ),
        ),
        decide=_order,
    ),
)
