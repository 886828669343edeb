"""For every rule manifests for which it does not fire, though they look much like its example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from injector.rules.example import document, external_secret, file, flux, manifests, vault_store, workload

_APP: Final = "ghcr.io/acme/web:1.4"


def _app(*keys: str) -> str:
    return manifests(
        external_secret("shop/web", {key: f"shop/web#{key}" for key in keys}),
        workload("shop/web", _APP, env_from="web"),
    )


_POSTGRES: Final = _app("POSTGRES_PASSWORD")
_TOKEN: Final = external_secret("shop/web", {"token": "shop/web#token"})
_READER: Final = workload("shop/web", _APP, env={"API_TOKEN": "web#token"})

QUIET: Final[Mapping[str, str]] = {
    "override-verdict": manifests(
        file("phase2.yaml", "overrides: [{namespace: bank, verdict: static, reason: frozen until May}]\n"),
        file("app.yaml", _POSTGRES),
    ),
    "configuration": _app("DB_PASSWORD"),
    "provisioning-input": manifests(
        external_secret("shop/web-init", {"INIT_POSTGRES_PASS": "shop/web#password"}),
        workload("shop/web", _APP, env={"POSTGRES_PASSWORD": "web-init#INIT_POSTGRES_PASS"}),
    ),
    "server-own-password": manifests(
        external_secret("shop/pg", {"POSTGRES_PASSWORD": "shop/pg#password"}),
        workload("shop/dump", "postgres:17", env_from="pg", command="pg_dump shop > /backup/shop.sql"),
    ),
    "web-login": _app("PGWEB_DATABASE_URL"),
    "superuser-login": _app("MYSQL_USER_PASSWORD"),
    "bootstrap-store-login": manifests(
        external_secret("ops/approle", {"secret-id": "ops/approle#id"}), vault_store("vault")
    ),
    "bootstrap-namespace": manifests(
        external_secret("flux-apps/notify", {"POSTGRES_PASSWORD": "flux/notify#password"}),
        workload("flux-apps/notify", "ghcr.io/acme/notify:1.0", env_from="notify"),
    ),
    "bootstrap-infrastructure": manifests(
        external_secret("network/dns", {"AWS_SECRET_ACCESS_KEY": "network/dns#secret"}),
        workload("network/dns", "ghcr.io/acme/dns-report:v0.15.0", env_from="dns"),
    ),
    "bootstrap-order": manifests(
        file("clusters/home/all.yaml", flux("stores"), flux("web", after="stores")),
        file("web/app.yaml", _POSTGRES),
        file("stores/store.yaml", vault_store("vault")),
    ),
    "kind-s3-compatible": _app("AWS_SECRET_ACCESS_KEY"),
    "kind-api-token": _app("CONSUL_HTTP_TOKEN"),
    "kind-oauth-client": _app("AZURE_CLIENT_SECRET"),
    "kind-encryption-key": _app("JWT_PUBLIC_KEY"),
    "kind-tls-certificate": manifests(
        external_secret("shop/tls", {"ca.crt": "shop/tls#ca", "tls.crt": "shop/tls#crt", "tls.key": "shop/tls#key"}),
        workload("shop/web", _APP, volume="tls:/etc/tls"),
    ),
    "kind-registry": _app("REGISTRY_URL"),
    "kind-smtp": _app("SMTP_HOST"),
    "kind-webhook-url": _app("SITE_URL"),
    "kind-person": _app("POSTGRES_ADMIN_PASSWORD"),
    "kind-git": _app("GIT_BRANCH_NAME"),
    "kind-unsupported-login": _app("RABBITMQ_PASSWORD"),
    "kind-vault-token": _app("VAULTWARDEN_TOKEN"),
    "kind-unknown-system": _app("DB_PASSWORD"),
    "kind-ssh-key": manifests(
        external_secret("ops/key", {"SSH_PRIVATE_KEY": "ops/github#key"}),
        workload("ops/runner", "ghcr.io/acme/runner:3.1", env_from="key"),
    ),
    "kind-kubeconfig": _app("KUBERNETES_TOKEN"),
    "kind-unknown": _app("API_TOKEN"),
    "secret-object-needed": _POSTGRES,
    "engine-database": _app("CLICKHOUSE_PASSWORD"),
    "engine-aws": manifests(
        external_secret("shop/web", {"AWS_SECRET_ACCESS_KEY": "shop/web#secret"}),
        workload(
            "shop/web",
            _APP,
            env={
                "AWS_SECRET_ACCESS_KEY": "web#AWS_SECRET_ACCESS_KEY",
                "AWS_ENDPOINT_URL": "=http://minio.minio.svc:9000",
            },
        ),
    ),
    "engine-gcp": _app("GOOGLE_MAPS_API_KEY"),
    "engine-azure": _app("AZURE_STORAGE_KEY"),
    "engine-rabbitmq": _app("RABBITMQ_ERLANG_COOKIE"),
    "engine-ldap": _app("LDAP_HOST"),
    "engine-pki": manifests(
        external_secret("shop/tls", {"tls.crt": "shop/tls#crt", "tls.key": "shop/tls#key"}),
        workload("shop/web", _APP, volume="tls:/etc/tls"),
    ),
    "engine-ssh": _app("SSH_PRIVATE_KEY"),
    "engine-kubernetes": _app("KUBECONFIG"),
    "engine-consul": _app("CONSUL_GOSSIP_KEY"),
    "engine-nomad": _app("NOMAD_GOSSIP_KEY"),
    "engine-terraform": _app("TRANSFER_TOKEN"),
    "no-reader": _POSTGRES,
    "two-writers": manifests(
        external_secret("shop/one", {"token": "shop/one#token"}, target="name: web"),
        external_secret("shop/two", {"cookie": "shop/two#cookie"}, target="name: web\ncreationPolicy: Merge"),
    ),
    "deployed-twice": manifests(
        file("clusters/home/all.yaml", flux("web")),
        file("clusters/away/all.yaml", flux("web")),
        file("web/app.yaml", _TOKEN),
    ),
    "secret-missing": manifests(
        file("clusters/home/all.yaml", flux("web")), file("web/app.yaml", manifests(_TOKEN, _READER))
    ),
    "source-not-listed": manifests(
        file("clusters/home/all.yaml", flux("web")),
        file("web/kustomization.yaml", "resources: [app.yaml, secret.yaml]\n"),
        file("web/app.yaml", _READER),
        file("web/secret.yaml", _TOKEN),
    ),
    "store-missing": _TOKEN,
    "store-not-listed": manifests(
        file("clusters/home/all.yaml", flux("web")),
        file("web/kustomization.yaml", "resources: [secret.yaml, store.yaml]\n"),
        file("web/secret.yaml", _TOKEN),
        file("web/store.yaml", vault_store("vault")),
    ),
    "unresolved-variable": external_secret("shop/web", {"token": "$TEAM/web#token"}),
    "refresh-frozen": manifests(
        external_secret("shop/web", {"OPENAI_API_KEY": "shop/web#key"}, spec="refreshPolicy: CreatedOnce"),
        workload("shop/web", _APP, env_from="web"),
    ),
    "push-secret-on-move": manifests(
        external_secret("shop/web", {"OPENAI_API_KEY": "shop/web#key"}),
        workload("shop/web", _APP, env_from="web"),
        document(
            "external-secrets.io/v1alpha1",
            "PushSecret",
            "shop/web",
            "spec: {selector: {secret: {name: web}}, data: [{match: {remoteRef: {remoteKey: shop/copy}}}]}",
        ),
    ),
    "suppression-without-reason": external_secret(
        "shop/web", {"token": "shop/web#token"}, annotations="phase2.tazlab.net/ignore.two-writers: on purpose"
    ),
    "eso-no-data": _TOKEN,
    "eso-empty-remote-key": _TOKEN,
    "eso-duplicate-secret-key": external_secret("shop/web", {"token": "shop/web#token", "other": "shop/web#token"}),
    "eso-template-missing-variable": external_secret(
        "shop/web", {"token": "shop/web#token"}, template={"config": "key={{ .token }}"}
    ),
    "eso-unserved-version": _TOKEN,
    "eso-deletion-policy-conflict": external_secret(
        "shop/web", {"token": "shop/web#token"}, target="creationPolicy: Owner\ndeletionPolicy: Delete"
    ),
    "eso-immutable-target": external_secret("shop/web", {"token": "shop/web#token"}, target="immutable: false"),
    "vault-dynamic-path-in-kv": manifests(
        vault_store("vault"), external_secret("shop/web", {"password": "apps/database/web#password"})
    ),
    "push-secret-selector": document(
        "external-secrets.io/v1alpha1",
        "PushSecret",
        "shop/web",
        "spec: {selector: {secret: {name: web}}, data: [{match: {remoteRef: {remoteKey: copy}}}]}",
    ),
    "push-secret-deletes-remote": document(
        "external-secrets.io/v1alpha1",
        "PushSecret",
        "shop/web",
        "spec: {deletionPolicy: None, selector: {secret: {name: web}}, data: [{match: {remoteRef: {remoteKey: copy}}}]}",
    ),
    "push-secret-round-trip": manifests(
        external_secret("shop/web", {"token": "shop/web#token"}),
        document(
            "external-secrets.io/v1alpha1",
            "PushSecret",
            "shop/web",
            "spec: {secretStoreRefs: [{kind: ClusterSecretStore, name: vault}], selector: {secret: {name: made}}, "
            "data: [{match: {remoteRef: {remoteKey: copy}}}]}",
        ),
    ),
}
