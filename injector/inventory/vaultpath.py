"""What External Secrets Operator asks Vault for, given a store and a remote key.

Only text in and text out: stores are looked up in `injector.inventory.esostore`. The rules are those of ESO's
``buildPath``, wrong turns included, because a request that ESO gets wrong is a fact about the tree.
"""

from __future__ import annotations

import re
from typing import Final

_SLASHES: Final = re.compile(r"/{2,}")
_ENGINES: Final = (
    r"(?:[\w-]+[-_])?(?:database|db|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|elasticsearch|mssql|cassandra"
    r"|aws|gcp|azure|alicloud|rabbitmq|(?:open)?ldap|ad|consul|nomad|terraform|kubernetes|ssh|mongodbatlas)"
    r"(?:[-_][\w-]+)?"
)
_DYNAMIC: Final = re.compile(
    rf"(?:{_ENGINES}/(?:creds|static-creds|static-cred|sts)/[^/]+|(?:[\w-]+[-_])?pki(?:[-_][\w-]+)?/(?:issue|sign)/[^/]+)/?\Z"
)
"""Paths by which Vault's engines issue credentials: ``<mount>/creds/<role>`` and the like.

Source: https://developer.hashicorp.com/vault/api-docs/secret/databases#generate-credentials and its siblings.
"""

_MAX_PATH: Final = 512
"""Paths of engines are short: a mount, a word and a role."""


def build_path(mount: str, key: str, version: str) -> str:
    """Return the path that ESO puts together, before the API client tidies it.

    Args:
        mount: the store's ``path``, empty when absent.
        key: ``remoteRef.key``.
        version: the store's ``version``, ``v1`` or ``v2``.

    Source: external-secrets providers/v1/vault/client_get.go:289-321@v2.9.0.
    """
    is_v2 = version != "v1"
    if mount:
        prefix = mount + "/"
        if key.startswith(prefix):
            # A KV secret that is really called like its mount is out of reach (client_get.go:296).
            key = key[len(prefix) :]
            if is_v2 and key.startswith("data/"):
                key = key[len("data/") :]
        return f"{mount}/data/{key}" if is_v2 else f"{mount}/{key}"
    if is_v2 and "/data/" not in key:
        # "data" goes after the first segment, which is wrong for mounts of several segments.
        first, _, rest = key.partition("/")
        return f"{first}/data/{rest}" if "/" in key else f"{first}/data"
    return key


def request_path(mount: str, key: str, version: str) -> str:
    """Return what Vault is asked for: `build_path` without double or outer slashes.

    Vault's API client joins the path with Go's ``path.Join``, which removes both.
    """
    return tidy(build_path(mount, key, version)) if key else ""


def find_path(mount: str, folder: str, version: str) -> str:
    """Return where ``dataFrom.find`` looks: every secret below a folder, written ``secret/data/folder/*``.

    Source: external-secrets providers/v1/vault/client_get_all_secrets.go@v2.9.0; without a mount ESO fails.
    """
    base = f"{mount}/data/{folder}" if version != "v1" else f"{mount}/{folder}"
    return tidy(f"{base}/*")


def tidy(path: str) -> str:
    """Return a path without double or outer slashes."""
    return (_SLASHES.sub("/", path) if "//" in path else path).strip("/")


def is_dynamic_path(mount: str, key: str) -> bool:
    """Tell whether a remote key behind a KV store means an engine that issues credentials.

    ``database`` somewhere in a KV path is still KV: only ``<engine>/creds/<role>`` and its siblings count, as the
    whole key, or as mount and key together when the store's mount is the engine's.
    """
    if len(mount) + len(key) > _MAX_PATH:
        return False
    own = tidy(key)
    if mount and own.startswith(f"{tidy(mount)}/"):
        own = own[len(tidy(mount)) + 1 :]
    return bool(_DYNAMIC.match(own) or (mount and _DYNAMIC.match(f"{tidy(mount)}/{own}")))


def is_issued(path: str) -> bool:
    """Tell whether a request path is one by which an engine issues credentials (``database/creds/app``)."""
    return len(path) <= _MAX_PATH and bool(_DYNAMIC.match(tidy(path)))
