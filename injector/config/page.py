"""What is made from the table of fields: the JSON Schema for editors, and the page for users."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from injector.config.fields import CONFIG
from injector.config.load import FILE_NAME
from injector.config.shape import Json, ListOf, Section

SCHEMA_FILE: Final = "phase2.schema.json"

EXAMPLES: Final = {
    "overrides": """\
overrides:
  - namespace: shop-*
    name: legacy-db
    verdict: static
    reason: the vendor pins the password until the contract ends
  - vaultPath: secret/apps/ledger
    key: ORACLE_*
    verdict: dynamic-capable
    engine: database/oracle
    reason: the login goes through a proxy that nothing in the tree names
""",
    "bootstrap": """\
bootstrap:
  namespaces: [platform-*]
""",
    "apps": """\
apps:
  - image: ghcr.io/acme/ledger*
    is: client
    system: postgresql
    fileSuffix: _FILE
  - chart: acme-console
    is: web-tool
  - image: acme-proxy
    fileEnv: {DB_PASS: DB_PASS_PATH}
""",
    "labelPrefix": """\
labelPrefix: phase2.example.com
""",
    "vault": """\
vault:
  address: https://vault.example.com:8200
  mounts:
    database: database
    database/mysql: database-mysql
  kvMounts: [secret]
  auth:
    method: jwt
    audience: vault
    boundIssuer: https://10.0.0.1:6443,https://kubernetes.default.svc
  names:
    authRole: "{namespace}-{serviceAccount}"
    policy: "{namespace}-{serviceAccount}"
    engineRole: "{namespace}-{name}"
  labelAlone: [shop, team-*]
""",
    "webhook": """\
webhook:
  enforce: deny
""",
    "engineRoles": """\
engineRoles:
  - namespace: shop
    name: shop-db
    connection: shop-postgres
    owner: shop
    ttl: 1h
    maxTtl: 24h
  - namespace: reports
    connection: warehouse
    grants: ['GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";']
""",
    "workloads": """\
workloads:
  - namespace: monitoring
    kind: HelmRelease
    name: kube-prometheus-stack
    serviceAccount: kube-prometheus-stack-grafana
    labelsPath: grafana.podLabels
    annotationsPath: grafana.podAnnotations
""",
    "cluster": """\
cluster:
  kubernetes: '1.31'
""",
    "verify": """\
verify:
  rules:
    creation-policy: deny
  admission:
    creation-policy: warn
  allow:
    - namespace: demo-*
      path: examples/*
      reason: made-up values that no server takes
  shared:
    - namespace: auth
      name: dex-login
      reason: the operator writes keys of its own into the same Secret
  forbidden:
    - name: no-lan-address
      regex: '\\b192\\.168\\.1\\.\\d+'
      paths: [infrastructure/operators/*, infrastructure/instances/*]
      except: [infrastructure/instances/router/*]
      reason: addresses of the house come from cluster-vars
""",
    "defaults": """\
defaults:
  classify:
    fail-on: [blocked, finding]
    output: wide
  explain:
    allow-unreadable: true
""",
}
"""Key of the file -> a piece of one that uses it."""


def build_schema() -> Json:
    """Return the JSON Schema (2020-12) of the file; it accepts what the reader accepts."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://phase2.tazlab.net/schemas/{SCHEMA_FILE}",
        "title": FILE_NAME,
        "description": "What only a person can know of a GitOps tree, for phase2.",
        # A file without any content is null.
        "anyOf": [{"type": "null"}, CONFIG.schema()],
    }


def read_schema() -> str:
    """Return the text of the schema that is shipped."""
    return files("injector.config").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


def render_config_page() -> str:
    """Return ``docs/config.md``."""
    return _HEAD + "".join(f"\n{one}" for one in _sections(CONFIG, ""))


_HEAD: Final = f"""\
# {FILE_NAME}

What only a person can know. Nothing in it is needed: without the file, and for every key that is left out, phase2
decides by itself.

The file is searched from the first PATH upwards, up to the folder that holds `.git`; the nearest `{FILE_NAME}`
counts, alone. `--config FILE`, or else `PHASE2_CONFIG`, names another one; `--config /dev/null` none. `-v` tells which
one is used.

Put it where nothing applies it: a Flux Kustomization whose folder has no kustomization.yaml takes every YAML file below
that folder, and fails on one that is no Kubernetes object (fluxcd/pkg, kustomize/kustomize_generator.go).

It is read strictly: an unknown key, a key that stands twice, a value of the wrong kind. Every mistake is told with
`<file>:<line>`, all of them at once, nothing else is done, and the exit code is 2.

Editors help with it: `phase2 schema config > {SCHEMA_FILE}` writes its JSON Schema, and as the first line
`# yaml-language-server: $schema={SCHEMA_FILE}` names it.

This page is written by `python -m injector.cli.docs`.
"""


def _sections(section: Section, path: str) -> Iterator[str]:
    if path:
        yield f"{'##' if '.' not in path else '###'} `{path}`\n{_table(section)}"
    else:
        yield f"## Keys\n{_table(section)}"
    for one in section.fields:
        inner = f"{path}.{one.key}" if path else one.key
        shape, suffix = (one.shape.item, "[]") if isinstance(one.shape, ListOf) else (one.shape, "")
        if isinstance(shape, Section):
            yield from _sections(shape, inner + suffix)
        elif not path:
            yield f"## `{inner}`\n"
        if not path:
            yield f"```yaml\n{EXAMPLES[one.key]}```\n"


def _table(section: Section) -> str:
    rows = [
        f"| `{one.key}`{' (needed)' if one.is_required else ''} | {one.shape.describe()} | {one.about} |"
        for one in section.fields
    ]
    return "\n".join(("| key | value | what for |", "|---|---|---|", *rows)) + "\n"
