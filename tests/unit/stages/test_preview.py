"""What a plan shows of the stages: in which groups, and what it foresees of a tree that nobody has read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.migration.model import Stage
from injector.stages.preview import find_groups, preview
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import EXTERNAL_SECRET, based, deployment, plan_of, reach, shop, shown, two_logins

OTHER = {f"other/{path}": text for path, text in shop().items() if path != "phase2.yaml"}
OTHER["other/kustomization.yaml"] = OTHER["other/kustomization.yaml"].replace("namespace: shop", "namespace: other")


def groups(root: Path) -> list[list[str]]:
    _, scene, workspace = plan_of(root)
    return [
        [f"{one.migration.namespace}/{one.migration.name}" for one in group.scene.plan.proposals]
        for group in find_groups(scene, workspace)
    ]


def test_what_shares_no_file_and_no_pods_is_shown_apart(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {**{f"own/{path}": text for path, text in shop().items()}, **OTHER, "phase2.yaml": shop()["phase2.yaml"]},
    )

    assert groups(tmp_path) == [["other/db"], ["shop/db"]]


@pytest.mark.parametrize(
    ("files", "expected"),
    [(two_logins(), [["shop/db", "shop/db2"]]), (based("one", "two"), [["one/db", "two/db"]])],
    ids=["the same pods", "the same manifest"],
)
def test_what_shares_something_is_shown_together(
    files: dict[str, str], expected: list[list[str]], tmp_path: Path
) -> None:
    grow(tmp_path, files)

    assert groups(tmp_path) == expected


def test_who_is_not_wanted_is_not_shown(tmp_path: Path) -> None:
    _, scene, workspace = plan_of(grow(tmp_path, shop()))
    nobody = type(scene)(plan=scene.plan, inventory=scene.inventory, config=scene.config, wanted=lambda _, __: False)

    seen = preview(nobody, workspace)

    assert [step.changed for step in seen.steps] == [{}] * len(Stage)
    assert workspace.changed == {}


def test_a_reader_that_does_not_move_is_told_at_the_stage_that_it_stops(tmp_path: Path) -> None:
    pods = deployment(name="other", command="").replace("ghcr.io/acme/shop:1", "ghcr.io/acme/other:1")
    grow(tmp_path, shop(web__yaml=f"{deployment()}---\n{pods}"))

    refused, trees = shown(tmp_path)

    assert refused == [
        "web.yaml:44: stage release: Deployment/shop/other still reads PGUSER and is not moved; move it first, or leave this key "
        "static by an override in phase2.yaml"
    ]
    assert trees[1] == trees[2] == trees[3]


def test_who_reads_the_secret_again_after_release_stops_retire(tmp_path: Path) -> None:
    root = reach(tmp_path, shop(), "prepare", "inject", "release")
    manifest = root / "web.yaml"
    manifest.write_text(f"{manifest.read_text()}---\n{deployment(name='again')}")

    refused, _ = shown(tmp_path)

    assert len(refused) == 1
    assert "stage retire: is still read by Deployment/shop/again" in refused[0]


def test_the_preview_of_a_tree_on_its_way_shows_what_is_left(tmp_path: Path) -> None:
    root = reach(tmp_path, shop(), "prepare", "inject")
    _, scene, workspace = plan_of(root)

    seen = preview(scene, workspace)

    assert [bool(step.done) for step in seen.steps] == [False, False, True, True]
    assert [sorted(step.changed) for step in seen.steps] == [
        [],
        [],
        ["db.db.secretmigration.yaml", "db.yaml", "web.yaml"],
        ["db.db.secretmigration.yaml", "db.yaml", "kustomization.yaml"],
    ]
    assert EXTERNAL_SECRET in (root / "db.yaml").read_text()
