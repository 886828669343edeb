"""Who reads a migration's Secret: those of the clusters that deploy its ExternalSecret, and of no other."""

from __future__ import annotations

from dataclasses import dataclass

from injector.inventory.facts import Inventory
from injector.model import Consumer
from injector.plan.model import Proposal


@dataclass(frozen=True, slots=True)
class Reach:
    """A Secret, and the clusters in which it is the one that a migration decides for.

    Attributes:
        clusters: names as of `injector.manifests.roots.Root.cluster`.
    """

    namespace: str
    secret: str
    clusters: frozenset[str]

    @classmethod
    def of(cls, proposal: Proposal, inventory: Inventory) -> Reach:
        """Return the reach of a proposal in a tree."""
        migration = proposal.migration
        clusters: set[str] = set()
        if proposal.item is not None:
            own = proposal.item.source
            clusters = {
                cluster_of(one.origin.root, inventory)
                for one in inventory.deployed.sources
                if (one.origin.location, one.ref, one.target) == (own.origin.location, own.ref, own.target)
            }
        return cls(migration.namespace, migration.secret, frozenset(clusters))

    def has(self, consumer: Consumer, inventory: Inventory) -> bool:
        """Tell whether a consumer reads this very Secret; where nothing is known of clusters, its name decides."""
        namespace = consumer.secret_namespace or consumer.ref.namespace
        if (namespace, consumer.secret) != (self.namespace, self.secret):
            return False
        return not self.clusters or cluster_of(consumer.origin.root, inventory) in self.clusters


def cluster_of(root: str, inventory: Inventory) -> str:
    """Return the cluster that a root belongs to; empty when the tree names none."""
    found = inventory.roots.get(root)
    return found.cluster if found else ""
