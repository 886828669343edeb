"""What is peculiar to a kind of object, as data.

Which fields are references although they do not sound like it, which are written, which way a reference is.
Adding a kind is a line here; everything that follows Kubernetes' habits needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from injector.inventory.consumers_fields import KindRules
from injector.inventory.consumers_names import normal
from injector.model import How

_NO_READERS: Final = frozenset(
    {
        "APIService", "CSIDriver", "CertificateRequest", "CertificateSigningRequest", "ClusterPolicy", "ClusterRole",
        "ClusterRoleBinding", "ConfigMap", "ControllerRevision", "CustomResourceDefinition", "EndpointSlice",
        "Endpoints", "Event", "GrafanaDashboard", "HorizontalPodAutoscaler", "ImageUpdateAutomation", "Lease",
        "LimitRange", "MutatingWebhookConfiguration", "Namespace", "NetworkPolicy", "Node",
        "PersistentVolumeClaim", "PodDisruptionBudget", "Policy", "PriorityClass", "PrometheusRule",
        "ReferenceGrant", "ResourceQuota", "Role", "RoleBinding", "RuntimeClass", "SealedSecret", "Secret",
        "SopsSecret", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration", "VaultDynamicSecret", "VaultPKISecret", "VaultStaticSecret",
    }
)  # fmt: skip
"""Kinds that read no Secret, or that only write one.

Kyverno's policies copy Secrets; copy tools are read by `injector.inventory.sources`.
"""

DEFAULT_NAMESPACES: Final[Mapping[str, str]] = {
    "ClusterIssuer": "cert-manager",
    "CiliumBGPPeerConfig": "kube-system",
    "ClusterTriggerAuthentication": "keda",
}
"""Cluster-scoped kinds whose Secrets lie in their operator's namespace.

Sources: cert-manager ``--cluster-resource-namespace`` (default: its own), cilium BGP control plane
``authSecretRef`` (``kube-system``), KEDA ``KEDA_CLUSTER_OBJECT_NAMESPACE`` (default: its own).
"""

_STORES: Final = frozenset(
    {
        "SecretStore",
        "ClusterSecretStore",
        "VaultAuth",
        "VaultAuthGlobal",
        "VaultConnection",
        "ClusterGenerator",
    }
)
_GENERATORS: Final = "generators.external-secrets.io"


def _tls_way(path: tuple[str, ...]) -> How:
    return (
        How.INGRESS_TLS
        if any("tls" in normal(part) or "certificate" in normal(part) for part in path)
        else (How.CUSTOM_RESOURCE)
    )


def _store_way(_path: tuple[str, ...]) -> How:
    return How.STORE_AUTH


def _service_account_way(_path: tuple[str, ...]) -> How:
    return How.SERVICE_ACCOUNT


def _kustomization_way(path: tuple[str, ...]) -> How:
    return How.FLUX_SUBSTITUTE if "substituteFrom" in path else How.CUSTOM_RESOURCE


def _release_way(path: tuple[str, ...]) -> How:
    return How.HELM_VALUES_FROM if "valuesFrom" in path else How.CUSTOM_RESOURCE


_INGRESS: Final = KindRules(how=_tls_way)
_ISSUER: Final = KindRules(skip=frozenset({"privatekeysecretref"}))
_STORE: Final = KindRules(how=_store_way, is_selector_free=True)
_VOLSYNC: Final = KindRules(names=frozenset({"repository", "sshkeys", "rcloneconfig", "keysecret"}))
_PROMETHEUS: Final = KindRules(mounts=(("secrets", "/etc/prometheus/secrets"),))

_RULES: Final[Mapping[str, KindRules]] = {
    **dict.fromkeys(
        ("Ingress", "Gateway", "IngressRoute", "IngressRouteTCP", "TLSStore", "TLSOption", "HTTPProxy", "Route",
         "VirtualServer", "HTTPRoute", "ListenerSet", "XListenerSet", "VirtualService"),
        _INGRESS,
    ),
    "ServiceAccount": KindRules(how=_service_account_way),
    "Kustomization": KindRules(how=_kustomization_way, skip=frozenset({"patches", "patchesstrategicmerge"})),
    "HelmRelease": KindRules(how=_release_way, skip=frozenset({"values", "postrenderers"})),
    "Certificate": KindRules(skip=frozenset({"secretname", "secretref", "issuerref"})),
    "Issuer": _ISSUER,
    "ClusterIssuer": _ISSUER,
    "ReplicationSource": _VOLSYNC,
    "ReplicationDestination": _VOLSYNC,
    "Prometheus": _PROMETHEUS,
    "PrometheusAgent": _PROMETHEUS,
    "Alertmanager": KindRules(mounts=(("secrets", "/etc/alertmanager/secrets"),)),
    "VMAgent": KindRules(mounts=(("secrets", "/etc/vm/secrets"),)),
    "VMAlert": KindRules(mounts=(("secrets", "/etc/vm/secrets"),)),
    "VMSingle": KindRules(mounts=(("secrets", "/etc/vm/secrets"),)),
    "VMAlertmanager": KindRules(mounts=(("secrets", "/etc/vm/secrets"),)),
    # minio operator: spec.configuration.name and spec.users[].name are Secrets.
    "Tenant": KindRules(names=frozenset({"configuration", "users"})),
    # envoy gateway: spec.basicAuth.users.name is a Secret.
    "SecurityPolicy": KindRules(names=frozenset({"users"})),
    # percona operator: spec.secrets.users is a Secret.
    "PerconaServerMongoDB": KindRules(names=frozenset({"users", "encryptionkey", "keyfile"})),
    "BackupStorageLocation": KindRules(names=frozenset({"credential"})),
    "VolumeSnapshotLocation": KindRules(names=frozenset({"credential"})),
}  # fmt: skip

_NO_RULES: Final = KindRules()


def reads_nothing(kind: str, group: str) -> bool:
    """Tell whether objects of a kind read no Secret at all; most of a tree are such."""
    return kind in _NO_READERS or (kind == "Service" and not group)


def rules_of(kind: str, group: str) -> KindRules:
    """Return the rules of a kind; most have none of their own."""
    if kind in _STORES or group == _GENERATORS:
        return _STORE
    return _RULES.get(kind, _NO_RULES)
