"""Requests to the API server as a pod makes them: JSON over the standard library's client, with the pod's own token.

The official client takes tens of megabytes and most of a second to load, in a process that sends three requests in a round.
"""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson

from injector.errors import UsageError
from webhook.certs.errors import ClusterError

Json: TypeAlias = "dict[str, Any]"
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token. Source: kubernetes.io/docs/tasks/run-application/access-api-from-pod/"""
JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
_WAIT_S: Final = 10.0
_MOST: Final = 4 * 1024 * 1024
"""Bytes of an answer; an object in etcd has at most 1.5 MiB."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said.

    Attributes:
        status: of HTTP.
        body: an object; empty when the answer is none.
    """

    status: int
    body: Json


class ApiServer:
    """The API server of the cluster that this pod runs in.

    The token is read anew for each connection, because kubelet renews it.

    Args:
        host: name or address, and port.
        folder: holds ``token`` and ``ca.crt``.
    """

    def __init__(self, host: str, port: int, *, folder: Path = ACCOUNT) -> None:
        self._host, self._port, self._folder = host, port, folder
        self._connection: http.client.HTTPSConnection | None = None

    def send(self, method: str, path: str, body: object = None, *, content_type: str = JSON) -> Answer:
        """Send one request and return the answer, whatever its status is.

        Raises:
            ClusterError: there is no answer, or one that says that it is the server's fault or that this account may not.
        """
        data = None if body is None else orjson.dumps(body)
        connection = self._connection or self._connect()
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": content_type, "Accept": JSON}
        try:
            connection.request(method, path, data, headers)
            found = connection.getresponse()
            text = found.read(_MOST)
        except (OSError, http.client.HTTPException) as err:
            self.close()
            raise ClusterError(f"{method} {path}: no answer: {type(err).__name__}; see the API server") from err
        if found.status in (401, 403, 429) or found.status >= 500:  # noqa: PLR2004 - HTTP
            self.close()
            raise ClusterError(f"{method} {path}: {found.status} {found.reason}; see the ServiceAccount's Role")
        try:
            parsed = orjson.loads(text)
        except orjson.JSONDecodeError:
            parsed = None
        return Answer(found.status, parsed if isinstance(parsed, dict) else {})

    def close(self) -> None:
        """End the connection; the next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPSConnection:
        try:
            context = ssl.create_default_context(cafile=str(self._folder / "ca.crt"))
        except OSError as err:
            raise ClusterError(f"{self._folder}/ca.crt: cannot be read; mount the ServiceAccount's token") from err
        self._connection = http.client.HTTPSConnection(self._host, self._port, timeout=_WAIT_S, context=context)
        return self._connection

    def _token(self) -> str:
        try:
            return (self._folder / "token").read_text(encoding="ascii").strip()
        except (OSError, ValueError) as err:
            raise ClusterError(f"{self._folder}/token: cannot be read; mount the ServiceAccount's token") from err


def find_api_server(environ: Mapping[str, str] = os.environ, *, folder: Path = ACCOUNT) -> ApiServer:
    """Return the API server of the pod that this process runs in.

    Raises:
        UsageError: it runs in none.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port.isdigit():
        raise UsageError("--tls-self-managed: this is no pod of a cluster; give --tls-cert-file and --tls-key-file")
    return ApiServer(host, int(port), folder=folder)


def find_namespace(folder: Path = ACCOUNT) -> str:
    """Return the namespace of the pod that this process runs in; empty when it runs in none."""
    try:
        return (folder / "namespace").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
