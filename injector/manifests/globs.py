"""Patterns of paths, as Argo CD reads them: two dialects, told apart by whether ``*`` passes a ``/``.

Patterns come from the tree, so their cost must be bounded: they are followed state by state, with no way back.

Source: argo-cd util/glob (gobwas/glob without separators, for ``directory.include``) and bmatcuk/doublestar (for
generators of an ApplicationSet).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_PIECE: Final = re.compile(r"\*\*/|\*\*+|.", re.DOTALL)
_MAX_VARIANTS: Final = 256
"""How many patterns the braces of one may stand for; more are nobody's."""


def matches(pattern: str, path: str, *, passes_slash: bool = False) -> bool:
    """Tell whether a pattern means a path.

    Args:
        pattern: with ``*``, ``?``, ``**`` and ``{one,other}``.
        path: relative, with ``/``.
        passes_slash: whether ``*`` also means ``/``.
    """
    return any(_means(pieces, path, passes_slash=passes_slash) for pieces in _variants(pattern.removeprefix("./")))


@lru_cache(maxsize=512)
def _variants(pattern: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_PIECE.findall(one)) for one in _expand(pattern))


def _expand(pattern: str) -> list[str]:
    """Return the patterns without braces that one with braces stands for; a brace without partner is left out."""
    done: list[str] = []
    waiting = [pattern]
    while waiting and len(done) + len(waiting) <= _MAX_VARIANTS:
        one = waiting.pop()
        start = one.rfind("{")  # the innermost: no other one opens behind it
        if start < 0:
            done.append(one)
            continue
        inner, _, rest = one[start + 1 :].partition("}")
        waiting += [one[:start] + choice + rest for choice in inner.split(",")]
    return done


def _means(pieces: tuple[str, ...], path: str, *, passes_slash: bool) -> bool:
    states = _closed({(0, False)}, pieces)
    for char in path:
        following: set[tuple[int, bool]] = set()
        for at, _ in states:
            piece = pieces[at] if at < len(pieces) else ""
            if piece == "**/" and not passes_slash:
                following.add((at, True))
                if char == "/":
                    following.add((at + 1, False))
            elif piece.startswith("**") or (piece == "*" and (passes_slash or char != "/")):
                following.add((at, False))
            elif piece == char or (piece == "?" and (passes_slash or char != "/")):
                following.add((at + 1, False))
        states = _closed(following, pieces)
        if not states:
            return False
    return (len(pieces), False) in states


def _closed(states: Iterable[tuple[int, bool]], pieces: tuple[str, ...]) -> set[tuple[int, bool]]:
    """Add the states that are reached without a character; within ``**/`` only a slash leads on."""
    closed = set(states)
    stack = list(closed)
    while stack:
        at, is_inside = stack.pop()
        if not is_inside and at < len(pieces) and pieces[at].startswith("*") and (at + 1, False) not in closed:
            closed.add((at + 1, False))
            stack.append((at + 1, False))
    return closed
