"""What a round of the keeper needs of the world: the API server, and what this replica serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from webhook.certs.election import Held
from webhook.certs.material import Material


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One of our webhook configurations.

    Attributes:
        path: of the object on the API server.
        version: its resourceVersion.
        bundles: name of a webhook in it, and its ``caBundle`` as PEM, in their order.
    """

    path: str
    version: str
    bundles: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The Lease, and what replicas write on it.

    Attributes:
        version: its resourceVersion.
        reports: name of a replica -> what it serves.
    """

    held: Held
    version: str
    reports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The Secret.

    Attributes:
        version: its resourceVersion.
        is_ours: it has our label, or holds nothing yet; another one is never written.
        type: cannot be changed once it is there.
    """

    material: Material
    version: str
    is_ours: bool = True
    type: str = "kubernetes.io/tls"


class Port(Protocol):
    """The API server. Every method raises `injector.errors.ClusterError` when it refuses or does not answer."""

    def read_configurations(self) -> Sequence[Configuration]:
        """Return those of our configurations that exist."""

    def write_bundle(self, configuration: Configuration, bundle: bytes) -> bool:
        """Give all of its webhooks a bundle; False when it is not as it was read any more."""

    def read_lease(self) -> Lease | None:
        """Return the Lease; None when there is none."""

    def claim_lease(self, lease: Lease | None) -> bool:
        """Make this replica the holder; False when the Lease is not as it was read any more."""

    def write_reports(self, reports: Mapping[str, str | None]) -> None:
        """Set or, by None, take away reports on the Lease; others stay as they are."""

    def read_secret(self) -> Stored | None:
        """Return the Secret; None when there is none."""

    def write_secret(self, material: Material, stored: Stored | None) -> Stored | None:
        """Store it and return what is stored; None when the Secret is not as it was read any more."""


class Local(Protocol):
    """What this replica serves."""

    def install(self, material: Material) -> None:
        """Let the server take up a leaf; nothing happens when it has it."""

    def find_served_issuer(self) -> str:
        """Return the key id of the CA that issued what new connections get; empty when that is not known for sure."""
