"""Where a fact was read.

Every verdict carries evidence, and evidence is a file and a line. This module holds nothing else, so
that everything may import it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A line of a file.

    Attributes:
        path: relative to the root that was given to the loader, with ``/`` on every system; ``<stdin>``
            for a stream.
        line: counted from 1.
    """

    path: str
    line: int

    def __str__(self) -> str:
        """Return ``path:line``, the form that editors and terminals make clickable."""
        return f"{self.path}:{self.line}"
