"""The data of a generated Secret, for as long as its hash is not computed.

kustomize appends a hash of a Secret's data to its name, and references to it must match. The hash needs the
real data; nothing else may see it. So the data lives in an object that shows nothing of itself, and the build
drops it before it returns.
"""

from __future__ import annotations

from typing import Final, NoReturn

from injector.manifests.inline import may_hold_encoded

REDACTED: Final = "<redacted>"


class Sealed:
    """Secret key -> base64 text, which no repr, str or pickle shows."""

    __slots__ = ("_data",)

    def __init__(self, data: dict[str, str]) -> None:
        self._data = data

    def __repr__(self) -> str:
        """Return nothing of the content."""
        return "<sealed>"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise TypeError("sealed data cannot be copied")

    def open(self, key: str) -> str:
        """Return a key's base64 text, for the hash only."""
        return self._data.get(key, "")

    def mark(self, key: str) -> str:
        """Return what may stay of a key's value: a placeholder, or nothing at all where it can be no secret."""
        return REDACTED if may_hold_encoded(key, self.open(key)) else ""

    def under(self, newer: Sealed) -> Sealed:
        """Return this data with `newer` laid over it (``behavior: merge``)."""
        return Sealed({**self._data, **newer._data})
