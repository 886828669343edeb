"""Corners of stages: manifests of unusual forms, hands that edited in between, readers and makers that get in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.errors import EditError
from injector.stages.workspace import Workspace
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import (
    CONFIG,
    EXTERNAL_SECRET,
    KUSTOMIZATION,
    STORE,
    VARIABLES,
    deployment,
    reach,
    refusals,
    shop,
    step,
    tree_of,
)

STAGES = ("prepare", "inject", "release", "retire")
TOKEN = (
    EXTERNAL_SECRET.replace("name: db\n", "name: token\n").replace("PGUSER", "A_TOKEN").replace("PGPASSWORD", "B_TOKEN")
)
GRAFANA = """\
        env:
        - name: GF_DATABASE_HOST
          value: db.example.org
        - name: GF_DATABASE_TYPE
          value: postgres
        - name: GF_DATABASE_USER
          valueFrom: {secretKeyRef: {name: db, key: PGUSER}}
        - name: GF_DATABASE_PASSWORD  # who it is
          valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}
"""
MIGRATION = "db.db.secretmigration.yaml"


def patched(patch: str, kind: str = "SecretMigration") -> str:
    """The shop's kustomization with a patch."""
    return f"{KUSTOMIZATION}patches:\n- target: {{kind: {kind}}}\n  patch: |-\n{patch}"


def listed(*items: str) -> str:
    """Objects in a ``kind: List``."""
    body = "".join(f"- {one.rstrip()}\n".replace("\n", "\n  ").rstrip() + "\n" for one in items)
    return f"apiVersion: v1\nkind: List\nitems:\n{body}"


REFUSED = {
    "prepare, a patch takes the document away": (
        "prepare",
        shop(kustomization__yaml=patched("    $patch: delete\n    kind: SecretMigration\n    metadata: {name: any}\n")),
        "db.yaml:1: no kustomization would deploy it as shop/db (is there a namePrefix or a nameSuffix, or is its folder not "
        "listed?); nothing is changed, edit it by hand",
    ),
    "prepare, a patch changes the document": (
        "prepare",
        shop(kustomization__yaml=patched("    - {op: replace, path: /spec/auth/mount, value: other}\n")),
        "db.db.secretmigration.yaml:3: kustomize would change the SecretMigration on the way; nothing is changed, edit it by hand",
    ),
    "release, a patch that freezes again": (
        "release",
        shop(
            kustomization__yaml=patched(
                "    - {op: add, path: /spec/refreshPolicy, value: CreatedOnce}\n", "ExternalSecret"
            )
        ),
        "db.yaml:1: a patch sets refreshPolicy again, so that the ExternalSecret would never let go of its Secret; nothing is "
        "changed, edit it by hand",
    ),
    "release, another object takes its policy over": (
        "release",
        shop(
            kustomization__yaml=f"""\
{KUSTOMIZATION}  - token.yaml
replacements:
- source: {{kind: ExternalSecret, name: db, fieldPath: spec.target.creationPolicy}}
  targets:
  - select: {{kind: ExternalSecret, name: token}}
    fieldPaths: [spec.target.creationPolicy]
""",
            token__yaml=TOKEN,
        ),
        "token.yaml:1: ExternalSecret/shop/token would change as well; nothing is changed, edit it by hand",
    ),
    "prepare, a name that no file has": (
        "prepare",
        shop(
            db__yaml=EXTERNAL_SECRET.replace("  name: db\n", '  name: "a/b"\n').replace(
                "  target:\n", "  target:\n    name: db\n"
            )
        ),
        "db.yaml:1: ExternalSecret/shop/a/b: its name is none that a file could have; rename it",
    ),
    "prepare, two of a name in one list": (
        "prepare",
        shop(db__yaml=listed(EXTERNAL_SECRET, EXTERNAL_SECRET)),
        "db.yaml:4: ExternalSecret/shop/db: stands there more than once; edit it by hand",
    ),
    "release, moved keys of a Secret that a chart names": (
        "release",
        shop(
            web__yaml="""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chart: {spec: {chart: shop, sourceRef: {kind: HelmRepository, name: x}}}
  values:
    database: {host: db.example.org, existingSecret: db}
""",
            phase2__yaml=f"""\
{CONFIG}workloads:
  - {{namespace: shop, name: web, serviceAccount: web, labelsPath: podLabels, annotationsPath: podAnnotations}}
apps:
  - {{chart: shop, command: [/run]}}
overrides:
  - {{name: db, key: PGPASSWORD, verdict: dynamic-capable, engine: database/postgresql, reason: it is}}
""",
        ),
        "web.yaml:1: names Secret db in existingSecret, and only its chart knows what for; change it by hand",
    ),
    "inject, keys that come by dataFrom beside one that stays": (
        "inject",
        shop(
            db__yaml=EXTERNAL_SECRET.partition("  data:\n")[0]
            + "  dataFrom:\n  - extract: {key: shop/db}\n  data:\n"
            + "    - {secretKey: PGUSER, remoteRef: {key: shop/db, property: user}}\n"
            + "    - {secretKey: API_TOKEN, remoteRef: {key: shop/api, property: token}}\n",
        ),
        "db.yaml:1: ExternalSecret/shop/db: PGPASSWORD comes by dataFrom, which takes all keys; name the keys that stay "
        "under data",
    ),
}


@pytest.mark.parametrize(("stage", "files", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_stage_that_cannot_be_right_is_refused(stage: str, files: dict[str, str], why: str, tmp_path: Path) -> None:
    grow(tmp_path, files)
    for earlier in STAGES[: STAGES.index(stage)]:
        assert refusals(step(tmp_path, earlier)) == []
    before = tree_of(tmp_path)

    made = step(tmp_path, stage)

    assert refusals(made)[:1] == [why]
    assert not made.done
    assert tree_of(tmp_path) == before


def test_a_manifest_that_another_namespace_deploys_with_a_secret_of_its_own_is_not_edited(tmp_path: Path) -> None:
    files = {
        "phase2.yaml": CONFIG,
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": deployment(),
        "overlays/a/kustomization.yaml": "namespace: a\nresources: [../../base, db.yaml, store.yaml]\n",
        "overlays/a/db.yaml": EXTERNAL_SECRET,
        "overlays/a/store.yaml": STORE,
        "overlays/b/kustomization.yaml": "namespace: b\nresources: [../../base]\n",
    }
    reach(tmp_path, files, "prepare", "inject")

    made = step(tmp_path, "release")

    assert refusals(made)[0] == (
        "base/web.yaml:24: Deployment/b/web would no longer read Secret db; nothing is changed, edit it by hand"
    )


def test_a_list_keeps_its_other_objects(tmp_path: Path) -> None:
    start = tree_of(grow(tmp_path, shop(db__yaml=listed(TOKEN, EXTERNAL_SECRET))))

    made = [step(tmp_path, stage) for stage in STAGES]

    assert [(len(one.done), refusals(one)) for one in made] == [(1, [])] * 4
    assert (tmp_path / "db.yaml").read_text() == listed(TOKEN)
    for _ in STAGES:
        step(tmp_path, "back")
    assert tree_of(tmp_path) == start


def test_one_file_may_hold_the_same_name_for_two_namespaces(tmp_path: Path) -> None:
    files = {name: text for name, text in shop().items() if name != "kustomization.yaml"}
    for kind in ("db", "web"):
        text = files[f"{kind}.yaml"]
        both = [
            text.replace(f"  name: {kind}\n", f"  name: {kind}\n  namespace: {one}\n", 1) for one in ("shop", "other")
        ]
        files[f"{kind}.yaml"] = "---\n".join(both) if kind == "db" else listed(*both)
    start = tree_of(grow(tmp_path, files))

    made = [step(tmp_path, stage, only=["shop/db"]) for stage in STAGES]

    assert [(len(one.done), refusals(one)) for one in made] == [(1, [])] * 4
    assert "namespace: other\n" in (tmp_path / "db.yaml").read_text()
    assert "namespace: shop\n" not in (tmp_path / "db.yaml").read_text()
    for _ in STAGES:
        step(tmp_path, "back")
    assert tree_of(tmp_path) == start


def test_variables_become_those_of_files_where_the_app_has_such(tmp_path: Path) -> None:
    web = deployment(reads=GRAFANA, command="").replace("ghcr.io/acme/shop:1", "grafana/grafana:11.2.0")
    start = tree_of(grow(tmp_path, shop(web__yaml=web)))

    made = [step(tmp_path, stage) for stage in STAGES]

    assert [(len(one.done), refusals(one)) for one in made] == [(1, [])] * 4
    text = (tmp_path / "web.yaml").read_text()
    assert "- name: GF_DATABASE_PASSWORD__FILE  # who it is\n          value: /vault/secrets/db/PGPASSWORD\n" in text
    for _ in STAGES:
        step(tmp_path, "back")
    assert tree_of(tmp_path) == start


def test_the_stage_is_set_in_the_document_that_is_meant(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")
    text = (tmp_path / MIGRATION).read_text()
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"
    grow(tmp_path, {MIGRATION: f"{text}---\n{other}"})

    made = step(tmp_path, "inject")

    assert refusals(made) == []
    assert (tmp_path / MIGRATION).read_text() == f"{text}---\n{other}".replace("stage: prepare", "stage: inject")


def test_the_stage_is_set_in_a_document_that_a_prefix_renames(tmp_path: Path) -> None:
    source = EXTERNAL_SECRET.replace("  target:\n", "  target:\n    name: db\n")
    reach(tmp_path, shop(db__yaml=source, kustomization__yaml=f"{KUSTOMIZATION}namePrefix: prod-\n"), "prepare")
    path = next(tmp_path.glob("*.secretmigration.yaml"))
    path.write_text(f"{path.read_text()}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: other}}\n")

    made = step(tmp_path, "inject")

    assert refusals(made) == []
    assert "  stage: inject\n" in path.read_text()


def test_a_workload_that_reads_it_no_more_is_told_by_its_migration(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")
    grow(tmp_path, {"web.yaml": deployment(name="shop")})

    made = step(tmp_path, "inject")

    assert refusals(made) == [
        f"{MIGRATION}:3: no Deployment web in the tree reads the Secret; mend the SecretMigration"
    ]


def test_a_source_that_was_removed_by_hand_is_asked_back(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare", "inject")
    (tmp_path / "db.yaml").unlink()
    listing = (tmp_path / "kustomization.yaml").read_text()
    grow(tmp_path, {"kustomization.yaml": listing.replace("  - db.yaml\n", "")})

    made = step(tmp_path, "release")

    assert refusals(made) == [
        f"{MIGRATION}:3: ExternalSecret/shop/db is not in the tree; put it back, or remove the SecretMigration"
    ]


def test_a_migration_without_workloads_has_nothing_to_inject(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")
    text = (tmp_path / MIGRATION).read_text()
    grow(tmp_path, {MIGRATION: f"{text[: text.index(chr(10) + '  workloads:')]}\n  workloads: []\n"})

    made = step(tmp_path, "inject")

    assert refusals(made) == [f"{MIGRATION}:3: nobody reads it by a way that can move; there is nothing to inject"]


def test_one_manifest_of_several_namespaces_without_overlays_gets_a_document_for_each(tmp_path: Path) -> None:
    cluster = """\
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: db}
spec:
  namespaces: [a, b]
  externalSecretName: db
  externalSecretSpec:
    secretStoreRef: {kind: ClusterSecretStore, name: vault}
    data:
    - {secretKey: PGUSER, remoteRef: {key: shop/db, property: user}}
    - {secretKey: PGPASSWORD, remoteRef: {key: shop/db, property: password}}
"""
    files = {"phase2.yaml": CONFIG, "store.yaml": STORE, "db.yaml": cluster}
    for name in ("a", "b"):
        files[f"{name}.yaml"] = deployment().replace("  name: web\n", f"  name: web\n  namespace: {name}\n", 1)
    start = tree_of(grow(tmp_path, files))

    made = step(tmp_path, "prepare")

    assert (len(made.done), refusals(made)) == (2, [])
    assert sorted(one.name for one in tmp_path.glob("*.secretmigration.yaml")) == [
        "db.a.db.secretmigration.yaml",
        "db.b.db.secretmigration.yaml",
    ]
    step(tmp_path, "back")
    assert tree_of(tmp_path) == start


@pytest.mark.parametrize(
    ("stages", "path", "text", "why"),
    [
        (STAGES, "db.yaml", EXTERNAL_SECRET, "db.yaml:1: stands there again; "),
        (STAGES[:2], "web.yaml", None, "web.yaml:1: does not exist any more; "),
        (STAGES[:1], MIGRATION, "# mine\n", f"{MIGRATION}:1: has been edited since; "),
    ],
)
def test_what_a_hand_did_since_is_not_written_over(
    stages: tuple[str, ...], path: str, text: str | None, why: str, tmp_path: Path
) -> None:
    reach(tmp_path, shop(), *stages)
    file = tmp_path / path
    if text is None:
        file.unlink()
    else:
        file.write_text(text + (file.read_text() if file.exists() else ""))
    before = tree_of(tmp_path)

    made = step(tmp_path, "back")

    assert len(refusals(made)) == 1
    assert refusals(made)[0].startswith(why)
    assert tree_of(tmp_path) == before


def test_a_migration_that_stands_twice_is_not_taken_back(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")
    grow(tmp_path, {"copy/db.yaml": (tmp_path / MIGRATION).read_text()})

    made = step(tmp_path, "back")

    assert refusals(made) == [f"{MIGRATION}:3: stands again at copy/db.yaml:3; remove one of the two"]


def test_a_patch_in_a_file_of_its_own_is_named_where_it_is_listed(tmp_path: Path) -> None:
    labels = "- {op: replace, path: /spec/template/metadata/labels, value: {app: web}}\n"
    replicas = "- {op: add, path: /spec/replicas, value: 2}\n"
    patches = "patches:\n- {path: replicas.yaml, target: {kind: Deployment}}\n- {path: labels.yaml, target: {kind: Deploy.*}}\n"
    files = shop(kustomization__yaml=KUSTOMIZATION + patches, labels__yaml=labels, replicas__yaml=replicas)
    reach(tmp_path, files, "prepare")

    made = step(tmp_path, "inject")

    assert refusals(made)[0].startswith("kustomization.yaml:11: a patch would take the opt-in label")


def test_a_file_that_is_gone_cannot_be_opened() -> None:
    with pytest.raises(
        EditError, match=r"x\.yaml:1: does not exist any more; run the command again on the tree as it is"
    ):
        Workspace(lambda _: None).open("x.yaml")


def test_variables_of_a_secret_that_stays_are_left_alone(tmp_path: Path) -> None:
    source = f"{EXTERNAL_SECRET}    - secretKey: API_TOKEN\n      remoteRef: {{key: shop/api, property: token}}\n"
    reads = (
        f"{VARIABLES}        - name: API_TOKEN\n          valueFrom: {{secretKeyRef: {{name: db, key: API_TOKEN}}}}\n"
    )
    reach(tmp_path, shop(db__yaml=source, web__yaml=deployment(reads=reads)), *STAGES[:3])

    text = (tmp_path / "web.yaml").read_text()
    assert "secretKeyRef: {name: db, key: API_TOKEN}" in text
    assert "key: PG" not in text
