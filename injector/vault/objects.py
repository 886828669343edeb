"""The objects in Vault that a move needs, as immutable values.

One model for all writers: HCL with a script, Terraform, and the API. What a writer cannot say does not belong here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from injector.config.model import AuthMethod
from injector.location import Location
from injector.model import NOWHERE, ObjectRef
from injector.vault.engines import form_of

POLICIES: Final = "sys/policies/acl"
"""Where policies are in the API."""

AGENT_RULES: Final = (
    ("auth/token/renew-self", ("update",)),
    ("auth/token/revoke-self", ("update",)),
    ("sys/leases/renew", ("update",)),
)
"""What the agent does beside reading: it renews its token and its leases, and gives its token back when the pod ends.

The policy ``default``, which would allow this too, allows a dozen things more, so roles are made without it.
docs/ground-truth.md names the test that shows what the real agent asks for.
"""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Policy:
    """A policy: exactly the paths that one workload's templates read, and what its agent needs for itself.

    Attributes:
        rules: (path, capabilities), sorted by path: what the templates read.
        owner: the migrations that want it, as ``namespace/name``.
        belongings: API paths of the roles that were made for the same workload. Both are written into the policy's
            head, by which a later run knows what it made itself: roles have no place for a remark.
    """

    name: str
    rules: tuple[tuple[str, tuple[str, ...]], ...]
    owner: tuple[str, ...] = ()
    belongings: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Return its API path."""
        return f"{POLICIES}/{self.name}"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class AuthRole:
    """A role at an auth method, bound to one ServiceAccount of one namespace.

    Attributes:
        mount: without ``auth/``.
        audience: what tokens must be made for; empty when the method does not ask.
        bound_issuer: of JWT: the whole issuer string, commas included, as the API server writes it into tokens; the role
            asks for it as the claim ``iss`` (a role has no field of that name, only the method's configuration has).
        token_ttl_s: how long a login lives before it must be renewed.
        token_max_ttl_s: at least the longest lease: a lease dies with its token.
    """

    mount: str
    method: AuthMethod
    name: str
    namespace: str
    service_account: str
    policies: tuple[str, ...]
    audience: str = ""
    bound_issuer: str = ""
    token_ttl_s: int = 3600
    token_max_ttl_s: int = 86400

    @property
    def path(self) -> str:
        """Return its API path."""
        return f"auth/{self.mount}/role/{self.name}"

    @property
    def parameters(self) -> dict[str, object]:
        """Return what is written to `path`, as Vault names and gives it back."""
        shared: dict[str, object] = {
            "token_policies": list(self.policies),
            "token_ttl": self.token_ttl_s,
            "token_max_ttl": self.token_max_ttl_s,
            "token_no_default_policy": True,
        }
        if self.method is AuthMethod.KUBERNETES:
            return {
                "bound_service_account_names": [self.service_account],
                "bound_service_account_namespaces": [self.namespace],
                **({"audience": self.audience} if self.audience else {}),
                **shared,
            }
        return {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_subject": f"system:serviceaccount:{self.namespace}:{self.service_account}",
            **({"bound_audiences": [self.audience]} if self.audience else {}),
            **({"bound_claims": {"iss": self.bound_issuer}} if self.bound_issuer else {}),
            **shared,
        }


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class EngineRole:
    """A role at a secrets engine: what it may issue.

    Attributes:
        mount: the engine's mount.
        engine: ``database/postgresql``, ``aws`` ...
        parameters: field -> text, number or list of texts, as the engine's API names them.
    """

    mount: str
    engine: str
    name: str
    parameters: Mapping[str, object] = field(compare=False)

    @property
    def path(self) -> str:
        """Return its API path: ``role`` or ``roles`` below the mount, as the engine has it."""
        return f"{self.mount}/{form_of(self.engine).folder}/{self.name}"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Undecided:
    """What only a person can know, and where to say it.

    Attributes:
        migration: whose.
        what: in words, what is not known.
        remedy: what to write, and where.
    """

    migration: ObjectRef
    what: str
    remedy: str
    location: Location = NOWHERE

    def __str__(self) -> str:
        """Return it as every writer says it, without the place in the tree."""
        return f"{self.migration}: not decided: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPlan:
    """All that Vault must hold, each list sorted.

    Attributes:
        undecided: as long as there are any, nothing is applied for their migrations.
        address, namespace: which Vault it is for, unless whoever applies it says otherwise; empty when nothing is said.
    """

    policies: tuple[Policy, ...] = ()
    auth_roles: tuple[AuthRole, ...] = ()
    engine_roles: tuple[EngineRole, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    address: str = ""
    namespace: str = ""

    def only(self, names: Collection[str]) -> VaultPlan:
        """Return what some migrations (``namespace/name``) need, whole: a shared policy keeps what others read."""
        policies = tuple(one for one in self.policies if not set(names).isdisjoint(one.owner))
        paths = {path for one in policies for path in one.belongings}
        return replace(
            self,
            policies=policies,
            auth_roles=tuple(one for one in self.auth_roles if one.path in paths),
            engine_roles=tuple(one for one in self.engine_roles if one.path in paths),
            undecided=tuple(
                one for one in self.undecided if f"{one.migration.namespace}/{one.migration.name}" in names
            ),
        )
