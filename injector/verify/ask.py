"""One source of a Secret held to the rules: what a tree and the webhook have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from injector.config.verify import Level
from injector.inventory.eso import StoreIndex
from injector.inventory.facts import Write
from injector.migration.model import Stage
from injector.model import SecretSource
from injector.verify.model import Case, Known, SuppressedViolation, Violation
from injector.verify.rules import RETARGETED, SOURCE_RULES


def ask_rules(
    source: SecretSource, known: Known, *, level: Callable[[str], Level], prefix: str, is_deployed: bool = True
) -> Iterator[Violation | SuppressedViolation]:
    """Yield what is wrong with a source, in the order of the rules.

    Args:
        source: what makes a Secret.
        known: what the rules ask beside it.
        level: what a rule does; one that is off is not asked.
        prefix: before the slash of phase2's annotations.
        is_deployed: a root reaches it.
    """
    case = Case(source, known)
    for rule in SOURCE_RULES:
        own = level(rule.id)
        if own is Level.OFF or not (is_deployed or rule.is_for_orphans):
            continue
        reason = source.annotations.get(f"{prefix}/ignore.{rule.id}", "").strip()
        for message, location in rule.find(case):
            found = Violation(
                rule=rule.id,
                level=own,
                message=message,
                location=location,
                subject=source.ref,
                is_deployed=is_deployed,
            )
            yield SuppressedViolation(found, reason) if reason else found


def ask_pushes(
    writes: Iterable[Write], stores: StoreIndex, known: Known, *, level: Level, prefix: str
) -> Iterator[Violation | SuppressedViolation]:
    """Yield the PushSecrets that write a Secret of their own cluster while a SecretMigration moves it.

    Args:
        writes: what PushSecrets write, as written.
        stores: where they write it.
        known: what the rule asks beside it.
        level: what the rule does.
        prefix: before the slash of phase2's annotations.
    """
    for write in writes if level is not Level.OFF else ():
        own = write.remote
        store = stores.find(own.store.kind, write.namespace, own.store.name)
        for one in known.migrations.get(store.namespace, ()) if store and store.namespace else ():
            if one.stage.rank < Stage.INJECT.rank or one.secret != own.path:
                continue
            message = f"pushes into Secret {one.secret}, which {one.ref} is moving (stage {one.stage})"
            found = Violation(rule=RETARGETED, level=level, message=message, location=own.location, subject=write.ref)
            reason = dict(write.ignored).get(f"{prefix}/ignore.{RETARGETED}", "").strip()
            yield SuppressedViolation(found, reason) if reason else found
