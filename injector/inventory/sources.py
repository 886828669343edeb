"""Stub."""

from __future__ import annotations

from injector.manifests.document import Resource
from injector.model import Consumer, SecretSource


def read_sources(resource: Resource, root: str) -> list[SecretSource]:
    """Return nothing yet."""
    del resource, root
    return []


def read_copies(resource: Resource, root: str) -> list[Consumer]:
    """Return nothing yet."""
    del resource, root
    return []
