"""From an inventory to verdicts, each with its reasons. Pure: reads nothing, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from injector.config.model import DEFAULT, Config
from injector.inventory.facts import Inventory
from injector.inventory.linking import Secret, link
from injector.location import Location
from injector.model import WORKLOAD_WAYS, Credential, Finding, Item, Report, SecretSource, SourceKind, Store
from injector.rules.context import Context
from injector.rules.fold import case_of, judge
from injector.rules.grouping import group, sum_up
from injector.rules.registry import FINDINGS
from injector.rules.rule import Subject
from injector.rules.suppression import split_suppressed
from injector.rules.translation import block_untranslatable
from injector.rules.units import split_units

_EXTERNAL: Final = frozenset({SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET})


def classify(inventory: Inventory, config: Config = DEFAULT) -> Report:
    """Judge every Secret of a tree.

    Args:
        inventory: what the tree makes and reads.
        config: what only a person can know of it (`injector.config.load`).

    Returns:
        The items sorted by namespace, name and source; the same for the same inventory.
    """
    context = Context.of(inventory, config)
    items: list[Item] = []
    orphans: list[Item] = []
    for secret in link(inventory):
        (orphans if secret.is_orphan else items).extend(_judge_secret(secret, context))
    return Report(
        items=tuple(sorted(items, key=_item_order)),
        orphans=tuple(sorted(orphans, key=_item_order)),
        findings=_sorted(one for one in inventory.deployed.findings if not _is_of_item(one)),
        unreadable=inventory.unreadable,
        templated=inventory.templated,
        unresolved=inventory.unresolved,
        stores=(*_by_name(inventory.deployed.stores), *_by_name(inventory.orphaned.stores)),
    )


def _judge_secret(secret: Secret, context: Context) -> Iterator[Item]:
    """Yield one item for every source that is listed; each with the credentials that it puts into the Secret."""
    credentials = _credentials(secret, context)
    for source in _listed_sources(secret):
        others = tuple(one for one in secret.sources if one is not source)
        # A key that others write as well comes from its own source first: other paths, other lines.
        judged = _credentials(replace(secret, sources=(source, *others)), context) if others else credentials
        own = _own(judged, source)
        verdict, confidence = sum_up(own)
        reported = context.reported_of(source, is_orphan=secret.is_orphan)
        found = _find(Subject(secret, source, credentials, context))
        findings, suppressed = split_suppressed(
            source, _sorted((*reported, *found)), prefix=context.config.label_prefix
        )
        yield Item(source, verdict, confidence, own, findings, suppressed)


def _credentials(secret: Secret, context: Context) -> tuple[Credential, ...]:
    judged = [judge(case_of(unit, secret, context)) for unit in split_units(secret)]
    grouped = group(judged, context.config, is_open=any(map(_may_hold_more, secret.sources)))
    first = next(iter(secret.sources), None)
    if first is None or first.kind not in _EXTERNAL:
        return tuple(grouped)
    return tuple(block_untranslatable(one, first) for one in grouped)


def _may_hold_more(source: SecretSource) -> bool:
    return source.creation_policy in ("Merge", "CreateOrMerge") or any(key.name == "*" for key in source.keys)


def _own(credentials: tuple[Credential, ...], source: SecretSource) -> tuple[Credential, ...]:
    """Return what a source puts into a Secret that others write as well."""
    names = {key.name for key in source.keys}
    own = () if "*" in names else tuple(one for one in credentials if not names.isdisjoint(one.keys))
    return own or credentials


def _listed_sources(secret: Secret) -> Sequence[SecretSource]:
    """Return the sources that are listed: ExternalSecrets all, others when a workload reads the Secret."""
    has_reader = any(one.how in WORKLOAD_WAYS for one in secret.consumers)
    return [one for one in secret.sources if one.kind in _EXTERNAL or has_reader]


def _find(subject: Subject) -> Iterator[Finding]:
    if not subject.secret.is_orphan:  # what nobody deploys harms nobody
        for rule in FINDINGS:
            for message, location in rule.find(subject):
                yield Finding(rule.id, message, location)


def _is_of_item(finding: Finding) -> bool:
    return finding.subject is not None and finding.subject.kind in _EXTERNAL


def _by_name(stores: Iterable[Store]) -> list[Store]:
    return sorted(stores, key=lambda one: (one.ref, one.origin.location, one.origin.root))


def _item_order(item: Item) -> tuple[str, str, str, Location, str]:
    source = item.source
    return source.ref.namespace, source.target, source.kind, source.origin.location, source.origin.root


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(set(findings), key=lambda one: (one.location, one.rule, one.message)))
