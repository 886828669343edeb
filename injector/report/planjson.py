"""A plan as the document of the public contract."""

from __future__ import annotations

import json
from collections.abc import Sequence

from injector.migration.plain import to_plain
from injector.plan.model import Plan, Proposal
from injector.report.contract import API_VERSION
from injector.vault.objects import VaultPlan

Json = dict[str, object]


def render_plan(plan: Plan, proposals: Sequence[Proposal]) -> str:
    """Return the plan as JSON text; keys never vanish."""
    return json.dumps(build_plan_document(plan, proposals), indent=2, ensure_ascii=False) + "\n"


def build_plan_document(plan: Plan, proposals: Sequence[Proposal]) -> Json:
    """Return the plan's document in plain values."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "summary": {"migrations": len(proposals), "blocked": len(plan.blocked), "undecided": len(plan.undecided)},
        "items": [_proposal(one) for one in proposals],
        "blocked": [
            {
                "kind": one.ref.kind,
                "namespace": one.ref.namespace,
                "name": one.ref.name,
                "keys": list(one.keys),
                "message": one.why,
                "file": one.location.path,
                "line": one.location.line,
            }
            for one in plan.blocked
        ],
        "undecided": [
            {
                "namespace": one.migration.namespace,
                "name": one.migration.name,
                "message": one.what,
                "remedy": one.remedy,
            }
            for one in plan.undecided
        ],
        "vault": _vault(plan.vault),
    }


def _proposal(one: Proposal) -> Json:
    return {
        "migration": to_plain(one.migration),
        "isCommitted": one.is_committed,
        "isWhole": one.is_whole,
        "changes": [
            {
                "kind": change.workload.kind,
                "namespace": change.workload.namespace,
                "name": change.workload.name,
                "message": change.what,
                "file": change.location.path,
                "line": change.location.line,
            }
            for change in one.changes
        ],
    }


def _vault(plan: VaultPlan) -> Json:
    return {
        "policies": [
            {"name": one.name, "rules": [{"path": path, "capabilities": list(words)} for path, words in one.rules]}
            for one in plan.policies
        ],
        "authRoles": [{"path": one.path, "parameters": one.parameters} for one in plan.auth_roles],
        "engineRoles": [
            {"path": one.path, "engine": one.engine, "parameters": dict(one.parameters)} for one in plan.engine_roles
        ],
    }
