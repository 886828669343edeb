"""The SecretMigration's words, as immutable values.

One document decides for one ExternalSecret in one namespace which keys of its Secret move, which Vault path gives
them, what is rendered for whom, and how far the move has come. `phase2 plan` proposes it, a person commits it, the
command line and the webhook obey it. Nothing in here reads a file (`parse`), knows how it looks (`write`), or decides
(`injector.plan`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from injector.config.model import AuthMethod
from injector.location import Location
from injector.model import NOWHERE, ObjectRef

API_VERSION: Final = "phase2.tazlab.net/v1alpha1"
KIND: Final = "SecretMigration"


class Stage(StrEnum):
    """How far a move has come; each stage can go back one step."""

    PREPARE = "prepare"
    INJECT = "inject"
    RELEASE = "release"
    RETIRE = "retire"

    @property
    def rank(self) -> int:
        """Return the stage's place in the order, from 0."""
        return list(Stage).index(self)


class Delivery(StrEnum):
    """How a container gets a value."""

    FILE = "file"
    ENV_FILE = "env-file"
    ENV_WRAPPED = "env-wrapped"
    NATIVE = "native"


class Mode(StrEnum):
    """How the agent runs beside a workload.

    ``SIDECAR`` renews leases as long as the pod lives; ``INIT`` renders once and is gone (short Jobs);
    ``NATIVE_SIDECAR`` is an init container with ``restartPolicy: Always`` (kubelet 1.29 and newer): one lease, and a
    Job completes.
    """

    SIDECAR = "sidecar"
    INIT = "init"
    NATIVE_SIDECAR = "native-sidecar"


class RotationAction(StrEnum):
    """What makes an app take up new credentials.

    ``REREAD``: it reads the file at each use. ``SIGNAL``: it reads the file again on a signal. ``RESTART``: only a new
    process does. ``NONE``: it lives shorter than the lease (a Job).
    """

    REREAD = "reread"
    SIGNAL = "signal"
    RESTART = "restart"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedCredential:
    """A credential that moves.

    Attributes:
        name: unique in the document, a DNS label.
        keys: the Secret keys that hold it, sorted.
        engine: what issues it, as in reports: ``database/postgresql``, ``aws``, ``rabbitmq``, ``pki`` ...
        path: the Vault API path that issues it (``database/creds/shop-api``), as templates read it.
        location: where the document says so.
    """

    name: str
    keys: tuple[str, ...]
    engine: str
    path: str
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """What replaces one key of the Secret.

    Attributes:
        key: the Secret key; its value is what `template` renders to, byte for byte.
        template: consul-template text; ends without a newline unless the value does.
    """

    key: str
    template: str
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One way by which a container gets one value.

    Attributes:
        key: the Secret key; ``*`` for all moved keys (a volume without items, envFrom).
        delivery: how.
        path: the file in the container; for ``*`` the folder. Empty for `Delivery.ENV_WRAPPED`.
        env: the variable that the app has today (`Delivery.ENV_FILE`, `Delivery.ENV_WRAPPED`); for ``*`` its prefix.
        file_env: the app's variable that names a file (`Delivery.ENV_FILE`).
        mode: permission bits of the file as octal text (``0400``), empty for the agent's default.
        is_single: the file is mounted alone, beside whatever else its folder holds (``subPath``); only for
            `Delivery.FILE` and one key.
    """

    key: str
    delivery: Delivery
    path: str = ""
    env: str = ""
    file_env: str = ""
    mode: str = ""
    is_single: bool = False
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerReads:
    """A container and what it reads.

    Attributes:
        name: the container's name; ``*`` for every container that is no init container, where a chart hides the name.
        is_init: an init container.
        command: the image's own command line, for a wrapper; only needed where the pod names no command.
    """

    name: str
    reads: tuple[Read, ...]
    is_init: bool = False
    command: tuple[str, ...] = ()
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What happens when the credential changes while the app runs.

    Attributes:
        action: see `RotationAction`.
        signal: name without ``SIG`` (``HUP``), for `RotationAction.SIGNAL`, or for a restart by ``TERM``.
        process: the process that gets it, as ``pkill -x`` names it; empty for none.
    """

    action: RotationAction = RotationAction.RESTART
    signal: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Who gets the credentials, and as whom it logs in.

    Attributes:
        kind, name: the object in Git (``HelmRelease``, ``Deployment`` ...); its pods are known by `service_account`
            and by the opt-in label.
        service_account: the pods' ServiceAccount; Vault's auth role is bound to it and to nothing else.
        role: the auth role in Vault.
        run_as_user, run_as_group: the agent's identity, from the pod's own security context; None where the pod sets
            none and the namespace does not need it.
        init_first: the agent runs before the workload's own init containers, since one of them reads a credential.
    """

    kind: str
    name: str
    service_account: str
    role: str
    containers: tuple[ContainerReads, ...]
    mode: Mode = Mode.SIDECAR
    rotation: Rotation = field(default_factory=Rotation)
    run_as_user: int | None = None
    run_as_group: int | None = None
    init_first: bool = False
    location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How the agent logs in: method and mount (without ``auth/``)."""

    method: AuthMethod = AuthMethod.KUBERNETES
    mount: str = "kubernetes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMigration:
    """The decision for one ExternalSecret in one namespace.

    Attributes:
        namespace, name: of the document; the name is the source's.
        source: what makes the Secret today.
        secret: the target Secret.
        stage: how far the move has come.
        credentials: what moves; at least one.
        files: what is rendered, one for each moved key, sorted by key.
        workloads: who gets it, sorted by kind and name.
        location: where the document starts.
    """

    namespace: str
    name: str
    source: ObjectRef
    secret: str
    stage: Stage
    auth: Auth
    credentials: tuple[MovedCredential, ...]
    files: tuple[RenderedFile, ...]
    workloads: tuple[Workload, ...]
    location: Location = NOWHERE

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the Secret keys that move, sorted."""
        return tuple(sorted({key for one in self.credentials for key in one.keys}))

    @property
    def ref(self) -> ObjectRef:
        """Return the document's identity."""
        return ObjectRef(KIND, self.namespace, self.name)
