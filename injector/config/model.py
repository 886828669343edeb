"""What ``phase2.yaml`` may say, as immutable values whose defaults are what phase2 does without the file.

Nothing in here reads a file: `injector.config.load` does, and `docs/config.md` tells users of the same fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, TypeAlias

from injector.config.verify import Verify
from injector.location import Location
from injector.model import NOWHERE, Verdict

LABEL_PREFIX: Final = "phase2.tazlab.net"
"""Prefix of all labels and annotations of phase2, unless the user names another."""

FlagValue: TypeAlias = bool | int | str | tuple[str, ...]
"""A flag's value: a switch, a number, a word, or several words."""


class AppRole(StrEnum):
    """What an app is, as far as verdicts go."""

    SERVER = "server"
    CLIENT = "client"
    INFRASTRUCTURE = "infrastructure"
    WEB_TOOL = "web-tool"


class AuthMethod(StrEnum):
    """How workloads log in to Vault."""

    JWT = "jwt"
    KUBERNETES = "kubernetes"


class Enforce(StrEnum):
    """What the webhook does with a pod that asks for what is static."""

    WARN = "warn"
    DENY = "deny"


class AnnotationsForm(StrEnum):
    """How a chart takes annotations from its values: as they are, or as templates (Helm's ``tpl``), their braces quoted."""

    PLAIN = "plain"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's own verdict. It wins over every rule, and of several that match the first one wins.

    Every glob that is given must match; ``*`` stands for any text, slashes included.

    Attributes:
        verdict: `Verdict.STATIC` or `Verdict.DYNAMIC`, never mixed.
        reason: why, in the person's words; never empty.
        location: the line of the entry: the evidence.
        namespace: glob of the Secret's namespace.
        name: glob of the name of the Secret, or of the object that makes it.
        vault_path: glob of the Vault path, as in ``vault kv get`` (``secret/app``) or as requested
            (``secret/data/app``).
        key: glob of the Secret's key: an override may take one credential out of a Secret.
        engine: the secrets engine (one of `injector.knowledge.engines.ENGINES`) when dynamic-capable, else empty.
    """

    verdict: Verdict
    reason: str
    location: Location = NOWHERE
    namespace: str = "*"
    name: str = "*"
    vault_path: str = "*"
    key: str = "*"
    engine: str = ""

    def matches(self, namespace: str, names: Iterable[str], *, vault_paths: Iterable[str], key: str) -> bool:
        """Return whether it speaks of this key.

        Args:
            namespace: the Secret's.
            names: of the Secret and of what makes it; one match is enough.
            vault_paths: request paths that the key's value is made of; one match is enough.
            key: the Secret's key.
        """
        return (
            _is_like(namespace, self.namespace)
            and _is_like(key, self.key)
            and any(_is_like(name, self.name) for name in names)
            and (self.vault_path == "*" or any(_matches_path(path, self.vault_path) for path in vault_paths))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What a person knows of an app, told apart by its image or its chart. It wins over the built-in knowledge.

    Attributes:
        location: the line of the entry: the evidence.
        image: glob of the image without tag and digest; without a slash it is compared with the last part only.
            Empty when the chart alone tells.
        chart: glob of the Helm chart's name; empty when the image alone tells.
        role: what it is; None when the entry tells only how it reads files.
        system: of a server the system it serves, of a client the one it logs in to (``postgresql``); empty when
            not said.
        file_suffix: ending by which it reads any variable from a file (``_FILE``); empty when it does not.
        file_env: variable -> the variable that names the file instead; wins over `file_suffix`.
        command: the image's own command line (entrypoint and arguments), for workloads that do not name it; empty when
            not said.
    """

    location: Location = NOWHERE
    image: str = ""
    chart: str = ""
    role: AppRole | None = None
    system: str = ""
    file_suffix: str = ""
    file_env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()

    def matches(self, image: str, chart: str = "") -> bool:
        """Return whether a container of this image, or of this chart, is the app."""
        if self.image and image:
            name = image.partition("@")[0]
            folder, slash, last = name.rpartition("/")
            bare = f"{folder}{slash}{last.partition(':')[0]}"
            if _is_like(bare if "/" in self.image else bare.rpartition("/")[2], self.image):
                return True
        return bool(self.chart and chart) and _is_like(chart, self.chart)

    def file_variable(self, env: str) -> str:
        """Return the variable that names a file to read `env` from, empty when there is none."""
        return self.file_env.get(env) or (f"{env}{self.file_suffix}" if self.file_suffix else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What is needed before Vault can be reached, beside what phase2 knows itself.

    Attributes:
        namespaces: globs of further namespaces that hold nothing but infrastructure.
    """

    namespaces: tuple[str, ...] = ()

    def has_namespace(self, namespace: str) -> bool:
        """Return whether the user calls a namespace infrastructure."""
        return any(_is_like(namespace, one) for one in self.namespaces)


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAuth:
    """How workloads log in to Vault.

    Attributes:
        method: the kind of auth method.
        mount: its path below ``auth/``; empty for the method's own name.
        audience: what the tokens are made for; empty when the method does not ask.
        bound_issuer: of JWT: the whole issuer string of the API server, commas included; empty when not bound.
    """

    method: AuthMethod
    mount: str = ""
    audience: str = ""
    bound_issuer: str = ""

    @property
    def path(self) -> str:
        """Return ``auth/<mount>``."""
        return f"auth/{self.mount or self.method.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultNames:
    """How things in Vault are called: texts with ``{namespace}``, ``{serviceAccount}``, ``{name}``, ``{engine}``.

    Empty means that there is no convention: then nothing is computed, and a person must say it case by case.

    Attributes:
        auth_role: a workload's role at the auth method.
        policy: a workload's policy.
        engine_role: a credential's role at its secrets engine.
    """

    auth_role: str = ""
    policy: str = ""
    engine_role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Where things are in the user's Vault.

    Attributes:
        address: URL as workloads reach it; empty when not said.
        namespace: Vault Enterprise's or OpenBao's; empty for the root.
        mounts: engine (one of `injector.knowledge.engines.ENGINES`) -> the path it is mounted at.
        kv_mounts: paths of KV engines, beside those that stores name.
        auth: None when not said.
        names: the conventions.
        label_alone: globs of the namespaces where a pod's label is enough for the webhook, without a committed
            SecretMigration; empty for none. With one, mounts, auth and names say all that it needs.
    """

    address: str = ""
    namespace: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)
    kv_mounts: tuple[str, ...] = ()
    auth: VaultAuth | None = None
    names: VaultNames = VaultNames()
    label_alone: tuple[str, ...] = ()

    def is_label_enough(self, namespace: str) -> bool:
        """Tell whether a pod's label is enough in a namespace."""
        return any(_is_like(namespace, one) for one in self.label_alone)

    def find_mount(self, engine: str) -> str | None:
        """Return where an engine is mounted: ``database/postgresql`` before ``database``; None when not said."""
        return self.mounts.get(engine) or self.mounts.get(engine.partition("/")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRole:
    """What only a person can know of a role at a secrets engine. Of several entries that match the first one counts.

    Attributes:
        location: the line of the entry.
        namespace: glob of the Secret's namespace.
        name: glob of the name of the Secret, or of the ExternalSecret.
        engine: an engine (``database``, ``database/postgresql``), empty for any.
        role: the role's name; empty for the convention's.
        connection: of ``database``: the name of the connection in Vault (``db_name``).
        owner: of SQL databases: the role that owns the app's tables; a login then acts as the owner (``SET ROLE``), which
            an app that runs schema migrations needs.
        grants: further creation statements, as Vault takes them (``{{name}}``); without an owner they are what the
            login may do.
        revocation: revocation statements, in place of the plugin's usual ones.
        parameters: fields of another engine's role, as its API names them.
        request: what is sent along when a credential is asked for, of engines that are asked by a write.
        ttl_s: how long a credential lives, in seconds; 0 for `default_ttl_s`.
        max_ttl_s: until when it may be renewed, in seconds; 0 for `default_max_ttl_s`.
    """

    location: Location = NOWHERE
    namespace: str = "*"
    name: str = "*"
    engine: str = ""
    role: str = ""
    connection: str = ""
    owner: str = ""
    grants: tuple[str, ...] = ()
    revocation: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, str] = field(default_factory=dict)
    ttl_s: int = 0
    max_ttl_s: int = 0

    def matches(self, namespace: str, names: Iterable[str], engine: str) -> bool:
        """Return whether it speaks of a credential that `engine` issues for one of `names`."""
        return (
            _is_like(namespace, self.namespace)
            and any(_is_like(name, self.name) for name in names)
            and self.engine in ("", engine, engine.partition("/")[0])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What the cluster can do.

    Attributes:
        kubernetes: the version of its nodes, as in ``1.31``; empty when not said.
    """

    kubernetes: str = ""

    @property
    def has_native_sidecars(self) -> bool:
        """Tell whether init containers may go on running: from 1.29 on by default.

        Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
        """
        return bool(self.kubernetes) and int(self.kubernetes.split(".")[1]) >= _NATIVE_SIDECARS


_NATIVE_SIDECARS: Final = 29
MODES: Final = ("sidecar", "init", "native-sidecar")
"""How the agent may run beside a workload (`injector.migration.model.Mode`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFacts:
    """What only a person can know of a workload whose pods a chart or an operator makes.

    Attributes:
        location: the line of the entry.
        namespace: glob of the workload's namespace.
        kind: its kind, empty for any.
        name: glob of its name.
        service_account: its pods' ServiceAccount; empty when not said.
        run_as_user: the user of its containers; None when not said.
        run_as_group: the group of its containers; None when not said.
        container: the container that reads the Secret; empty when not said.
        labels_path: chart values that become its pods' labels, dotted; empty for the chart's usual place.
        annotations_path: the same for annotations.
        annotations_form: how the chart takes them.
        mode: how the agent runs beside it, one of `MODES`; empty for what suits it.
        post_renderer: ``Deployment/web``: what the chart makes, where it has no place for labels; empty when not said.
    """

    location: Location = NOWHERE
    namespace: str = "*"
    kind: str = ""
    name: str = "*"
    service_account: str = ""
    container: str = ""
    run_as_user: int | None = None
    run_as_group: int | None = None
    labels_path: str = ""
    annotations_path: str = ""
    annotations_form: AnnotationsForm = AnnotationsForm.PLAIN
    mode: str = ""
    post_renderer: str = ""

    def matches(self, kind: str, namespace: str, name: str) -> bool:
        """Return whether it speaks of a workload."""
        return self.kind in ("", kind) and _is_like(namespace, self.namespace) and _is_like(name, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How the admission webhook decides.

    Attributes:
        enforce: what becomes of a pod that asks for what is static.
    """

    enforce: Enforce = Enforce.WARN


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file.

    Attributes:
        path: the file, as evidence names it; empty when there is none.
        label_prefix: before the slash in all labels and annotations of phase2.
        overrides: in the file's order.
        bootstrap: further infrastructure.
        apps: in the file's order.
        vault: the user's Vault.
        engine_roles: in the file's order.
        workloads: in the file's order.
        cluster: what the cluster can do.
        webhook: how the admission webhook decides.
        verify: how the design rules are held.
        defaults: command -> flag without dashes (``fail-on``) -> value; flag and environment win over it.
    """

    path: str = ""
    label_prefix: str = LABEL_PREFIX
    overrides: tuple[Override, ...] = ()
    bootstrap: Bootstrap = Bootstrap()
    apps: tuple[App, ...] = ()
    vault: Vault = Vault()
    engine_roles: tuple[EngineRole, ...] = ()
    workloads: tuple[WorkloadFacts, ...] = ()
    cluster: Cluster = Cluster()
    webhook: Webhook = Webhook()
    verify: Verify = field(default_factory=Verify)
    defaults: Mapping[str, Mapping[str, FlagValue]] = field(default_factory=dict)

    def find_override(
        self, namespace: str, names: Iterable[str], *, vault_paths: Iterable[str], key: str
    ) -> Override | None:
        """Return the first override that speaks of a key; arguments as in `Override.matches`."""
        have, paths = tuple(names), tuple(vault_paths)
        return next((one for one in self.overrides if one.matches(namespace, have, vault_paths=paths, key=key)), None)

    def find_app(self, image: str, chart: str = "") -> App | None:
        """Return the first app that an image or a chart is; either may be empty."""
        return next((one for one in self.apps if one.matches(image, chart)), None)

    def find_engine_role(self, namespace: str, names: Iterable[str], engine: str) -> EngineRole | None:
        """Return the first entry that speaks of a credential; arguments as in `EngineRole.matches`."""
        have = tuple(names)
        return next((one for one in self.engine_roles if one.matches(namespace, have, engine)), None)

    def find_workload(self, kind: str, namespace: str, name: str) -> WorkloadFacts | None:
        """Return the first entry that speaks of a workload."""
        return next((one for one in self.workloads if one.matches(kind, namespace, name)), None)


DEFAULT: Final = Config()
"""What holds without a file."""


@lru_cache(maxsize=65536)
def _is_like(text: str, glob: str) -> bool:
    """Return whether a text matches a glob; a large tree asks the same for every key of a namespace."""
    return glob in ("*", text) or fnmatchcase(text, glob)


def _matches_path(path: str, glob: str) -> bool:
    return _is_like(path, glob) or _is_like(path.replace("/data/", "/", 1), glob)
