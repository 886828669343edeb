"""A tree with changes that are not written yet."""

from __future__ import annotations

from collections.abc import Callable
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
        read: the tree on disk; of a fork the workspace that it forked from.
        changed: path -> new bytes, None for a file that goes; of a fork only what differs from where it forked.
    """

    read: Reader
    changed: dict[str, bytes | None] = field(default_factory=dict)

    def get(self, path: str) -> bytes | None:
        """Return a file's bytes with all changes, None when there is no such file."""
        return self.changed[path] if path in self.changed else self.read(path)

    def put(self, path: str, data: bytes | None) -> None:
        """Change a file; None removes it. What equals `read` is no change."""
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
        """Return a workspace that starts from this one, whose changes can be thrown away."""
        return Workspace(self.get)

    def take(self, other: Workspace) -> None:
        """Take over the changes of a fork."""
        for path, data in other.changed.items():
            self.put(path, data)

    def delta(self) -> dict[str, tuple[bytes | None, bytes | None]]:
        """Return path -> (old, new) of what differs from `read`, sorted by path."""
        return {path: (self.read(path), self.changed[path]) for path in sorted(self.changed)}
