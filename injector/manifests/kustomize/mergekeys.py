"""Which lists of which kinds a strategic merge patch merges item by item.

A kind that is not in here has no known schema: its lists are replaced whole, as kustomize does for custom
resources.

Source: Kubernetes 1.21 OpenAPI (``x-kubernetes-patch-merge-key``, ``x-kubernetes-list-map-keys``), which is
what kustomize 5.5 carries in kyaml/openapi/kubernetesapi/v1_21_2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Schema:
    """What is known of a field.

    Attributes:
        fields: the schemas of a mapping's keys.
        keys: of a list of mappings: the keys that tell its items apart.
        is_set: a list of scalars that is merged as a set.
    """

    fields: Mapping[str, Schema] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    is_set: bool = False

    @property
    def is_associative(self) -> bool:
        """Tell whether the field is a list that is merged item by item."""
        return self.is_set or bool(self.keys)


NOTHING: Final = Schema()


def _keyed(*keys: str, **fields: Schema) -> Schema:
    return Schema(fields, keys)


_METADATA: Final = Schema({"finalizers": Schema(is_set=True), "ownerReferences": _keyed("uid")})
_CONTAINERS: Final = _keyed(
    "name",
    env=_keyed("name"),
    ports=_keyed("containerPort", "protocol"),
    volumeMounts=_keyed("mountPath"),
    volumeDevices=_keyed("devicePath"),
)
_POD_SPEC: Final = Schema(
    {
        "containers": _CONTAINERS,
        "initContainers": _CONTAINERS,
        "ephemeralContainers": _CONTAINERS,
        "volumes": _keyed("name"),
        "imagePullSecrets": _keyed("name"),
        "hostAliases": _keyed("ip"),
        "topologySpreadConstraints": _keyed("topologyKey", "whenUnsatisfiable"),
    }
)
_TEMPLATE: Final = Schema({"metadata": _METADATA, "spec": _POD_SPEC})
_STATUS: Final = Schema({"conditions": _keyed("type")})
_PLAIN: Final = Schema({"metadata": _METADATA})
_TEMPLATED: Final = Schema({"metadata": _METADATA, "spec": Schema({"template": _TEMPLATE}), "status": _STATUS})
_CRON_JOB: Final = Schema(
    {
        "metadata": _METADATA,
        "spec": Schema({"jobTemplate": Schema({"metadata": _METADATA, "spec": Schema({"template": _TEMPLATE})})}),
    }
)
_WEBHOOKS: Final = Schema({"metadata": _METADATA, "webhooks": _keyed("name")})
_SERVICE: Final = Schema({"metadata": _METADATA, "spec": Schema({"ports": _keyed("port", "protocol")})})

_SCHEMAS: Final[dict[tuple[str, str], Schema]] = {
    ("v1", "Pod"): Schema({"metadata": _METADATA, "spec": _POD_SPEC}),
    ("v1", "PodTemplate"): Schema({"metadata": _METADATA, "template": _TEMPLATE}),
    ("v1", "ReplicationController"): _TEMPLATED,
    ("v1", "Service"): _SERVICE,
    ("v1", "ServiceAccount"): Schema({"metadata": _METADATA, "secrets": _keyed("name")}),
    ("v1", "Node"): Schema({"metadata": _METADATA, "spec": Schema({"podCIDRs": Schema(is_set=True)})}),
    **{("apps/v1", kind): _TEMPLATED for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")},
    ("batch/v1", "Job"): _TEMPLATED,
    ("batch/v1", "CronJob"): _CRON_JOB,
    ("batch/v1beta1", "CronJob"): _CRON_JOB,
    **{
        (f"admissionregistration.k8s.io/{version}", f"{word}WebhookConfiguration"): _WEBHOOKS
        for version in ("v1", "v1beta1")
        for word in ("Mutating", "Validating")
    },
    **{
        ("v1", kind): _PLAIN
        for kind in (
            "ConfigMap", "Secret", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Endpoints", "LimitRange",
            "ResourceQuota", "Event",
        )
    },
    **{
        ("rbac.authorization.k8s.io/v1", kind): _PLAIN
        for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    },
    **{("networking.k8s.io/v1", kind): _PLAIN for kind in ("Ingress", "IngressClass", "NetworkPolicy")},
}  # fmt: skip


def schema_of(api_version: str, kind: str) -> Schema:
    """Return what is known of a kind's fields; `NOTHING` for a kind that kustomize does not know."""
    return _SCHEMAS.get((api_version, kind), NOTHING)
