"""What ``phase2.yaml`` may say of the design rules, as immutable values; `injector.verify` holds the rules to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from injector.location import Location
from injector.model import NOWHERE


class Level(StrEnum):
    """What a rule does with what breaks it."""

    OFF = "off"
    WARN = "warn"
    DENY = "deny"


LEVELS: Final[Mapping[str, Level]] = {
    "inline-secret": Level.DENY,
    "creation-policy": Level.WARN,
    "tls-template": Level.WARN,
    "migration-malformed": Level.DENY,
    "migrating-secret-retargeted": Level.DENY,
    "forbidden-text": Level.DENY,
}
"""Rule -> what it does when nobody says otherwise."""
TREE_ONLY: Final = "forbidden-text"
"""The rule about files, which an object that is admitted has none of."""
QUIET_AT_ADMISSION: Final = frozenset({"inline-secret"})
"""In a cluster every Secret holds its values: what Flux decrypted looks like what somebody wrote. So it must be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A value that may stand in a Secret's manifest. Every glob that is given must match.

    Attributes:
        reason: why, in the person's words.
        location: the line of the entry.
        namespace, name: globs of the Secret's.
        key: glob of its key.
        path: glob of the manifest's file; an entry with one says nothing of a cluster's objects.
    """

    reason: str
    location: Location = NOWHERE
    namespace: str = "*"
    name: str = "*"
    key: str = "*"
    path: str = "*"

    def matches(self, namespace: str, name: str, *, key: str, path: str) -> bool:
        """Tell whether it speaks of a key of a Secret in a file; the path is empty for an object of a cluster."""
        return (
            fnmatchcase(namespace, self.namespace)
            and fnmatchcase(name, self.name)
            and fnmatchcase(key, self.key)
            and (self.path == "*" or (bool(path) and fnmatchcase(path, self.path)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """ExternalSecrets whose Secret others write as well, so that they do not own it.

    Attributes:
        reason: why, in the person's words.
        location: the line of the entry.
        namespace: glob of the Secret's namespace.
        name: glob of the name of the Secret, or of the ExternalSecret.
    """

    reason: str
    location: Location = NOWHERE
    namespace: str = "*"
    name: str = "*"

    def matches(self, namespace: str, names: Iterable[str]) -> bool:
        """Tell whether it speaks of an ExternalSecret."""
        return fnmatchcase(namespace, self.namespace) and any(fnmatchcase(one, self.name) for one in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """A text that may not stand in some files.

    Attributes:
        name: what it is called in reports, which never show the text itself.
        location: the line of the entry.
        text: the text as it is; empty when `regex` says it.
        regex: Python's regular expression, line by line; empty when `text` says it.
        paths: globs of the files, relative to ``phase2.yaml``; ``*`` crosses slashes.
        excluded: globs of files that are left out of these.
        level: what it does; None for the rule's own level.
        reason: what to say with it; empty for nothing.
    """

    name: str
    location: Location = NOWHERE
    text: str = ""
    regex: str = ""
    paths: tuple[str, ...] = ("*",)
    excluded: tuple[str, ...] = ()
    level: Level | None = None
    reason: str = ""

    def takes(self, path: str) -> bool:
        """Tell whether a file is looked into."""
        return any(fnmatchcase(path, one) for one in self.paths) and not any(
            fnmatchcase(path, one) for one in self.excluded
        )

    def pattern(self) -> re.Pattern[str]:
        """Return it as one expression."""
        return re.compile(self.regex or re.escape(self.text), re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """The whole section.

    Attributes:
        rules: rule -> level, where it is not its own.
        admission: the same for what the webhook is asked to let in.
        allow: values that may stand in Secrets' manifests.
        shared: ExternalSecrets that need not own their Secret.
        forbidden: texts that may not stand in files.
    """

    rules: Mapping[str, Level] = field(default_factory=dict)
    admission: Mapping[str, Level] = field(default_factory=dict)
    allow: tuple[Allowed, ...] = ()
    shared: tuple[Shared, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()

    def level(self, rule: str) -> Level:
        """Return what a rule does on a tree."""
        return self.rules.get(rule, LEVELS[rule])

    def admission_level(self, rule: str) -> Level:
        """Return what a rule does in the webhook."""
        if rule in self.admission or rule not in QUIET_AT_ADMISSION:
            return self.admission.get(rule, self.level(rule))
        return Level.OFF
