"""Whatever stands in a tree, a plan answers; and what a stage did goes back to the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.classify import classify
from injector.config.load import load_config, parse_config
from injector.config.model import Config
from injector.inventory.build import build_inventory
from injector.manifests.tree import Tree
from injector.migration.model import Stage
from injector.plan.build import build_plan
from injector.report.planjson import build_plan_document, read_schema, render_json
from injector.stages.check import check_outcome
from injector.stages.journal import FOLDER
from injector.stages.preview import preview
from injector.stages.rollback import roll_back
from injector.stages.run import Outcome, Scene, apply_stage
from injector.stages.workspace import Workspace
from tests.property.fleets import FLEET_CONFIG, fleets
from tests.property.samples import EXAMPLE, texts
from tests.property.test_mutations import PATHS, STEPS, Mutation, mutated
from tests.unit.stages.moving import CONFIG, EXTERNAL_SECRET, KUSTOMIZATION, STORE, VARIABLES, VOLUME, deployment

Steps = list[tuple[Mutation, int, bytes]]
Contents = Mapping[str, bytes]
MOVING = tuple(path for path in PATHS if any(word in path for word in ("buzz", "multica", "monitoring", "vault/")))


@lru_cache(maxsize=1)
def schema() -> Any:
    return json.loads(read_schema("plan"))


@lru_cache(maxsize=1)
def config() -> Config:
    return load_config(EXAMPLE / "phase2.yaml", "phase2.yaml")


def scene_of(
    contents: Contents, decided: Config, *, is_inline: bool = False, past: Sequence[Contents] = ()
) -> tuple[Scene, Workspace, Tree]:
    found = tuple(sorted(path for path in contents if path.endswith((".yaml", ".yml"))))
    tree = Tree(Path("nowhere"), found, overlay=dict(contents))
    inventory = build_inventory(tree, jobs=1)
    plan = build_plan(
        classify(inventory, decided), decided, [*inventory.deployed.migrations, *inventory.orphaned.migrations]
    )
    journals = [path for path in contents if path.startswith(FOLDER)]
    scene = Scene(
        plan=plan,
        inventory=inventory,
        config=decided,
        wanted=lambda _, __: True,
        journals=journals,
        is_inline=is_inline,
        past=lambda path: [one[path] for one in past if path in one],
    )
    return scene, Workspace(contents.get), tree


def written(contents: Contents, made: Outcome) -> dict[str, bytes]:
    after = {**contents, **made.workspace.changed}
    return {path: data for path, data in after.items() if data is not None}


def step(contents: Contents, stage: Stage, decided: Config, *, is_inline: bool = False) -> dict[str, bytes]:
    scene, workspace, tree = scene_of(contents, decided, is_inline=is_inline)
    made = apply_stage(stage, scene, workspace)
    if made.workspace.changed:
        after = build_inventory(tree.changed(made.workspace.changed), jobs=1)
        check_outcome(made, scene.inventory, after, scene.plan)
    return written(contents, made)


def walk(contents: Contents, decided: Config, *, is_inline: bool = False) -> None:
    """Go as far as the stages let, and all the way back."""
    passed = [dict(contents)]
    for stage in Stage:
        passed.append(step(passed[-1], stage, decided, is_inline=is_inline))
    now = passed[-1]
    for _ in Stage:
        scene, workspace, _tree = scene_of(now, decided, past=passed)
        made = roll_back(scene, workspace)
        assert not made.refused, [one.why for one in made.refused]
        now = written(now, made)
    assert now == passed[0]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(MOVING), STEPS, min_size=1, max_size=4))
def test_a_plan_answers_whatever_stands_in_the_tree(changes: dict[str, Steps]) -> None:
    contents = {path: texts()[path] for path in MOVING}
    contents |= {path: mutated(texts()[path], steps) for path, steps in changes.items()}

    scene, workspace, _ = scene_of(contents, config())
    seen = preview(scene, workspace)

    document = build_plan_document(scene.plan, scene.plan.proposals, seen.refused, scene.config)
    jsonschema.validate(json.loads(render_json(document)), schema())


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(MOVING), STEPS, max_size=3))
def test_what_was_done_to_a_mutated_tree_goes_back(changes: dict[str, Steps]) -> None:
    contents = {path: texts()[path] for path in MOVING}
    contents |= {path: mutated(texts()[path], steps) for path, steps in changes.items()}

    walk(contents, config())


FORMS = (
    VARIABLES,
    VOLUME,
    VOLUME.replace("{secretName: db}", "{secretName: db, defaultMode: 0400, items: [{key: PGPASSWORD, path: p}]}"),
    "        envFrom: [{secretRef: {name: db}}]\n        env: [{name: PGHOST, value: x}]\n",
    VARIABLES.replace("        - name: PGUSER\n", "        # who it is\n        - name: PGUSER  # short\n"),
)
POLICIES = ("Owner", "Orphan", "Merge", "None", "Nonsense")
TAILS = (
    "",
    "    - secretKey: API_TOKEN\n      remoteRef: {key: shop/api, property: token}\n",
    "    # the host\n    - secretKey: PGHOST\n      remoteRef: {key: shop/db, property: host}\n",
)
LISTINGS = (
    KUSTOMIZATION,
    KUSTOMIZATION.replace(
        "resources:\n  - store.yaml\n  - db.yaml\n  - web.yaml", "resources: [db.yaml, store.yaml, web.yaml]"
    ),
    f"{KUSTOMIZATION}namePrefix: pre-\n",
    f"{KUSTOMIZATION}patches:\n- {{target: {{kind: ExternalSecret}}, patch: '[{{op: remove, path: /spec/refreshInterval}}]'}}\n",
    KUSTOMIZATION.replace("  - db.yaml\n", "  - db.yaml  # the login\n"),
)


@st.composite
def shops(draw: st.DrawFn) -> dict[str, bytes]:
    source = EXTERNAL_SECRET.replace("Owner", draw(st.sampled_from(POLICIES))) + draw(st.sampled_from(TAILS))
    if draw(st.booleans()):
        source = source.replace("  target:\n", "  target:\n    name: db\n")
    workload = deployment(
        reads=draw(st.sampled_from(FORMS)), command=draw(st.sampled_from(('["/app"]', "[sh, -c, run]", "")))
    )
    files = {
        "kustomization.yaml": draw(st.sampled_from(LISTINGS)),
        "store.yaml": STORE,
        "db.yaml": source,
        "web.yaml": workload,
    }
    if draw(st.booleans()):
        files["db.yaml"] = f"{workload}---\n{source}"
        files["web.yaml"] = "# nothing\n"
    newline = draw(st.sampled_from(("\n", "\r\n")))
    has_end = draw(st.booleans())
    return {
        path: (text if has_end else text.removesuffix("\n")).replace("\n", newline).encode()
        for path, text in files.items()
    }


@lru_cache(maxsize=1)
def shop_config() -> Config:
    return parse_config(CONFIG.encode(), "phase2.yaml")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(shops(), st.booleans())
def test_every_little_tree_goes_forth_and_back(contents: dict[str, bytes], is_inline: bool) -> None:  # noqa: FBT001
    walk(contents, shop_config(), is_inline=is_inline)


@lru_cache(maxsize=1)
def fleet_config() -> Config:
    return parse_config(FLEET_CONFIG.encode(), "phase2.yaml")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(fleets(), st.dictionaries(st.sampled_from(("one.yaml", "kustomization.yaml")), STEPS, max_size=1))
def test_a_plan_answers_for_every_fleet(contents: dict[str, bytes], changes: dict[str, Steps]) -> None:
    contents |= {path: mutated(contents[path], steps) for path, steps in changes.items()}

    scene, workspace, _ = scene_of(contents, fleet_config())
    seen = preview(scene, workspace)

    document = build_plan_document(scene.plan, scene.plan.proposals, seen.refused, scene.config)
    jsonschema.validate(json.loads(render_json(document)), schema())


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(fleets(), st.booleans())
def test_every_fleet_goes_forth_and_back(contents: dict[str, bytes], is_inline: bool) -> None:  # noqa: FBT001
    walk(contents, fleet_config(), is_inline=is_inline)
