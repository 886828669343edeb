"""The words of the product, as immutable values.

Nothing in here reads a file or decides anything. `injector.inventory` fills the facts, `injector.classify`
makes the verdicts, `injector.report` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from injector.location import Location

NOWHERE = Location("", 0)


class Verdict(StrEnum):
    """What becomes of a credential; `MIXED` is for an ExternalSecret as a whole only."""

    DYNAMIC = "dynamic-capable"
    STATIC = "static"
    MIXED = "mixed"


class Confidence(StrEnum):
    """How sure a verdict is; a name alone never gives `HIGH`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Readiness(StrEnum):
    """What a consumer of a dynamic-capable credential needs before it can move."""

    READY = "ready"
    NEEDS_CHANGE = "needs-change"
    BLOCKED = "blocked"


class SourceKind(StrEnum):
    """What makes a Secret."""

    EXTERNAL_SECRET = "ExternalSecret"
    CLUSTER_EXTERNAL_SECRET = "ClusterExternalSecret"
    PUSH_SECRET = "PushSecret"
    VAULT_STATIC_SECRET = "VaultStaticSecret"
    VAULT_DYNAMIC_SECRET = "VaultDynamicSecret"
    VAULT_PKI_SECRET = "VaultPKISecret"
    SEALED_SECRET = "SealedSecret"
    SOPS = "SopsSecret"
    GENERATOR = "SecretGenerator"
    OPERATOR = "Operator"
    SECRET = "Secret"
    UNKNOWN = "Unknown"


class How(StrEnum):
    """By which way a consumer reads a Secret."""

    ENV = "env"
    ENV_FROM = "envFrom"
    VOLUME = "volume"
    IMAGE_PULL = "imagePullSecret"
    SERVICE_ACCOUNT = "serviceAccount"
    INGRESS_TLS = "ingressTLS"
    CUSTOM_RESOURCE = "customResource"
    HELM_VALUES = "helmValues"
    HELM_VALUES_FROM = "helmValuesFrom"
    FLUX_SUBSTITUTE = "fluxSubstitute"
    COPY = "copy"
    STORE_AUTH = "storeAuth"
    PUSH = "pushSecret"
    TEMPLATE_FROM = "templateFrom"


WORKLOAD_WAYS = frozenset({How.ENV, How.ENV_FROM, How.VOLUME, How.HELM_VALUES})
"""The ways by which a pod's container gets a value: these can move, the others need the Secret object."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """The one identity of a Kubernetes object; `namespace` is empty for cluster-scoped ones."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return ``Kind/namespace/name``, without the namespace when there is none."""
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that could not be read, or not be understood, and where.

    Attributes:
        code: short stable word, such as ``yaml-syntax``.
        message: what is wrong and what to do; never text of the file's values.
        is_deployed: whether a root reaches the file; only then does it decide the exit code.
    """

    location: Location
    code: str
    message: str
    is_deployed: bool = False


@dataclass(frozen=True, slots=True)
class StoreRef:
    """Which store a remote reference is read from.

    Attributes:
        kind: ``SecretStore``, ``ClusterSecretStore``, or a generator's kind.
        provider: the provider's key in the store's spec (``vault``, ``aws``, ...); ``unknown`` when the store
            is not in the tree.
    """

    kind: str
    name: str
    provider: str = "unknown"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a value comes from.

    Attributes:
        store: the store it is read from.
        path: the request path for Vault (``secret/data/app``; see `injector.inventory.eso`), else the
            provider's key as written; empty when the manifest leaves it empty.
        prop: the property inside the remote secret, empty for the whole.
        location: the line that names it.
        kv: ``v1`` or ``v2`` of a Vault KV path that was composed, else empty.
        version, decoding, metadata: ESO's ``version``, ``decodingStrategy`` and ``metadataPolicy``, as written.
    """

    store: StoreRef
    path: str
    prop: str
    location: Location
    kv: str = ""
    version: str = ""
    decoding: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Extract:
    """A ``dataFrom.extract`` entry of an ExternalSecret: every key of a remote secret becomes a template variable.

    Attributes:
        conversion: ``conversionStrategy`` as written.
        is_rewritten: a ``rewrite`` changes the names.
    """

    remote: Remote
    conversion: str = ""
    is_rewritten: bool = False


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One key of a target Secret.

    Attributes:
        name: the key; ``*`` stands for keys that cannot be known from the tree (``dataFrom``).
        remotes: what its value is made of, in order; several for a template that joins values.
        template: the template's text when it is made by one, else empty. Literals in it are configuration
            that stands in Git; `injector.inventory.sources` redacts what looks like a secret value.
        variables: the template variables it uses.
        location: the line that defines the key.
        is_inline: of Secrets in Git: a value that may be secret stands in the manifest itself, as everybody can read it.
    """

    name: str
    remotes: tuple[Remote, ...] = ()
    template: str = ""
    variables: tuple[str, ...] = ()
    location: Location = NOWHERE
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """How a resource came to be deployed.

    Attributes:
        location: first key of the manifest it was written in (the base's, not the overlay's).
        document: the document's index in that file, from 0.
        root: id of the root that deploys it (``flux:ns/name``, ``argo:ns/name``, ``kustomize:path``,
            ``files``), empty for an orphan.
        deployed_by: the kustomizations passed on the way, outermost first (folders, relative).
    """

    location: Location
    document: int
    root: str = ""
    deployed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretSource:
    """An object that makes a Secret.

    Attributes:
        kind: what it is.
        ref: the object itself.
        target: the Secret's name (in `ref.namespace`).
        keys: what is known of the Secret's keys; a key ``*`` means there may be more.
        secret_type: ``kubernetes.io/tls`` etc., empty for Opaque or unknown.
        store: the default store; None for sources without one.
        secret_labels: of ESO's: the labels that its template gives the Secret.
        creation_policy: ESO's, ``Owner`` when absent; empty for other sources.
        deletion_policy, refresh_policy, refresh_interval: ESO's, as written, empty when absent.
        namespaces: of a ClusterExternalSecret: the namespaces it names; empty when by selector.
        chooses_more: of a ClusterExternalSecret: a selector of it may choose namespaces that it does not name.
        via: of `SourceKind.OPERATOR`: the object that makes the operator write the Secret.
        variables: of ESO's: name -> remote of every ``data`` entry: what a template may use, and without a template the
            keys themselves.
        extracts: of ESO's: ``dataFrom.extract`` entries, in order.
    """

    kind: SourceKind
    ref: ObjectRef
    target: str
    origin: Origin
    keys: tuple[SecretKey, ...] = ()
    secret_type: str = ""
    store: StoreRef | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    secret_labels: Mapping[str, str] = field(default_factory=dict)
    creation_policy: str = ""
    deletion_policy: str = ""
    refresh_policy: str = ""
    refresh_interval: str = ""
    namespaces: tuple[str, ...] = ()
    chooses_more: bool = False
    via: ObjectRef | None = None
    variables: tuple[tuple[str, Remote], ...] = ()
    extracts: tuple[Extract, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """What is known about a container, as evidence of what the app is and whom it talks to.

    Attributes:
        name: the container's name.
        image: as written, empty when unknown (chart defaults).
        is_init: an init container.
        env: literal environment, name -> value, also from ConfigMaps found in the same build. Values that
            look like secrets are already replaced by ``<redacted>``.
        env_at: name -> the line of its value.
        env_names: every environment name, also those read from Secrets.
        command: command and args, joined by blanks, at most 500 characters.
        has_command: the manifest names the command itself, not only arguments of the image's own one.
        run_as_user: its own security context's, else the pod's; None when neither sets one.
        run_as_group: the same for the group.
        place: keys that lead to it in a chart's values; empty for a container of a pod spec.
    """

    name: str
    image: str = ""
    is_init: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    env_at: Mapping[str, Location] = field(default_factory=dict)
    env_names: tuple[str, ...] = ()
    command: str = ""
    has_command: bool = False
    run_as_user: int | None = None
    run_as_group: int | None = None
    place: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What is known of the pod that a container runs in.

    Attributes:
        service_account: as the pod spec names it, ``default`` when it names none; empty when a chart makes and names it.
        has_token: the pod gets its ServiceAccount's token (``automountServiceAccountToken`` is not false).
        is_host_network: ``hostNetwork``.
        is_job: it is meant to end: a Job's, or a CronJob's.
    """

    service_account: str = "default"
    has_token: bool = True
    is_host_network: bool = False
    is_job: bool = False


@dataclass(frozen=True, slots=True)
class Consumer:
    """One way by which one object reads one Secret.

    Attributes:
        ref: the object (a workload, HelmRelease, Ingress, custom resource ...).
        secret: the Secret's name (in `ref.namespace` unless `secret_namespace` is set).
        how: by which way.
        key: the Secret key that is read; empty for all keys.
        env: environment variable it becomes (`How.ENV`), or the prefix (`How.ENV_FROM`).
        path: for volumes the mount path; for `HELM_VALUES` and custom resources the field's dotted path.
        is_single: of a volume: the path is one file, mounted beside whatever else its folder holds (``subPath``).
        mode: of a volume: permissions of its files as octal text (``0400``); empty for Kubernetes' default, 0644.
        container: facts of the reading container; None for consumers that are no containers.
        chart: ``<chart name>`` of a Helm consumer, else empty.
        pod: facts of the pod; None for consumers that are no pods, and for pods of which only their chart knows.
        is_optional: ``optional: true``.
        sibling_secrets: names of other Secrets that the same container reads.
        beside: what else a projected volume joins with the Secret in one folder (``ConfigMap x``).
        location: the line that names the Secret.
    """

    ref: ObjectRef
    secret: str
    how: How
    origin: Origin
    location: Location
    key: str = ""
    env: str = ""
    path: str = ""
    is_single: bool = False
    mode: str = ""
    container: ContainerFacts | None = None
    chart: str = ""
    pod: PodFacts | None = None
    is_optional: bool = False
    secret_namespace: str = ""
    sibling_secrets: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Store:
    """A SecretStore or ClusterSecretStore.

    Attributes:
        ref: namespace is empty for a ClusterSecretStore.
        provider: key in ``spec.provider``.
        server: Vault's address as written, may hold ``${VAR}``.
        mount: Vault's ``path``, empty when absent.
        version: Vault KV version, ``v1`` or ``v2``.
        auth_secrets: names of Secrets that the store logs in with.
        namespace: of provider ``kubernetes``: the namespace of its own cluster whose Secrets it reads and writes; empty for
            other clusters, and for other providers.
    """

    ref: ObjectRef
    provider: str
    origin: Origin
    server: str = ""
    mount: str = ""
    version: str = "v2"
    auth_secrets: tuple[tuple[str, str], ...] = ()
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule that fired, in words, with its evidence."""

    rule: str
    message: str
    location: Location


@dataclass(frozen=True, slots=True)
class ConsumerReport:
    """A consumer with what it needs before the credential can move."""

    consumer: Consumer
    readiness: Readiness | None
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """One or more Secret keys that belong together, judged.

    Attributes:
        kind: kebab-case word such as ``database-login``, ``api-token``, ``s3-compatible``.
        engine: the Vault secrets engine that could issue it (``database/postgresql``), empty when none.
        near_misses: rules that came close, for `phase2 explain`.
    """

    keys: tuple[str, ...]
    vault_paths: tuple[str, ...]
    kind: str
    engine: str
    verdict: Verdict
    confidence: Confidence
    reasons: tuple[Reason, ...]
    consumers: tuple[ConsumerReport, ...]
    near_misses: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or noteworthy that is no verdict, such as a Secret with two writers.

    Attributes:
        subject: the object that it is about, when the reader of a manifest found it.
        root: id of the root that deploys that object; each cluster's overlay has findings of its own.
    """

    rule: str
    message: str
    location: Location
    subject: ObjectRef | None = None
    root: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that does not count, and the reason that its object's annotation gives."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """A Secret's source, judged.

    Attributes:
        findings: those that count.
        suppressed: those that the source's annotations suppress.
    """

    source: SecretSource
    verdict: Verdict
    confidence: Confidence
    credentials: tuple[Credential, ...]
    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of `injector.classify.classify`.

    Attributes:
        items: deployed, sorted by namespace, name, source.
        orphans: the same for what no root reaches.
        findings: that belong to no item.
        unreadable: files that could not be read.
        templated: files recognised as templates, which are not read.
        unresolved: substitutions, remote bases and the like that were kept as they are.
        stores: of the whole tree, the deployed ones first.
    """

    items: tuple[Item, ...]
    orphans: tuple[Item, ...]
    findings: tuple[Finding, ...]
    unreadable: tuple[Diagnostic, ...]
    templated: tuple[Diagnostic, ...]
    unresolved: tuple[Diagnostic, ...]
    stores: tuple[Store, ...] = ()
