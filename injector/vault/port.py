"""What the core needs of a Vault: four verbs on API paths, which OpenBao has as well. The door is `client`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class VaultPort(Protocol):
    """A Vault that somebody is logged in to. Every method may raise `injector.errors.VaultError`."""

    def read(self, path: str) -> Mapping[str, object] | None:
        """Return the ``data`` of a path; None when there is nothing."""

    def list(self, path: str) -> tuple[str, ...]:
        """Return the keys below a path, sorted; empty when there are none."""

    def write(self, path: str, data: Mapping[str, object]) -> None:
        """Write a path."""

    def delete(self, path: str) -> None:
        """Delete a path; nothing happens when nothing is there."""
