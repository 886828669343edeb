"""What the readers of Secrets' makers share. Only the shape of facts; no kind of object is known here."""

from __future__ import annotations

from typing import Final

from injector.manifests.document import text
from injector.manifests.yamldoc import Map

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation that repeats the whole object, a Secret's values included."""


def texts(values: Map) -> dict[str, str]:
    """Return labels or annotations with their values as text, without kubectl's copy of the object."""
    return {key: text(value) for key, value in values.items() if key != _LAST_APPLIED}
