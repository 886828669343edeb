"""Kinds of objects whose body says nothing about Secrets: of them only the head is kept, which saves time and memory.

A test holds them against the kinds that make or read Secrets.
"""

from __future__ import annotations

from typing import Final

HEADS: Final = frozenset(
    {
        "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "GrafanaDashboard", "HorizontalPodAutoscaler",
        "LimitRange", "MutatingWebhookConfiguration", "NetworkPolicy", "PodDisruptionBudget", "PrometheusRule",
        "ResourceQuota", "Role", "RoleBinding", "ValidatingAdmissionPolicy", "ValidatingWebhookConfiguration",
    }
)  # fmt: skip
