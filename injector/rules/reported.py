"""The text of findings that `injector.inventory` makes while it reads a manifest: nothing is decided here."""

from __future__ import annotations

from typing import Final

from injector.rules.example import document, external_secret, manifests, vault_store
from injector.rules.rule import ReportedRule


def _push(fields: str) -> str:
    rest = "secretStoreRefs: [{kind: ClusterSecretStore, name: vault}], data: [{match: {remoteRef: {remoteKey: copy}}}]"
    return document("external-secrets.io/v1alpha1", "PushSecret", "shop/web", f"spec: {{{fields}, {rest}}}")


RULES: Final = (
    ReportedRule(
        id="eso-no-data",
        statement="An ExternalSecret has no data: the operator refuses it, or makes an empty Secret.",
        remedy="Add data or dataFrom; when everything has moved, delete the ExternalSecret instead of emptying it.",
        example=document("external-secrets.io/v1", "ExternalSecret", "shop/web", "spec: {target: {name: web}}"),
    ),
    ReportedRule(
        id="eso-empty-remote-key",
        statement="A remoteRef.key is empty: nothing says which remote secret is read.",
        remedy="Write the path, in the manifest or in the overlay that should set it.",
        example=external_secret("shop/web", {"token": ""}),
    ),
    ReportedRule(
        id="eso-duplicate-secret-key",
        statement="A secretKey is defined twice; the last one wins.",
        remedy="Remove one of them.",
        example=document(
            "external-secrets.io/v1",
            "ExternalSecret",
            "shop/web",
            "spec: {data: [{secretKey: token, remoteRef: {key: a}}, {secretKey: token, remoteRef: {key: b}}]}",
        ),
    ),
    ReportedRule(
        id="eso-template-missing-variable",
        statement="A template uses a variable that nothing fetches.",
        remedy="Fetch it in data, or correct its name.",
        example=external_secret("shop/web", {"token": "shop/web#token"}, template={"config": "key={{ .tokn }}"}),
    ),
    ReportedRule(
        id="eso-unserved-version",
        statement="The manifest's API version is not served any more by the External Secrets Operator.",
        remedy="Write external-secrets.io/v1.",
        example=document(
            "external-secrets.io/v1beta1",
            "ExternalSecret",
            "shop/web",
            "spec: {data: [{secretKey: token, remoteRef: {key: shop/web}}]}",
        ),
    ),
    ReportedRule(
        id="eso-deletion-policy-conflict",
        statement="The deletionPolicy and the creationPolicy do not go together.",
        remedy="Use deletionPolicy Retain, or creationPolicy Owner.",
        example=external_secret(
            "shop/web", {"token": "shop/web#token"}, target="creationPolicy: Merge\ndeletionPolicy: Delete"
        ),
    ),
    ReportedRule(
        id="eso-immutable-target",
        statement="The Secret is immutable: changes in the store never arrive.",
        remedy="Remove target.immutable if the value ever changes.",
        example=external_secret("shop/web", {"token": "shop/web#token"}, target="immutable: true"),
    ),
    ReportedRule(
        id="vault-dynamic-path-in-kv",
        statement="A path that issues credentials is read as if it were KV: it is broken, or its leases end at once.",
        remedy="Let the Vault Agent render it (`phase2 plan`), or use a VaultDynamicSecret generator.",
        example=manifests(
            vault_store("vault"), external_secret("shop/web", {"password": "database/creds/web#password"})
        ),
    ),
    ReportedRule(
        id="push-secret-selector",
        statement="A PushSecret chooses Secrets by labels: the tree does not tell which.",
        remedy="Name the Secret, if you can.",
        example=_push("selector: {secret: {selector: {matchLabels: {push: 'yes'}}}}"),
    ),
    ReportedRule(
        id="push-secret-deletes-remote",
        statement="A PushSecret with deletionPolicy Delete removes the remote copy together with the Secret.",
        remedy="Set deletionPolicy None before anything is deleted.",
        example=_push("deletionPolicy: Delete, selector: {secret: {name: web}}"),
    ),
    ReportedRule(
        id="push-secret-round-trip",
        statement="An ExternalSecret reads what a PushSecret writes: the value is made in the cluster, the store carries it.",
        remedy="Move where the value is made; moving its reader alone changes nothing.",
        example=manifests(
            external_secret("shop/web", {"token": "copy#token"}),
            _push("selector: {secret: {name: made}}"),
        ),
    ),
)
