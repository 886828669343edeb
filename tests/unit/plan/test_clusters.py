"""Several clusters in one tree: one decision for one manifest, words for a second manifest of the same name."""

from __future__ import annotations

from pathlib import Path

from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import (
    CONFIG,
    EXTERNAL_SECRET,
    STORE,
    based,
    deployment,
    plan_of,
    reach,
    refusals,
    step,
    tree_of,
)

STAGES = ("prepare", "inject", "release", "retire")
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {tls: [{secretName: db}]}
"""


def two_clusters(*, second: str = EXTERNAL_SECRET) -> dict[str, str]:
    """Clusters x and y; each deploys an ExternalSecret of the same namespace and name from a manifest of its own."""
    files = {"phase2.yaml": CONFIG}
    for name, source in (("x", EXTERNAL_SECRET), ("y", second)):
        files |= {
            f"overlays/{name}/kustomization.yaml": "namespace: shop\nresources: [store.yaml, db.yaml, web.yaml]\n",
            f"overlays/{name}/store.yaml": STORE,
            f"overlays/{name}/db.yaml": source,
            f"overlays/{name}/web.yaml": deployment(),
        }
    return files


def with_more_in_y(name: str, text: str) -> dict[str, str]:
    """One base for clusters x and y, and one more manifest in y."""
    files = based("shop", "shop", overlays=("x", "y"))
    files["overlays/y/kustomization.yaml"] += f"- {name}\n"
    return files | {f"overlays/y/{name}": text}


def test_a_reader_that_only_one_cluster_has_moves_with_the_others(tmp_path: Path) -> None:
    grow(tmp_path, with_more_in_y("job.yaml", deployment(name="job")))

    plan, _, _ = plan_of(tmp_path)

    assert [[one.name for one in own.migration.workloads] for own in plan.proposals] == [["job", "web"]]
    assert [refusals(step(tmp_path, stage)) for stage in STAGES] == [[], [], [], []]
    assert "secretKeyRef" not in (tmp_path / "overlays/y/job.yaml").read_text()


def test_a_reader_of_one_cluster_that_cannot_move_keeps_the_secret_in_all(tmp_path: Path) -> None:
    reach(tmp_path, with_more_in_y("ingress.yaml", INGRESS), "prepare", "inject")

    made = step(tmp_path, "release")

    assert refusals(made) == [
        "overlays/y/ingress.yaml:4: Ingress/shop/web still reads the Secret and is not moved; move it first, or leave this key static by "
        "an override in phase2.yaml"
    ]


def test_a_second_manifest_of_the_same_name_is_told(tmp_path: Path) -> None:
    grow(tmp_path, two_clusters())

    plan, _, _ = plan_of(tmp_path)

    assert [str(one.item.source.origin.location) for one in plan.proposals if one.item] == ["overlays/x/db.yaml:1"]
    assert [(str(one.location), one.why) for one in plan.blocked] == [
        (
            "overlays/y/db.yaml:1",
            "overlays/x/db.yaml:1 makes an ExternalSecret of this namespace and name as well (for another cluster?), and one "
            "SecretMigration decides for one of them; deploy both from one manifest, or plan the folder of each cluster alone",
        )
    ]


def test_what_is_static_in_a_second_manifest_is_nothing_to_tell(tmp_path: Path) -> None:
    static = EXTERNAL_SECRET.replace("PGUSER", "A_TOKEN").replace("PGPASSWORD", "B_TOKEN")
    files = two_clusters(second=static)
    files["overlays/y/web.yaml"] = "{}\n"
    grow(tmp_path, files)

    plan, _, _ = plan_of(tmp_path)

    assert (len(plan.proposals), plan.blocked) == (1, ())


def test_the_manifest_with_something_to_move_is_planned_wherever_it_stands(tmp_path: Path) -> None:
    files = two_clusters()
    files["overlays/x/db.yaml"] = EXTERNAL_SECRET.replace("PGUSER", "A_TOKEN").replace("PGPASSWORD", "B_TOKEN")
    files["overlays/x/web.yaml"] = "{}\n"
    grow(tmp_path, files)

    plan, _, _ = plan_of(tmp_path)

    assert [str(one.item.source.origin.location) for one in plan.proposals if one.item] == ["overlays/y/db.yaml:1"]


def test_one_cluster_moves_while_another_keeps_its_own_manifest(tmp_path: Path) -> None:
    start = tree_of(grow(tmp_path, two_clusters()))

    made = [step(tmp_path, stage) for stage in STAGES]

    assert [(len(one.done), refusals(one)) for one in made] == [(1, [])] * 4
    after = tree_of(tmp_path)
    assert {path for path in start if path.startswith("overlays/y/")} <= {
        path for path in start if after.get(path) == start[path]
    }
    for _ in STAGES:
        assert refusals(step(tmp_path, "back")) == []
    assert tree_of(tmp_path) == start


def test_a_committed_document_goes_with_the_manifest_that_it_stands_beside(tmp_path: Path) -> None:
    files = two_clusters()
    grow(tmp_path, {path: text for path, text in files.items() if not path.startswith("overlays/x/")})
    step(tmp_path, "prepare")
    grow(tmp_path, files | {"overlays/y/kustomization.yaml": (tmp_path / "overlays/y/kustomization.yaml").read_text()})

    plan, _, _ = plan_of(tmp_path)

    assert [str(one.item.source.origin.location) for one in plan.proposals if one.item] == ["overlays/y/db.yaml:1"]
    assert [str(one.location) for one in plan.blocked] == ["overlays/x/db.yaml:1"]


def test_what_one_cluster_judges_static_stays_where_the_manifest_is_shared(tmp_path: Path) -> None:
    files = based("shop", "shop", overlays=("x", "y"))
    patch = "'[{op: remove, path: /spec/template/spec/containers/0/env}]'"
    files["overlays/y/kustomization.yaml"] = (
        "namespace: shop\nresources: [../../base, store.yaml, ingress.yaml]\n"
        f"patches:\n- {{target: {{kind: Deployment}}, patch: {patch}}}\n"
    )
    files["overlays/y/ingress.yaml"] = INGRESS
    grow(tmp_path, files)

    plan, _, _ = plan_of(tmp_path)

    assert not plan.proposals
    assert [(one.keys, one.why) for one in plan.blocked] == [
        (
            ("PGPASSWORD",),
            "it is static where kustomize:overlays/y deploys the same manifest; give that cluster a manifest of its own",
        )
    ]
