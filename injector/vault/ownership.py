"""Whose an object in Vault is: the head of a policy says for which migrations it was made, and which roles with it.

Roles have no place for a remark, so the policy that lets their credentials be read speaks for them. What no head names
is not ours and is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

START: Final = "# phase2: "
MARK: Final = f"{START}made for "
"""First line of every policy that phase2 makes."""
WITH: Final = f"{START}with it: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a policy's head says.

    Attributes:
        owner: the migrations that it was made for, as ``namespace/name``.
        belongings: API paths of the roles that were made with it.
    """

    owner: tuple[str, ...]
    belongings: tuple[str, ...]


_ROLE_PATH: Final = re.compile(
    r"(?:auth/(?!token/)[^\s*+]+/role|(?!auth/|sys/|identity/|cubbyhole/)[^\s*+]+/(?:roles|role|roleset))/[^\s*+]+\Z"
)


def is_role_path(path: str) -> bool:
    """Return whether a path is of a role at an auth method or an engine.

    Whoever may write one policy must not get somebody else to delete a mount by naming it in a head.
    """
    return _ROLE_PATH.match(path) is not None and "//" not in path and ".." not in path.split("/")


def render_head(owner: Iterable[str], belongings: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a head."""
    yield f"{MARK}{', '.join(owner)}"
    for path in belongings:
        yield f"{WITH}{path}"


def parse_head(policy: str) -> Head | None:
    """Return what a policy's head says; None when phase2 did not make it."""
    lines = policy.lstrip().split("\n")
    if not lines[0].startswith(MARK):
        return None
    owner = tuple(part for part in lines[0][len(MARK) :].strip().split(", ") if part)
    belongings: list[str] = []
    for line in lines[1:]:
        if not line.startswith(WITH):
            break
        path = line[len(WITH) :].strip()
        if is_role_path(path):
            belongings.append(path)
    return Head(owner=owner, belongings=tuple(belongings))
