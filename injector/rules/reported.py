"""The text of findings that `injector.inventory` makes while it reads a manifest: nothing is decided here."""

from __future__ import annotations

from typing import Final

from injector.rules.rule import ReportedRule

RULES: Final = (
    ReportedRule(
        id="eso-no-data",
        statement="An ExternalSecret has no data: the operator refuses it, or makes an empty Secret.",
        remedy="Add data or dataFrom; when everything has moved, delete the ExternalSecret instead of emptying it.",
    ),
    ReportedRule(
        id="eso-empty-remote-key",
        statement="A remoteRef.key is empty: nothing says which remote secret is read.",
        remedy="Write the path, in the manifest or in the overlay that should set it.",
    ),
    ReportedRule(
        id="eso-duplicate-secret-key",
        statement="A secretKey is defined twice; the last one wins.",
        remedy="Remove one of them.",
    ),
    ReportedRule(
        id="eso-template-missing-variable",
        statement="A template uses a variable that nothing fetches.",
        remedy="Fetch it in data, or correct its name.",
    ),
    ReportedRule(
        id="eso-unserved-version",
        statement="The manifest's API version is not served any more by the External Secrets Operator.",
        remedy="Write external-secrets.io/v1.",
    ),
    ReportedRule(
        id="eso-deletion-policy-conflict",
        statement="deletionPolicy and creationPolicy do not go together.",
        remedy="Use deletionPolicy Retain, or creationPolicy Owner.",
    ),
    ReportedRule(
        id="eso-immutable-target",
        statement="The Secret is immutable: changes in the store never arrive.",
        remedy="Remove target.immutable if the value ever changes.",
    ),
    ReportedRule(
        id="vault-dynamic-path-in-kv",
        statement="A path that issues credentials is read as if it were KV: it is broken, or its leases end at once.",
        remedy="Let the Vault Agent render it (`phase2 plan`), or use a VaultDynamicSecret generator.",
    ),
    ReportedRule(
        id="push-secret-selector",
        statement="A PushSecret chooses Secrets by labels: the tree does not tell which.",
        remedy="Name the Secret, if you can.",
    ),
    ReportedRule(
        id="push-secret-deletes-remote",
        statement="A PushSecret with deletionPolicy Delete removes the remote copy together with the Secret.",
        remedy="Set deletionPolicy None before anything is deleted.",
    ),
)
