"""From a report to a plan: one SecretMigration for each dynamic-capable ExternalSecret and namespace. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from injector.config.model import AuthMethod, Config
from injector.delivery.mode import advise_job, advise_mode
from injector.delivery.rotation import advise, max_ttl_of, ttl_of
from injector.location import Location
from injector.migration.model import Auth, Delivery, SecretMigration, Stage
from injector.model import NOWHERE, Consumer, Credential, Item, ObjectRef, Readiness, Report, SourceKind, Verdict
from injector.plan.clusters import gather
from injector.plan.draft import Draft
from injector.plan.model import Blocked, Plan, Proposal
from injector.plan.whole import why_not_whole
from injector.plan.workloads import Moved, Readers, read_workloads, way_of
from injector.vault.build import build_vault_plan
from injector.vault.objects import Undecided

_CONFIGURATION: Final = "configuration"
_WRAPPED: Final = "Its command is wrapped: the image needs /bin/sh and cat."

_UNREAD: Final = (
    "nobody in the tree reads it, so that there are no pods to inject; add its reader to the tree, or remove it where nobody "
    "needs it"
)
_UNPLACED: Final = (
    "the tree does not say its namespace; write it under metadata, or into the kustomization that deploys it"
)
_UNNAMED: Final = (
    "the tree does not say in which namespaces it makes its Secret; name them under namespaces, or by the label "
    "kubernetes.io/metadata.name"
)


def build_plan(report: Report, config: Config, committed: Iterable[SecretMigration] = ()) -> Plan:
    """Propose how everything that can move moves.

    Args:
        report: of a tree.
        config: what the user decided and knows.
        committed: SecretMigrations that stand in the tree, those that are deployed first; they win over what would be
            proposed.

    Returns:
        The plan, the same for the same arguments. Never raises for what stands in a tree.
    """
    made = _Plan(config, *_index(committed))
    gathered = gather(report.items, made.committed)
    made.blocked += gathered.blocked
    for item in gathered.items.values():
        made.add(item)
    made.proposals += [
        Proposal(migration=one, item=None, is_committed=True, problem=made.problems.get(own, ""))
        for own, one in sorted(made.committed.items())
        if own not in gathered.items
    ]
    made.proposals.sort(key=lambda one: (one.migration.namespace, one.migration.name))
    vault = build_vault_plan([one.migration for one in made.proposals], config)
    places = {one.migration.ref: _place(one) for one in made.proposals}
    asked = {*made.undecided, *vault.undecided}
    undecided = sorted(
        one if one.location != NOWHERE else replace(one, location=places.get(one.migration, NOWHERE)) for one in asked
    )
    return Plan(proposals=tuple(made.proposals), blocked=tuple(made.blocked), undecided=tuple(undecided), vault=vault)


def _index(
    migrations: Iterable[SecretMigration],
) -> tuple[dict[tuple[str, str], SecretMigration], dict[tuple[str, str], str]]:
    """Return each document by its name, and what is wrong with those that stand twice."""
    found: dict[tuple[str, str], SecretMigration] = {}
    problems: dict[tuple[str, str], str] = {}
    for one in migrations:
        first = found.setdefault((one.namespace, one.name), one)
        # Several clusters deploy one document; that is still one.
        if first.location != one.location:
            problems[one.namespace, one.name] = f"stands again at {one.location}; remove one of the two"
    return found, problems


@dataclass(slots=True)
class _Plan:
    config: Config
    committed: Mapping[tuple[str, str], SecretMigration]
    problems: Mapping[tuple[str, str], str]
    proposals: list[Proposal] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)

    def add(self, item: Item) -> None:
        source = item.source
        known = self.committed.get((source.ref.namespace, source.ref.name))
        if known is not None:
            self.proposals.append(
                Proposal(
                    migration=known,
                    item=item,
                    is_committed=True,
                    is_whole=_covers(known, item),
                    problem=self.problems.get((source.ref.namespace, source.ref.name), ""),
                )
            )
            return
        if item.verdict is Verdict.STATIC:
            return
        if not source.ref.namespace:
            # Its pods log in from a namespace, and its role bears that in its name: nothing can be written without it.
            self.blocked.append(Blocked(ref=source.ref, why=_nowhere(source.kind), location=source.origin.location))
            return
        moving = self._moving(item)
        is_whole = item.verdict is Verdict.DYNAMIC
        draft = Draft(item, self.config, moving)
        files = draft.files(is_whole=is_whole)
        self.blocked += draft.blocked
        if not draft.credentials:
            return
        readers = self._readers(item, draft)
        self.blocked += readers.blocked
        self.undecided += readers.undecided
        if not readers.workloads and not readers.undecided:
            if not readers.blocked:
                moved = tuple(key for one in draft.credentials for key in one.keys)
                self.blocked.append(Blocked(ref=source.ref, keys=moved, why=_UNREAD, location=source.origin.location))
            return
        migration = SecretMigration(
            namespace=source.ref.namespace,
            name=source.ref.name,
            source=ObjectRef(source.kind.value, source.ref.namespace, source.ref.name),
            secret=source.target,
            stage=Stage.PREPARE,
            auth=_auth(self.config),
            credentials=tuple(draft.credentials),
            files=tuple(sorted(files, key=lambda one: one.key)),
            workloads=tuple(sorted(readers.workloads, key=lambda one: (one.kind, one.name))),
        )
        self.proposals.append(
            Proposal(
                migration=migration,
                item=item,
                comments=_comments(migration, item, draft, self.config, readers.takes),
                changes=tuple(readers.changes),
                is_whole=_covers(migration, item),
            )
        )

    def _moving(self, item: Item) -> list[Credential]:
        return [one for one in item.credentials if one.verdict is Verdict.DYNAMIC]

    def _readers(self, item: Item, draft: Draft) -> Readers:
        keys = {key for one in draft.credentials for key in one.keys}
        stays = sorted({key.name for key in item.source.keys} - keys)
        consumers = _unique(consumer.consumer for credential in item.credentials for consumer in credential.consumers)
        ref = ObjectRef("SecretMigration", item.source.ref.namespace, item.source.ref.name)
        stopped = {
            way_of(one.consumer): one.obstacles[0]
            for credential in item.credentials
            if credential not in draft.refused
            for one in credential.consumers
            if one.readiness is Readiness.BLOCKED and one.obstacles
        }
        is_whole = {key.name for key in item.source.keys if key.name != "*"} <= keys
        for credential in item.credentials:
            for one in credential.consumers:
                if why := why_not_whole(one.consumer, item.source, is_whole=is_whole):
                    stopped.setdefault(way_of(one.consumer), why)
        moved = tuple(sorted(keys))
        secret = Moved(owner=ref, maker=item.source.ref, moved=moved, stays=stays, stopped=stopped)
        return read_workloads(consumers, secret, self.config)


def _nowhere(kind: SourceKind) -> str:
    return _UNNAMED if kind is SourceKind.CLUSTER_EXTERNAL_SECRET else _UNPLACED


def _covers(migration: SecretMigration, item: Item) -> bool:
    """Tell whether nothing of the Secret stays; what only the operator knows (``*``) is read by nobody by name."""
    keys = {key.name for key in item.source.keys if key.name != "*"}
    return bool(item.source.keys) and keys <= set(migration.keys)


def _place(proposal: Proposal) -> Location:
    return proposal.item.source.origin.location if proposal.item else proposal.migration.location


def _auth(config: Config) -> Auth:
    auth = config.vault.auth
    if auth is None:
        return Auth(method=AuthMethod.KUBERNETES, mount="kubernetes")
    return Auth(method=auth.method, mount=auth.mount or auth.method.value)


def _unique(consumers: Iterable[Consumer]) -> list[Consumer]:
    return list({way_of(one): one for one in consumers}.values())


def _comments(
    migration: SecretMigration, item: Item, draft: Draft, config: Config, takes: Mapping[tuple[str, str], str]
) -> Mapping[str, tuple[str, ...]]:
    """Return why the document says what it says, field by field."""
    source = item.source
    found: dict[str, tuple[str, ...]] = {
        "": (
            f"How Secret {migration.namespace}/{migration.secret} moves to dynamic credentials. Proposed by `phase2 plan`; what is",
            "committed is what counts. `phase2 apply` changes the stage.",
        ),
        "spec.source": (f"Made at {source.origin.location}.",),
    }
    if config.vault.auth is None:
        found["spec.auth.mount"] = ("Assumed: phase2.yaml does not say how workloads log in (vault.auth).",)
    by_keys = {key: one for one in item.credentials for key in one.keys if one.verdict is Verdict.DYNAMIC}
    for number, moved in enumerate(migration.credentials):
        judged = next((by_keys[key] for key in moved.keys if key in by_keys), None)
        if judged:
            lines = (f"{reason.rule}: {reason.message} ({reason.location})" for reason in judged.reasons)
            found[f"spec.credentials[{number}]"] = (
                f"{judged.verdict}, confidence {judged.confidence}:",
                *(f"- {one}" for one in lines),
            )
    for number, file in enumerate(migration.files):
        if file.key in draft.notes:
            found[f"spec.files[{number}]"] = (draft.notes[file.key],)
    names, engines = (migration.secret, source.ref.name), [one.engine for one in migration.credentials]
    lasting = max_ttl_of(config, migration.namespace, names, engines)
    by_itself = ttl_of(config, migration.namespace, names, engines)
    for number, workload in enumerate(migration.workloads):
        found |= {
            f"spec.workloads[{number}].containers[{place}]": (_WRAPPED,)
            for place, container in enumerate(workload.containers)
            if any(read.delivery is Delivery.ENV_WRAPPED for read in container.reads)
        }
        standing = advise_job(workload)
        if standing:
            found[f"spec.workloads[{number}]"] = standing
        told = advise_mode(workload, by_itself, lasting)
        if told:
            found[f"spec.workloads[{number}].mode"] = told
        advice = advise(workload.rotation, takes.get((workload.kind, workload.name), ""), lasting)
        if advice:
            found[f"spec.workloads[{number}].rotation"] = advice
    return found
