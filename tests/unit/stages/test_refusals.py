"""What keeps a stage from being applied or taken back; a refused tree is untouched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import (
    CONFIG,
    EXTERNAL_SECRET,
    KUSTOMIZATION,
    UNHEARD_OF,
    VARIABLES,
    VOLUME,
    based,
    deployment,
    plan_of,
    reach,
    refusals,
    shop,
    step,
    tree_of,
    two_logins,
)

BEFORE = {"inject": ("prepare",), "release": ("prepare", "inject"), "retire": ("prepare", "inject", "release")}
PUSH = """\
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata: {name: push}
spec:
  deletionPolicy: Delete
  secretStoreRefs: [{name: vault, kind: ClusterSecretStore}]
  selector: {secret: {name: db}}
  data:
  - match: {secretKey: PGPASSWORD, remoteRef: {remoteKey: shop/copy, property: p}}
"""
PATCH = """\
patches:
- patch: |-
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db}
    spec: {%s}
"""
COUNTING = """\
patches:
- target: {kind: ExternalSecret, name: db}
  patch: |-
    - {op: add, path: /spec/data/-, value: {secretKey: API_TOKEN, remoteRef: {key: shop/api, property: token}}}
    - {op: replace, path: /spec/data/2/remoteRef/key, value: shop/other}
"""
PATCHED_ENV = """\
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
          - name: app
            env:
            - {name: PGUSER, valueFrom: {secretKeyRef: {name: db, key: PGUSER}}}
            - {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}}
"""
SECOND = EXTERNAL_SECRET.replace("name: db\n", "name: db2\n").replace("  target:\n", "  target:\n    name: db\n")
MERGING = SECOND.replace("Owner", "Merge").replace("PGUSER", "A_TOKEN").replace("PGPASSWORD", "B_TOKEN")


def listed(name: str, text: str, **changed: str) -> dict[str, str]:
    """The shop with one more manifest."""
    return shop(kustomization__yaml=f"{KUSTOMIZATION}  - {name}\n", **{name.replace(".", "__"): text}, **changed)


LABELED = EXTERNAL_SECRET.replace("  name: db\n", "  name: db\n  labels: {tier: login}\n")
TEMPLATED = EXTERNAL_SECRET.replace("  data:\n", "    template: {metadata: {labels: {tier: login}}}\n  data:\n")
MANAGED = "{key: reconcile.external-secrets.io/managed, operator: Exists}"
PATCHED_PODS = """\
patches:
- target: {kind: Deployment}
  patch: |-
    - {op: add, path: /spec/template/metadata/%s, value: {app: web}}
"""
FROM = "        env:\n        - {name: PGHOST, value: x}\n        envFrom:\n        - secretRef: {name: db}\n"
OPEN = f"{EXTERNAL_SECRET}  dataFrom:\n  - extract: {{key: shop/api}}\n"

MERGED = EXTERNAL_SECRET.replace("Owner", "Merge")
CASES = {
    "inject, a patch that drops the label": (
        "inject",
        shop(kustomization__yaml=KUSTOMIZATION + PATCHED_PODS % "labels"),
        "kustomization.yaml:10: a patch would take the opt-in label from the pods of Deployment/shop/web again; nothing is changed, edit "
        "it by hand",
    ),
    "release, a patch that drops the list of migrations": (
        "release",
        shop(kustomization__yaml=KUSTOMIZATION + PATCHED_PODS % "annotations"),
        "kustomization.yaml:11: a patch would take the list of migrations from the pods of Deployment/shop/web again; nothing is changed, "
        "edit it by hand",
    ),
    "release, another reader": (
        "release",
        listed("job.yaml", deployment(name="other", command="")),
        "job.yaml:20: Deployment/shop/other still reads PGUSER and is not moved; move it first, or leave this key static by an "
        "override in phase2.yaml",
    ),
    "release, another writer": (
        "release",
        listed("db2.yaml", SECOND),
        "db.yaml:1: ExternalSecret/shop/db2 writes the same Secret (db2.yaml:1); leave one writer first",
    ),
    "release, another writer merges": (
        "release",
        listed("db2.yaml", MERGING),
        "db.yaml:1: ExternalSecret/shop/db2 writes the same Secret (db2.yaml:1); leave one writer first",
    ),
    "release, a push that deletes": (
        "release",
        listed("push.yaml", PUSH),
        "db.db.secretmigration.yaml:3: PushSecret/shop/push pushes this Secret to shop/copy with deletionPolicy Delete, so that "
        "the data there would go with it; set its deletionPolicy to None, or remove it, first",
    ),
    "release, a push that leaves the data": (
        "release",
        listed("push.yaml", PUSH.replace("Delete", "None")),
        "push.yaml:7: PushSecret/shop/push still reads the Secret and is not moved; move it first, or leave this key static by an "
        "override in phase2.yaml",
    ),
    "release, a push by labels that deletes": (
        "release",
        listed("push.yaml", PUSH.replace("{name: db}", "{selector: {matchLabels: {tier: login}}}"), db__yaml=LABELED),
        "db.db.secretmigration.yaml:3: PushSecret/shop/push pushes this Secret to shop/copy with deletionPolicy Delete, so that "
        "the data there would go with it; set its deletionPolicy to None, or remove it, first",
    ),
    "release, a push of everything that the operator makes": (
        "release",
        listed(
            "push.yaml",
            PUSH.replace("{name: db}", f"{{selector: {{matchExpressions: [{MANAGED}]}}}}").replace("Delete", "None"),
        ),
        "db.db.secretmigration.yaml:3: PushSecret/shop/push chooses this Secret by its labels and pushes it to shop/copy; take "
        "it out of the selector, or remove the PushSecret, first",
    ),
    "release, a push by the labels of a template": (
        "release",
        listed("push.yaml", PUSH.replace("{name: db}", "{selector: {matchLabels: {tier: login}}}"), db__yaml=TEMPLATED),
        "db.db.secretmigration.yaml:3: PushSecret/shop/push pushes this Secret to shop/copy with deletionPolicy Delete, so that "
        "the data there would go with it; set its deletionPolicy to None, or remove it, first",
    ),
    "release, policy None": (
        "release",
        shop(db__yaml=EXTERNAL_SECRET.replace("Owner", "None")),
        "db.yaml:1: ExternalSecret/shop/db: creationPolicy None keeps the ownerReference of an earlier Owner; set Orphan first "
        "and let it reconcile",
    ),
    "release, a patch that deletes again": (
        "release",
        shop(kustomization__yaml=KUSTOMIZATION + PATCH % "target: {deletionPolicy: Delete}"),
        "db.yaml:1: a patch sets deletionPolicy Delete again, with which the operator refuses to let go of the Secret; nothing "
        "is changed, edit it by hand",
    ),
    "release, a patch that owns again": (
        "release",
        shop(kustomization__yaml=KUSTOMIZATION + PATCH % "target: {creationPolicy: Owner}"),
        "db.yaml:1: a patch sets creationPolicy again, so that the ExternalSecret would not let go of its Secret; nothing is "
        "changed, edit it by hand",
    ),
    "release, a patch that counts entries": (
        "release",
        shop(kustomization__yaml=KUSTOMIZATION + COUNTING),
        "kustomization.yaml:13: afterwards kustomization.yaml:13 could not be read: does not apply to ExternalSecret/db: replace: "
        "index 2 is beyond the list's end; correct the patch; nothing is changed, edit it by hand",
    ),
    "release, a patch that reads": (
        "release",
        shop(
            kustomization__yaml=KUSTOMIZATION + PATCHED_ENV,
            web__yaml=deployment(reads=VARIABLES.split("        - name: PGUSER")[0]),
        ),
        "kustomization.yaml:20: Deployment/shop/web would still read PGUSER of Secret db, in a place that was not found; nothing "
        "is changed, edit it by hand",
    ),
    "retire, a patch that names it": (
        "retire",
        shop(kustomization__yaml=KUSTOMIZATION + PATCH % "refreshInterval: 2h"),
        "kustomization.yaml:10: afterwards kustomization.yaml:10 could not be read: no object ExternalSecret/db of this apiVersion "
        "and namespace is in the build; correct the patch or remove it; nothing is changed, edit it by hand",
    ),
}


@pytest.mark.parametrize(("stage", "files", "why"), CASES.values(), ids=CASES.keys())
def test_a_stage_that_would_hurt_is_refused(stage: str, files: dict[str, str], why: str, tmp_path: Path) -> None:
    grow(tmp_path, files)
    for earlier in BEFORE[stage]:
        step(tmp_path, earlier)
    before = tree_of(tmp_path)

    made = step(tmp_path, stage)

    assert refusals(made)[0] == why
    assert not made.done
    assert tree_of(tmp_path) == before


@pytest.mark.parametrize(
    ("source", "reads", "line"),
    [(OPEN, FROM, 20), (MERGED, FROM, 20), (MERGED, VOLUME, 25)],
    ids=[
        "envFrom of keys that nobody knows",
        "envFrom of somebody else's Secret",
        "a volume of somebody else's Secret",
    ],
)
def test_who_reads_more_than_is_named_is_told_by_the_plan_and_refused_by_the_stage(
    source: str, reads: str, line: int, tmp_path: Path
) -> None:
    """Should a Secret be opened while it moves, the stage says what the plan said before."""
    why = (
        "Deployment/shop/web{} reads all of Secret db, which may hold more than ExternalSecret/shop/db names (dataFrom, or "
        "creationPolicy Merge); let it name the keys it needs"
    )
    plan, _, _ = plan_of(grow(tmp_path / "new", shop(db__yaml=source, web__yaml=deployment(reads=reads))))
    root = reach(tmp_path / "old", shop(web__yaml=deployment(reads=reads)), "prepare")
    (root / "db.yaml").write_text(source)

    made = step(root, "inject")

    assert not plan.proposals
    assert [f"{one.location}: {one.why}" for one in plan.blocked] == [f"web.yaml:{line}: {why.format(':')}"]
    assert refusals(made) == [f"web.yaml:{line}: {why.format('')}"]


@pytest.mark.parametrize(
    "selector",
    [
        "{matchLabels: {tier: other}}",
        "{matchExpressions: [{key: tier, operator: Exists}]}",
        "{matchExpressions: [{key: reconcile.external-secrets.io/managed, operator: DoesNotExist}]}",
    ],
)
def test_a_push_of_other_secrets_is_no_reason_to_refuse(selector: str, tmp_path: Path) -> None:
    push = PUSH.replace("{name: db}", f"{{selector: {selector}}}")
    reach(tmp_path, listed("push.yaml", push), "prepare", "inject")

    made = step(tmp_path, "release")

    assert (len(made.done), refusals(made)) == (1, [])


def test_a_generator_that_is_pushed_is_no_reader(tmp_path: Path) -> None:
    push = PUSH.replace("secret: {name: db}", "generatorRef: {kind: Password, name: db}")
    reach(tmp_path, listed("push.yaml", push), "prepare", "inject")

    made = step(tmp_path, "release")

    assert (len(made.done), refusals(made)) == (1, [])


JOINED = VOLUME.replace(
    "secret: {secretName: db}", "projected: {sources: [{secret: {name: db}}, {configMap: {name: settings}}]}"
)


def test_a_volume_that_joins_the_secret_with_others_is_told_before_anything_moves(tmp_path: Path) -> None:
    grow(tmp_path, shop(web__yaml=deployment(reads=JOINED)))

    plan, _, _ = plan_of(tmp_path)

    assert not plan.proposals
    assert [(str(one.location), one.why) for one in plan.blocked] == [
        (
            "web.yaml:25",
            "Deployment/shop/web: its volume joins the Secret with ConfigMap settings in one folder (/etc/login); give the Secret "
            "a volume of its own",
        )
    ]


@pytest.mark.parametrize("stage", ["inject", "release"])
def test_a_volume_that_joins_since_it_was_planned_stops_the_next_stage(stage: str, tmp_path: Path) -> None:
    reach(tmp_path, shop(web__yaml=deployment(reads=VOLUME)), *BEFORE[stage])
    file = tmp_path / "web.yaml"
    file.write_text(
        file.read_text().replace("secret: {secretName: db}", JOINED.rpartition("- name: login\n        ")[2].strip())
    )

    made = step(tmp_path, stage)

    assert [one.partition(":")[2].partition(": ")[2] for one in refusals(made)] == [
        "Deployment/shop/web joins Secret db with ConfigMap settings in one folder (/etc/login); give the Secret a volume of its own"
    ]
    assert not made.workspace.changed


def test_retire_is_refused_while_anybody_reads_the_secret(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare", "inject", "release")
    listing = (tmp_path / "kustomization.yaml").read_text()
    grow(tmp_path, {"late.yaml": deployment(name="late"), "kustomization.yaml": f"{listing}  - late.yaml\n"})

    made = step(tmp_path, "retire")

    assert refusals(made) == [
        "late.yaml:21: is still read by Deployment/shop/late (late.yaml:21), Deployment/shop/late (late.yaml:23); take Secret db "
        "out of these manifests first"
    ]


@pytest.mark.parametrize(("stage", "wanted"), [("release", "inject"), ("retire", "release")])
def test_a_stage_needs_the_one_before(stage: str, wanted: str, tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")

    made = step(tmp_path, stage)

    assert refusals(made) == [f"db.db.secretmigration.yaml:3: is at stage prepare; apply stage {wanted} first"]


def test_what_is_not_prepared_waits(tmp_path: Path) -> None:
    grow(tmp_path, shop())

    made = step(tmp_path, "inject")

    assert [str(one) for one in made.waiting] == ["SecretMigration/shop/db"]
    assert not made.workspace.changed


def test_what_only_a_person_knows_must_be_said_first(tmp_path: Path) -> None:
    grow(tmp_path, shop(phase2__yaml=CONFIG.split("engineRoles")[0]))

    made = step(tmp_path, "prepare")

    (why,) = refusals(made)
    assert why.startswith(
        "db.yaml:1: postgresql: what the login may do: give grants (or an owner) for it; write it in phase2.yaml"
    )
    assert not made.workspace.changed


def test_a_file_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    grow(tmp_path, shop() | {"db.db.secretmigration.yaml": "kind: Other\n"})

    made = step(tmp_path, "prepare")

    assert refusals(made) == [
        "db.db.secretmigration.yaml:1: stands there and cannot be read as a SecretMigration (phase2 classify says why); mend or "
        "remove it"
    ]


def test_one_of_two_namespaces_of_a_manifest_does_not_move_alone(tmp_path: Path) -> None:
    grow(tmp_path, based("a", "b"))

    made = step(tmp_path, "prepare", only=["a/db"])

    assert refusals(made) == [
        "base/db.yaml:1: b/db comes from the same manifest; name it with --only as well, or give it a manifest of its own"
    ]


def test_one_of_two_namespaces_of_a_manifest_does_not_go_back_alone(tmp_path: Path) -> None:
    reach(tmp_path, based("a", "b"), "prepare", "inject")

    made = step(tmp_path, "back", only=["a/db"])

    assert refusals(made) == [
        "overlays/a/db.secretmigration.yaml:3: b/db comes from the same manifest; name it with --only as well"
    ]


@pytest.mark.parametrize("stage", ["inject", "release"])
def test_what_later_migrations_of_the_same_pods_need_is_not_taken_back(stage: str, tmp_path: Path) -> None:
    reach(tmp_path, two_logins(), *BEFORE[stage], stage)

    made = step(tmp_path, "back", only=["shop/db"])

    assert refusals(made) == ["db.db.secretmigration.yaml:3: shop/db2 moved the same pods later; take that back first"]


def test_migrations_of_the_same_pods_go_back_one_by_one_the_latest_first(tmp_path: Path) -> None:
    start = tree_of(reach(tmp_path, two_logins()))
    for stage in ("prepare", "inject", "release"):
        step(tmp_path, stage)

    for name in ("shop/db2", "shop/db2", "shop/db", "shop/db", "shop/db", "shop/db2"):
        assert refusals(step(tmp_path, "back", only=[name])) == []

    assert tree_of(tmp_path) == start


def test_an_edit_of_the_same_lines_keeps_a_stage_from_being_taken_back(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare", "inject")
    file = tmp_path / "web.yaml"
    file.write_text(file.read_text().replace('phase2.tazlab.net/inject: "true"', "phase2.tazlab.net/inject: 'true'"))

    made = step(tmp_path, "back")

    assert refusals(made) == [
        "web.yaml:11: has been edited since, at the lines that the stage changed; take the stage back with git, or restore the "
        "file and run the command again"
    ]


def test_other_edits_of_the_file_stay_when_a_stage_is_taken_back(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare", "inject", "release")
    file = tmp_path / "web.yaml"
    file.write_text(file.read_text().replace("shop:1", "shop:2"))

    made = step(tmp_path, "back")

    assert refusals(made) == []
    step(tmp_path, "back")
    assert file.read_text() == deployment().replace("shop:1", "shop:2")


def test_a_stage_that_nobody_noted_is_taken_back_by_git(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")
    (tmp_path / ".phase2/journal/shop.db.prepare.journal").unlink()

    made = step(tmp_path, "back")

    assert refusals(made) == [
        "db.db.secretmigration.yaml:3: stage prepare has no journal .phase2/journal/shop.db.prepare.journal; it was not made by "
        "phase2 apply: take it back with git"
    ]


def test_a_migration_that_stands_twice_is_left_alone(tmp_path: Path) -> None:
    reach(tmp_path, shop(), "prepare")
    text = (tmp_path / "db.db.secretmigration.yaml").read_text()
    grow(tmp_path, {"copy/db.yaml": text})

    made = step(tmp_path, "inject")

    assert refusals(made) == ["db.db.secretmigration.yaml:3: stands again at copy/db.yaml:3; remove one of the two"]


def test_a_chart_whose_places_nobody_knows_is_told_what_to_write(tmp_path: Path) -> None:
    config = f"{CONFIG}workloads:\n  - {{namespace: shop, name: web, serviceAccount: web}}\napps:\n  - {{chart: unheard-of, command: [/run]}}\n"
    reach(tmp_path, shop(web__yaml=UNHEARD_OF, phase2__yaml=config), "prepare")

    made = step(tmp_path, "inject")

    assert refusals(made) == [
        "web.yaml:1: HelmRelease/shop/web: nobody knows where chart unheard-of takes its pods' labels; write labelsPath in "
        "phase2.yaml under workloads, or postRenderer where the chart has no place for them"
    ]


def test_pods_of_several_namespaces_are_not_written_inline(tmp_path: Path) -> None:
    reach(tmp_path, based("a", "b"), "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert refusals(made)[0] == (
        "overlays/a/db.secretmigration.yaml:3: b/db comes from the same manifest, and annotations name the role of one namespace; "
        "let the webhook do it, or give each namespace manifests of its own"
    )
    assert not made.workspace.changed
