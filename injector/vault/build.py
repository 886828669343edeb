"""From migrations and the user's decisions to all that Vault must hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from injector.config.model import AuthMethod, Config, VaultAuth
from injector.config.model import EngineRole as Decision
from injector.migration.model import MovedCredential, SecretMigration, Workload
from injector.vault.objects import AuthRole, EngineRole, Policy, Undecided, VaultPlan
from injector.vault.paths import read_rules
from injector.vault.statements import build_statements

TTL_S: Final = 3600
"""One hour: long enough that an app which must restart does so seldom, short enough to be worth it."""
MAX_TTL_S: Final = 24 * 3600
_PATH_PARTS: Final = 3
"""``<mount>/creds/<role>``; a mount may itself have slashes."""


def build_vault_plan(migrations: Sequence[SecretMigration], config: Config) -> VaultPlan:
    """Return what Vault must hold for these migrations.

    Args:
        migrations: of any stage; retired ones still need their roles.
        config: names, mounts, login and what the user decided of single roles.
    """
    workloads: dict[tuple[str, str, str, str], _Shared] = {}
    engines: dict[tuple[str, str], EngineRole] = {}
    undecided: list[Undecided] = []
    for migration in sorted(migrations, key=lambda one: (one.namespace, one.name)):
        longest = MAX_TTL_S
        for credential in migration.credentials:
            role, missing = _engine_role(migration, credential, config)
            undecided += missing
            if role:
                engines[role.mount, role.path] = role
                longest = max(longest, _seconds(role.parameters.get("max_ttl"), MAX_TTL_S))
        for workload in migration.workloads:
            key = (migration.auth.mount, workload.role, migration.namespace, workload.service_account)
            shared = workloads.setdefault(key, _Shared(migration.auth.method))
            shared.owners.add(f"{migration.namespace}/{migration.name}")
            shared.templates += _templates_of(migration, workload)
            shared.longest = max(shared.longest, longest)
    return VaultPlan(
        policies=tuple(
            sorted(
                Policy(
                    name=_policy_name(key, config),
                    rules=read_rules(shared.templates),
                    owner=tuple(sorted(shared.owners)),
                )
                for key, shared in workloads.items()
            )
        ),
        auth_roles=tuple(sorted(_auth_role(key, shared, config) for key, shared in workloads.items())),
        engine_roles=tuple(engines[key] for key in sorted(engines)),
        undecided=tuple(sorted(set(undecided))),
    )


@dataclass(slots=True)
class _Shared:
    """What the migrations of one workload add up to."""

    method: AuthMethod
    owners: set[str] = field(default_factory=set)
    templates: list[str] = field(default_factory=list)
    longest: int = MAX_TTL_S


def _templates_of(migration: SecretMigration, workload: Workload) -> list[str]:
    """Return the templates of the keys that this workload reads, not those that only others read."""
    keys = {read.key for container in workload.containers for read in container.reads}
    return [one.template for one in migration.files if "*" in keys or one.key in keys]


def _policy_name(key: tuple[str, str, str, str], config: Config) -> str:
    _, role, namespace, service_account = key
    form = config.vault.names.policy
    return form.format(namespace=namespace, serviceAccount=service_account, name=role, engine="") if form else role


def _auth_role(key: tuple[str, str, str, str], shared: _Shared, config: Config) -> AuthRole:
    mount, role, namespace, service_account = key
    auth = config.vault.auth or VaultAuth(method=shared.method)
    return AuthRole(
        mount=mount,
        method=shared.method,
        name=role,
        namespace=namespace,
        service_account=service_account,
        policies=(_policy_name(key, config),),
        audience=auth.audience,
        bound_issuer=auth.bound_issuer,
        token_ttl_s=TTL_S,
        token_max_ttl_s=shared.longest,
    )


def _engine_role(
    migration: SecretMigration, credential: MovedCredential, config: Config
) -> tuple[EngineRole | None, Iterable[Undecided]]:
    kind, _, system = credential.engine.partition("/")
    parts = credential.path.split("/")
    if len(parts) < _PATH_PARTS:
        what = f"which role of {credential.engine} the path {credential.path} belongs to"
        return None, [_undecided(migration, credential, what, "write it as <mount>/creds/<role>")]
    mount, name = "/".join(parts[:-2]), parts[-1]
    names = (migration.secret, migration.source.name)
    decision = config.find_engine_role(migration.namespace, names, credential.engine)
    ttls = _ttls(decision)
    if kind == "database":
        statements = build_statements(system, decision)
        missing = []
        if not (decision and decision.connection):
            missing.append("which connection of the database engine it goes to: give connection")
        if statements.missing:
            missing.append(statements.missing)
        parameters: dict[str, object] = {
            "db_name": decision.connection if decision else "",
            "creation_statements": list(statements.creation),
            **({"revocation_statements": list(statements.revocation)} if statements.revocation else {}),
            **ttls,
        }
    else:
        known = dict(decision.parameters) if decision else {}
        missing = [] if known else [f"what the role of {kind} may do: give parameters for it"]
        parameters = {**known, **(ttls if kind not in _WITHOUT_TTL else {})}
    role = EngineRole(mount=mount, engine=credential.engine, name=name, parameters=parameters)
    return role, [_undecided(migration, credential, what, _advice(migration, config)) for what in missing]


_WITHOUT_TTL: Final = frozenset({"rabbitmq", "nomad", "gcp", "aws"})
"""Engines whose roles have no TTL fields: their lease is set at the mount."""


def _ttls(decision: Decision | None) -> dict[str, object]:
    return {
        "default_ttl": (decision.ttl_s if decision else 0) or TTL_S,
        "max_ttl": (decision.max_ttl_s if decision else 0) or MAX_TTL_S,
    }


def _seconds(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _advice(migration: SecretMigration, config: Config) -> str:
    file = config.path or "phase2.yaml"
    return f"write it in {file} under engineRoles, in an entry with namespace: {migration.namespace} and name: {migration.secret}"


def _undecided(migration: SecretMigration, credential: MovedCredential, what: str, remedy: str) -> Undecided:
    return Undecided(
        migration=migration.ref, what=f"{credential.name}: {what}", remedy=remedy, location=credential.location
    )
