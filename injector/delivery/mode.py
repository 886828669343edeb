"""How the agent runs beside a workload: what lives on gets a sidecar, what is meant to end must be able to.

A plain sidecar keeps a Job from ending (docs/ground-truth.md, "On a node"), so a Job is rendered once, or has the agent as an
init container that goes on running, where nodes can do that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from injector.config.model import Config, WorkloadFacts
from injector.migration.model import Mode, Workload
from injector.model import Consumer, ObjectRef

TTL_S: Final = 3600
"""What a role has where nobody says otherwise (`injector.vault.build`)."""
_HOUR_S: Final = 3600
_JOBS: Final = frozenset({"Job", "CronJob"})


def is_of_job(ref: ObjectRef, consumer: Consumer) -> bool:
    """Tell whether a consumer's pods are meant to end."""
    return ref.kind in _JOBS or bool(consumer.pod and consumer.pod.is_job)


def choose_mode(
    ref: ObjectRef, consumers: Sequence[Consumer], known: WorkloadFacts | None, config: Config
) -> tuple[Mode, str]:
    """Return how the agent runs beside a workload, and why it cannot; empty when it can.

    Args:
        ref: the workload.
        consumers: its containers.
        known: what a person says of it; its mode wins.
        config: what the cluster can do.
    """
    ending = {is_of_job(ref, one) for one in consumers}
    file = config.path or "phase2.yaml"
    if known and known.mode:
        return Mode(known.mode), _why_not(Mode(known.mode), config, has_job=True in ending)
    if True not in ending:
        return Mode.SIDECAR, ""
    if config.cluster.has_native_sidecars:
        return Mode.NATIVE_SIDECAR, ""
    if False not in ending:
        return Mode.INIT, ""
    why = (
        "some of its pods end and others live on, and one mode is for all; say kubernetes: '1.29' or newer under cluster in "
        f"{file} where the nodes are, or make two releases of it"
    )
    return Mode.SIDECAR, why


def _why_not(mode: Mode, config: Config, *, has_job: bool) -> str:
    """Return why a mode that a person chose cannot work."""
    cluster = config.cluster
    if mode is Mode.NATIVE_SIDECAR and cluster.kubernetes and not cluster.has_native_sidecars:
        return f"native-sidecar needs Kubernetes 1.29 or newer, and cluster.kubernetes says {cluster.kubernetes}; choose init"
    if mode is Mode.SIDECAR and has_job:
        file = config.path or "phase2.yaml"
        return f"a plain sidecar keeps it from ending; say mode: init or native-sidecar in {file} under workloads"
    return ""


def advise_mode(workload: Workload, ttl_s: int, max_ttl_s: int) -> tuple[str, ...]:
    """Return what a reviewer should know of how long a login lasts beside a Job, one line each.

    Args:
        workload: as proposed.
        ttl_s: how long its login lives by itself, in seconds.
        max_ttl_s: until when it can be renewed, in seconds.
    """
    if workload.mode is Mode.INIT:
        return (
            f"Rendered once, before it starts (agent-pre-populate-only): nobody renews the login, so it ends {words(ttl_s)} after",
            "the pod started, however long that runs. Give the role a ttl longer than the longest run (engineRoles in phase2.yaml),",
            "or, with nodes of Kubernetes 1.29 or newer, say so there (cluster.kubernetes): the agent then renews it meanwhile.",
        )
    if workload.mode is Mode.NATIVE_SIDECAR:
        return (
            f"The agent runs as a native sidecar: it renews the login up to {words(max_ttl_s)} (maxTtl), and a Job ends all the same.",
            f"Its lease is not revoked then, and lives until its ttl is over ({words(ttl_s)}).",
        )
    return ()


def advise_job(workload: Workload) -> tuple[str, ...]:
    """Return what a reviewer should know of a Job that has run already, one line each; nothing of other workloads.

    A CronJob makes a new Job at each time, and takes its template as it is then. Sources:
    https://kubernetes.io/docs/concepts/workloads/controllers/job/ (the pod template is immutable),
    https://fluxcd.io/flux/use-cases/running-jobs, github.com/fluxcd/kustomize-controller/pull/787,
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    if workload.kind != "Job":
        return ()
    return (
        "A Job's spec.template cannot be changed while the Job stands in the cluster, and stages inject and release change it. Let it",
        "be made anew: with Flux by its annotation kustomize.toolkit.fluxcd.io/force: enabled, with Argo CD by",
        "argocd.argoproj.io/sync-options: Replace=true,Force=true; or give it a new name, here as well. Either way it runs again.",
    )


def words(seconds: int) -> str:
    """Return a time span as people say it."""
    hours, rest = divmod(seconds, _HOUR_S)
    return f"{hours} h" if hours and not rest else f"{seconds} s"
