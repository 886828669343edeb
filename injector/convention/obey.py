"""One pod, all that is known of its cluster, and what becomes of it. The webhook and ``phase2 inject`` share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from injector.cluster import Body, ClusterState
from injector.config.model import Enforce
from injector.convention.known import Proposer
from injector.convention.propose import Judged
from injector.convention.workload import Owner
from injector.migration.model import SecretMigration
from injector.pod.model import PodChange, Settings
from injector.pod.mutate import mutate_pod, pass_over
from injector.pod.names import DEFAULT, OPT_IN, SECRETS
from injector.pod.reading import metadata_of, read_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a pod.

    Attributes:
        change: the pod as it will be, and warnings.
        denied: in words why it is not let in; empty when it is.
    """

    change: PodChange
    denied: str = ""


def decide(
    pod: Body,
    namespace: str,
    migrations: Sequence[SecretMigration],
    *,
    cluster: ClusterState,
    proposer: Proposer,
    settings: Settings,
    owner: Owner | None = None,
) -> Decision:
    """Return a pod that gets its credentials from the Vault Agent, the same pod and why, or that it is not let in.

    Args:
        pod: as it was sent; never changed.
        namespace: where it is made.
        migrations: that are committed in the namespace; each wins over what the label alone would stand for, whatever its
            stage.
        cluster: what the cluster holds.
        proposer: judges what no migration decides for.
        settings: how pods are mutated.
        owner: whose pod it is, when that is known otherwise than by the pod's ownerReferences.
    """
    is_default = f"{settings.label_prefix}/{OPT_IN}" not in metadata_of(pod, "labels") and opts_in(
        cluster, namespace, settings
    )
    early = pass_over(pod, settings, is_default=is_default)
    if early is not None:
        return Decision(change=early)
    reads = read_secrets(pod)
    decided = {one.secret for one in migrations}
    sources = {one.source.name for one in migrations}
    open_secrets = [one for one in reads if one not in decided]
    found = proposer.judge(pod, namespace, open_secrets, cluster=cluster, owner=owner)
    judged = [one for one in found if one.name not in sources]
    made = [one.migration for one in judged if one.migration is not None]
    change = mutate_pod(
        pod,
        namespace,
        [*migrations, *made],
        settings,
        stays={one.secret: one.why for one in judged if one.why},
        is_default=is_default,
    )
    if change.pod is pod and proposer.enforce is Enforce.DENY:
        denied = _why_denied(pod, judged, migrations, reads, settings)
        if denied:
            return Decision(change=replace(change, pod=pod), denied=denied)
    return Decision(change=change)


def opts_in(cluster: ClusterState, namespace: str, settings: Settings) -> bool:
    """Tell whether the pods of a namespace opt in by default: the Namespace's own label says so."""
    found = cluster.namespaces.get("", namespace)
    return found is not None and metadata_of(found, "labels").get(f"{settings.label_prefix}/{OPT_IN}") == DEFAULT


def _why_denied(
    pod: Body,
    judged: Sequence[Judged],
    migrations: Sequence[SecretMigration],
    reads: Mapping[str, object],
    settings: Settings,
) -> str:
    """Return in words that a pod asks for what is static: by its own label, with nothing else that could move, or by name."""
    if metadata_of(pod, "labels").get(f"{settings.label_prefix}/{OPT_IN}") != "true":
        return ""  # its namespace asked, not the pod
    text = metadata_of(pod, "annotations").get(f"{settings.label_prefix}/{SECRETS}", "")
    asked = {one.strip() for one in text.split(",")}
    by_name = [one for one in judged if one.is_static and one.name in asked]
    has_other = any(not one.is_static for one in judged) or any(one.secret in reads for one in migrations)
    found = by_name or ([] if has_other else judged)
    if not found:
        return ""
    names = ", ".join(sorted({one.secret for one in found}))
    return f"the pod asks for dynamic credentials of Secret {names}: {found[0].why}; take the label {settings.label_prefix}/{OPT_IN} out"
