"""What a pod's label alone stands for is what `phase2 plan` would have written of a tree that holds the same objects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, event, given, settings

from injector.classify import classify
from injector.convention.known import Proposer
from injector.inventory.build import build_inventory
from injector.manifests.tree import Tree
from injector.migration.model import Stage
from injector.model import Confidence, Item, Readiness, Report, Verdict
from injector.plan.build import build_plan
from injector.plan.model import Plan
from injector.pod.reading import read_secrets
from tests.property.admitted import CONVENTION, Drawn, drawn_clusters


def plan_tree(drawn: Drawn) -> tuple[Report, Plan]:
    """What the command line makes of the objects' manifests."""
    files = drawn.files
    inventory = build_inventory(Tree(Path("nowhere"), tuple(sorted(files)), overlay=dict(files)), jobs=1)
    report = classify(inventory, CONVENTION)
    return report, build_plan(report, CONVENTION)


def is_sure(item: Item) -> bool:
    moving = [one for one in item.credentials if one.verdict is Verdict.DYNAMIC]
    return all(
        one.confidence is Confidence.HIGH and all(two.readiness is Readiness.READY for two in one.consumers)
        for one in moving
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn_clusters())
def test_label_alone_stands_for_what_plan_would_have_written(drawn: Drawn) -> None:
    report, plan = plan_tree(drawn)
    proposed = {one.migration.name: one.migration for one in plan.proposals}
    items = {one.source.ref.name: one for one in report.items if one.source.kind == "ExternalSecret"}
    blocked = {one.ref.name for one in plan.blocked}

    judged = Proposer(CONVENTION).judge(drawn.pod, "shop", read_secrets(drawn.pod), cluster=drawn.cluster)

    for one in judged:
        event(f"moved: {one.migration is not None}, static: {one.is_static}")
        wanted = proposed.get(one.name)
        is_wanted = (
            wanted is not None and bool(wanted.workloads) and is_sure(items[one.name]) and one.name not in blocked
        )
        assert (one.migration is not None) is is_wanted, one.why
        if one.migration is not None and wanted is not None:
            assert one.migration == replace(wanted, stage=Stage.INJECT)
        assert bool(one.why) is (one.migration is None)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn_clusters())
def test_answer_that_was_kept_is_the_answer_of_an_empty_memory(drawn: Drawn) -> None:
    proposer, cluster, secrets = Proposer(CONVENTION), drawn.cluster, read_secrets(drawn.pod)
    first = proposer.judge(drawn.pod, "shop", secrets, cluster=cluster)

    again = proposer.judge(drawn.pod, "shop", secrets, cluster=cluster)

    assert again == first
    assert again is first or first == ()
