"""Whom servers run as that refuse root, or have no business with its rights."""

from __future__ import annotations

import os
import pwd

from tests.lab.errors import LevelUnavailableError
from tests.lab.process import User


def find_unprivileged(name: str) -> User | None:
    """The user of that name, else nobody; None when the lab does not run as root anyway.

    Raises:
        LevelUnavailableError: There is neither.
    """
    if os.geteuid() != 0:
        return None
    for one in (name, "nobody"):
        try:
            entry = pwd.getpwnam(one)
        except KeyError:
            continue
        return User(uid=entry.pw_uid, gid=entry.pw_gid)
    msg = f"the lab runs as root and there is no user {name} or nobody; add one"
    raise LevelUnavailableError(msg)
