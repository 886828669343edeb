"""Which fields of which kinds name which other kinds: what must follow when a name changes.

Source: kustomize api/internal/konfig/builtinpluginconsts/namereference.go. The table is built from the parts
that repeat in it (the places of a pod's spec) instead of being written out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from injector.manifests.kustomize.identity import Gvk
from injector.manifests.kustomize.paths import FieldSpec, field_spec


@dataclass(frozen=True, slots=True)
class BackReference:
    """The kind that is referred to (empty parts mean any), and the fields that hold its name."""

    target: Gvk
    specs: tuple[FieldSpec, ...]


_TEMPLATE: Final = "spec/template/spec"
_POD_SPECS: Final = {
    "Pod": "spec",
    "PodTemplate": "template/spec",
    "Deployment": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": "spec/jobTemplate/spec/template/spec",
}
_RUNNERS: Final = {
    **{kind: place for kind, place in _POD_SPECS.items() if kind not in ("PodTemplate", "ReplicaSet")},
    "ReplicationController": _TEMPLATE,
}
_CONFIG_MAP_FIELDS: Final = (
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
)
_SECRET_FIELDS: Final = (
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
)
_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"


def _in_pods(places: dict[str, str], *fields: str) -> tuple[FieldSpec, ...]:
    return tuple(
        field_spec(f"{place}/{field}", kind, version="v1" if kind == "Pod" else "")
        for kind, place in places.items()
        for field in fields
    )


def _scaled(kind: str) -> BackReference:
    return BackReference(Gvk("", "", kind), (field_spec("spec/scaleTargetRef/name", "HorizontalPodAutoscaler"),))


DEFAULT: Final[tuple[BackReference, ...]] = (
    *(_scaled(kind) for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")),
    BackReference(
        Gvk("", "v1", "ConfigMap"),
        (
            *_in_pods(_POD_SPECS, *_CONFIG_MAP_FIELDS),
            field_spec("spec/configSource/configMap", "Node"),
            field_spec("rules/resourceNames", "Role"),
            field_spec("rules/resourceNames", "ClusterRole"),
            field_spec(r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap", "Ingress"),
        ),
    ),
    BackReference(
        Gvk("", "v1", "Secret"),
        (
            *_in_pods(_POD_SPECS, *_SECRET_FIELDS),
            field_spec("spec/tls/secretName", "Ingress"),
            field_spec(r"metadata/annotations/ingress.kubernetes.io\/auth-secret", "Ingress"),
            field_spec(r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret", "Ingress"),
            field_spec(r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret", "Ingress"),
            field_spec("imagePullSecrets/name", "ServiceAccount"),
            field_spec("parameters/secretName", "StorageClass"),
            field_spec("parameters/adminSecretName", "StorageClass"),
            field_spec("parameters/userSecretName", "StorageClass"),
            field_spec("parameters/secretRef", "StorageClass"),
            field_spec("rules/resourceNames", "Role"),
            field_spec("rules/resourceNames", "ClusterRole"),
            field_spec(
                f"{_TEMPLATE}/containers/env/valueFrom/secretKeyRef/name",
                "Service",
                group="serving.knative.dev",
                version="v1",
            ),
            field_spec("spec/azureFile/secretName", "PersistentVolume"),
        ),
    ),
    BackReference(
        Gvk("", "v1", "Service"),
        (
            field_spec("spec/serviceName", "StatefulSet", group="apps"),
            field_spec("spec/rules/http/paths/backend/serviceName", "Ingress"),
            field_spec("spec/backend/serviceName", "Ingress"),
            field_spec("spec/rules/http/paths/backend/service/name", "Ingress"),
            field_spec("spec/defaultBackend/service/name", "Ingress"),
            field_spec("spec/service/name", "APIService", group="apiregistration.k8s.io"),
            field_spec("webhooks/clientConfig/service", "ValidatingWebhookConfiguration", group=_ADMISSION),
            field_spec("webhooks/clientConfig/service", "MutatingWebhookConfiguration", group=_ADMISSION),
        ),
    ),
    BackReference(Gvk(_RBAC, "", "Role"), (field_spec("roleRef/name", "RoleBinding", group=_RBAC),)),
    BackReference(
        Gvk(_RBAC, "", "ClusterRole"),
        (
            field_spec("roleRef/name", "RoleBinding", group=_RBAC),
            field_spec("roleRef/name", "ClusterRoleBinding", group=_RBAC),
        ),
    ),
    BackReference(
        Gvk("", "v1", "ServiceAccount"),
        (
            field_spec("subjects", "RoleBinding", group=_RBAC),
            field_spec("subjects", "ClusterRoleBinding", group=_RBAC),
            *(field_spec(f"{place}/serviceAccountName", kind) for kind, place in _RUNNERS.items()),
        ),
    ),
    BackReference(
        Gvk("", "v1", "PersistentVolumeClaim"),
        tuple(field_spec(f"{place}/volumes/persistentVolumeClaim/claimName", kind) for kind, place in _RUNNERS.items()),
    ),
    BackReference(
        Gvk("", "v1", "PersistentVolume"),
        (field_spec("spec/volumeName", "PersistentVolumeClaim"), field_spec("rules/resourceNames", "ClusterRole")),
    ),
    BackReference(
        Gvk("storage.k8s.io", "v1", "StorageClass"),
        (
            field_spec("spec/storageClassName", "PersistentVolume"),
            field_spec("spec/storageClassName", "PersistentVolumeClaim"),
            field_spec("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
        ),
    ),
    BackReference(
        Gvk("scheduling.k8s.io", "v1", "PriorityClass"),
        tuple(field_spec(f"{place}/priorityClassName", kind) for kind, place in _RUNNERS.items()),
    ),
    BackReference(Gvk("networking.k8s.io", "v1", "IngressClass"), (field_spec("spec/ingressClassName", "Ingress"),)),
)
