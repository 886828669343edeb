"""From a report to a plan: one SecretMigration for each dynamic-capable ExternalSecret and namespace. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from injector.config.model import AuthMethod, Config
from injector.location import Location
from injector.migration.model import Auth, MovedCredential, RenderedFile, SecretMigration, Stage
from injector.model import NOWHERE, Consumer, Credential, Item, ObjectRef, Report, SecretKey, SourceKind, Verdict
from injector.plan.model import Blocked, Plan, Proposal
from injector.plan.values import Rendered, render_configuration, render_key
from injector.plan.workloads import Moved, Readers, read_workloads
from injector.templates import Refusal
from injector.vault.build import build_vault_plan
from injector.vault.objects import Undecided

_EXTERNAL: Final = frozenset({SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET})
_CONFIGURATION: Final = "configuration"


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
    seen: set[tuple[str, str]] = set()
    for item in report.items:
        source = item.source
        own = (source.ref.namespace, source.ref.name)
        # Several overlays deploy one ExternalSecret to one namespace of several clusters: one decision serves all.
        if source.kind in _EXTERNAL and own not in seen:
            seen.add(own)
            made.add(item)
    made.proposals += [
        Proposal(migration=one, item=None, is_committed=True, problem=made.problems.get(own, ""))
        for own, one in sorted(made.committed.items())
        if own not in seen
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
        moving = self._moving(item)
        is_whole = item.verdict is Verdict.DYNAMIC
        draft = _Draft(item, self.config, moving)
        files = draft.files(is_whole=is_whole)
        self.blocked += draft.blocked
        if not draft.credentials:
            return
        readers = self._readers(item, draft)
        self.blocked += readers.blocked
        self.undecided += readers.undecided
        if readers.blocked and not readers.workloads:
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
                comments=_comments(migration, item, draft, self.config),
                changes=tuple(readers.changes),
                is_whole=_covers(migration, item),
            )
        )

    def _moving(self, item: Item) -> list[Credential]:
        return [one for one in item.credentials if one.verdict is Verdict.DYNAMIC]

    def _readers(self, item: Item, draft: _Draft) -> Readers:
        keys = {key for one in draft.credentials for key in one.keys}
        stays = sorted({key.name for key in item.source.keys} - keys)
        consumers = _unique(
            consumer.consumer
            for credential in item.credentials
            for consumer in credential.consumers
            if consumer.consumer.key in ("", *keys)
        )
        ref = ObjectRef("SecretMigration", item.source.ref.namespace, item.source.ref.name)
        secret = Moved(owner=ref, maker=item.source.ref, moved=tuple(sorted(keys)), stays=stays)
        return read_workloads(consumers, secret, self.config)


@dataclass(slots=True)
class _Draft:
    """A migration in the making: what of each credential can be rendered."""

    item: Item
    config: Config
    moving: Sequence[Credential]
    credentials: list[MovedCredential] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def files(self, *, is_whole: bool) -> list[RenderedFile]:
        """Return the files of all credentials that can be rendered, and note the others as blocked."""
        made: list[RenderedFile] = []
        for credential in self.moving:
            name, path = self._name(credential)
            rendered = self._render(credential, path)
            if rendered is None:
                continue
            made += [RenderedFile(key=key, template=one.template) for key, one in rendered.items()]
            self.notes.update({key: one.comment for key, one in rendered.items() if one.comment})
            self.credentials.append(
                MovedCredential(name=name, keys=tuple(sorted(rendered)), engine=credential.engine, path=path)
            )
        if is_whole and len(self.credentials) == len(self.moving):
            made += self._configuration({one.key for one in made})
        return made

    def _render(self, credential: Credential, path: str) -> dict[str, Rendered] | None:
        keys = {key.name: key for key in self.item.source.keys}
        made: dict[str, Rendered] = {}
        for name in credential.keys:
            environment = tuple(
                dict.fromkeys(
                    one.consumer.env for one in credential.consumers if one.consumer.key == name and one.consumer.env
                )
            )
            key = keys.get(name) or _of_extract(name, self.item)
            one: Rendered | Refusal = (
                render_key(key, self.item.source, engine=credential.engine, path=path, environment=environment)
                if key
                else Refusal(
                    f"key {name}",
                    "its value is known only to the operator; name it under data",
                    self.item.source.origin.location,
                )
            )
            if isinstance(one, Refusal):
                self.blocked.append(
                    Blocked(
                        ref=self.item.source.ref,
                        keys=credential.keys,
                        why=f"{one.construct}: {one.message}",
                        location=one.location,
                    )
                )
                return None
            made[name] = one
        return made

    def _configuration(self, taken: set[str]) -> list[RenderedFile]:
        """Return the files of what is no credential: it goes along, for the Secret goes as a whole."""
        made: list[RenderedFile] = []
        for key in self.item.source.keys:
            if key.name in taken or key.name == "*":
                continue
            one = render_configuration(key, self.item.source)
            if isinstance(one, Refusal):
                self.blocked.append(
                    Blocked(
                        ref=self.item.source.ref,
                        keys=(key.name,),
                        why=f"{one.construct}: {one.message}",
                        location=one.location,
                    )
                )
                continue
            made.append(RenderedFile(key=key.name, template=one.template))
            self.notes[key.name] = "configuration, still from KV; it moves along because the Secret goes as a whole"
        if made:
            first = self.credentials[0]
            keys = tuple(sorted({*first.keys, *(one.key for one in made)}))
            self.credentials[0] = MovedCredential(name=first.name, keys=keys, engine=first.engine, path=first.path)
        return made

    def _name(self, credential: Credential) -> tuple[str, str]:
        """Return a credential's name in the document, and the path that issues it."""
        kind, _, system = credential.engine.partition("/")
        source = self.item.source
        base = system or kind
        taken = {one.name for one in self.credentials}
        name = base if base not in taken else f"{base}-{len(taken) + 1}"
        decision = self.config.find_engine_role(
            source.ref.namespace, (source.target, source.ref.name), credential.engine
        )
        form = self.config.vault.names.engine_role or "{namespace}-{name}"
        role = (decision.role if decision else "") or form.format(
            namespace=source.ref.namespace, name=source.target, engine=base, serviceAccount=""
        )
        if len(self.moving) > 1 and not (decision and decision.role) and "{engine}" not in form:
            role = f"{role}-{name}"
        mount = self.config.vault.find_mount(credential.engine) or kind
        return name, f"{mount}/roleset/{role}/key" if kind == "gcp" else f"{mount}/creds/{role}"


def _of_extract(name: str, item: Item) -> SecretKey | None:
    """Return a key that a ``dataFrom.extract`` yields under its own name; None when a template hides it."""
    source = item.source
    star = next((key for key in source.keys if key.name == "*"), None)
    if star is None or len(source.extracts) != 1 or source.extracts[0].is_rewritten:
        return None
    remote = source.extracts[0].remote
    nested = f"{remote.prop}.{name}" if remote.prop else name
    moved = type(remote)(
        remote.store, remote.path, nested, remote.location, remote.kv, remote.version, remote.decoding, remote.metadata
    )
    return SecretKey(name=name, remotes=(moved,), location=star.location)


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
    found = {
        (one.ref, one.container.name if one.container else "", one.how, one.key, one.env, one.path): one
        for one in consumers
    }
    return list(found.values())


def _comments(migration: SecretMigration, item: Item, draft: _Draft, config: Config) -> Mapping[str, tuple[str, ...]]:
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
    for number, workload in enumerate(migration.workloads):
        if workload.mode.value == "init":
            found[f"spec.workloads[{number}].mode"] = ("A Job: rendered once, before it starts; nothing is renewed.",)
        elif workload.rotation.action.value == "restart":
            found[f"spec.workloads[{number}].rotation"] = (
                "Nothing is known of how the app takes up new credentials: it must be restarted before the lease ends.",
            )
    return found
