"""What goes into the mutation of a pod, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from injector.config.model import LABEL_PREFIX

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
"""A Kubernetes object as JSON has it."""
Body: TypeAlias = "Mapping[str, Json]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How pods are mutated, whoever they are of.

    Attributes:
        label_prefix: before the slash in all labels and annotations of ours.
        audience: what the agent's token is made for; empty for the pod's own token. With one, the pod gets a projected
            token of its own, which only the agent mounts.
        service: Vault's URL for the agent; empty for the injector's own default.
        vault_namespace: of Vault Enterprise or OpenBao; empty for the injector's own default.
    """

    label_prefix: str = LABEL_PREFIX
    audience: str = ""
    service: str = ""
    vault_namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodChange:
    """A pod as it will be.

    Attributes:
        pod: the new pod; the very object that was given when nothing changes.
        warnings: for the person who made the pod, in words.
        moved: Secrets of which it gets what moves from the agent, sorted.
        released: of these, the ones that it reads no longer, sorted.
        revision: hash of the migrations that it obeys; empty when it obeys none.
    """

    pod: Body
    warnings: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    revision: str = ""
