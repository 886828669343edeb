"""Objects that the live tests create; no assertion in here."""

from __future__ import annotations

import secrets

from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until

PREFIX = "vault.hashicorp.com"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path


def unique(prefix: str) -> str:
    """A name that no other test uses: Vault and its roles are shared by a whole run."""
    return f"{prefix}-{secrets.token_hex(3)}"


def credentials_template(role: str) -> str:
    """Renders user and password of a database role, a line each."""
    return (
        f'{{{{- with secret "database/creds/{role}" -}}}}'
        "{{ .Data.username }}\n{{ .Data.password }}{{- end -}}"
    )


def vault_annotations(role: str, *, auth: str = "kubernetes", **more: str) -> dict[str, str]:
    """What a person writes on a pod to get the credentials of a role as /vault/secrets/db.

    Args:
        role: Name of the database role and of the auth role.
        auth: ``kubernetes``, or ``jwt`` with the two annotations that vault-k8s #660 needs.
        more: Further annotations; ``_`` stands for ``-``.
    """
    found = {
        "agent-inject": "true",
        "role": role,
        "agent-inject-secret-db": f"database/creds/{role}",
        "agent-inject-template-db": credentials_template(role),
    }
    if auth == "jwt":
        found |= {
            "auth-type": "jwt",
            "auth-path": "auth/jwt",
            "auth-config-path": TOKEN_PATH,
            "auth-config-remove-jwt-after-reading": "false",
        }
    found |= {key.replace("_", "-"): value for key, value in more.items()}
    return {f"{PREFIX}/{key}": value for key, value in found.items()}


def deployment(namespace: str, name: str, notes: dict[str, str], spec: Object | None = None) -> Object:
    """A Deployment of one pod."""
    labels = {"app": name}
    pod: Object = spec or {"containers": [{"name": "app", "image": "app"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": notes}, "spec": pod},
        },
    }


def wait_for_pod(lab: Lab, namespace: str, name: str) -> Object:
    """The pod that the controllers made for a Deployment or Job of that name."""
    found = wait_until(
        lambda: [
            pod for pod in lab.kube.list("v1", "Pod", namespace) if pod["metadata"]["name"].startswith(f"{name}-")
        ],
        what=f"a pod of {namespace}/{name} exists",
    )
    return found[0]
