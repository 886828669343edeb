"""A tree with changes that are not written yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.location import Location

Reader = Callable[[str], "bytes | None"]
"""Path relative to the tree -> its bytes on disk, None when there is no such file."""


@dataclass(slots=True)
class Workspace:
    """Files as they will be.

    Attributes:
        read: the tree on disk.
        changed: path -> new bytes, None for a file that goes.
    """

    read: Reader
    changed: dict[str, bytes | None] = field(default_factory=dict)

    def get(self, path: str) -> bytes | None:
        """Return a file's bytes with all changes, None when there is no such file."""
        return self.changed[path] if path in self.changed else self.read(path)

    def put(self, path: str, data: bytes | None) -> None:
        """Change a file; None removes it. What equals the disk is no change."""
        if data == self.read(path):
            self.changed.pop(path, None)
        else:
            self.changed[path] = data

    def open(self, path: str) -> YamlFile:
        """Return a file ready for edits.

        Raises:
            EditError: there is no such file, or it is no text.
        """
        data = self.get(path)
        if data is None:
            raise EditError("does not exist any more; run the command again on the tree as it is", Location(path, 1))
        return YamlFile.read(data, path)

    def save(self, file: YamlFile) -> None:
        """Take over an edited file."""
        self.put(file.source.path, file.data)

    def fork(self) -> Workspace:
        """Return a copy whose changes can be thrown away."""
        return Workspace(self.read, dict(self.changed))

    def take(self, other: Workspace) -> None:
        """Take over the changes of a fork."""
        self.changed = dict(other.changed)

    def since(self, before: Mapping[str, bytes | None]) -> dict[str, tuple[bytes | None, bytes | None]]:
        """Return path -> (old, new) of what differs from an earlier state of `changed`."""
        found: dict[str, tuple[bytes | None, bytes | None]] = {}
        for path in sorted({*before, *self.changed}):
            old = before[path] if path in before else self.read(path)
            new = self.get(path)
            if old != new:
                found[path] = (old, new)
        return found
