"""Run a program that insists on being inside the cluster.

vault-k8s and external-secrets read a token from a fixed path (client-go rest.InClusterConfig).
Each gets it in a mount namespace of its own, from a service account with its own rights; the
host's path is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.controlplane import ControlPlane
from tests.lab.kube import Object
from tests.lab.process import Command, Launcher, Mount, Program

TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
RBAC = "rbac.authorization.k8s.io/v1"


def create_account(plane: ControlPlane, namespace: str, account: str, rules: Sequence[Object]) -> None:
    """A namespace with a service account that has these cluster-wide rights."""
    kube = plane.cluster
    kube.create_namespace(namespace)
    meta = {"name": account, "namespace": namespace}
    kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    role = {"name": f"{namespace}-{account}"}
    kube.create({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": role, "rules": [*rules]})
    bind(plane, role["name"], namespace, account)


def bind(plane: ControlPlane, role: str, namespace: str, account: str) -> None:
    """Give a service account a ClusterRole everywhere."""
    plane.cluster.create(
        {
            "apiVersion": RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{role}-{namespace}-{account}".replace(":", "-")},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role,
            },
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        }
    )


def start_in_cluster(
    launcher: Launcher,
    plane: ControlPlane,
    data: Path,
    *,
    argv: Sequence[str],
    namespace: str,
    account: str,
    env: Mapping[str, str],
) -> Program:
    """Start it as if in a pod of that service account; the program's name is the account's."""
    folder = data / "accounts" / account
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    # longer than any run: nobody renews the file as kubelet would
    token = plane.cluster.request_token(namespace, account, seconds=48 * 3600)
    (folder / "token").write_text(token, encoding="ascii")
    (folder / "namespace").write_text(namespace, encoding="ascii")
    (folder / "ca.crt").write_bytes(plane.cluster.ca.read_bytes())
    return launcher.start(
        Command(
            name=account,
            argv=argv,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(folder),
                "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                "KUBERNETES_SERVICE_PORT": str(plane.port),
                **env,
            },
            # /var/run is /run; the mount point need not exist on the host
            mounts=(Mount(target="/run"), Mount(source=str(folder), target=TOKEN_FOLDER)),
        )
    )
