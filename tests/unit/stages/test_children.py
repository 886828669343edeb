"""A ClusterExternalSecret lets go in all its namespaces, or in none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, STORE, deployment, plan_of, reach, refusals, shown, step, tree_of

STAGES = ("prepare", "inject", "release", "retire")
CLUSTER = """\
# for all
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: db}
spec:
  namespaces: [a, b]
  externalSecretName: db
  externalSecretSpec:
    refreshInterval: "0"
    secretStoreRef: {kind: ClusterSecretStore, name: vault}
    target:
      deletionPolicy: Delete
    data:
    - secretKey: PGUSER
      remoteRef: {key: shop/db, property: user}
    - secretKey: PGPASSWORD
      remoteRef: {key: shop/db, property: password}
"""
STAYS = """\
    - secretKey: API_TOKEN
      remoteRef: {key: shop/api, property: token}
"""
MIXED = f"{CLUSTER}{STAYS}"
TOGETHER = "db.yaml:2: ClusterExternalSecret/a/db: lets go in all its namespaces at once, and "
INSTEAD = "; move them first, or take them out of it and give them an ExternalSecret of their own"


def shops(cluster: str = CLUSTER, *namespaces: str) -> dict[str, str]:
    """A tree with one ClusterExternalSecret, and a Deployment in each namespace (a and b)."""
    files = {"phase2.yaml": CONFIG, "store.yaml": STORE, "db.yaml": cluster}
    for name in namespaces or ("a", "b"):
        files[f"{name}.yaml"] = placed(name)
    return files


def placed(namespace: str, name: str = "web", command: str = '["/app"]') -> str:
    text = deployment(name=name, command=command)
    return text.replace(f"  name: {name}\n", f"  name: {name}\n  namespace: {namespace}\n", 1)


def test_all_namespaces_let_go_by_one_edit_of_the_spec_that_they_share(tmp_path: Path) -> None:
    reach(tmp_path, shops(), "prepare", "inject")

    made = step(tmp_path, "release")

    assert (len(made.done), refusals(made)) == (2, [])
    assert (tmp_path / "db.yaml").read_text() == CLUSTER.replace(
        '    refreshInterval: "0"\n', '    refreshInterval: "0"\n    refreshPolicy: OnChange\n'
    ).replace("      deletionPolicy: Delete\n", "      deletionPolicy: Retain\n      creationPolicy: Orphan\n")


def test_only_moved_keys_leave_where_some_stay_in_every_namespace(tmp_path: Path) -> None:
    reach(tmp_path, shops(MIXED), "prepare", "inject")

    made = step(tmp_path, "release")

    text = (tmp_path / "db.yaml").read_text()
    assert (len(made.done), refusals(made)) == (2, [])
    assert "PGPASSWORD" not in text
    assert "creationPolicy" not in text
    assert text.endswith(f"    data:\n{STAYS}")


def test_the_document_goes_when_its_last_namespaces_retire(tmp_path: Path) -> None:
    reach(tmp_path, shops(), *STAGES)

    assert not (tmp_path / "db.yaml").exists()


@pytest.mark.parametrize("cluster", [CLUSTER, MIXED], ids=["whole", "mixed"])
def test_every_stage_is_taken_back_byte_for_byte(cluster: str, tmp_path: Path) -> None:
    grow(tmp_path, shops(cluster))
    passed = []
    for stage in STAGES:
        passed.append(tree_of(tmp_path))
        step(tmp_path, stage)

    for before in reversed(passed):
        step(tmp_path, "back")
        assert tree_of(tmp_path) == before


def test_a_plan_shows_what_the_stages_then_do(tmp_path: Path) -> None:
    grow(tmp_path, shops())

    refused, trees = shown(tmp_path)

    assert refused == []
    assert b"creationPolicy: Orphan" in trees[2]["db.yaml"]
    assert "db.yaml" not in trees[3]


def test_one_namespace_is_enough_where_it_is_the_only_one(tmp_path: Path) -> None:
    reach(tmp_path, shops(CLUSTER.replace("[a, b]", "[a]"), "a"), *STAGES)

    assert not (tmp_path / "db.yaml").exists()


@pytest.mark.parametrize(
    ("cluster", "lacking"),
    [
        (CLUSTER.replace("[a, b]", "[a, b, c, d]"), "c has no SecretMigration, d has no SecretMigration"),
        (
            CLUSTER.replace(
                "  externalSecretName",
                "  namespaceSelectors:\n  - matchLabels: {kubernetes.io/metadata.name: c}\n  externalSecretName",
            ),
            "c has no SecretMigration",
        ),
    ],
    ids=["by name", "by the label of its name"],
)
@pytest.mark.parametrize("stage", ["release", "retire"])
def test_namespaces_that_do_not_move_are_named(stage: str, cluster: str, lacking: str, tmp_path: Path) -> None:
    reach(tmp_path, shops(), *STAGES[: STAGES.index(stage)])
    let_go = (tmp_path / "db.yaml").read_text()
    grow(tmp_path, {"db.yaml": cluster if stage == "release" else let_go.replace(*_changed(cluster))})
    before = tree_of(tmp_path)

    made = step(tmp_path, stage)

    assert refusals(made) == [f"{TOGETHER}{lacking}{INSTEAD}", f"{TOGETHER}{lacking}{INSTEAD}".replace("/a/", "/b/")]
    assert tree_of(tmp_path) == before


def _changed(cluster: str) -> tuple[str, str]:
    """Return the part of a ClusterExternalSecret that chooses namespaces, before and after."""
    end = "  externalSecretSpec"
    start = "spec:\n"
    return tuple(one[one.index(start) : one.index(end)] for one in (CLUSTER, cluster))  # type: ignore[return-value]


def test_who_is_not_as_far_as_the_others_is_named(tmp_path: Path) -> None:
    reach(tmp_path, shops(), "prepare", "inject")
    document = tmp_path / "db.b.db.secretmigration.yaml"
    document.write_text(document.read_text().replace("stage: inject", "stage: prepare"))

    made = step(tmp_path, "release", only=["a/db"])

    assert refusals(made) == [f"{TOGETHER}b is at stage prepare{INSTEAD}"]


def test_who_is_not_prepared_is_named(tmp_path: Path) -> None:
    reach(tmp_path, shops(), "prepare", "inject")
    (tmp_path / "db.b.db.secretmigration.yaml").unlink()

    made = step(tmp_path, "release")

    assert refusals(made) == [f"{TOGETHER}b is not prepared{INSTEAD}"]


def test_who_moves_other_keys_is_named(tmp_path: Path) -> None:
    reach(tmp_path, shops(MIXED), "prepare", "inject")
    document = tmp_path / "db.b.db.secretmigration.yaml"
    text = document.read_text().replace("PGUSER", "API_TOKEN")
    document.write_text(text)

    made = step(tmp_path, "release")

    assert refusals(made)[0] == f"{TOGETHER}b moves other keys{INSTEAD}"
    assert not made.workspace.changed


def test_a_reader_who_stays_in_one_namespace_keeps_all_of_them(tmp_path: Path) -> None:
    reach(tmp_path, shops(), "prepare", "inject")
    grow(tmp_path, {"other.yaml": placed("b", name="other", command="")})
    why = (
        "Deployment/b/other still reads PGUSER and is not moved; move it first, or leave this key static by an override in "
        "phase2.yaml"
    )

    made = step(tmp_path, "release")

    assert [one.partition(": ")[2] for one in refusals(made)] == [
        f"ClusterExternalSecret/a/db: lets go in all its namespaces at once, and b cannot: {why}",
        why,
    ]
    assert not made.workspace.changed


def test_a_reader_who_came_since_keeps_the_document_for_all(tmp_path: Path) -> None:
    reach(tmp_path, shops(), "prepare", "inject", "release")
    grow(tmp_path, {"other.yaml": placed("b", name="other", command="")})

    made = step(tmp_path, "retire")

    assert len(refusals(made)) == 2
    assert (
        "lets go in all its namespaces at once, and b cannot: is still read by Deployment/b/other" in refusals(made)[0]
    )
    assert not made.workspace.changed


@pytest.mark.parametrize(
    "selector",
    [
        "namespaceSelector: {}",
        "namespaceSelector: {matchLabels: {team: shop}}",
        "namespaceSelectors: [{matchLabels: {team: shop}}]",
    ],
)
def test_a_selector_that_may_choose_more_is_told(selector: str, tmp_path: Path) -> None:
    reach(tmp_path, shops(CLUSTER.replace("  externalSecretName", f"  {selector}\n  externalSecretName")), *STAGES[:2])

    made = step(tmp_path, "release")

    assert refusals(made)[0] == (
        f"{TOGETHER}a selector of it may choose others than a, b; name them all under namespaces"
    )
    assert not made.workspace.changed


def test_a_selector_by_more_than_the_name_chooses_no_others(tmp_path: Path) -> None:
    selector = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a, team: shop}}"
    cluster = CLUSTER.replace("  namespaces: [a, b]\n", f"  {selector}\n")

    reach(tmp_path, shops(cluster, "a"), *STAGES)

    assert not (tmp_path / "db.yaml").exists()


def test_what_another_cluster_adds_to_its_namespaces_counts(tmp_path: Path) -> None:
    files = {f"base/{path}": text for path, text in shops().items() if path != "phase2.yaml"}
    files |= {"base/kustomization.yaml": "resources: [store.yaml, db.yaml, a.yaml, b.yaml]\n", "phase2.yaml": CONFIG}
    patch = "- target: {kind: ClusterExternalSecret}\n  patch: '[{op: add, path: /spec/namespaces/-, value: c}]'\n"
    files["one/kustomization.yaml"] = "resources: [../base]\n"
    files["two/kustomization.yaml"] = f"resources: [../base]\npatches:\n{patch}"
    reach(tmp_path, files, "prepare", "inject")

    made = step(tmp_path, "release")

    assert "c has no SecretMigration" in refusals(made)[0]
    assert not made.workspace.changed


def test_nothing_is_planned_where_no_namespace_is_named(tmp_path: Path) -> None:
    cluster = CLUSTER.replace("  namespaces: [a, b]\n", "  namespaceSelector: {matchLabels: {team: shop}}\n")

    plan, _, _ = plan_of(grow(tmp_path, shops(cluster)))

    assert not plan.proposals
