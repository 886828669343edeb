"""Consumers of one Secret to the workloads of its SecretMigration."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from injector.config.model import Config, WorkloadFacts
from injector.delivery.charts import Places, find_places, place_of
from injector.delivery.choose import choose, find_command
from injector.delivery.mode import choose_mode, is_of_job
from injector.delivery.rotation import choose_rotation
from injector.migration.model import ContainerReads, Delivery, Read, Rotation, RotationAction, Workload
from injector.model import NOWHERE, Consumer, How, ObjectRef
from injector.plan.model import Blocked, Change
from injector.vault.objects import Undecided

_ROOT = 0


@dataclass(slots=True)
class Readers:
    """Who reads the moved keys, and what stands in the way.

    Attributes:
        takes: (kind, name) of a workload -> how it is known to take up new credentials; empty when it is not.
    """

    workloads: list[Workload] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    takes: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """The Secret whose keys move.

    Attributes:
        owner: its SecretMigration.
        maker: the ExternalSecret.
        moved, stays: its keys.
        stopped: ways of reading (`way_of`) that cannot move -> why, in the words of their verdict.
    """

    owner: ObjectRef
    maker: ObjectRef
    moved: Sequence[str]
    stays: Sequence[str]
    stopped: Mapping[object, str] = field(default_factory=dict)


def read_workloads(consumers: Iterable[Consumer], secret: Moved, config: Config) -> Readers:
    """Return the workloads that get the moved keys; consumers of other keys only tell what stands beside them.

    Consumers that need the Secret object are told as blocked; so are containers that cannot take a file.
    """
    made = Readers()
    groups: dict[ObjectRef, list[Consumer]] = {}
    staying: dict[tuple[ObjectRef, str, str], str] = {}
    for consumer in consumers:
        if consumer.key in ("", *secret.moved):
            groups.setdefault(consumer.ref, []).append(consumer)
        elif consumer.how is How.VOLUME:
            staying[_folder(consumer)] = consumer.key
    for ref in sorted(groups):
        stopped = {why: one for one in reversed(groups[ref]) if (why := secret.stopped.get(way_of(one)))}
        if stopped:
            made.blocked += [
                Blocked(ref=secret.maker, why=f"{ref}: {why}", location=one.location) for why, one in stopped.items()
            ]
            continue
        shared = next(
            (one for one in groups[ref] if one.how is How.VOLUME and one.key and _folder(one) in staying), None
        )
        if shared:
            why = (
                f"{ref}: {posixpath.dirname(shared.path)} also holds {staying[_folder(shared)]}, which stays; give the keys that "
                "move a volume of their own"
            )
            made.blocked.append(Blocked(ref=secret.maker, why=why, location=shared.location))
        else:
            _read_workload(ref, groups[ref], secret, config, made)
    return made


def way_of(consumer: Consumer) -> object:
    """Return who reads what by which way, without the line where it stands."""
    container = (consumer.container.name, consumer.container.place) if consumer.container else ()
    return consumer.ref, container, consumer.how, consumer.key, consumer.env, consumer.path


def _folder(consumer: Consumer) -> tuple[ObjectRef, str, str]:
    return consumer.ref, consumer.container.name if consumer.container else "", posixpath.dirname(consumer.path)


def _read_workload(ref: ObjectRef, consumers: list[Consumer], secret: Moved, config: Config, made: Readers) -> None:
    known = config.find_workload(ref.kind, ref.namespace, ref.name)
    containers: dict[tuple[bool, str], dict[tuple[str, str, str], Read]] = {}
    commands: dict[tuple[bool, str], tuple[str, ...]] = {}
    changes: list[Change] = []
    for consumer in consumers:
        choice = choose(consumer, secret.moved, secret.stays, config)
        if choice.refusal:
            made.blocked.append(Blocked(ref=secret.maker, why=f"{ref}: {choice.refusal}", location=consumer.location))
            return
        if choice.change:
            changes.append(Change(workload=ref, what=choice.change, location=consumer.location))
        places = _places(consumer)
        own = (consumer.container.is_init if consumer.container else False, _container_of(consumer, places, known))
        reads = containers.setdefault(own, {})
        if any(read.delivery is Delivery.ENV_WRAPPED for read in choice.reads):
            commands[own] = tuple(word for word in find_command(consumer, config) if word)
        for read in choice.reads:
            reads[read.key, read.path, read.env] = replace(read, location=NOWHERE)
    account = _account_of(consumers, known)
    if not account:
        what = f"which ServiceAccount the pods of {ref.kind} {ref.name} have: its chart decides it"
        remedy = (
            f"write it in {config.path or 'phase2.yaml'} under workloads, in an entry with namespace: {ref.namespace}, "
            f"name: {ref.name} and serviceAccount"
        )
        made.undecided.append(
            Undecided(migration=secret.owner, what=what, remedy=remedy, location=consumers[0].location)
        )
        return
    user, group = _identity_of(consumers, known)
    mode, why_not = choose_mode(ref, consumers, known, config)
    if why_not:
        made.blocked.append(Blocked(ref=secret.maker, why=f"{ref}: {why_not}", location=consumers[0].location))
        return
    is_job = all(is_of_job(ref, one) for one in consumers)
    rotation, why = (
        (Rotation(action=RotationAction.NONE), "")
        if is_job
        else choose_rotation(
            consumers,
            [read for reads in containers.values() for read in reads.values()],
            has_identity=user is not None,
        )
    )
    made.takes[ref.kind, ref.name] = why
    made.changes += changes
    made.workloads.append(
        Workload(
            kind=ref.kind,
            name=ref.name,
            service_account=account,
            role=_role_name(ref.namespace, account, ref.name, config),
            containers=tuple(
                ContainerReads(
                    name=name,
                    reads=tuple(containers[is_init, name].values()),
                    is_init=is_init,
                    command=commands.get((is_init, name), ()),
                )
                for is_init, name in sorted(containers)
            ),
            mode=mode,
            rotation=rotation,
            run_as_user=user,
            run_as_group=group,
            init_first=any(is_init for is_init, _ in containers),
        )
    )


def _places(consumer: Consumer) -> Places | None:
    if not consumer.chart:
        return None
    return find_places(consumer.chart, consumer.ref.name, place_of(consumer))


def _container_of(consumer: Consumer, places: Places | None, known: WorkloadFacts | None) -> str:
    if known and known.container:
        return known.container
    if consumer.container and consumer.container.name:
        return consumer.container.name
    return (places.container if places else "") or "*"


def _account_of(consumers: Sequence[Consumer], known: WorkloadFacts | None) -> str:
    if known and known.service_account:
        return known.service_account
    for consumer in consumers:
        if consumer.pod:
            return consumer.pod.service_account
        places = _places(consumer)
        if places and places.service_account:
            return places.service_account
    return ""


def _identity_of(consumers: Sequence[Consumer], known: WorkloadFacts | None) -> tuple[int | None, int | None]:
    """Return user and group of the containers where all agree; the agent must run as them where it has to signal.

    Never root, which the agent does not need and PodSecurity "restricted" refuses; nothing is guessed where it is unset.
    """
    if known and known.run_as_user is not None:
        return known.run_as_user, known.run_as_group
    found = {(one.container.run_as_user, one.container.run_as_group) for one in consumers if one.container}
    found.discard((None, None))
    if len(found) == 1:
        user, group = found.pop()
        return (None, None) if user == _ROOT else (user, group)
    places = next((place for place in map(_places, consumers) if place and place.user is not None), None)
    return (places.user, places.group) if places and not found else (None, None)


def _role_name(namespace: str, account: str, name: str, config: Config) -> str:
    form = config.vault.names.auth_role or "{namespace}-{serviceAccount}"
    return form.format(namespace=namespace, serviceAccount=account, name=name, engine="")
