"""Every design rule, with its text and its function: what `phase2 rules` lists under these ids, and what findings name."""

from __future__ import annotations

from typing import Final

from injector.config.verify import TREE_ONLY
from injector.inventory.eso import MANIFEST_TYPE
from injector.migration.model import Stage
from injector.model import SourceKind
from injector.rules.example import document, external_secret, file, manifests
from injector.verify.model import Case, FileRule, Found, SourceRule

MALFORMED: Final = "migration-malformed"
RETARGETED: Final = "migrating-secret-retargeted"
OWNER: Final = "Owner"
_IN_GIT: Final = frozenset({SourceKind.SECRET, SourceKind.SOPS, SourceKind.GENERATOR})
_EXTERNAL: Final = frozenset({SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET})
_TLS: Final = "kubernetes.io/tls"
_TLS_KEYS: Final = frozenset({"tls.crt", "tls.key"})


def _inline_secret(case: Case) -> Found:
    source, known = case.source, case.known
    if source.kind not in _IN_GIT:
        return
    namespace, name = source.ref.namespace, source.target
    for key in source.keys:
        path = known.shown(key.location.path)
        if key.is_inline and not any(
            one.matches(namespace, name, key=key.name, path=path) for one in known.verify.allow
        ):
            yield f"key {key.name} holds its value as everybody can read it", key.location


def _creation_policy(case: Case) -> Found:
    source, policy = case.source, case.source.creation_policy
    if source.kind not in _EXTERNAL or policy == OWNER:
        return
    names = (source.target, source.ref.name)
    if any(one.matches(source.ref.namespace, names) for one in case.known.verify.shared):
        return
    if policy == "Orphan" and any(
        case.is_source_of(one) and one.stage.rank >= Stage.RELEASE.rank for one in case.migrations
    ):
        return  # stage release has made it so
    yield f"creationPolicy is {policy}, so the Secret is not its own and does not go with it", source.origin.location


def _tls_template(case: Case) -> Found:
    source = case.source
    if source.kind not in _EXTERNAL or source.secret_type.startswith(MANIFEST_TYPE):
        return
    names = {key.name for key in source.keys}
    at = source.origin.location
    if source.secret_type == _TLS:
        missing = sorted(_TLS_KEYS - names) if "*" not in names else []
        if names and missing:
            yield f"makes a Secret of type {_TLS} without {' and '.join(missing)}, which the API server refuses", at
        return
    reader = case.known.tls_readers.get((source.ref.namespace, source.target))
    if names >= _TLS_KEYS:
        yield f"makes tls.crt and tls.key, but its template does not say type {_TLS}", at
    elif reader is not None:
        yield f"{reader} serves TLS with Secret {source.target}, but its template does not say type {_TLS}", at


def _retargeted(case: Case) -> Found:
    source = case.source
    if source.creation_policy == "None" or source.kind is SourceKind.UNKNOWN:
        return
    for one in case.migrations:
        if one.stage.rank < Stage.INJECT.rank:
            continue
        if not case.is_source_of(one):
            if one.secret == source.target:
                what = f"writes Secret {source.target}, which {one.ref} is moving (stage {one.stage})"
                yield what, source.origin.location
        elif one.secret != source.target:
            what = (
                f"makes Secret {source.target}, but {one.ref} is moving Secret {one.secret} of it (stage {one.stage})"
            )
            yield what, source.origin.location


_MIGRATION: Final = """\
apiVersion: phase2.tazlab.net/v1alpha1
kind: SecretMigration
metadata: {name: web, namespace: shop}
spec:
  source: {kind: ExternalSecret, name: web}
  secret: web
  stage: inject
  auth: {method: kubernetes, mount: kubernetes}
  credentials:
    - {name: login, keys: [password], engine: database/postgresql, path: database/creds/web}
  files:
    - {key: password, template: '{{ with secret "database/creds/web" }}{{ .Data.password }}{{ end }}'}
  workloads:
    - kind: Deployment
      name: web
      serviceAccount: web
      role: web
      containers: [{name: web, reads: [{key: password, delivery: file, path: /etc/login/password}]}]
"""

SOURCE_RULES: Final = (
    SourceRule(
        id="inline-secret",
        statement="A Secret's manifest holds a value that may be secret, and everybody who can read Git can read it.",
        remedy=(
            "Let an ExternalSecret fetch it, encrypt it with SOPS, or allow it in phase2.yaml (`verify.allow`) when it is no "
            "secret; what was committed once must be changed where it counts."
        ),
        example=document(
            "v1", "Secret", "shop/web", "stringData: {url: 'https://shop.example.com', password: hunter2}"
        ),
        find=_inline_secret,
        is_for_orphans=True,
    ),
    SourceRule(
        id="creation-policy",
        statement="An ExternalSecret does not own its Secret, and nobody says that it is shared.",
        remedy="Write creationPolicy Owner, or declare the sharing in phase2.yaml (`verify.shared`).",
        example=external_secret("shop/web", {"token": "shop/web#token"}, target="creationPolicy: Merge"),
        find=_creation_policy,
    ),
    SourceRule(
        id="tls-template",
        statement="An ExternalSecret makes a TLS Secret without a template of type kubernetes.io/tls, or half a one.",
        remedy="Write type kubernetes.io/tls in target.template, with tls.crt and tls.key.",
        example=external_secret("shop/tls", {"tls.crt": "shop/tls#crt", "tls.key": "shop/tls#key"}),
        find=_tls_template,
    ),
    SourceRule(
        id=RETARGETED,
        statement="Something else writes a Secret while a SecretMigration moves it, or its own source leaves it.",
        remedy="Let it write a Secret of another name, or take the move back first (`phase2 rollback`).",
        example=manifests(
            external_secret("shop/web", {"password": "shop/web#password"}),
            _MIGRATION,
            external_secret("shop/other", {"password": "shop/other#password"}, target="name: web"),
        ),
        find=_retargeted,
    ),
)
"""Asked of every source of a Secret, in this order."""

FILE_RULES: Final = (
    FileRule(
        id=MALFORMED,
        statement="A SecretMigration means nothing, so that nobody obeys it.",
        remedy="Correct what is named, or let `phase2 plan` write it again.",
        example=manifests(_MIGRATION.replace("stage: inject", "stage: injected")),
    ),
    FileRule(
        id=TREE_ONLY,
        statement="A file holds a text that `verify.forbidden` in phase2.yaml forbids there.",
        remedy="Take it out, or except the file in phase2.yaml.",
        example=manifests(
            file(
                "phase2.yaml",
                "verify: {forbidden: [{name: no-lan-address, text: 192.168.1., paths: [apps/*]}]}\n",
            ),
            file("apps/web.yaml", document("v1", "ConfigMap", "shop/web", "data: {host: 192.168.1.7}")),
        ),
    ),
)

RULES: Final = (*SOURCE_RULES, *FILE_RULES)
"""All of them; their ids are none of `injector.rules.registry`'s."""
