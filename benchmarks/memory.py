"""Memory of the webhook while it watches: all its processes, with many SecretMigrations and as many ExternalSecrets.

``python -m benchmarks.memory`` prints a table. The API server is a stub with objects as a real one has them, managedFields and
status included; what is measured is what the webhook makes of them.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.webhook import memory_mb
from injector.cluster import Json
from tests.unit.pod.making import migration, template
from tests.webhook.apistub import MIGRATIONS, NAMESPACES, serving
from tests.webhook.processes import running
from tests.webhook.watch.scripted import namespace, secret_migration

_EXTERNAL: Final = "/apis/external-secrets.io/v1/externalsecrets"
_SPACES: Final = 500
_MANAGED: Final[Json] = [{"manager": "flux", "operation": "Apply", "fieldsV1": {f"f:{one}": {} for one in range(60)}}]


def _migration(number: int) -> Json:
    own = migration(name=f"db-{number}")
    files = tuple(
        replace(one, template=template(field).replace("shop-db", f"shop-db-{number}"))
        for one, field in zip(own.files, ("password", "username"), strict=True)
    )
    body = secret_migration(replace(own, namespace=f"n{number % _SPACES}", files=files))
    if isinstance(body, dict) and isinstance(body["metadata"], dict):
        body["metadata"]["managedFields"] = _MANAGED
    return body


def _external_secret(number: int) -> Json:
    keys = ("password", "username", "host", "port")
    data: Json = [{"secretKey": key, "remoteRef": {"key": f"apps/shop-{number}", "property": key}} for key in keys]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": f"db-{number}", "namespace": f"n{number % _SPACES}", "managedFields": _MANAGED},
        "spec": {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"}, "data": data},
        "status": {"conditions": [{"type": "Ready", "status": "True", "message": "synced " * 20}]},
    }


def lists_of(count: int, externals: int) -> dict[str, list[Json]]:
    """Return what the stub lists: path of a collection -> so many SecretMigrations, ExternalSecrets, and their Namespaces."""
    return {
        MIGRATIONS: [_migration(number) for number in range(count)],
        _EXTERNAL: [_external_secret(number) for number in range(externals)],
        NAMESPACES: [namespace(f"n{number}") for number in range(_SPACES)],
    }


def measure(count: int, externals: int, workers: int) -> float:
    """Return megabytes (of 1,024 squared bytes) of all processes, once everything was read."""
    with tempfile.TemporaryDirectory(prefix="phase2-bench-") as name, serving(lists_of(count, externals)) as stub:
        folder = Path(name)
        flags = ("--kubeconfig", str(stub.write_kubeconfig(folder)), "--workers", str(workers))
        with running(None, folder / "log", *flags) as webhook:
            return memory_mb(webhook.popen.pid)


def main() -> None:
    """Measure with nothing, with migrations alone, and with both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--migrations", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    asked = parser.parse_args()
    print("| workers | SecretMigrations | ExternalSecrets | resident MiB |\n|---:|---:|---:|---:|")
    for workers in asked.workers:
        for count, externals in ((0, 0), (asked.migrations, 0), (asked.migrations, asked.migrations)):
            found = measure(count, externals, workers)
            print(f"| {workers} | {count:,} | {externals:,} | {found:.0f} |", flush=True)


if __name__ == "__main__":
    main()
