"""All stages one after the other, without reading the tree again: what a plan shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from injector.errors import EditError
from injector.migration.model import Stage
from injector.plan.model import Proposal
from injector.plan.simulate import committed_at
from injector.stages.prepare import find_home
from injector.stages.run import Outcome, Scene, Wanted, apply_stage
from injector.stages.workspace import Workspace

SHOWN: Final = (Stage.PREPARE, Stage.INJECT, Stage.RELEASE)
"""Retire only removes the ExternalSecret; it needs the tree read again, to see that nobody reads the Secret."""


def preview(scene: Scene, workspace: Workspace) -> Outcome:
    """Apply the stages to a workspace that nobody writes; arguments as of `apply_stage`.

    Returns:
        The last outcome, with what any stage refused; what one stage refused, a later one does not try.
    """
    seen = Outcome(workspace)
    paths = {
        (one.migration.namespace, one.migration.name): path
        for one in scene.plan.proposals
        if scene.wanted(one.migration.namespace, one.migration.name) and (path := _home(one, scene))
    }
    for stage in SHOWN:
        made = apply_stage(stage, scene, workspace)
        seen.done += made.done
        seen.refused += made.refused
        stopped = {(one.migration.namespace, one.migration.name) for one in seen.refused}
        reached = {own: path for own, path in paths.items() if own not in stopped}
        scene = replace(
            scene,
            plan=committed_at(scene.plan, reached, stage),
            wanted=_among(frozenset(reached)),
        )
    return seen


def _among(names: frozenset[tuple[str, str]]) -> Wanted:
    return lambda namespace, name: (namespace, name) in names


def _home(proposal: Proposal, scene: Scene) -> str:
    if proposal.is_committed:
        return proposal.migration.location.path
    try:
        return find_home(proposal, scene.manifests)[0]
    except EditError:
        return ""
