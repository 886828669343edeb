"""A ClusterExternalSecret lets go in all its namespaces or in none: who must move together.

Its operator writes every child's whole spec again whenever it reconciles, so that no child can be edited alone. Source:
external-secrets pkg/controllers/clusterexternalsecret/clusterexternalsecret_controller.go:394-413@v2.9.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from injector.errors import EditError
from injector.inventory.facts import Inventory
from injector.migration.model import Stage
from injector.model import SecretSource, SourceKind
from injector.plan.model import Proposal
from injector.stages.guards import check_release, check_retire
from injector.stages.prepare import Manifests, source_of

_NEEDED: Mapping[Stage, Stage] = {Stage.RELEASE: Stage.INJECT, Stage.RETIRE: Stage.RELEASE}


def check_children(stage: Stage, proposal: Proposal, manifests: Manifests, inventory: Inventory) -> None:
    """Refuse to let a ClusterExternalSecret go for a namespace while another one of it still needs the Secret.

    Args:
        stage: `Stage.RELEASE` or `Stage.RETIRE`.
        proposal: any migration; of an ExternalSecret nothing is asked here.
        manifests: knows the migrations of the other namespaces.
        inventory: knows what the tree deploys.

    Raises:
        EditError: naming the other namespaces, what they lack, and what to do.
    """
    source = source_of(proposal)
    if source.kind is not SourceKind.CLUSTER_EXTERNAL_SECRET or (stage is Stage.RETIRE and not proposal.is_whole):
        return
    if source.chooses_more:
        message = (
            f"{source.ref}: lets go in all its namespaces at once, and a selector of it may choose others than "
            f"{', '.join(source.namespaces)}; name them all under namespaces"
        )
        raise EditError(message, source.origin.location)
    own = proposal.migration
    others = {one.migration.namespace: one for one in manifests.sharing(proposal)}
    lacking = [
        f"{namespace} {why}"
        for namespace in _namespaces(source, inventory)
        if namespace != own.namespace and (why := _lacks(stage, proposal, others.get(namespace)))
    ]
    if lacking:
        message = (
            f"{source.ref}: lets go in all its namespaces at once, and {', '.join(lacking)}; move them first, or take them out of it "
            "and give them an ExternalSecret of their own"
        )
        raise EditError(message, source.origin.location)
    for namespace, other in sorted(others.items()):
        _check_other(stage, source, namespace, other, inventory)


def _check_other(stage: Stage, source: SecretSource, namespace: str, other: Proposal, inventory: Inventory) -> None:
    """Refuse when another namespace, which needs the stage as well, would be refused.

    Raises:
        EditError: with its reason.
    """
    if other.migration.stage.rank >= stage.rank:
        return
    check = check_release if stage is Stage.RELEASE else check_retire
    try:
        check(other, inventory)
    except EditError as err:
        message = f"{source.ref}: lets go in all its namespaces at once, and {namespace} cannot: {str(err).removeprefix(f'{err.location}: ')}"
        raise EditError(message, err.location) from err


def _namespaces(source: SecretSource, inventory: Inventory) -> list[str]:
    """Return the namespaces that the manifest makes the Secret in, in whichever cluster deploys it."""
    place = (source.origin.location, source.origin.document)
    found = set(source.namespaces)
    for one in inventory.deployed.sources:
        if one.kind is source.kind and (one.origin.location, one.origin.document) == place:
            found.update(one.namespaces)
    return sorted(found)


def _lacks(stage: Stage, own: Proposal, other: Proposal | None) -> str:
    """Return in words why a namespace cannot let go as another one does; empty when it can."""
    if other is None:
        return "has no SecretMigration"
    if not other.is_committed:
        return "is not prepared"
    if other.migration.stage.rank < _NEEDED[stage].rank:
        return f"is at stage {other.migration.stage}"
    if (other.is_whole, set(other.migration.keys)) != (own.is_whole, set(own.migration.keys)):
        return "moves other keys"
    return ""
