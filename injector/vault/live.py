"""A plan and what a Vault holds: what would change, and the change itself. Pure over the port.

Nothing that phase2 did not make is overwritten or deleted; `injector.vault.ownership` says how that is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from injector.errors import VaultError, VaultMountError
from injector.vault.comparing import differing_fields
from injector.vault.hcl import render_policy
from injector.vault.objects import POLICIES, AuthRole, EngineRole, Policy, VaultPlan
from injector.vault.ownership import Head, parse_head
from injector.vault.port import VaultPort

_FOREIGN: Final = "is there and was not made by phase2; rename it in phase2.yaml, or take it over with --adopt"


class Action(StrEnum):
    """What becomes of an object."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object and what becomes of it.

    Attributes:
        path: API path.
        before: field -> value as Vault has it, of the fields that change; empty for `Action.CREATE`.
        after: field -> value as it is written; empty for `Action.DELETE`. Of a policy there is one field, ``policy``.
        is_adopted: it was somebody else's.
    """

    path: str
    action: Action
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    is_adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An object that is left as it is, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What would happen, in the order in which it would.

    Attributes:
        refused: as long as there are any, nothing is written.
        kept: of a destruction: what stays because others still need it.
        doubts: what phase2 does not make, and without which a role issues nothing.
    """

    steps: tuple[Step, ...] = ()
    refused: tuple[Refusal, ...] = ()
    kept: tuple[Refusal, ...] = ()
    doubts: tuple[Refusal, ...] = ()

    @property
    def pending(self) -> tuple[Step, ...]:
        """Return the steps that change something."""
        return tuple(one for one in self.steps if one.action is not Action.UNCHANGED)


def compare(port: VaultPort, plan: VaultPlan, *, is_adopting: bool = False) -> Changes:
    """Return what would make a Vault hold what is planned.

    Policies come first, since their heads say whose the roles are; auth roles last, since they open the door.

    Args:
        port: the Vault.
        plan: what it must hold.
        is_adopting: take over what phase2 did not make, instead of refusing it.

    Raises:
        VaultError: Vault refuses to be read, or cannot be reached.
    """
    run = _Comparison(port, is_adopting)
    for policy in plan.policies:
        run.add_policy(policy)
    for engine in plan.engine_roles:
        run.add_role(engine, engine.engine.partition("/")[0])
    for auth in plan.auth_roles:
        run.add_role(auth, f"auth/{auth.method}")
    return Changes(steps=tuple(run.steps), refused=tuple(run.refused), doubts=tuple(_doubts(port, plan)))


def compare_destruction(port: VaultPort, names: Collection[str]) -> Changes:
    """Return what would take away all that was made for some migrations and for nobody else.

    Auth roles go first, so that nobody logs in meanwhile, and policies last: until then they say what remains to be done.
    Credentials that were issued live until their leases end.

    Args:
        port: the Vault.
        names: the migrations, as ``namespace/name``; they need not be in any tree any more.

    Raises:
        VaultError: Vault refuses to be read, or cannot be reached.
    """
    heads = dict(read_heads(port))
    gone = {path: head for path, head in heads.items() if head.owner and set(head.owner) <= set(names)}
    kept = [
        Refusal(
            path=path,
            why=f"is needed by {', '.join(sorted(set(head.owner) - set(names)))} too; it stays with its roles",
        )
        for path, head in heads.items()
        if path not in gone and not set(head.owner).isdisjoint(names)
    ]
    needed = {path for name, head in heads.items() if name not in gone for path in head.belongings}
    roles = sorted({path for head in gone.values() for path in head.belongings} - needed)
    ordered = [one for one in roles if one.startswith("auth/")] + [one for one in roles if not one.startswith("auth/")]
    steps = []
    for path in (*ordered, *gone):
        have = _find(port, path)
        if have is not None:
            steps.append(Step(path=path, action=Action.DELETE, before=have))
    return Changes(steps=tuple(steps), kept=tuple(kept))


def carry_out(port: VaultPort, changes: Changes) -> Iterator[Step]:
    """Make the changes, and yield each step when it is done. Nothing is done while something is refused.

    Raises:
        VaultError: Vault refuses; what was yielded is done, and the next run goes on from there.
    """
    if changes.refused:
        return
    for step in changes.pending:
        if step.action is Action.DELETE:
            port.delete(step.path)
        else:
            port.write(step.path, step.after)
        yield step


def read_heads(port: VaultPort) -> Iterator[tuple[str, Head]]:
    """Yield (API path, head) of every policy that phase2 made, sorted by name."""
    for name in sorted(port.list(POLICIES)):
        head = _head(port.read(f"{POLICIES}/{name}"))
        if head:
            yield f"{POLICIES}/{name}", head


@dataclass(slots=True)
class _Comparison:
    port: VaultPort
    is_adopting: bool
    steps: list[Step] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ours: set[str] = field(default_factory=set)
    """Roles that heads name, of the plan's policies as they are in Vault."""
    everything: set[str] | None = None
    """The same of all policies: asked for only when a role is in none of the plan's."""

    def add_policy(self, policy: Policy) -> None:
        have = self.port.read(policy.path)
        head = _head(have)
        if head:
            self.ours |= set(head.belongings)
            # What an earlier plan made and this one does not want stays known, so that it can be destroyed.
            left = {
                path for path in head.belongings if path not in policy.belongings and _find(self.port, path) is not None
            }
            policy = replace(policy, belongings=tuple(sorted({*policy.belongings, *left})))
        text = render_policy(policy)
        is_foreign = have is not None and head is None
        if is_foreign and not self.is_adopting:
            self.refused.append(Refusal(path=policy.path, why=_FOREIGN))
            return
        before = str((have or {}).get("policy", ""))
        if have is None:
            self.steps.append(Step(path=policy.path, action=Action.CREATE, after={"policy": text}))
        elif before.strip() == text.strip():
            self.steps.append(Step(path=policy.path, action=Action.UNCHANGED))
        else:
            self.steps.append(
                Step(
                    path=policy.path,
                    action=Action.UPDATE,
                    before={"policy": before},
                    after={"policy": text},
                    is_adopted=is_foreign,
                )
            )

    def add_role(self, role: AuthRole | EngineRole, kind: str) -> None:
        try:
            have = self.port.read(role.path)
        except VaultMountError as err:
            self.refused.append(Refusal(path=role.path, why=str(err)))
            return
        if have is None:
            self.steps.append(Step(path=role.path, action=Action.CREATE, after=role.parameters))
            return
        is_foreign = not self._is_ours(role.path)
        if is_foreign and not self.is_adopting:
            self.refused.append(Refusal(path=role.path, why=_FOREIGN))
            return
        changed = differing_fields(role.parameters, have, kind)
        if not changed:
            self.steps.append(Step(path=role.path, action=Action.UNCHANGED, is_adopted=is_foreign))
            return
        self.steps.append(
            Step(
                path=role.path,
                action=Action.UPDATE,
                before={name: have.get(name) for name in (*role.parameters, *changed)},
                # The whole role: some engines set what is left out to its default, others keep it.
                after={**role.parameters, **changed},
                is_adopted=is_foreign,
            )
        )

    def _is_ours(self, path: str) -> bool:
        if path in self.ours:
            return True
        if self.everything is None:
            self.everything = {one for _, head in read_heads(self.port) for one in head.belongings}
        return path in self.everything


def _doubts(port: VaultPort, plan: VaultPlan) -> Iterator[Refusal]:
    """Yield database roles whose connection is not there, or does not let them issue; as far as one may look."""
    seen: dict[str, Mapping[str, object] | None] = {}
    for role in plan.engine_roles:
        name = role.parameters.get("db_name")
        if not isinstance(name, str) or not name:
            continue
        path = f"{role.mount}/config/{name}"
        if path not in seen:
            try:
                seen[path] = port.read(path) or {}
            except VaultError:
                seen[path] = None  # who may write roles need not be allowed to see connections
        connection = seen[path]
        if connection is None:
            continue
        allowed = connection.get("allowed_roles")
        if not connection:
            yield Refusal(path=role.path, why=f"its connection {path} is not there; make it, or correct connection")
        elif not isinstance(allowed, list) or not any(fnmatchcase(role.name, str(one)) for one in allowed):
            yield Refusal(path=role.path, why=f"{path} does not allow it; add {role.name} to its allowed_roles")


def _head(data: Mapping[str, object] | None) -> Head | None:
    return parse_head(str(data.get("policy", ""))) if data else None


def _find(port: VaultPort, path: str) -> Mapping[str, object] | None:
    try:
        return port.read(path)
    except VaultMountError:
        return None
