"""Who a resource is, was, and may still be called while a build goes on.

kustomize finds resources by every name they had on the way, so a build keeps them. Nothing in here changes
a resource's body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from injector.manifests.document import Resource, text
from injector.manifests.kustomize.sealed import Sealed
from injector.manifests.yamldoc import Map

DEFAULT_NAMESPACE: Final = "default"
_NO_NAMESPACE: Final = "_non_namespaceable_"


class Gvk(NamedTuple):
    """Group, version and kind of an object."""

    group: str
    version: str
    kind: str


class ResourceId(NamedTuple):
    """What a resource is called at one moment of the build."""

    gvk: Gvk
    namespace: str
    name: str

    @property
    def effective_namespace(self) -> str:
        """Return the namespace that identities are compared by.

        Source: kustomize kyaml/resid/resid.go EffectiveNamespace.
        """
        if is_cluster_scoped(self.gvk):
            return _NO_NAMESPACE
        return self.namespace or DEFAULT_NAMESPACE

    def matches(self, other: ResourceId) -> bool:
        """Tell whether both name the same object."""
        return (
            self.gvk == other.gvk and self.name == other.name and self.effective_namespace == other.effective_namespace
        )


@dataclass(slots=True, eq=False)
class Tracked:
    """A resource with its history.

    Attributes:
        resource: what the build will return.
        is_header_only: the document's body was not read; only its metadata may be worked on.
        previous: what it was called before each renaming, first name first.
        prefixes, suffixes: name affixes, the innermost first.
        needs_hash: a hash of its content is to be appended to its name.
        behavior: of a generated resource: ``create``, ``merge`` or ``replace``.
        sealed: a generated Secret's data, until the hash is computed.
    """

    resource: Resource
    is_header_only: bool = False
    previous: list[ResourceId] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    suffixes: list[str] = field(default_factory=list)
    needs_hash: bool = False
    behavior: str = ""
    sealed: Sealed | None = None

    @property
    def body(self) -> Map:
        """Return the object."""
        return self.resource.body

    @property
    def kind(self) -> str:
        """Return the object's kind."""
        return text(self.resource.body.get("kind"))

    @property
    def gvk(self) -> Gvk:
        """Return the object's group, version and kind as they are now."""
        return gvk_of(self.resource.body)

    @property
    def id(self) -> ResourceId:
        """Return what it is called now."""
        metadata = self.resource.body.get("metadata")
        if not isinstance(metadata, Map):
            return ResourceId(self.gvk, "", "")
        return ResourceId(self.gvk, text(metadata.get("namespace")), text(metadata.get("name")))

    @property
    def first_id(self) -> ResourceId:
        """Return what it was called in its file."""
        return self.previous[0] if self.previous else self.id

    def ids(self) -> list[ResourceId]:
        """Return every identity it has had, the present one last."""
        return [*self.previous, self.id]

    def ids_named(self, name: str) -> list[ResourceId]:
        """Return the identities with this name; names are compared first, for they mostly differ."""
        found = [known for known in self.previous if known.name == name]
        metadata = self.resource.body.get("metadata")
        if isinstance(metadata, Map) and text(metadata.get("name")) == name:
            found.append(self.id)
        return found

    def remember(self) -> None:
        """Keep the present identity before it changes."""
        self.previous.append(self.id)

    def metadata(self) -> Map:
        """Return the object's metadata, made when it has none."""
        found = self.resource.body.get("metadata")
        if isinstance(found, Map):
            return found
        made = Map(self.resource.body.path, self.resource.body.line)
        self.resource.body.put("metadata", made, self.resource.body.line)
        return made


def gvk_of(body: Map) -> Gvk:
    """Return an object's group, version and kind."""
    group, _, version = text(body.get("apiVersion")).rpartition("/")
    return Gvk(group, version, text(body.get("kind")))


def is_cluster_scoped(gvk: Gvk) -> bool:
    """Tell whether kustomize knows the kind as cluster-scoped; it takes what it does not know for namespaced.

    Source: kustomize kyaml/openapi/openapi.go precomputedIsNamespaceScoped (Kubernetes 1.21 API).
    """
    groups = _CLUSTER_SCOPED.get(gvk.kind)
    return groups is not None and (gvk.group, gvk.version) in groups


def _versions(group: str, *versions: str) -> frozenset[tuple[str, str]]:
    return frozenset((group, version) for version in versions)


_ADMISSION: Final = _versions("admissionregistration.k8s.io", "v1", "v1beta1")
_RBAC: Final = _versions("rbac.authorization.k8s.io", "v1", "v1beta1")
_STORAGE: Final = _versions("storage.k8s.io", "v1", "v1beta1")
_FLOW: Final = _versions("flowcontrol.apiserver.k8s.io", "v1beta1")
_CORE: Final = _versions("", "v1")
_CLUSTER_SCOPED: Final[dict[str, frozenset[tuple[str, str]]]] = {
    "APIService": _versions("apiregistration.k8s.io", "v1", "v1beta1"),
    "CSIDriver": _STORAGE,
    "CSINode": _STORAGE,
    "CertificateSigningRequest": _versions("certificates.k8s.io", "v1", "v1beta1"),
    "ClusterRole": _RBAC,
    "ClusterRoleBinding": _RBAC,
    "ComponentStatus": _CORE,
    "CustomResourceDefinition": _versions("apiextensions.k8s.io", "v1", "v1beta1"),
    "FlowSchema": _FLOW,
    "IngressClass": _versions("networking.k8s.io", "v1", "v1beta1"),
    "MutatingWebhookConfiguration": _ADMISSION,
    "Namespace": _CORE,
    "Node": _CORE,
    "PersistentVolume": _CORE,
    "PodSecurityPolicy": _versions("policy", "v1beta1"),
    "PriorityClass": _versions("scheduling.k8s.io", "v1", "v1beta1"),
    "PriorityLevelConfiguration": _FLOW,
    "RuntimeClass": _versions("node.k8s.io", "v1", "v1beta1"),
    "StorageClass": _STORAGE,
    "ValidatingWebhookConfiguration": _ADMISSION,
    "VolumeAttachment": _STORAGE,
}
