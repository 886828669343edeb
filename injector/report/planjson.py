"""A plan, and what a stage would change, as documents of the public contract.

``plan.schema.json`` and ``changes.schema.json`` beside this file say the same to machines. Keys never vanish.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from injector.config.model import Config
from injector.location import Location
from injector.migration.model import SecretMigration, Workload
from injector.migration.plain import to_plain
from injector.model import ObjectRef
from injector.plan.model import Plan, Proposal
from injector.pod.expect import expect_annotations, settings_of
from injector.pod.names import ESO, OPT_IN, SKIP
from injector.report.contract import API_VERSION
from injector.stages.run import Outcome, Refused
from injector.vault.objects import AGENT_RULES, VaultPlan

Json = dict[str, object]


def read_schema(kind: str) -> str:
    """Return the text of the JSON Schema (2020-12) of a document: ``plan``, ``changes`` or ``vault``."""
    return files("injector.report").joinpath(f"{kind}.schema.json").read_text(encoding="utf-8")


def render_json(document: Json) -> str:
    """Return a document as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def build_plan_document(plan: Plan, proposals: Sequence[Proposal], refused: Sequence[Refused], config: Config) -> Json:
    """Return the plan's document in plain values.

    Args:
        plan: of a tree.
        proposals: those of it that are shown.
        refused: what the stages would refuse.
        config: what the user decided.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "summary": {"migrations": len(proposals), "blocked": len(plan.blocked), "undecided": len(plan.undecided)},
        "items": [_proposal(one) for one in proposals],
        "blocked": [
            {"kind": one.ref.kind, **_own(one.ref), "keys": list(one.keys), "message": one.why, **_at(one.location)}
            for one in plan.blocked
        ],
        "undecided": [
            {**_own(one.migration), "message": one.what, "remedy": one.remedy, **_at(one.location)}
            for one in plan.undecided
        ],
        "refused": [_refused(one) for one in refused],
        "pods": build_pods([one.migration for one in proposals], config),
        "vault": _vault(plan.vault),
    }


def build_outcome_document(outcome: Outcome, *, is_written: bool) -> Json:
    """Return what a stage changes, in plain values."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Changes",
        "isWritten": is_written and bool(outcome.workspace.changed),
        "done": [{**_own(one.migration), "stage": one.stage.value if one.stage else None} for one in outcome.done],
        "already": [_own(one) for one in outcome.already],
        "waiting": [_own(one) for one in outcome.waiting],
        "refused": [_refused(one) for one in outcome.refused],
        "files": sorted(outcome.workspace.changed),
    }


def build_pods(migrations: Sequence[SecretMigration], config: Config) -> list[Json]:
    """Return what the webhook will write on the pods of each workload, sorted by namespace, kind and name."""
    settings = settings_of(config)
    workloads: dict[ObjectRef, list[tuple[SecretMigration, Workload]]] = {}
    for migration in migrations:
        for workload in migration.workloads:
            ref = ObjectRef(workload.kind, migration.namespace, workload.name)
            workloads.setdefault(ref, []).append((migration, workload))
    return [
        {
            "kind": ref.kind,
            **_own(ref),
            "migrations": [migration.name for migration, _ in chosen],
            "labels": {f"{config.label_prefix}/{OPT_IN}": "true", f"{config.label_prefix}/{ESO}": SKIP},
            "annotations": expect_annotations(chosen, settings),
        }
        for ref, chosen in sorted(workloads.items(), key=lambda one: (one[0].namespace, one[0].kind, one[0].name))
    ]


def _own(ref: ObjectRef) -> Json:
    return {"namespace": ref.namespace, "name": ref.name}


def _at(location: Location) -> Json:
    return {"file": location.path, "line": location.line}


def _refused(one: Refused) -> Json:
    return {**_own(one.migration), "message": one.why, **_at(one.location)}


def _proposal(one: Proposal) -> Json:
    return {
        "migration": to_plain(one.migration),
        "isCommitted": one.is_committed,
        "isWhole": one.is_whole,
        "changes": [
            {
                "kind": change.workload.kind,
                **_own(change.workload),
                "message": change.what,
                **_at(change.location),
            }
            for change in one.changes
        ],
    }


def _vault(plan: VaultPlan) -> Json:
    return {
        "policies": [
            {
                "name": one.name,
                "rules": [{"path": path, "capabilities": list(words)} for path, words in (*one.rules, *AGENT_RULES)],
            }
            for one in plan.policies
        ],
        "authRoles": [{"path": one.path, "parameters": one.parameters} for one in plan.auth_roles],
        "engineRoles": [
            {"path": one.path, "engine": one.engine, "parameters": dict(one.parameters)} for one in plan.engine_roles
        ],
    }
