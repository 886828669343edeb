"""A tree held to the design rules."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from injector.config.model import DEFAULT, Config
from injector.config.verify import Forbidden, Level
from injector.inventory.eso import StoreIndex
from injector.inventory.facts import Facts, Inventory
from injector.location import Location
from injector.manifests.files import Files, find_files
from injector.manifests.tree import Tree
from injector.migration.model import SecretMigration
from injector.model import Diagnostic, Finding, How, ObjectRef, SecretSource
from injector.verify.ask import ask_pushes, ask_rules
from injector.verify.model import Known, SuppressedViolation, Verification, Violation
from injector.verify.rules import MALFORMED, OWNER, RETARGETED
from injector.verify.texts import entries_for, find_forbidden, level_of


def verify_tree(tree: Tree, inventory: Inventory, config: Config = DEFAULT, *, base: str = "") -> Verification:
    """Hold a tree to the design rules.

    Objects are judged as they are deployed; values in Secrets and forbidden texts also where nothing is, since they stand
    in Git all the same. Of files nothing is read but those that `verify.forbidden` speaks of.

    Args:
        tree: the files.
        inventory: what is made of them (`injector.inventory.build.build_inventory`).
        config: what the user decided.
        base: the way from the folder of ``phase2.yaml`` to the tree's, as in ``clusters/home``; empty when they are one.

    Returns:
        The same for the same bytes. Never raises for what stands in a file.
    """
    known = Known(
        verify=config.verify,
        migrations=_by_namespace(inventory.deployed.migrations),
        tls_readers=_tls_readers(inventory.deployed),
        base=base,
    )
    found: list[Violation | SuppressedViolation] = []
    for facts, is_deployed in ((inventory.deployed, True), (inventory.orphaned, False)):
        for source in facts.sources:
            found += ask_rules(
                source, known, level=config.verify.level, prefix=config.label_prefix, is_deployed=is_deployed
            )
    deployed = inventory.deployed
    found += ask_pushes(
        deployed.writes,
        StoreIndex.of(deployed.stores),
        known,
        level=config.verify.level(RETARGETED),
        prefix=config.label_prefix,
    )
    found += _malformed(inventory.deployed.findings, config.verify.level(MALFORMED))
    looked = _Texts(tree, known, config.path)
    found += looked.find()
    unreadable = {_place(one): one for one in (*inventory.unreadable, *looked.unreadable())}
    return Verification(
        violations=_distinct(one for one in found if isinstance(one, Violation)),
        suppressed=_distinct_suppressed(one for one in found if isinstance(one, SuppressedViolation)),
        unreadable=tuple(unreadable[place] for place in sorted(unreadable)),
        templated=inventory.templated,
        files=inventory.files + looked.others,
        unused=tuple(_unused((*inventory.deployed.sources, *inventory.orphaned.sources), known, looked.entries)),
    )


def _unused(sources: Sequence[SecretSource], known: Known, looked: frozenset[Forbidden]) -> Iterator[Location]:
    """Yield the entries that allow no value, share no Secret, or look into no file."""
    inline = [
        (one.ref.namespace, one.target, key.name, known.shown(key.location.path))
        for one in sources
        for key in one.keys
        if key.is_inline
    ]
    for allowed in known.verify.allow:
        if not any(allowed.matches(namespace, name, key=key, path=path) for namespace, name, key, path in inline):
            yield allowed.location
    sharing = [
        (one.ref.namespace, (one.target, one.ref.name)) for one in sources if one.creation_policy not in ("", OWNER)
    ]
    for shared in known.verify.shared:
        if not any(shared.matches(namespace, names) for namespace, names in sharing):
            yield shared.location
    for forbidden in known.verify.forbidden:
        if forbidden not in looked and level_of(forbidden, known.verify) is not Level.OFF:
            yield forbidden.location


def _by_namespace(migrations: Iterable[SecretMigration]) -> dict[str, tuple[SecretMigration, ...]]:
    found: dict[str, dict[SecretMigration, None]] = {}
    for one in sorted(migrations, key=lambda one: (one.namespace, one.name, one.location)):
        found.setdefault(one.namespace, {})[one] = None
    return {namespace: tuple(group) for namespace, group in found.items()}


def _tls_readers(facts: Facts) -> dict[tuple[str, str], ObjectRef]:
    readers: dict[tuple[str, str], ObjectRef] = {}
    for one in sorted(facts.consumers, key=lambda one: one.ref):
        if one.how is How.INGRESS_TLS:
            readers.setdefault((one.secret_namespace or one.ref.namespace, one.secret), one.ref)
    return readers


def _malformed(findings: Iterable[Finding], level: Level) -> Iterator[Violation]:
    for one in findings:
        if one.rule == MALFORMED and level is not Level.OFF:
            message = one.message.removeprefix(f"{one.subject}: ")
            yield Violation(rule=one.rule, level=level, message=message, location=one.location, subject=one.subject)


class _Texts:
    """The files that forbidden texts are looked for in: those of every kind, symbolic links left out, as ``grep -r`` has it.

    Attributes:
        others: how many files were read that are no manifests.
        entries: those that a file was held against.
    """

    def __init__(self, tree: Tree, known: Known, config_path: str) -> None:
        self.others = 0
        self.entries: frozenset[Forbidden] = frozenset()
        self._tree = tree
        self._known = known
        self._own = posixpath.normpath(config_path) if config_path else ""
        self._files: Files = tree.open()

    def find(self) -> Iterator[Violation]:
        verify = self._known.verify
        if not verify.forbidden:
            return
        manifests = frozenset(self._tree.found)
        for path in self._paths():
            entries = entries_for(self._known.shown(path), verify)
            if not entries or path == self._own:  # phase2.yaml itself names what is forbidden
                continue
            self.others += path not in manifests
            self.entries |= frozenset(entries)
            data = self._files.read(path)
            if data is not None:
                yield from find_forbidden(path, data, entries, verify)

    def _paths(self) -> list[str]:
        links: set[str] = set()
        found = set(self._tree.explicit)
        for folder in self._tree.folders:
            found.update(find_files(self._tree.root, folder, ("",), links))
        return sorted(found - (links - set(self._tree.explicit)))

    def unreadable(self) -> list[Diagnostic]:
        """Return what could not be read; it counts, whether it is deployed or not."""
        return [replace(one, is_deployed=True) for some in self._files.diagnostics.values() for one in some]


def _distinct(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """Return each once: several clusters may deploy one line."""
    kept: dict[tuple[object, ...], Violation] = {}
    for one in sorted(found, key=_order):
        kept.setdefault((one.location, one.rule, one.message), one)
    return tuple(kept.values())


def _distinct_suppressed(found: Iterable[SuppressedViolation]) -> tuple[SuppressedViolation, ...]:
    kept: dict[tuple[object, ...], SuppressedViolation] = {}
    for one in sorted(found, key=lambda one: (_order(one.violation), one.reason)):
        own = one.violation
        kept.setdefault((own.location, own.rule, own.message), one)
    return tuple(kept.values())


def _order(one: Violation) -> tuple[object, ...]:
    return one.location, one.rule, one.message, not one.is_deployed, str(one.subject or "")


def _place(one: Diagnostic) -> tuple[Location, str, str]:
    return one.location, one.code, one.message
