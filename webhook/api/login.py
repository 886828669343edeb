"""How one reaches an API server: as the pod that this is, or by a kubeconfig.

A pod is given an address, a token and a CA: two variables and two files, which are read here. A kubeconfig is for the official
client to read, with all that it may name. It is imported only then: it takes 10 to 17 MB in each process.

Source: kubernetes.io/docs/tasks/run-application/access-api-from-pod/, k8s.io/client-go/rest/config.go@v0.34.2, InClusterConfig.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import urllib3

from injector.errors import ClusterError
from webhook.settings import Target

POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where kubelet puts a pod's token, renews it, and puts the CA of its API server."""
CONNECTIONS: Final = 16
"""One for each kind that is watched, and some for requests."""


@dataclass(frozen=True, slots=True)
class Login:
    """An API server, and one who may ask it.

    Attributes:
        host: its URL, without a slash at the end.
        pool: connections to it.
        read_token: yields the header Authorization; empty for none. It raises a `ClusterError` where it cannot.
    """

    host: str
    pool: urllib3.PoolManager
    read_token: Callable[[], str]


def find_login(target: Target) -> Login:
    """Return how to reach an API server; nothing is asked yet.

    Raises:
        ClusterError: the kubeconfig, or what a pod is given, cannot be used.
    """
    if target.kubeconfig:
        from webhook.api.kubeconfig import read_kubeconfig  # noqa: PLC0415 - see above

        return read_kubeconfig(target)
    return _login_of_pod(POD)


def _login_of_pod(folder: Path) -> Login:
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{one}", "") for one in ("HOST", "PORT"))
    ca = folder / "ca.crt"
    if not (host and port and ca.is_file() and (folder / "token").is_file()):
        raise ClusterError(
            "no API server: this is no pod with a token of its ServiceAccount; name a --kubeconfig, or a --policy-dir"
        )

    def read_token() -> str:
        # For each request: kubelet replaces the file, and there are few requests.
        try:
            token = (folder / "token").read_text(encoding="ascii").strip()
        except (OSError, ValueError) as err:
            raise ClusterError(
                f"the token cannot be read ({type(err).__name__}); see that the pod has one of its ServiceAccount"
            ) from None
        return f"Bearer {token}"

    pool = urllib3.PoolManager(maxsize=CONNECTIONS, cert_reqs="CERT_REQUIRED", ca_certs=str(ca))
    return Login(f"https://{f'[{host}]' if ':' in host else host}:{port}", pool, read_token)
