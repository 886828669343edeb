"""Pods whose chart has no place for labels: a post-renderer of their release, forth and back."""

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
    refusals,
    shop,
    step,
    tree_of,
)

STAGES = ("prepare", "inject", "release", "retire")
OTHER = """\
  postRenderers:  # ours
    - kustomize:
        images: [{name: a, newName: b}]
"""
LABELED = """\
  postRenderers:
    - kustomize:
        patches:
          - patch: |
              # phase2: who is injected
              apiVersion: apps/v1
              kind: Deployment
              metadata:
                name: web-server
              spec:
                template:
                  metadata:
                    labels:
                      phase2.tazlab.net/inject: "true"
"""
LISTED = f"""\
{LABELED}\
                    annotations:
                      phase2.tazlab.net/secrets: db
"""


def charted(made: str = "Deployment/web-server", release: str = UNHEARD_OF, **changed: str) -> dict[str, str]:
    """The shop by a chart without a place for labels, whose objects a person has named."""
    config = (
        f"{CONFIG}workloads:\n  - {{namespace: shop, name: web, serviceAccount: web, postRenderer: {made}}}\n"
        "apps:\n  - {chart: unheard-of, command: [/run]}\n"
    )
    return shop(**{"web__yaml": release, "phase2__yaml": config, **changed})


@pytest.mark.parametrize("release", [UNHEARD_OF, UNHEARD_OF.replace("  values:\n", f"{OTHER}  values:\n")])
def test_every_stage_goes_forth_and_back_to_the_same_bytes(release: str, tmp_path: Path) -> None:
    trees = [tree_of(grow(tmp_path, charted(release=release)))]
    for stage in STAGES:
        made = step(tmp_path, stage)
        assert (len(made.done), refusals(made)) == (1, [])
        assert not step(tmp_path, stage).workspace.changed
        trees.append(tree_of(tmp_path))

    back = [tree_of(tmp_path)]
    for _ in STAGES:
        assert refusals(step(tmp_path, "back")) == []
        back.append(tree_of(tmp_path))

    assert back == list(reversed(trees))


def test_the_label_then_the_list_stand_in_one_patch(tmp_path: Path) -> None:
    grow(tmp_path, charted())
    step(tmp_path, "prepare")

    step(tmp_path, "inject")
    injected = (tmp_path / "web.yaml").read_text()
    step(tmp_path, "release")
    released = (tmp_path / "web.yaml").read_text()

    assert injected == UNHEARD_OF + LABELED
    assert released == UNHEARD_OF[: UNHEARD_OF.index("      - {name: PGUSER")] + LISTED


def test_a_namespace_that_the_chart_writes_down_is_named_too(tmp_path: Path) -> None:
    grow(tmp_path, charted("StatefulSet/shop/web-server"))
    step(tmp_path, "prepare")

    step(tmp_path, "inject")

    text = (tmp_path / "web.yaml").read_text()
    assert (
        "kind: StatefulSet\n              metadata:\n                name: web-server\n                namespace: shop\n"
        in text
    )


def test_two_logins_of_one_release_stand_in_one_list(tmp_path: Path) -> None:
    second = EXTERNAL_SECRET.replace("name: db\n", "name: db2\n")
    reads = UNHEARD_OF + VARIABLES.replace("PG", "OTHER_PG").replace("name: db,", "name: db2,").replace(
        "        -", "      -"
    )[len("        env:\n") :].replace("          value", "        value").replace("key: OTHER_PG", "key: PG")
    listing = f"{KUSTOMIZATION}  - db2.yaml\n"
    grow(tmp_path, charted(release=reads, db2__yaml=second, kustomization__yaml=listing))
    for stage in ("prepare", "inject"):
        assert refusals(step(tmp_path, stage)) == []

    for name in ("shop/db", "shop/db2"):
        assert refusals(step(tmp_path, "release", only=[name])) == []

    assert "phase2.tazlab.net/secrets: db,db2\n" in (tmp_path / "web.yaml").read_text()


def test_a_cron_job_has_its_pods_one_level_deeper(tmp_path: Path) -> None:
    grow(tmp_path, charted("CronJob/report"))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject")

    assert refusals(made) == []
    text = (tmp_path / "web.yaml").read_text()
    assert "apiVersion: batch/v1\n" in text
    assert "jobTemplate:\n                  spec:\n                    template:\n" in text


def test_a_post_renderer_that_an_overlay_takes_away_is_missed(tmp_path: Path) -> None:
    patch = "patches:\n- target: {kind: HelmRelease}\n  patch: '[{op: add, path: /spec/postRenderers, value: []}]'\n"
    grow(tmp_path, charted(kustomization__yaml=KUSTOMIZATION + patch))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject")

    assert refusals(made) == [
        "kustomization.yaml:10: a patch would take the post-renderer from the pods of HelmRelease/shop/web again; nothing is "
        "changed, edit it by hand"
    ]


REMOVING = """\
    - kustomize:
        patches: [{patch: '[{op: remove, path: /spec/template/metadata/labels}]'}]
"""


def test_a_later_post_renderer_that_takes_the_label_away_is_named(tmp_path: Path) -> None:
    grow(tmp_path, charted())
    for stage in ("prepare", "inject"):
        step(tmp_path, stage)
    grow(tmp_path, {"web.yaml": (tmp_path / "web.yaml").read_text() + REMOVING})

    made = step(tmp_path, "release")

    assert refusals(made) == [
        "web.yaml:26: a post-renderer would take the labels from the pods of HelmRelease/shop/web again; "
        "nothing is changed, edit it by hand"
    ]


def test_an_earlier_post_renderer_takes_nothing_from_what_comes_later(tmp_path: Path) -> None:
    grow(tmp_path, charted(release=UNHEARD_OF.replace("  values:\n", f"  postRenderers:\n{REMOVING}  values:\n")))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject")

    assert (len(made.done), refusals(made)) == (1, [])
