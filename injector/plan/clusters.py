"""One decision for what several clusters deploy under one name, and words for what it cannot serve.

A SecretMigration has a namespace and a name, as its ExternalSecret has. Several clusters may deploy one manifest: then one
decision serves all, and whoever reads the Secret in any of them counts. Or each deploys a manifest of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from injector.migration.model import SecretMigration
from injector.model import ConsumerReport, Credential, Item, SourceKind, Verdict
from injector.plan.model import Blocked

Own: TypeAlias = "tuple[str, str]"
"""Namespace and name."""
_EXTERNAL = frozenset({SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET})


@dataclass(slots=True)
class Gathered:
    """The ExternalSecrets to plan for, one for each namespace and name in the order of the report, and what is left out."""

    items: dict[Own, Item] = field(default_factory=dict)
    blocked: list[Blocked] = field(default_factory=list)


def gather(items: Iterable[Item], committed: Mapping[Own, SecretMigration]) -> Gathered:
    """Bring together what one SecretMigration would decide for.

    Args:
        items: of a report.
        committed: the SecretMigrations that stand in the tree.
    """
    groups: dict[Own, list[Item]] = {}
    for item in items:
        if item.source.kind in _EXTERNAL:
            groups.setdefault((item.source.ref.namespace, item.source.ref.name), []).append(item)
    made = Gathered()
    for own, group in groups.items():
        chosen = _choose(group, committed.get(own))
        same = [one for one in group if one is not chosen and _manifest(one) == _manifest(chosen)]
        made.items[own] = _merge(chosen, same, made.blocked) if same else chosen
        made.blocked += _left_out(chosen, group)
    return made


def _choose(group: Sequence[Item], committed: SecretMigration | None) -> Item:
    """Return the item whose manifest a committed document stands beside; else the first that has something to move."""
    if committed is not None and len(group) > 1:
        path = committed.location.path
        beside = [one for one in group if path.startswith(f"{one.source.origin.location.path.rpartition('.')[0]}.")]
        folder = path.rpartition("/")[0] or "."
        listed = [one for one in group if folder in one.source.origin.deployed_by]
        return next(iter([*beside, *listed, *group]))
    return next((one for one in group if one.verdict is not Verdict.STATIC), group[0])


def _manifest(item: Item) -> tuple[str, int]:
    return item.source.origin.location.path, item.source.origin.document


def _left_out(chosen: Item, group: Sequence[Item]) -> Iterable[Blocked]:
    """Yield what another manifest of the same namespace and name would move: it needs a plan of its own."""
    seen = {_manifest(chosen)}
    for one in group:
        if one.verdict is Verdict.STATIC or _manifest(one) in seen:
            continue
        seen.add(_manifest(one))
        why = (
            f"{chosen.source.origin.location} makes an ExternalSecret of this namespace and name as well (for another cluster?), and "
            "one SecretMigration decides for one of them; deploy both from one manifest, or plan the folder of each cluster alone"
        )
        yield Blocked(ref=one.source.ref, why=why, location=one.source.origin.location)


def _merge(chosen: Item, others: Iterable[Item], blocked: list[Blocked]) -> Item:
    """Return an item with the readers of all clusters; what any of them judges static stays everywhere."""
    credentials = list(chosen.credentials)
    is_mixed = chosen.verdict is Verdict.MIXED
    for other in others:
        moving = {key for one in other.credentials if one.verdict is Verdict.DYNAMIC for key in one.keys}
        is_mixed = is_mixed or other.verdict is Verdict.MIXED
        for index, one in enumerate(credentials):
            if one.verdict is Verdict.DYNAMIC and not moving >= set(one.keys):
                credentials[index] = replace(one, verdict=Verdict.STATIC)
                is_mixed = True
                why = f"it is static where {other.source.origin.root} deploys the same manifest; give that cluster a manifest of its own"
                blocked.append(
                    Blocked(ref=chosen.source.ref, keys=one.keys, why=why, location=chosen.source.origin.location)
                )
        for one in other.credentials:
            _add_readers(credentials, one)
    if all(one.verdict is Verdict.STATIC for one in credentials):
        verdict = Verdict.STATIC
    else:
        verdict = Verdict.MIXED if is_mixed else chosen.verdict
    return replace(chosen, credentials=tuple(credentials), verdict=verdict)


def _add_readers(credentials: list[Credential], other: Credential) -> None:
    shared = [len(set(one.keys) & set(other.keys)) for one in credentials]
    most = max(shared, default=0)
    if not most:
        credentials.append(replace(other, verdict=Verdict.STATIC))
        return
    index = shared.index(most)
    known = {_own(one): one for one in credentials[index].consumers}
    for one in other.consumers:
        known.setdefault(_own(one), one)
    credentials[index] = replace(credentials[index], consumers=tuple(known.values()))


def _own(report: ConsumerReport) -> tuple[object, ...]:
    one = report.consumer
    container = one.container.name if one.container else ""
    return one.ref, one.location, one.how, one.key, one.env, one.path, container
