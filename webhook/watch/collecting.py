"""What the watches of all kinds found, as one snapshot after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from injector.cluster import ClusterState, WatchedKind
from injector.migration.model import SecretMigration
from injector.pod.model import Settings
from webhook.state import Snapshot
from webhook.watch.reading import Item
from webhook.watch.resources import MIGRATIONS, Resource

_TOLD: Final = 100
"""Problems that a snapshot names; the others are counted."""


class Collecting:
    """Takes what several threads find, and hands on a new snapshot after each change.

    An object that cannot be read keeps what it last said.

    Args:
        settings: how pods are mutated.
        hand_on: takes the new snapshot.
    """

    def __init__(self, settings: Settings, hand_on: Callable[[Snapshot], None]) -> None:
        self._settings = settings
        self._hand_on = hand_on
        self._lock = threading.Lock()
        self._groups: dict[str, dict[str, SecretMigration]] = {}
        self._migrations: dict[str, tuple[SecretMigration, ...]] = {}
        self._cluster = ClusterState()
        self._problems: dict[tuple[str, str, str], str] = {}
        self._is_complete = False

    def replace(self, resource: Resource, items: Sequence[Item]) -> None:
        """Take everything there is of a kind."""
        with self._lock:
            self._problems = {own: text for own, text in self._problems.items() if own[0] != resource.kind}
            self._note(resource, items)
            if resource is MIGRATIONS:
                self._replace_migrations(items)
            else:
                kind = WatchedKind(resource.kind)
                objects = self._cluster.of(kind)
                held = ((one, objects.in_namespace(one.namespace).packed(one.name)) for one in items if one.problem)
                kept = [(one.namespace, one.name, packed) for one, packed in held if packed is not None]
                good = [(one.namespace, one.name, one.value) for one in items if isinstance(one.value, bytes)]
                self._cluster = self._cluster.with_kind(kind, objects.replaced([*kept, *good]))
            self._publish()

    def change(self, resource: Resource, items: Sequence[Item]) -> None:
        """Take objects that changed; those without value and problem are gone."""
        with self._lock:
            for one in items:
                self._problems.pop((resource.kind, one.namespace, one.name), None)
            self._note(resource, items)
            sound = [one for one in items if not one.problem]
            if resource is MIGRATIONS:
                self._change_migrations(sound)
            else:
                kind = WatchedKind(resource.kind)
                changes = ((one.namespace, one.name, one.value) for one in sound)
                objects = self._cluster.of(kind)
                changed = objects.with_changes(
                    (space, name, value) for space, name, value in changes if not isinstance(value, SecretMigration)
                )
                if changed is not objects:
                    self._cluster = self._cluster.with_kind(kind, changed)
            self._publish()

    def complete(self) -> None:
        """Tell that everything was read at least once."""
        with self._lock:
            if not self._is_complete:
                self._is_complete = True
                self._publish()

    def _note(self, resource: Resource, items: Iterable[Item]) -> None:
        self._problems |= {(resource.kind, one.namespace, one.name): one.problem for one in items if one.problem}

    def _replace_migrations(self, items: Iterable[Item]) -> None:
        groups: dict[str, dict[str, SecretMigration]] = {}
        for one in items:
            held = self._groups.get(one.namespace, {}).get(one.name) if one.problem else one.value
            if isinstance(held, SecretMigration):
                groups.setdefault(one.namespace, {})[one.name] = held
        self._groups = groups
        self._migrations = {namespace: _sorted(group) for namespace, group in groups.items()}

    def _change_migrations(self, items: Sequence[Item]) -> None:
        for one in items:
            group = self._groups.setdefault(one.namespace, {})
            if isinstance(one.value, SecretMigration):
                group[one.name] = one.value
            else:
                group.pop(one.name, None)
        made = dict(self._migrations)
        for namespace in {one.namespace for one in items}:
            made[namespace] = _sorted(self._groups[namespace])
            if not made[namespace]:
                del made[namespace], self._groups[namespace]
        self._migrations = made

    def _publish(self) -> None:
        problems = [self._problems[own] for own in sorted(self._problems)]
        more = len(problems) - _TOLD
        told = problems if more <= 0 else [*problems[:_TOLD], f"and {more} more objects that cannot be read"]
        self._hand_on(
            Snapshot(
                migrations=self._migrations,
                cluster=self._cluster,
                settings=self._settings,
                is_complete=self._is_complete,
                problems=tuple(told),
            )
        )


def _sorted(group: dict[str, SecretMigration]) -> tuple[SecretMigration, ...]:
    return tuple(group[name] for name in sorted(group))
