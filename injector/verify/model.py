"""What the design rules say, as immutable values."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from injector.config.verify import Level, Verify
from injector.location import Location
from injector.manifests.yamldoc import Map
from injector.migration.model import SecretMigration
from injector.model import Diagnostic, ObjectRef, SecretSource
from injector.rules.rule import Rule

Found: TypeAlias = Iterable[tuple[str, Location]]
"""Messages with their evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that breaks a rule.

    Attributes:
        rule: the rule's id.
        level: `Level.WARN` or `Level.DENY`.
        message: what is wrong, without any value.
        location: the line that is the evidence.
        subject: the object; None for a file's text.
        is_deployed: whether a root reaches the object; what stands in Git is told either way.
    """

    rule: str
    level: Level
    message: str
    location: Location
    subject: ObjectRef | None = None
    is_deployed: bool = True


@dataclass(frozen=True, slots=True)
class SuppressedViolation:
    """A violation that does not count, and the reason that its object's annotation gives."""

    violation: Violation
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer of `injector.verify.tree.verify_tree`; every list is sorted by place.

    Attributes:
        violations: those that count.
        suppressed: those that their objects' annotations suppress.
        unreadable: what could not be read.
        templated: files recognised as templates, which are not read as manifests.
        files: how many files were looked at.
        unused: lines of entries in ``phase2.yaml`` that decide nothing in this tree: a slip in one would go unseen.
    """

    violations: tuple[Violation, ...]
    suppressed: tuple[SuppressedViolation, ...] = ()
    unreadable: tuple[Diagnostic, ...] = ()
    templated: tuple[Diagnostic, ...] = ()
    files: int = 0
    unused: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the rules ask beside the object itself.

    Attributes:
        verify: what the user decided.
        migrations: namespace -> its SecretMigrations.
        tls_readers: (namespace, name) of a Secret -> an object that needs it as a TLS Secret.
        base: the way from ``phase2.yaml``'s folder to the one that paths of evidence are relative to.
        has_files: the objects stand in files; those of a cluster do not.
        find_store: (kind, namespace, name) of a secret store -> its object, when the asker has it.
    """

    verify: Verify = field(default_factory=Verify)
    migrations: Mapping[str, tuple[SecretMigration, ...]] = field(default_factory=dict)
    tls_readers: Mapping[tuple[str, str], ObjectRef] = field(default_factory=dict)
    base: str = ""
    has_files: bool = True
    find_store: Callable[[str, str, str], Map | None] | None = None

    def shown(self, path: str) -> str:
        """Return a file's path as globs in ``phase2.yaml`` name it; empty where there are no files."""
        if not self.has_files:
            return ""
        return posixpath.normpath(f"{self.base}/{path}") if self.base and path else path


@dataclass(frozen=True, slots=True)
class Case:
    """A source of a Secret, and what is known around it: what a rule looks at."""

    source: SecretSource
    known: Known

    @property
    def migrations(self) -> tuple[SecretMigration, ...]:
        """Return the SecretMigrations of its namespace."""
        return self.known.migrations.get(self.source.ref.namespace, ())

    def is_source_of(self, migration: SecretMigration) -> bool:
        """Tell whether a SecretMigration of its namespace speaks of it."""
        ref = self.source.ref
        return (migration.source.kind, migration.source.name) == (ref.kind, ref.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule(Rule):
    """A rule about one source of a Secret.

    Attributes:
        find: yields what is wrong.
        is_for_orphans: it also speaks of what nobody deploys.
    """

    find: Callable[[Case], Found]
    is_for_orphans: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRule(Rule):
    """A rule that is asked elsewhere, of a document or a file as a whole: only its text stands here."""
