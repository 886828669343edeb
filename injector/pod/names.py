"""Names on pods: our own labels and annotations, the injector's, and the suffix by which a file's annotations belong together."""

from __future__ import annotations

import hashlib
import re
from typing import Final

VAULT: Final = "vault.hashicorp.com"
LONGEST_SUFFIX: Final = 36
"""A name part has at most 63 characters, and ``agent-inject-template-file-`` takes 27.

Source: vault-k8s agent-inject/agent/annotations.go@v1.6.2; docs/ground-truth.md.
"""
_NOT_ALLOWED: Final = re.compile(r"[^a-z0-9._-]+")
_HASH: Final = 8

OPT_IN: Final = "inject"
"""Label: ``true`` on a pod opts in, ``false`` opts out of its namespace's default."""
DEFAULT: Final = "enabled"
"""Value of the label `OPT_IN` on a Namespace: its pods opt in by default."""
ESO: Final = "eso"
SKIP: Final = "skip"
SECRETS: Final = "secrets"
"""Annotation: the migrations that a pod wants, comma-separated; needed once its manifest names the Secret no more."""
ROLE: Final = "role"
"""Annotation: the auth role that the pod wants, of those that its ServiceAccount has."""
DELIVERY: Final = "delivery"
"""Annotation: the only ways by which the pod wants its values, comma-separated."""
RELEASED: Final = "released-secrets"
REVISION: Final = "migration-revision"


def annotation(name: str) -> str:
    """Return the injector's annotation of a name."""
    return f"{VAULT}/{name}"


def suffix_of(secret: str, key: str, folder: str) -> str:
    """Return the suffix of one rendered file: readable where it fits, unique always.

    The injector lower-cases it, takes one that starts with ``file-`` for something else, and has no room for more than
    36 characters; the same key in two folders is two files.
    """
    plain = f"{secret}-{key}".lower()
    clean = _NOT_ALLOWED.sub("-", plain).strip("-._")
    is_plain = (
        clean == f"{secret}-{key}" and len(clean) <= LONGEST_SUFFIX and not folder and not clean.startswith("file-")
    )
    if is_plain:
        return clean
    digest = hashlib.sha256(f"{secret}\0{key}\0{folder}".encode()).hexdigest()[:_HASH]
    head = clean[: LONGEST_SUFFIX - _HASH - 1].rstrip("-._").removeprefix("file-") or "x"
    return f"{head}-{digest}"
