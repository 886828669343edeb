"""What `classify` says of a reader, `plan` does, or says why not: in the same words where nothing can be done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.classify import classify
from injector.config.load import parse_config
from injector.config.model import Config
from injector.inventory.build import build_inventory
from injector.manifests.tree import Tree
from injector.migration.model import Stage
from injector.model import Credential, Item, Readiness, Report, SourceKind, Verdict
from injector.plan.build import build_plan
from injector.plan.model import Blocked, Plan
from injector.stages.check import check_outcome
from injector.stages.preview import Preview, preview
from injector.stages.run import Scene, apply_stage
from injector.stages.workspace import Workspace
from tests.property.fleets import fleets
from tests.property.moving_secrets import DECIDED, moving
from tests.property.samples import texts
from tests.property.test_canary import SECRET
from tests.property.test_mutations import STEPS, mutated
from tests.property.test_plans import MOVING, Steps, config, fleet_config, scene_of, shop_config, shops, written
from tests.unit.stages.moving import EXTERNAL_SECRET, shop

_EXTERNAL = (SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET)


def look(contents: Mapping[str, bytes], decided: Config) -> tuple[Report, Plan, Preview]:
    found = tuple(sorted(path for path in contents if path.endswith((".yaml", ".yml"))))
    inventory = build_inventory(Tree(Path("nowhere"), found, overlay=dict(contents)), jobs=1)
    report = classify(inventory, decided)
    plan = build_plan(report, decided, [])
    scene = Scene(plan=plan, inventory=inventory, config=decided, wanted=lambda _, __: True)
    return report, plan, preview(scene, Workspace(contents.get))


def capable(report: Report) -> Iterator[tuple[Item, Credential]]:
    """Yield the credentials that a plan is asked for: of ExternalSecrets, the first where several clusters have one."""
    seen: set[tuple[str, str]] = set()
    for item in report.items:
        own = (item.source.ref.namespace, item.source.ref.name)
        if item.source.kind in _EXTERNAL and own not in seen:
            seen.add(own)
            yield from ((item, one) for one in item.credentials if one.verdict is Verdict.DYNAMIC)


def disagreements(report: Report, plan: Plan, seen: Preview) -> Iterator[str]:
    """Yield in words where a plan does something else than the verdicts say."""
    proposals = {(one.migration.namespace, one.migration.name): one.migration for one in plan.proposals}
    asked = {one.migration for one in plan.undecided}
    for item, credential in capable(report):
        ref = item.source.ref
        migration = proposals.get((ref.namespace, ref.name))
        told = [one for one in plan.blocked if (one.ref.namespace, one.ref.name) == (ref.namespace, ref.name)]
        moves = migration is not None and set(credential.keys) <= set(migration.keys)
        if not moves and not any(not one.keys or set(one.keys) & set(credential.keys) for one in told):
            yield f"{ref}: nothing is said of {credential.keys}"
        if ref.namespace:
            yield from unrendered(item, credential, told)
        if migration is None or not moves:
            continue
        moved = {(one.kind, one.name) for one in migration.workloads}
        refused = [one for one in seen.refused if one.migration == migration.ref]
        for one in credential.consumers:
            reader = (one.consumer.ref.kind, one.consumer.ref.name)
            is_told = any(blocked.why.startswith(f"{one.consumer.ref}: ") for blocked in told)
            if one.readiness is Readiness.BLOCKED:
                if reader in moved:
                    yield f"{one.consumer.ref}: is blocked and moves"
                if not any(f"{one.consumer.ref}: {one.obstacles[0]}" == blocked.why for blocked in told):
                    yield f"{one.consumer.ref}: is blocked, and the plan says {[blocked.why for blocked in told]}"
            elif reader not in moved and not is_told and migration.ref not in asked:
                yield f"{one.consumer.ref}: is {one.readiness}, and nothing is said of it"
        if migration.ref not in asked and all(one.readiness is Readiness.READY for one in credential.consumers):
            for stage in (Stage.PREPARE, Stage.INJECT):
                yield from (
                    f"{ref}: all is ready, and {one.why}" for one in refused if one.why.startswith(f"stage {stage}:")
                )


def unrendered(item: Item, credential: Credential, told: Sequence[Blocked]) -> Iterator[str]:
    """Yield where verdict and plan differ in whether Vault Agent can render a credential's templates, or say it otherwise."""
    planned = {
        f"{one.why} ({one.location})"
        for one in told
        if one.keys == credential.keys and one.why.startswith(("function ", "template syntax:", "literal secret:"))
    }
    known = tuple(f"({key.location.path}:" for key in item.source.keys)
    for one in credential.consumers:
        first = one.obstacles[0] if one.obstacles else ""
        if planned and (one.readiness is not Readiness.BLOCKED or first not in planned):
            yield f"{one.consumer.ref}: is {one.readiness} ({first}), and the plan says {planned}"
        is_template = one.readiness is Readiness.BLOCKED and any(place in first for place in known)
        if is_template and not any(first == f"{other.why} ({other.location})" for other in told):
            yield f"{one.consumer.ref}: is blocked ({first}), and the plan says {[other.why for other in told]}"


UNTRANSLATABLE = (
    ("{{ .PGPASSWORD | bcrypt }}", "function bcrypt: "),
    ("{{ .PGPASSWORD | nosuchfunction }}", "function nosuchfunction: "),
    ("{{ if .PGPASSWORD }}x{{ end", "template syntax: "),
)


@pytest.mark.parametrize(("template", "construct"), UNTRANSLATABLE)
def test_a_template_without_an_equivalent_is_told_by_verdict_and_plan_in_the_same_words(
    template: str, construct: str
) -> None:
    written = EXTERNAL_SECRET.replace(
        "  data:\n",
        f"    template:\n      data:\n        PGUSER: '{{{{ .PGUSER }}}}'\n        PGPASSWORD: '{template}'\n  data:\n",
    )
    contents = {path: text.encode() for path, text in shop(db__yaml=written).items() if path != "phase2.yaml"}

    report, plan, seen = look(contents, shop_config())

    (blocked,) = plan.blocked
    (credential,) = [one for _, one in capable(report)]
    assert blocked.why.startswith(construct)
    assert str(blocked.location) == "db.yaml:13"
    assert {(one.readiness, one.obstacles[0]) for one in credential.consumers} == {
        (Readiness.BLOCKED, f"{blocked.why} (db.yaml:13)")
    }
    assert list(disagreements(report, plan, seen)) == []


def test_the_example_is_planned_as_it_is_judged() -> None:
    assert list(disagreements(*look(texts(), config()))) == []


def test_a_tree_of_many_ways_is_planned_as_it_is_judged() -> None:
    report, plan, seen = look(moving(SECRET), parse_config(DECIDED.encode(), "phase2.yaml"))

    assert len(list(capable(report))) >= len(plan.proposals) > 1
    assert list(disagreements(report, plan, seen)) == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(MOVING), STEPS, min_size=1, max_size=4))
def test_a_mutated_tree_is_planned_as_it_is_judged(changes: dict[str, Steps]) -> None:
    contents = {path: texts()[path] for path in MOVING}
    contents |= {path: mutated(texts()[path], steps) for path, steps in changes.items()}

    assert list(disagreements(*look(contents, config()))) == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(shops())
def test_every_little_tree_is_planned_as_it_is_judged(contents: dict[str, bytes]) -> None:
    assert list(disagreements(*look(contents, shop_config()))) == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(fleets())
def test_every_fleet_is_planned_as_it_is_judged(contents: dict[str, bytes]) -> None:
    assert list(disagreements(*look(contents, fleet_config()))) == []


CORPUS = os.environ.get("PHASE2_CORPUS", "")


@pytest.mark.skipif(not CORPUS, reason="PHASE2_CORPUS names no folder of trees")
def test_the_corpus_is_planned_as_it_is_judged() -> None:
    for root in sorted(path for path in Path(CORPUS).iterdir() if path.is_dir()):
        contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.yaml")}

        assert list(disagreements(*look(contents, Config()))) == []


def unforeseen(contents: Mapping[str, bytes], decided: Config) -> list[str]:
    """Return what the stages refuse, the tree read again after each, that the plan did not say before."""
    _, _, seen = look(contents, decided)
    foreseen = {one.migration for one in seen.refused}
    found: list[str] = []
    for stage in Stage:
        scene, workspace, tree = scene_of(contents, decided)
        made = apply_stage(stage, scene, workspace)
        if made.workspace.changed:
            check_outcome(
                made, scene.inventory, build_inventory(tree.changed(made.workspace.changed), jobs=1), scene.plan
            )
        found += [f"{stage}: {one.migration}: {one.why}" for one in made.refused if one.migration not in foreseen]
        contents = written(contents, made)
    return found


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(fleets())
def test_no_stage_refuses_what_the_plan_of_a_fleet_did_not_say(contents: dict[str, bytes]) -> None:
    assert unforeseen(contents, fleet_config()) == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(shops())
def test_no_stage_refuses_what_the_plan_of_a_little_tree_did_not_say(contents: dict[str, bytes]) -> None:
    assert unforeseen(contents, shop_config()) == []


def test_no_stage_refuses_what_the_plan_of_the_example_did_not_say() -> None:
    assert unforeseen(texts(), config()) == []
