"""From migrations and the user's decisions to all that Vault must hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from injector.config.model import AuthMethod, Config, VaultAuth
from injector.config.model import EngineRole as Decision
from injector.migration.model import MovedCredential, SecretMigration, Workload
from injector.vault.engines import find_role, form_of, read_parameters, ttl_fields
from injector.vault.objects import AuthRole, EngineRole, Policy, Undecided, VaultPlan
from injector.vault.paths import names_sent, read_rules, unclear_reads
from injector.vault.statements import build_statements

TTL_S: Final = 3600
"""One hour: long enough that an app which must restart does so seldom, short enough to be worth it."""
MAX_TTL_S: Final = 24 * 3600


def build_vault_plan(migrations: Sequence[SecretMigration], config: Config) -> VaultPlan:
    """Return what Vault must hold for these migrations.

    Args:
        migrations: of any stage; retired ones still need their roles.
        config: names, mounts, login and what the user decided of single roles.
    """
    made = _Building(config)
    for migration in sorted(migrations, key=lambda one: (one.namespace, one.name)):
        made.take(migration)
    return made.finish()


@dataclass(frozen=True, slots=True, order=True)
class _Identity:
    """Whom an auth role is for: where it logs in, as what, and who it is in the cluster."""

    mount: str
    role: str
    namespace: str
    service_account: str

    @property
    def account(self) -> str:
        return f"{self.namespace}/{self.service_account}"


@dataclass(slots=True)
class _Shared:
    """What the migrations of one workload add up to."""

    method: AuthMethod
    migrations: list[SecretMigration] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    roles: set[str] = field(default_factory=set)
    longest_s: int = MAX_TTL_S


@dataclass(slots=True)
class _Building:
    config: Config
    workloads: dict[_Identity, _Shared] = field(default_factory=dict)
    engines: dict[str, EngineRole] = field(default_factory=dict)
    undecided: list[Undecided] = field(default_factory=list)

    def take(self, migration: SecretMigration) -> None:
        roles: dict[str, str] = {}
        longest_s = MAX_TTL_S
        for credential in migration.credentials:
            decision = _decision(migration, credential, self.config)
            role, missing = _engine_role(migration, credential, decision, self.config)
            self.undecided += missing
            longest_s = max(longest_s, (decision.max_ttl_s if decision else 0) or MAX_TTL_S)
            self.undecided += _unasked(migration, credential, self.config)
            if role is None:
                continue
            roles[credential.path] = role.path
            other = self.engines.setdefault(role.path, role)
            if other.parameters != role.parameters:
                what = f"the role {role.path} would have to be two things at once"
                remedy = "give each credential a role of its own under engineRoles, or both the same parameters"
                self.undecided.append(_undecided(migration, credential, what, remedy))
        for workload in migration.workloads:
            identity = _Identity(migration.auth.mount, workload.role, migration.namespace, workload.service_account)
            shared = self.workloads.setdefault(identity, _Shared(migration.auth.method))
            templates = _templates_of(migration, workload)
            shared.migrations.append(migration)
            shared.templates += templates
            shared.roles |= {roles[path] for path, _ in read_rules(templates) if path in roles}
            shared.longest_s = max(shared.longest_s, longest_s)
            self.undecided += _unclear(migration, workload, templates)

    def finish(self) -> VaultPlan:
        auth_roles = [self._auth_role(identity, shared) for identity, shared in self.workloads.items()]
        self._check_names(auth_roles)
        by_name = _grouped(
            (role.policies[0], shared) for role, shared in zip(auth_roles, self.workloads.values(), strict=True)
        )
        auth_paths = _grouped((role.policies[0], role.path) for role in auth_roles)
        policies = [
            Policy(
                name=name,
                rules=read_rules(text for one in shared for text in one.templates),
                owner=tuple(sorted({f"{m.namespace}/{m.name}" for one in shared for m in one.migrations})),
                belongings=tuple(sorted({*auth_paths[name], *(path for one in shared for path in one.roles)})),
            )
            for name, shared in by_name.items()
        ]
        # What no policy lets anybody read is not made: nobody would know whose it is.
        read = {path for one in policies for path in one.belongings}
        return VaultPlan(
            policies=tuple(sorted(policies)),
            auth_roles=tuple(sorted({role.path: role for role in auth_roles}.values())),
            engine_roles=tuple(self.engines[path] for path in sorted(self.engines) if path in read),
            undecided=tuple(sorted(set(self.undecided))),
            address=self.config.vault.address,
            namespace=self.config.vault.namespace,
        )

    def _auth_role(self, identity: _Identity, shared: _Shared) -> AuthRole:
        auth = self.config.vault.auth or VaultAuth(method=shared.method)
        return AuthRole(
            mount=identity.mount,
            method=shared.method,
            name=identity.role,
            namespace=identity.namespace,
            service_account=identity.service_account,
            policies=(_policy_name(identity, self.config),),
            audience=auth.audience,
            bound_issuer=auth.bound_issuer,
            token_ttl_s=TTL_S,
            token_max_ttl_s=shared.longest_s,
        )

    def _check_names(self, roles: Sequence[AuthRole]) -> None:
        """Ask where two ServiceAccounts would share a role or a policy, and where a login cannot work."""
        accounts = _grouped((role.path, f"{role.namespace}/{role.service_account}") for role in roles)
        readers = _grouped((role.policies[0], f"{role.namespace}/{role.service_account}") for role in roles)
        for role, shared in zip(roles, self.workloads.values(), strict=True):
            for what, names, key in (
                (f"the auth role {role.name}", accounts[role.path], "authRole"),
                (f"the policy {role.policies[0]}", readers[role.policies[0]], "policy"),
            ):
                if len(set(names)) > 1:
                    told = f"{what} would be for {' and '.join(sorted(set(names)))}"
                    self._ask(shared, told, f"{{namespace}} and {{serviceAccount}} in vault.names.{key}")
            if role.method is AuthMethod.JWT and not role.audience:
                self._ask(shared, "what tokens are made for: a JWT login is refused without it", "vault.auth.audience")

    def _ask(self, shared: _Shared, what: str, where: str) -> None:
        file = self.config.path or "phase2.yaml"
        for one in shared.migrations:
            remedy = f"write {where} in {file}"
            self.undecided.append(Undecided(migration=one.ref, what=what, remedy=remedy, location=one.location))


T = TypeVar("T")


def _grouped(pairs: Iterable[tuple[str, T]]) -> Mapping[str, list[T]]:
    made: dict[str, list[T]] = {}
    for key, value in pairs:
        made.setdefault(key, []).append(value)
    return made


def _templates_of(migration: SecretMigration, workload: Workload) -> list[str]:
    """Return the templates of the keys that this workload reads, not those that only others read."""
    keys = {read.key for container in workload.containers for read in container.reads}
    return [one.template for one in migration.files if "*" in keys or one.key in keys]


def _unclear(migration: SecretMigration, workload: Workload, templates: Sequence[str]) -> Iterator[Undecided]:
    for what in unclear_reads(templates):
        yield Undecided(
            migration=migration.ref,
            what=f"what {workload.kind}/{workload.name} reads: {what}",
            remedy="write a plain path into the template",
            location=workload.location,
        )


def find_unasked(migration: SecretMigration, credential: MovedCredential) -> tuple[tuple[str, str], ...]:
    """Return what must be sent along with each request for a credential, and is not: (its name, what it says).

    Without it the engine issues nothing, and a pod that reads the templates does not start.
    """
    asks = form_of(credential.engine).asks
    calls = list(names_sent((one.template for one in migration.files), credential.path)) if asks else []
    return tuple((name, what) for name, what in asks.items() if any(name not in sent for sent in calls))


def _unasked(migration: SecretMigration, credential: MovedCredential, config: Config) -> Iterator[Undecided]:
    for name, what in find_unasked(migration, credential):
        yield _undecided(migration, credential, f"{what}: give {name} in request", _advice(migration, config))


def _policy_name(identity: _Identity, config: Config) -> str:
    form = config.vault.names.policy
    named = form.format(
        namespace=identity.namespace, serviceAccount=identity.service_account, name=identity.role, engine=""
    )
    return (named or identity.role).lower()  # as Vault stores it


def _decision(migration: SecretMigration, credential: MovedCredential, config: Config) -> Decision | None:
    names = (migration.secret, migration.source.name)
    return config.find_engine_role(migration.namespace, names, credential.engine)


def _engine_role(
    migration: SecretMigration, credential: MovedCredential, decision: Decision | None, config: Config
) -> tuple[EngineRole | None, Iterable[Undecided]]:
    kind, _, system = credential.engine.partition("/")
    found = find_role(kind, credential.path)
    if found is None:
        what = f"which role of {credential.engine} the path {credential.path} belongs to"
        return None, [_undecided(migration, credential, what, "write it as <mount>/creds/<role>")]
    mount, name = found
    missing: list[str] = []
    if kind == "database":
        statements = build_statements(system, decision)
        if not (decision and decision.connection):
            missing.append("which connection of the database engine it goes to: give connection")
        if statements.missing:
            missing.append(statements.missing)
        parameters: dict[str, object] = {
            "db_name": decision.connection if decision else "",
            "creation_statements": list(statements.creation),
            **({"revocation_statements": list(statements.revocation)} if statements.revocation else {}),
        }
    else:
        parameters = read_parameters(kind, decision.parameters if decision else {})
        if not parameters:
            missing.append(f"what the role of {kind} may do: give parameters for it")
    ttl_s, max_ttl_s = (decision.ttl_s, decision.max_ttl_s) if decision else (0, 0)
    # What the user calls by the engine's own name wins.
    parameters = {**ttl_fields(kind, parameters, ttl_s=ttl_s or TTL_S, max_ttl_s=max_ttl_s or MAX_TTL_S), **parameters}
    role = EngineRole(mount=mount, engine=credential.engine, name=name, parameters=dict(sorted(parameters.items())))
    return role, [_undecided(migration, credential, what, _advice(migration, config)) for what in missing]


def _advice(migration: SecretMigration, config: Config) -> str:
    file = config.path or "phase2.yaml"
    return f"write it in {file} under engineRoles, in an entry with namespace: {migration.namespace} and name: {migration.secret}"


def _undecided(migration: SecretMigration, credential: MovedCredential, what: str, remedy: str) -> Undecided:
    return Undecided(
        migration=migration.ref, what=f"{credential.name}: {what}", remedy=remedy, location=credential.location
    )
