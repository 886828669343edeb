"""What each stage edits in a tree, forth and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.stages.journal import FOLDER
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import (
    CONFIG,
    EXTERNAL_SECRET,
    KUSTOMIZATION,
    VARIABLES,
    VOLUME,
    based,
    deployment,
    reach,
    refusals,
    shop,
    shown,
    step,
    tree_of,
    two_logins,
)

STAGES = ("prepare", "inject", "release", "retire")
ITEMS = VOLUME.replace(
    "{secretName: db}", "{secretName: db, items: [{key: PGUSER, path: u}, {key: PGPASSWORD, path: p}]}"
)
PROJECTED = VOLUME.replace("secret: {secretName: db}", "projected: {sources: [{secret: {name: db}}]}")
PROJECTED_ITEMS = VOLUME.replace(
    "secret: {secretName: db}",
    "projected: {sources: [{secret: {name: db, items: [{key: PGUSER, path: u}, {key: PGPASSWORD, path: p}]}}]}",
)
MIXED = f"""\
{EXTERNAL_SECRET}    - secretKey: API_TOKEN
      remoteRef: {{key: shop/api, property: token}}
"""
INIT = deployment().replace(
    "      containers:\n",
    f"""\
      initContainers:
      - name: migrate
        image: ghcr.io/acme/shop:1
        command: [/migrate]
{VARIABLES}      containers:
""",
)
CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: web
spec:
  schedule: "0 1 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: app
            image: ghcr.io/acme/shop:1
            command: [/report]
            env:
            - {name: PGHOST, value: db.example.org}
            - name: PGUSER
              valueFrom: {secretKeyRef: {name: db, key: PGUSER}}
            - name: PGPASSWORD
              valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}
"""
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {A: b}}
"""
LIST = "apiVersion: v1\nkind: List\nitems:\n- " + EXTERNAL_SECRET.replace("\n", "\n  ").rstrip() + "\n"
PREFIXED = shop(
    db__yaml=EXTERNAL_SECRET.replace("  target:\n", "  target:\n    name: db\n"),
    kustomization__yaml=f"{KUSTOMIZATION}namePrefix: prod-\n",
)
CHARTED = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chart: {spec: {chart: app-template, sourceRef: {kind: HelmRepository, name: x}}}
  values:
    controllers:
      main:
        containers:
          app:
            image: {repository: ghcr.io/acme/shop, tag: "1"}
            env: {PGHOST: db.example.org}
    persistence:
      cache: {type: emptyDir}
      login:  # who it is
        type: projected
        sources: [{secret: {name: db}}]
        globalMounts: [{path: /etc/login}]
"""
TREES = {
    "variables": shop(),
    "a volume": shop(web__yaml=deployment(reads=VOLUME)),
    "a volume with items": shop(web__yaml=deployment(reads=ITEMS)),
    "a projected volume": shop(web__yaml=deployment(reads=PROJECTED)),
    "a projected volume with items": shop(web__yaml=deployment(reads=PROJECTED_ITEMS)),
    "a projected volume of a chart": shop(web__yaml=CHARTED),
    "envFrom": shop(
        web__yaml=deployment(
            reads="        envFrom:\n        - secretRef: {name: db}\n        env:\n        - {name: PGHOST, value: x}\n"
        )
    ),
    "mixed": shop(db__yaml=MIXED),
    "mixed, a volume with items": shop(db__yaml=MIXED, web__yaml=deployment(reads=ITEMS)),
    "mixed, a projected volume with items": shop(db__yaml=MIXED, web__yaml=deployment(reads=PROJECTED_ITEMS)),
    "an init container": shop(web__yaml=INIT),
    "a CronJob": shop(web__yaml=CRON_JOB),
    "a List": shop(db__yaml=LIST),
    "one file with several documents": shop(
        db__yaml=f"# the login\n{EXTERNAL_SECRET}---\n# and what reads it\n{deployment()}", web__yaml="{}\n"
    ),
    "a prefix": PREFIXED,
    "Windows line ends": {name: text.replace("\n", "\r\n") for name, text in shop().items()},
    "no kustomization": {
        name: text.replace("  name: db\n", "  name: db\n  namespace: shop\n").replace(
            "  name: web\n", "  name: web\n  namespace: shop\n"
        )
        for name, text in shop().items()
        if name != "kustomization.yaml"
    },
    "two logins of one Deployment": two_logins(),
    "two namespaces from one base": based("a", "b"),
    "three clusters": based("shop", "shop", "shop", overlays=("x", "y", "z")),
}

# Annotations name the role of one namespace: two from one base are refused, as test_refusals.py shows. A chart's volumes
# are not rewritten in its values.
WAYS = [
    (name, how)
    for name in TREES
    for how in ("webhook", "inline")
    if how == "webhook" or name not in ("two namespaces from one base", "a projected volume of a chart")
]


@pytest.mark.parametrize(("name", "how"), WAYS)
def test_every_stage_goes_forth_and_back_to_the_same_bytes(name: str, how: str, tmp_path: Path) -> None:
    trees = [tree_of(grow(tmp_path, TREES[name]))]
    for stage in STAGES:
        made = step(tmp_path, stage, is_inline=how == "inline")
        assert refusals(made) == []
        assert made.done
        trees.append(tree_of(tmp_path))
        assert not step(tmp_path, stage, is_inline=how == "inline").workspace.changed

    back = [tree_of(tmp_path)]
    for _ in STAGES:
        assert refusals(step(tmp_path, "back")) == []
        back.append(tree_of(tmp_path))

    assert back == list(reversed(trees))


@pytest.mark.parametrize("files", TREES.values(), ids=TREES.keys())
def test_a_plan_shows_what_the_stages_then_do(files: dict[str, str], tmp_path: Path) -> None:
    grow(tmp_path, files)

    refused, trees = shown(tmp_path)

    assert refused == []
    for stage, tree in zip(STAGES, trees, strict=True):
        step(tmp_path, stage)
        assert tree == {path: data for path, data in tree_of(tmp_path).items() if not path.startswith(FOLDER)}, stage


def test_prepare_lists_the_document_beside_the_external_secret(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")

    assert (tmp_path / "kustomization.yaml").read_text() == f"{KUSTOMIZATION}  - db.db.secretmigration.yaml\n"


def test_prepare_puts_the_documents_of_several_namespaces_into_their_overlays(tmp_path: Path) -> None:
    reach(tmp_path, based("a", "b"), "prepare")

    assert sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*.secretmigration.yaml")) == [
        "overlays/a/db.secretmigration.yaml",
        "overlays/b/db.secretmigration.yaml",
    ]


def test_inject_sets_one_label_and_nothing_else(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare", "inject")

    wanted = deployment().replace("        app: web\n", '        app: web\n        phase2.tazlab.net/inject: "true"\n')
    assert (tmp_path / "web.yaml").read_text() == wanted
    assert (tmp_path / "db.yaml").read_text() == EXTERNAL_SECRET


def test_release_lets_the_pods_name_their_migration_in_place_of_the_secret(tmp_path: Path) -> None:
    reach(tmp_path, shop(), *STAGES[:3])

    text = (tmp_path / "web.yaml").read_text()
    assert "      annotations:\n        phase2.tazlab.net/secrets: db\n" in text
    assert "secretKeyRef" not in text
    assert "PGHOST" in text


def test_release_names_every_migration_that_the_pods_obey(tmp_path: Path) -> None:
    reach(tmp_path, two_logins(), "prepare", "inject")

    step(tmp_path, "release", only=["shop/db2"])

    assert "phase2.tazlab.net/secrets: db,db2\n" in (tmp_path / "web.yaml").read_text()


def test_inject_adds_a_migration_to_the_list_that_pods_have(tmp_path: Path) -> None:
    grow(tmp_path, two_logins())
    for stage in ("prepare", "inject", "release"):
        step(tmp_path, stage, only=["shop/db"])
    step(tmp_path, "prepare")

    step(tmp_path, "inject", only=["shop/db2"])

    assert "phase2.tazlab.net/secrets: db,db2\n" in (tmp_path / "web.yaml").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("  refreshPolicy: CreatedOnce\n", "  refreshPolicy: OnChange\n"),
        ('  refreshInterval: "0"\n', '  refreshInterval: "0"\n  refreshPolicy: OnChange\n'),
        ("  refreshInterval: 0s\n", "  refreshInterval: 0s\n  refreshPolicy: OnChange\n"),
        ("  refreshInterval: 1h\n", "  refreshInterval: 1h\n"),
        ("  refreshPolicy: Periodic\n", "  refreshPolicy: Periodic\n"),
    ],
)
def test_release_orphans_the_secret_with_a_running_reconcile(before: str, after: str, tmp_path: Path) -> None:
    source = EXTERNAL_SECRET.replace("  refreshInterval: 1h\n", before)
    reach(tmp_path, shop(db__yaml=source), *STAGES[:3])

    wanted = EXTERNAL_SECRET.replace("  refreshInterval: 1h\n", after).replace("Owner", "Orphan")
    assert (tmp_path / "db.yaml").read_text() == wanted


def test_release_keeps_the_secret_when_vault_loses_the_data(tmp_path: Path) -> None:
    source = EXTERNAL_SECRET.replace("  data:\n", "    deletionPolicy: Delete\n  data:\n")
    reach(tmp_path, shop(db__yaml=source), *STAGES[:3])

    assert "    creationPolicy: Orphan  # its own\n    deletionPolicy: Retain\n" in (tmp_path / "db.yaml").read_text()


@pytest.mark.parametrize("policy", ["Merge", "CreateOrMerge", "Orphan"])
def test_release_leaves_a_source_that_owns_nothing_as_it_is(policy: str, tmp_path: Path) -> None:
    source = EXTERNAL_SECRET.replace("Owner", policy)
    reach(tmp_path, shop(db__yaml=source), *STAGES[:3])

    assert (tmp_path / "db.yaml").read_text() == source


def test_a_mixed_source_loses_only_its_moved_keys(tmp_path: Path) -> None:
    reach(tmp_path, shop(db__yaml=MIXED), *STAGES)

    text = (tmp_path / "db.yaml").read_text()
    assert text == EXTERNAL_SECRET[: EXTERNAL_SECRET.index("    - secretKey")] + MIXED[len(EXTERNAL_SECRET) :]


def test_a_mixed_source_with_templates_keeps_the_variables_that_others_use(tmp_path: Path) -> None:
    source = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: db
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target:
    template:
      data:
        PGDSN: "postgres://{{ .user }}:{{ .password }}@{{ .host }}/shop"
        API_TOKEN: "{{ .token }}-{{ .host }}"
  data:
    - {secretKey: user, remoteRef: {key: shop/db, property: user}}
    - {secretKey: password, remoteRef: {key: shop/db, property: password}}
    - {secretKey: host, remoteRef: {key: shop/db, property: host}}
    - {secretKey: token, remoteRef: {key: shop/api, property: token}}
"""
    reads = "        env:\n        - name: DATABASE_URL\n          valueFrom: {secretKeyRef: {name: db, key: PGDSN}}\n"
    reach(tmp_path, shop(db__yaml=source, web__yaml=deployment(reads=reads)), *STAGES[:3])

    text = (tmp_path / "db.yaml").read_text()
    lines = source.splitlines(keepends=True)
    assert text == "".join(line for line in lines if not any(word in line for word in ("PGDSN", "user,", "password,")))


def test_retire_removes_the_file_and_its_entry(tmp_path: Path) -> None:
    reach(tmp_path, shop(), *STAGES)

    assert not (tmp_path / "db.yaml").exists()
    assert "- db.yaml\n" not in (tmp_path / "kustomization.yaml").read_text()
    assert (tmp_path / "db.db.secretmigration.yaml").exists()


def test_retire_removes_only_its_document_of_a_file(tmp_path: Path) -> None:
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}  # stays\n"
    reach(tmp_path, shop(db__yaml=f"{EXTERNAL_SECRET}---\n{other}"), *STAGES)

    assert (tmp_path / "db.yaml").read_text() == other
    assert "- db.yaml\n" in (tmp_path / "kustomization.yaml").read_text()


def test_inline_pods_are_what_the_webhook_would_make(tmp_path: Path) -> None:
    grow(tmp_path, shop())
    step(tmp_path, "prepare")

    step(tmp_path, "inject", is_inline=True)

    text = (tmp_path / "web.yaml").read_text()
    assert 'vault.hashicorp.com/agent-inject: "true"\n' in text
    assert "vault.hashicorp.com/role: shop-web\n" in text
    assert "phase2.tazlab.net/eso: skip\n" in text
    assert 'command: ["/bin/sh", "-ec", ' in text
    assert "secretKeyRef" not in text


def test_inline_commands_survive_what_flux_substitutes(tmp_path: Path) -> None:
    own = {f"apps/{name}": text for name, text in shop().items() if name != "phase2.yaml"}
    grow(tmp_path, {"phase2.yaml": CONFIG, "clusters/x/apps.yaml": FLUX, **own})
    step(tmp_path, "prepare")

    step(tmp_path, "inject", is_inline=True)

    text = (tmp_path / "apps" / "web.yaml").read_text()
    assert "$${PGPASSWORD%x}" in text
    assert text.count("${") == text.count("$${")
