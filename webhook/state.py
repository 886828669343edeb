"""What the webhook knows, as one immutable snapshot: a request reads it, a watcher or a folder replaces it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from injector.cluster import ClusterState
from injector.migration.model import SecretMigration
from injector.pod.model import Settings
from webhook.events.sending import EventSender
from webhook.ordering import OrderWatch
from webhook.watch.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that decisions are made of.

    Attributes:
        migrations: namespace -> its SecretMigrations, sorted by name.
        cluster: ExternalSecrets, stores and Namespaces. What has not changed since the last snapshot is the same object in
            this one, group by group (`injector.cluster.Group`), so that what was computed of it may be kept.
        settings: how pods are mutated.
        is_complete: everything was read at least once; until then the webhook is not ready.
        problems: what could not be taken, without any value.
    """

    migrations: Mapping[str, tuple[SecretMigration, ...]] = field(default_factory=dict)
    cluster: ClusterState = field(default_factory=ClusterState)
    settings: Settings = field(default_factory=Settings)
    is_complete: bool = False
    problems: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Return how many SecretMigrations there are."""
        return sum(map(len, self.migrations.values()))


def index_migrations(migrations: Iterable[SecretMigration]) -> dict[str, tuple[SecretMigration, ...]]:
    """Return migrations by namespace."""
    found: dict[str, list[SecretMigration]] = {}
    for one in sorted(migrations, key=lambda one: (one.namespace, one.name)):
        found.setdefault(one.namespace, []).append(one)
    return {namespace: tuple(group) for namespace, group in found.items()}


class Holder:
    """Holds the snapshot that counts; replaced as a whole, so that a request never sees half of two.

    Attributes:
        checked_at_s: when a folder was last looked at, in seconds of the monotonic clock.
        progress: how the watch of each kind goes; empty when a folder is read.
        events: writes Events; None when a folder is read.
        order: looks at the order of webhooks; None when a folder is read.
    """

    __slots__ = ("checked_at_s", "current", "events", "order", "progress")

    def __init__(self, current: Snapshot | None = None) -> None:
        self.current = current or Snapshot()
        self.checked_at_s = 0.0
        self.progress: tuple[Progress, ...] = ()
        self.events: EventSender | None = None
        self.order: OrderWatch | None = None

    def age_s(self, now_s: float) -> float:
        """Return for how long nothing was heard of a source: of the kind of which that is longest; 0 before the first word."""
        heard = [one.heard_at_s for one in self.progress] or [self.checked_at_s]
        return now_s - min(heard) if all(heard) else 0.0
