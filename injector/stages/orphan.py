"""What makes External Secrets Operator let go of a Secret that it owns: for a file in Git, and for the object in the cluster.

Source: docs/ground-truth.md. Orphan takes the ownerReference away only while the operator still reconciles: an
ExternalSecret that is frozen (``CreatedOnce``, interval 0) keeps it, and its Secret goes with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NEVER: Final = re.compile(r"(?:0[a-zµ]*)+\Z")
_OWNS_NOTHING: Final = frozenset({"Merge", "CreateOrMerge", "Orphan"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """An ExternalSecret's policies as written; empty when absent."""

    creation: str = ""
    deletion: str = ""
    refresh: str = ""
    refresh_interval: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A field to be set.

    Attributes:
        path: below ``spec``.
        after: the sibling that it stands behind in a file; empty for the end.
    """

    path: tuple[str, ...]
    value: str
    after: str = ""


def find_orphaning(policies: Policies) -> tuple[Setting, ...] | None:
    """Return what must be set so that the Secret outlives its ExternalSecret.

    Returns:
        Nothing to set when the Secret has no ownerReference to lose. None when one step is not enough: creationPolicy
        None keeps the ownerReference of an earlier Owner.
    """
    if policies.creation in _OWNS_NOTHING:
        return ()
    if policies.creation == "None":
        return None
    made: list[Setting] = []
    if policies.refresh == "CreatedOnce" or _NEVER.match(policies.refresh_interval):
        made.append(Setting(("refreshPolicy",), "OnChange", after="refreshInterval"))
    if policies.deletion == "Delete":
        # ESO reports an error on every reconcile of Orphan with Delete: externalsecret_controller.go:431-436@v2.9.0.
        made.append(Setting(("target", "deletionPolicy"), "Retain"))
    return (*made, Setting(("target", "creationPolicy"), "Orphan"))
