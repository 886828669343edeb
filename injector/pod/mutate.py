"""The whole way of a pod: from what was sent to what the API server shall go on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from injector.migration.model import ContainerReads, SecretMigration, Stage, Workload
from injector.migration.write import write_migration
from injector.pod.annotate import TOKEN_VOLUME, Identity, build_annotations
from injector.pod.clashes import why_clashing, why_colliding
from injector.pod.left import find_named
from injector.pod.model import Body, Json, PodChange, Settings
from injector.pod.names import ESO, OPT_IN, RELEASED, REVISION, SKIP, annotation
from injector.pod.overrides import Overrides, read_overrides
from injector.pod.owner import nearest_first
from injector.pod.reading import (
    CONTAINER_LISTS,
    account_of,
    as_list,
    as_map,
    ends_first,
    is_ours,
    metadata_of,
    read_secrets,
    readers_of,
    spec_of,
    volume_secrets,
    why_marked,
    why_refused,
    why_untouched,
)
from injector.pod.rewire import CannotRewireError, File, rewire

_SECCOMP: Final = {"op": "add", "path": "/securityContext/seccompProfile", "value": {"type": "RuntimeDefault"}}


def mutate_pod(
    pod: Body,
    namespace: str,
    migrations: Iterable[SecretMigration],
    settings: Settings | None = None,
    *,
    stays: Mapping[str, str] | None = None,
    is_default: bool = False,
) -> PodChange:
    """Return a pod that gets its credentials from the Vault Agent, or the same pod and why.

    Args:
        pod: as it was sent; never changed.
        namespace: where it is made: an admission request's, not the object's own.
        migrations: of this namespace; only those at stage inject or later count.
        settings: how pods are mutated.
        stays: Secret -> in words why it stays, where more is known than that no migration decides for it.
        is_default: pods of the namespace opt in by default.

    Returns:
        The change. A pod that did not opt in is the very same object, without warnings. Never raises, whatever the shape of
        the pod.
    """
    own = settings or Settings()
    early = pass_over(pod, own, is_default=is_default)
    if early is not None:
        return early
    asked = read_overrides(pod, own)
    if isinstance(asked, str):
        return PodChange(pod=pod, warnings=(f"phase2: left alone: {asked}",))
    chosen, warnings = _choose(pod, list(migrations), asked)
    told = [*_tell(pod, migrations, stays or {}, is_default=is_default), *warnings]
    if not chosen:
        return PodChange(pod=pod, warnings=tuple(told))
    refused = why_refused(pod, namespace, has_own_token=bool(own.audience))
    if refused:
        return PodChange(pod=pod, warnings=(*told, f"phase2: left alone: {refused}"))
    return _change(pod, chosen, told, own)


def pass_over(pod: Body, settings: Settings, *, is_default: bool = False) -> PodChange | None:
    """Return the pod as it is when nobody needs to look at its Secrets: it did not opt in, or somebody was here before."""
    label = metadata_of(pod, "labels").get(f"{settings.label_prefix}/{OPT_IN}")
    if label != "true" and not (label is None and is_default):
        return PodChange(pod=pod)
    if is_ours(pod, settings):
        return PodChange(pod=pod)  # the API server may ask a second time
    untouched = why_untouched(pod) or why_marked(pod, settings)
    return PodChange(pod=pod, warnings=(f"phase2: left alone: {untouched}",)) if untouched else None


def _tell(
    pod: Body, migrations: Iterable[SecretMigration], stays: Mapping[str, str], *, is_default: bool
) -> Iterator[str]:
    """Yield why Secrets stay that no migration decides for; without a label of its own a pod did not ask for the others."""
    known = {one.secret for one in migrations}
    for secret in sorted(set(read_secrets(pod)) - known):
        if secret in stays:
            yield f"phase2: Secret {secret} stays: {stays[secret]}"
        elif not is_default:
            yield f"phase2: Secret {secret} stays: no SecretMigration decides that it moves"


Chosen = Sequence[tuple[SecretMigration, Workload]]


def _choose(pod: Body, migrations: Sequence[SecretMigration], asked: Overrides) -> tuple[Chosen, list[str]]:
    """Return the migrations that a pod obeys, each with the workload that it is of, and warnings about the others."""
    reads = read_secrets(pod)
    account = account_of(pod)
    chosen: list[tuple[SecretMigration, Workload]] = []
    unknown = sorted(asked.secrets - {one.name for one in migrations})
    warnings = [f"phase2: there is no SecretMigration {name} in this namespace" for name in unknown]
    for migration in sorted(migrations, key=lambda one: one.name):
        is_read = bool(reads.get(migration.secret, set()) & {"*", *migration.keys})
        if not (migration.name in asked.secrets or (is_read and not asked.secrets)):
            continue
        if migration.stage is Stage.PREPARE:
            warnings.append(f"phase2: Secret {migration.secret} stays for now: its SecretMigration is at stage prepare")
            continue
        workload, why = _workload_of(pod, migration, account, asked)
        if workload is None:
            warnings.append(f"phase2: Secret {migration.secret} stays: {why}")
        else:
            chosen.append((migration, workload))
    return chosen, warnings


def _workload_of(pod: Body, migration: SecretMigration, account: str, asked: Overrides) -> tuple[Workload | None, str]:
    """Return what a migration says of a ServiceAccount's pods, of that what the pod asks for; else why there is nothing."""
    why = f"SecretMigration {migration.name} does not speak of ServiceAccount {account}"
    for workload in nearest_first(pod, [one for one in migration.workloads if one.service_account == account]):
        why = asked.why_not(workload)
        if not why:
            return workload, ""
    return None, why


def _change(pod: Body, chosen: Chosen, warnings: list[str], settings: Settings) -> PodChange:
    made = dict(
        pod
    )  # what is changed below is replaced, never changed in its place: the rest is shared with what was sent
    files: list[File] = []
    containers: dict[str, None] = {}
    obeyed: list[tuple[SecretMigration, Workload]] = []
    for migration, workload in chosen:
        if obeyed and (obeyed[0][1].role, obeyed[0][0].auth) != (workload.role, migration.auth):
            warnings.append(
                f"phase2: Secret {migration.secret} stays: SecretMigrations {obeyed[0][0].name} and {migration.name} want different "
                "roles, and a pod has one"
            )
            continue
        trial = dict(made)
        try:
            found, names, others = _rewire_pod(trial, migration, workload)
        except CannotRewireError as err:
            warnings.append(f"phase2: Secret {migration.secret} stays: {err}")
            continue
        if not found:
            warnings.append(
                f"phase2: Secret {migration.secret} stays: no container of SecretMigration {migration.name} is in this pod"
            )
            continue
        if others:
            warnings.append(
                f"phase2: Secret {migration.secret} moved, and container {', '.join(others)} goes on reading it: SecretMigration "
                f"{migration.name} does not speak of it"
            )
        made = trial
        files += found
        containers.update(dict.fromkeys(names))
        obeyed.append((migration, workload))
    if not obeyed:
        return PodChange(pod=pod, warnings=tuple(warnings))
    identity = _identity(pod, list(containers), [one for _, one in obeyed])
    if identity.user is None and any(not _is_open(file) for file in files):
        # The agent would own a file that only its owner may read, and the app runs as somebody else.
        files = [replace(file, mode="") for file in files]
        warnings.append(
            "phase2: the pod sets no runAsUser, so the agent cannot run as the app and its files are readable for every user in "
            "the pod; set runAsUser to keep them to one"
        )
    annotations = build_annotations(
        files, {one.secret: one for one, _ in obeyed}, [one for _, one in obeyed], list(containers), identity, settings
    )
    if _reads_from_start(pod, made):
        annotations[annotation("agent-init-first")] = "true"
    clash = why_colliding(files) or why_clashing(made, annotations, containers)
    if clash:
        return PodChange(pod=pod, warnings=(*warnings, f"phase2: left alone: {clash}"))
    moved = tuple(sorted(one.secret for one, _ in obeyed))
    named = find_named(made)
    released = tuple(one for one in moved if one not in named)
    revision = _revision(tuple(one for one, _ in obeyed))
    _finish(made, annotations, released, revision, settings)
    return PodChange(pod=made, warnings=tuple(warnings), moved=moved, released=released, revision=revision)


_OTHERS_READ: Final = 0o004
_ROOT: Final = 0


def _is_open(file: File) -> bool:
    return not file.mode or bool(int(file.mode, 8) & _OTHERS_READ)


def _identity(pod: Body, containers: Sequence[str], workloads: Sequence[Workload]) -> Identity:
    """Return as whom the agent runs: what a migration says, else what the pod's own containers agree on.

    Never root, which the agent does not need, and never guessed.
    """
    said = next((one for one in workloads if one.run_as_user is not None), None)
    if said is not None:
        return Identity(said.run_as_user, said.run_as_group)
    shared = as_map(spec_of(pod).get("securityContext"))
    found: set[tuple[Json, Json]] = set()
    for container in as_list(spec_of(pod).get("containers")):
        if container.get("name") in containers:
            own = as_map(container.get("securityContext"))
            user, group = own.get("runAsUser", shared.get("runAsUser")), own.get("runAsGroup", shared.get("runAsGroup"))
            found.add((user if isinstance(user, int) else None, group if isinstance(group, int) else None))
    user, group = found.pop() if len(found) == 1 else (None, None)
    if not isinstance(user, int) or user == _ROOT:
        return Identity()
    return Identity(user, group if isinstance(group, int) else None)


def _rewire_pod(
    pod: dict[str, Json], migration: SecretMigration, workload: Workload
) -> tuple[list[File], list[str], list[str]]:
    """Rewire every container that the migration speaks of, all or nothing.

    Returns:
        The files, the containers that get them, and those of which it does not speak and that go on reading what moves.
    """
    spec = dict(as_map(pod.get("spec")))
    volumes = as_list(spec.get("volumes"))
    files: list[File] = []
    names: list[str] = []
    others: list[str] = []
    readers = readers_of(pod, migration.secret, migration.keys)
    for kind in CONTAINER_LISTS:
        if kind not in spec:
            continue
        made: list[Json] = []
        for container in as_list(spec.get(kind)):
            reads = _reads_of(container, workload, readers, is_init=ends_first(kind, container))
            changed = dict(container)
            if reads is not None:
                found = rewire(changed, volumes, migration, reads)
                files += found
                if found and kind == "containers":
                    names.append(str(container.get("name", "")))
            elif str(container.get("name")) in readers:
                others.append(str(container.get("name")))
            made.append(changed)
        spec[kind] = made
    if "volumes" in spec:
        spec["volumes"] = _unused_dropped(spec, migration.secret)
    pod["spec"] = spec
    return files, names, others


def _reads_from_start(before: Body, after: Body) -> bool:
    """Tell whether one of the init containers was rewired: the agent must have rendered before it starts."""
    return spec_of(before).get("initContainers") != spec_of(after).get("initContainers")


def _reads_of(
    container: Mapping[str, Json], workload: Workload, readers: Collection[str], *, is_init: bool
) -> ContainerReads | None:
    name = container.get("name")
    for one in workload.containers:
        if one.name == name and one.is_init == is_init:
            return one
    if is_init or (readers and str(name) not in readers):
        return None  # a chart's other container, where it is seen whose values these are
    return next((one for one in workload.containers if one.name == "*"), None)


def _unused_dropped(spec: Mapping[str, Json], secret: str) -> list[Json]:
    """Return the volumes without those of the Secret that nobody mounts any more."""
    mounted = {
        str(mount.get("name"))
        for kind in CONTAINER_LISTS
        for container in as_list(spec.get(kind))
        for mount in as_list(container.get("volumeMounts"))
    }
    return [
        dict(one)
        for one in as_list(spec.get("volumes"))
        if str(one.get("name")) in mounted or all(name != secret for name, _ in volume_secrets(one))
    ]


def _finish(
    pod: dict[str, Json], annotations: Mapping[str, str], released: Sequence[str], revision: str, settings: Settings
) -> None:
    prefix = settings.label_prefix
    metadata = dict(as_map(pod.get("metadata")))
    labels, notes = dict(as_map(metadata.get("labels"))), dict(as_map(metadata.get("annotations")))
    if released:
        labels[f"{prefix}/{ESO}"] = SKIP
        notes[f"{prefix}/{RELEASED}"] = ",".join(released)
    labels[f"{prefix}/{OPT_IN}"] = (
        "true"  # also where the namespace said so: who counts pods, or validates them, goes by it
    )
    notes.update(annotations)
    notes[f"{prefix}/{REVISION}"] = revision
    metadata["labels"], metadata["annotations"] = labels, notes
    pod["metadata"] = metadata
    spec = dict(as_map(pod.get("spec")))
    if settings.audience:
        token = token_volume(settings.audience)
        volumes: list[Json] = [dict(one) for one in as_list(spec.get("volumes")) if one.get("name") != TOKEN_VOLUME]
        spec["volumes"] = [*volumes, token]
    if _needs_seccomp(spec):
        for name in (annotation("agent-json-patch"), annotation("agent-init-json-patch")):
            there = notes.get(name)
            operations = json.loads(there) if isinstance(there, str) else []
            notes[name] = json.dumps([*operations, _SECCOMP], separators=(",", ":"))
    pod["spec"] = spec


def token_volume(audience: str) -> Json:
    """Return the volume with the token that only the agent mounts."""
    token: Json = {"serviceAccountToken": {"path": "token", "audience": audience, "expirationSeconds": 3600}}
    return {"name": TOKEN_VOLUME, "projected": {"sources": [token]}}


def _needs_seccomp(spec: Mapping[str, Json]) -> bool:
    """Tell whether the agent needs a seccomp profile: the pod's containers have their own and the pod has none.

    The injector sets none, and PodSecurity ``restricted`` refuses a pod with one container that has none (vault-k8s #599).
    """
    if as_map(spec.get("securityContext")).get("seccompProfile"):
        return False
    own = [as_map(one.get("securityContext")).get("seccompProfile") for one in as_list(spec.get("containers"))]
    return bool(own) and all(own)


@lru_cache(maxsize=4096)  # writing them down takes as long as all the rest
def _revision(migrations: tuple[SecretMigration, ...]) -> str:
    text = "\n".join(write_migration(one) for one in migrations)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
