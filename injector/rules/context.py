"""What of a tree as a whole bears on single credentials, gathered once."""

from __future__ import annotations

from dataclasses import dataclass

from injector.config.model import DEFAULT, Config
from injector.inventory.facts import Inventory
from injector.model import How


@dataclass(frozen=True, slots=True)
class Context:
    """What of a tree as a whole bears on single credentials.

    Attributes:
        before_store: roots that must be ready before the store of Vault is: what runs there is bootstrap.
        store_logins: (namespace, name) of the Secrets that stores log in with; namespace may be empty.
        config: what only a person can know of the tree.
    """

    before_store: frozenset[str]
    store_logins: frozenset[tuple[str, str]]
    config: Config = DEFAULT

    @staticmethod
    def of(inventory: Inventory, config: Config = DEFAULT) -> Context:
        """Gather the context of an inventory."""
        store_roots = {store.origin.root for store in inventory.deployed.stores if store.provider == "vault"}
        before: set[str] = set()
        waiting = [
            own for root in sorted(store_roots & set(inventory.roots)) for own in inventory.roots[root].depends_on
        ]
        while waiting:
            own = waiting.pop()
            if own not in before and own in inventory.roots and own not in store_roots:
                before.add(own)
                waiting.extend(inventory.roots[own].depends_on)
        facts = (*inventory.deployed.consumers, *inventory.orphaned.consumers)
        logins = {(one.secret_namespace or one.ref.namespace, one.secret) for one in facts if one.how is How.STORE_AUTH}
        return Context(frozenset(before), frozenset(logins), config)
