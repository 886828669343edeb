"""What is summed up from a report before it is shown: the same figures in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from injector.model import Credential, Item, Readiness, Report, Verdict

CONFIGURATION: Final = "configuration"
"""The kind of a credential that is none: hosts, ports and names beside one."""

_LOOSE: Final = ("files", "entries")
"""Roots that are no object of the tree: files that are read for themselves, in portions."""

_WORST_FIRST: Final = (Readiness.BLOCKED, Readiness.NEEDS_CHANGE, Readiness.READY)


def source_name(item: Item) -> str:
    """Return what an item's Secret is made by: an operator's Secret goes by the object it was made for."""
    return item.source.via.kind if item.source.via else item.source.kind.value


def identity(item: Item) -> str:
    """Return ``<source>/<namespace>/<name>``, the form that `phase2 explain` takes."""
    return "/".join(part for part in (source_name(item), item.source.ref.namespace, item.source.ref.name) if part)


def deployers_of(item: Item) -> tuple[str, ...]:
    """Return what deploys an item: the root, then the kustomizations on the way; of loose files just ``files``."""
    origin = item.source.origin
    kind = origin.root.partition(":")[0]
    root = "files" if kind in _LOOSE else origin.root
    return tuple(part for part in (root, *origin.deployed_by) if part)


def kinds_of(item: Item) -> tuple[str, ...]:
    """Return the kinds of the item's credentials in their order, configuration only when there is nothing else."""
    kinds = tuple(dict.fromkeys(one.kind for one in item.credentials))
    return tuple(kind for kind in kinds if kind != CONFIGURATION) or kinds


def engines_of(item: Item) -> tuple[str, ...]:
    """Return the secrets engines that the item's credentials could come from, in their order."""
    return tuple(dict.fromkeys(one.engine for one in item.credentials if one.engine))


def stores_of(item: Item) -> tuple[tuple[str, str], ...]:
    """Return (kind, name) of every store that the item reads from, the default one first."""
    source = item.source
    stores = [source.store] if source.store else []
    stores += [remote.store for key in source.keys for remote in key.remotes]
    return tuple(dict.fromkeys((store.kind, store.name) for store in stores))


def worst_readiness(credentials: Iterable[Credential]) -> Readiness | None:
    """Return what the consumer needs that is farthest from moving; None when no consumer is judged."""
    found = {consumer.readiness for one in credentials for consumer in one.consumers}
    return next((readiness for readiness in _WORST_FIRST if readiness in found), None)


def count_all(report: Report) -> dict[str, object]:
    """Return the counts of the contract's ``summary``, orphans only under their own name."""
    credentials = [one for item in report.items for one in item.credentials]
    verdicts = Counter(item.verdict for item in report.items)
    readiness = Counter(worst_readiness([one]) for one in credentials if one.verdict is Verdict.DYNAMIC)
    return {
        "items": len(report.items),
        "byVerdict": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "bySource": _sorted_counts(source_name(item) for item in report.items),
        "credentials": len(credentials),
        "byReadiness": {**{one.value: readiness[one] for one in Readiness}, "unread": readiness[None]},
        "byEngine": _sorted_counts(one.engine for one in credentials if one.engine),
        "orphans": len(report.orphans),
        "findings": count_findings(report),
        "suppressed": sum(len(item.suppressed) for item in report.items),
        "unreadable": len(report.unreadable),
        "templated": len(report.templated),
        "unresolved": len(report.unresolved),
    }


def count_findings(report: Report) -> int:
    """Return how many findings count: those of deployed items that nobody suppressed, and those of no item."""
    return len(report.findings) + sum(len(item.findings) for item in report.items)


def _sorted_counts(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))
