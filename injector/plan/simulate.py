"""What the stages would change one after the other, without writing anything and without reading the tree again."""

from __future__ import annotations

from dataclasses import replace

from injector.location import Location
from injector.migration.model import Stage
from injector.plan.model import Plan, Proposal


def committed_at(plan: Plan, paths: dict[tuple[str, str], str], stage: Stage) -> Plan:
    """Return the plan as it would be once its proposals are committed at a stage.

    Args:
        plan: a plan.
        paths: (namespace, name) -> the file that holds the migration.
        stage: where they stand.
    """
    return replace(plan, proposals=tuple(_commit(one, paths, stage) for one in plan.proposals))


def _commit(proposal: Proposal, paths: dict[tuple[str, str], str], stage: Stage) -> Proposal:
    migration = proposal.migration
    path = paths.get((migration.namespace, migration.name))
    if path is None or (proposal.is_committed and migration.stage.rank >= stage.rank):
        return proposal
    return replace(proposal, migration=replace(migration, stage=stage, location=Location(path, 1)), is_committed=True)
