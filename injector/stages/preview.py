"""All stages one after the other, without reading the tree again: what a plan shows."""

from __future__ import annotations

from collections.abc import Collection

from injector.config.model import Config
from injector.inventory.facts import Inventory
from injector.migration.model import Stage
from injector.plan.model import Plan
from injector.plan.simulate import committed_at
from injector.stages.run import Outcome, Wanted, apply_stage, migration_path
from injector.stages.workspace import Workspace

SHOWN: tuple[Stage, ...] = (Stage.PREPARE, Stage.INJECT, Stage.RELEASE)
"""Retire only removes the ExternalSecret; it needs the tree read again, to see that nobody reads the Secret."""


def preview(
    plan: Plan, inventory: Inventory, workspace: Workspace, config: Config, *, wanted: Wanted, journals: Collection[str]
) -> Outcome:
    """Apply the stages to a workspace that nobody writes; arguments as of `apply_stage`.

    Returns:
        The last outcome, with what any stage refused.
    """
    seen = Outcome(workspace)
    paths = {
        (one.migration.namespace, one.migration.name): one.migration.location.path
        if one.is_committed
        else migration_path(one)
        for one in plan.proposals
    }
    for stage in SHOWN:
        made = apply_stage(stage, plan, inventory, workspace, config, wanted=wanted, journals=journals)
        seen.done += made.done
        refused = {one.migration for one in made.refused}
        seen.refused += made.refused
        reached = {
            own: path for own, path in paths.items() if not any((one.namespace, one.name) == own for one in refused)
        }
        plan = committed_at(plan, reached, stage)
    return seen
