"""Every failure that phase2 expects, and the exit code that each branch ends with.

::

    Phase2Error                    exit code 2: no full answer
    ├── UsageError                 a flag or an argument makes no sense
    ├── InputError                 a path that was named cannot be read at all
    ├── ConfigError                phase2.yaml is wrong
    ├── NotFoundError              the object that `explain` was asked for does not exist
    ├── EditError                  a file cannot be edited as asked without changing what must stay
    ├── TreeError                  the tree's files are not as they were when the change was made
    ├── ClusterError               the API server refuses, or cannot be reached
    └── VaultError                 Vault refuses, is sealed, or cannot be reached
        └── VaultMountError        nothing is mounted at a path

A file *inside* a tree that cannot be read is no exception but a value, `injector.model.Diagnostic`,
because the rest of the tree must still be answered.
"""

from __future__ import annotations

from injector.location import Location


class Phase2Error(Exception):
    """Base of all expected failures.

    The message never holds an object's body nor a value of a Secret; it reads
    ``<file>:<line>: <object>: <what is wrong>; <what to do>``.
    """

    exit_code = 2


class UsageError(Phase2Error):
    """A flag or an argument makes no sense."""


class InputError(Phase2Error):
    """A path that was named by the user cannot be read at all."""


class ConfigError(Phase2Error):
    """A configuration file is wrong.

    Args:
        message: what is wrong, and what to do; when more than one thing is, a line for each, all but the first with
            their own ``<file>:<line>``.
        location: the (first) line that is wrong, or None when the file as a whole is.
    """

    def __init__(self, message: str, location: Location | None = None) -> None:
        super().__init__(f"{location}: {message}" if location else message)
        self.location = location


class NotFoundError(Phase2Error):
    """An object that was asked for by name does not exist in the tree."""


class EditError(Phase2Error):
    """A file cannot be edited as asked without changing what must stay.

    Args:
        message: what stands in the way, and what to do.
        location: the line that is in the way.
    """

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(f"{location}: {message}")
        self.location = location


class TreeError(Phase2Error):
    """Files on disk are not as they must be for a change to be written: changed since, uncommitted, or a link."""


class ClusterError(Phase2Error):
    """The API server refuses, or cannot be reached.

    Args:
        message: method and path, and why; never an object nor a token.
        status: of HTTP; 0 when there was no answer.
        reason: the word of a ``Status``, as in ``AlreadyExists``; empty when there is none.
    """

    def __init__(self, message: str, *, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class VaultError(Phase2Error):
    """Vault refuses, is sealed, or cannot be reached.

    The message names the path and why, and never a token nor a value.
    """


class VaultMountError(VaultError):
    """Nothing is mounted in Vault where a path begins."""
