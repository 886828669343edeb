"""Which SecretMigrations a pod's label alone stands for, and in a person's words why the others stay out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from injector.classify import classify
from injector.cluster import Body
from injector.config.model import Config
from injector.inventory.live import read_objects
from injector.migration.model import SecretMigration, Stage
from injector.model import Confidence, Credential, Item, Readiness, SourceKind, Verdict
from injector.plan.build import build_plan
from injector.plan.model import Plan
from injector.vault.build import find_unasked

_LONGEST_REASON = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One ExternalSecret, as far as one pod goes.

    Attributes:
        name: of the ExternalSecret.
        secret: its target.
        migration: what the label alone stands for; None when nothing moves by it.
        why: why not, in words; empty with a migration.
        is_static: nothing of what the pod reads can ever move.
    """

    name: str
    secret: str
    migration: SecretMigration | None = None
    why: str = ""
    is_static: bool = False


def propose(
    workload: Body, external_secrets: Sequence[Body], stores: Iterable[Body], config: Config
) -> tuple[Judged, ...]:
    """Judge ExternalSecrets for one workload that reads their Secrets.

    A migration is what `phase2 plan` writes for a tree that holds just these objects, but at stage inject: who else reads the
    Secret is not known here, so the label alone never goes further, and the Secret stays.

    Args:
        workload: `injector.convention.workload.build_workload` makes it of a pod.
        external_secrets: of the workload's namespace, those whose Secret it reads.
        stores: SecretStores of the namespace, and ClusterSecretStores.
        config: with the convention.

    Returns:
        One for each ExternalSecret, in the order of their names. Pure; never raises for what stands in an object.
    """
    inventory = read_objects([*stores, *external_secrets, workload])
    report = classify(inventory, config)
    plan = build_plan(report, config)
    items = [one for one in report.items if one.source.kind is SourceKind.EXTERNAL_SECRET]
    makers = Counter(one.source.target for one in items)
    return tuple(
        _judge(one, plan, config, is_shared=makers[one.source.target] > 1)
        for one in sorted(items, key=lambda one: one.source.ref)
    )


def _judge(item: Item, plan: Plan, config: Config, *, is_shared: bool) -> Judged:
    source = item.source
    name, secret = source.ref.name, source.target
    if is_shared:
        return Judged(name=name, secret=secret, why="several ExternalSecrets write it; commit a SecretMigration")
    if _is_static(item):
        return Judged(name=name, secret=secret, why=_why_static(item), is_static=True)
    proposed = next((one.migration for one in plan.proposals if one.migration.name == name), None)
    blocked = next((one for one in plan.blocked if one.ref == source.ref), None)
    why = _why_unsure(item) or (f"it cannot move: {blocked.why}" if blocked else "")
    if not why and (proposed is None or not proposed.workloads):
        why = "what the pod reads of it does not move"
    if not why and proposed is not None:
        why = _why_no_convention(proposed, config)
    if why or proposed is None:
        return Judged(name=name, secret=secret, why=why)
    return Judged(name=name, secret=secret, migration=replace(proposed, stage=Stage.INJECT))


def _is_static(item: Item) -> bool:
    """Tell whether the pod reads nothing that could move: the whole is static, or all that it reads by name is."""
    if item.verdict is Verdict.STATIC:
        return True
    return not any(one.consumers for one in item.credentials if one.verdict is Verdict.DYNAMIC)


def _why_static(item: Item) -> str:
    if item.verdict is not Verdict.STATIC:
        return "what the pod reads of it is static"
    reasons = [reason.message for one in item.credentials for reason in one.reasons]
    return f"it is static: {_short(reasons[0])}" if reasons else "it is static"


def _why_unsure(item: Item) -> str:
    """Return why a person must look first: a login that is not surely one, or a reader that must change."""
    for one in _moving(item):
        if one.confidence is not Confidence.HIGH:
            return (
                f"it may be a login ({one.engine}), but only with {one.confidence} confidence; look at `phase2 explain` and "
                "commit its SecretMigration"
            )
    for one in _moving(item):
        for consumer in one.consumers:
            if consumer.readiness is not Readiness.READY:
                what = _short(consumer.obstacles[0]) if consumer.obstacles else "its reader is not known"
                return f"the pod is not ready for it: {what}"
    return ""


def _moving(item: Item) -> list[Credential]:
    return [one for one in item.credentials if one.verdict is Verdict.DYNAMIC]


def _why_no_convention(migration: SecretMigration, config: Config) -> str:
    if not config.vault.is_label_enough(migration.namespace):
        return f"the label alone is not enough in namespace {migration.namespace}; commit its SecretMigration"
    lost = [one.engine for one in migration.credentials if config.vault.find_mount(one.engine) is None]
    if lost:
        return f"nobody says where {lost[0]} is mounted; add it to vault.mounts in phase2.yaml"
    for one in migration.credentials:
        for name, what in find_unasked(migration, one):
            return f"nobody says {what}; give {one.engine} its {name} as request in engineRoles of phase2.yaml"
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
