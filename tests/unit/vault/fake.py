"""A Vault in a dict: keeps what is written, knows its mounts, and may refuse."""

from __future__ import annotations

from collections.abc import Mapping

from injector.errors import VaultError, VaultMountError

MOUNTS = ("sys", "auth/jwt", "auth/kubernetes", "database", "aws")


class FakeVault:
    """A `injector.vault.port.VaultPort`; `broken_at` is a path that refuses to be written."""

    def __init__(
        self, held: Mapping[str, Mapping[str, object]] | None = None, mounts: tuple[str, ...] = MOUNTS
    ) -> None:
        self.held: dict[str, dict[str, object]] = {path: dict(data) for path, data in (held or {}).items()}
        self.mounts = mounts
        self.broken_at = ""
        self.log: list[tuple[str, str]] = []

    def read(self, path: str) -> Mapping[str, object] | None:
        """Return what is held."""
        self._check(path)
        self.log.append(("read", path))
        return self.held.get(path)

    def changed(self) -> list[tuple[str, str]]:
        """Return what was written and deleted, in order."""
        return [one for one in self.log if one[0] in ("write", "delete")]

    def list(self, path: str) -> tuple[str, ...]:
        """Return names below a path."""
        self._check(path)
        self.log.append(("list", path))
        start = f"{path}/"
        return tuple(sorted(one.removeprefix(start) for one in self.held if one.startswith(start)))

    def write(self, path: str, data: Mapping[str, object]) -> None:
        """Hold data, over what was there."""
        self._check(path)
        if path == self.broken_at:
            raise VaultError(f"{path}: refused")
        self.log.append(("write", path))
        self.held[path] = {**self.held.get(path, {}), **data}

    def delete(self, path: str) -> None:
        """Hold it no more."""
        self.log.append(("delete", path))
        self.held.pop(path, None)

    def _check(self, path: str) -> None:
        if not any(path == mount or path.startswith(f"{mount}/") for mount in self.mounts):
            raise VaultMountError(f"{path}: nothing is mounted there")
