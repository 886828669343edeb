"""Patterns of paths, as Argo CD reads them: two dialects, told apart by whether ``*`` passes a ``/``.

Source: argo-cd util/glob (gobwas/glob without separators, for ``directory.include``) and bmatcuk/doublestar (for
generators of an ApplicationSet).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PIECE: Final = re.compile(r"\*\*/|\*\*|\*|\?|\{|\}|,|[^*?{},]+")


def matches(pattern: str, path: str, *, passes_slash: bool = False) -> bool:
    """Tell whether a pattern means a path.

    Args:
        pattern: with ``*``, ``?``, ``**`` and ``{one,other}``.
        path: relative, with ``/``.
        passes_slash: whether ``*`` also means ``/``.
    """
    return _compile(pattern.removeprefix("./"), passes_slash).fullmatch(path) is not None


@lru_cache(maxsize=512)
def _compile(pattern: str, passes_slash: bool) -> re.Pattern[str]:  # noqa: FBT001 - the cache wants positions
    one = "." if passes_slash else "[^/]"
    depth = 0
    parts: list[str] = []
    for piece in _PIECE.findall(pattern):
        if piece == "**/" and not passes_slash:
            parts.append("(?:.*/)?")
        elif piece.startswith("*"):
            parts.append(".*" if len(piece) > 1 or passes_slash else "[^/]*")
        elif piece == "?":
            parts.append(one)
        elif piece == "{":
            depth += 1
            parts.append("(?:")
        elif piece in ("}", ",") and depth:
            depth -= piece == "}"
            parts.append(")" if piece == "}" else "|")
        else:
            parts.append(re.escape(piece))
    return re.compile("".join(parts) + ")" * depth, re.DOTALL)
