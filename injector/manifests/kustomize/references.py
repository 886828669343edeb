"""Names that changed, followed to the fields that hold them.

Source: kustomize api/filters/nameref/nameref.go and api/internal/accumulator/namereferencetransformer.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from injector.manifests.document import items, mapping, text
from injector.manifests.kustomize.config import Config
from injector.manifests.kustomize.identity import Gvk, ResourceId, Tracked, is_cluster_scoped
from injector.manifests.kustomize.paths import FieldSpec, visit
from injector.manifests.yamldoc import Map, Seq

_HOLDS_MAPPING = frozenset({"subjects", "service"})
"""Last parts of the default paths that lead to a mapping with a namespace beside the name."""


def update_references(resources: Sequence[Tracked], config: Config) -> None:
    """Put the present names where former names stand, in place."""
    by_name: dict[str, list[Tracked]] = {}
    renamed_kinds: set[str] = set()
    for candidate in resources:
        if not candidate.previous:
            continue
        now = candidate.id
        for name in {old.name for old in candidate.previous}:
            by_name.setdefault(name, []).append(candidate)
        if any(old.name != now.name for old in candidate.previous):
            renamed_kinds.update(old.gvk.kind for old in candidate.previous)
    if not by_name:
        return
    index = _index(config, renamed_kinds, _kinds(by_name.values()))
    for referrer in resources:
        first = referrer.first_id.gvk
        for target, spec in (*index.get(first.kind, ()), *index.get("", ())):
            if spec.selects(first):
                visit(referrer.body, spec, _Setter(referrer, target, spec, by_name))


def _kinds(groups: Iterable[list[Tracked]]) -> set[str]:
    return {old.gvk.kind for group in groups for one in group for old in one.previous}


def _index(config: Config, renamed: set[str], moved: set[str]) -> dict[str, list[tuple[Gvk, FieldSpec]]]:
    """Return the fields worth visiting, by the referring kind.

    Where no name of the target's kind changed, only fields that also hold a namespace can change.
    """
    made: dict[str, list[tuple[Gvk, FieldSpec]]] = {}
    for reference in config.references:
        kind = reference.target.kind
        for spec in reference.specs:
            is_worth = (
                not kind
                or kind in renamed
                or (kind in moved and (config.custom_references or spec.segments[-1] in _HOLDS_MAPPING))
            )
            if is_worth:
                made.setdefault(spec.kind, []).append((reference.target, spec))
    return made


@dataclass(slots=True)
class _Setter:
    """Puts the present name into one field of one referrer."""

    referrer: Tracked
    target: Gvk
    spec: FieldSpec
    by_name: dict[str, list[Tracked]]

    def __call__(self, holder: Map, key: str) -> None:
        value = holder[key]
        if isinstance(value, Map):
            self._set_mapping(value)
        elif isinstance(value, Seq):
            for index, item in enumerate(value):
                if isinstance(item, Map):
                    self._set_mapping(item)
                elif isinstance(item, str):
                    value[index] = self._new_name(item)
        elif isinstance(value, str):
            holder[key] = self._new_name(value)

    def _new_name(self, old: str) -> str:
        found = self._select(old, self.by_name.get(old, ()), lambda one: (one.id.name,))
        return found.id.name if found else old

    def _set_mapping(self, holder: Map) -> None:
        old = text(holder.get("name"))
        candidates: Sequence[Tracked] = self.by_name.get(old, ())
        if "namespace" in holder:
            namespace = text(holder.get("namespace"))
            first = [one for one in candidates if one.first_id.namespace == namespace]
            candidates = first or [one for one in candidates if one.id.namespace == namespace]
        found = self._select(old, candidates, lambda one: (one.id.name, one.id.namespace))
        if found is None:
            return
        now = found.id
        if now.name != old:
            holder["name"] = now.name
        if now.namespace and text(holder.get("namespace")) != now.namespace:
            at = found.metadata().at("namespace")
            holder.put("namespace", now.namespace, at)

    def _select(
        self, old: str, candidates: Sequence[Tracked], key: Callable[[Tracked], tuple[str, ...]]
    ) -> Tracked | None:
        if not candidates:
            return None
        targets = [self.target]
        if self.spec.segments[-2:] == ("roleRef", "name"):
            role = mapping(self.referrer.body, "roleRef")
            targets.append(Gvk(text(role.get("apiGroup")), "", text(role.get("kind"))))
        found = [
            one
            for one in candidates
            if any(prior.name == old for prior in one.previous)
            and all(any(_is_selected(prior, target) for prior in one.previous) for target in targets)
            and _is_near(self.referrer, one)
        ]
        for is_strict in (False, True):
            if len(found) <= 1:
                break
            found = [one for one in found if _same_affixes(self.referrer, one, is_strict=is_strict)]
        if len({key(one) for one in found}) == 1:
            return found[0]
        return None


def _is_selected(one: ResourceId, target: Gvk) -> bool:
    return all(not wanted or wanted == has for wanted, has in zip(target, one.gvk, strict=True))


def _is_near(referrer: Tracked, candidate: Tracked) -> bool:
    """Tell whether the candidate is in a namespace that the referrer can name."""
    mine, theirs = referrer.id, candidate.id
    if is_cluster_scoped(mine.gvk) or is_cluster_scoped(theirs.gvk):
        return True
    if mine.effective_namespace == theirs.effective_namespace:
        return True
    if theirs.gvk.kind != "ServiceAccount" or "RoleBinding" not in mine.gvk.kind:
        return False
    subjects = items(referrer.body, "subjects")
    return any(text(mapping(subject).get("namespace")) == theirs.namespace for subject in subjects)


def _same_affixes(referrer: Tracked, candidate: Tracked, *, is_strict: bool) -> bool:
    pairs = ((referrer.prefixes, candidate.prefixes), (referrer.suffixes, candidate.suffixes))
    return all((not is_strict and (not mine or not theirs)) or _same_ending(mine, theirs) for mine, theirs in pairs)


def _same_ending(mine: list[str], theirs: list[str]) -> bool:
    length = min(len(mine), len(theirs))
    return length == 0 or mine[-length:] == theirs[-length:]
