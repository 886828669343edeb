"""What keeps a stage from being applied: somebody would lose a Secret, or its data in Vault. Each says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from injector.errors import EditError
from injector.inventory.facts import Inventory, PushedPath
from injector.model import Consumer, SecretSource, SourceKind
from injector.plan.model import Proposal
from injector.plan.whole import JOINING, why_not_whole
from injector.stages.prepare import source_of
from injector.stages.reach import Reach

_NAMED: Final = 5
"""So many readers are named; a message is no report."""
_MANAGED: Final = {"reconcile.external-secrets.io/managed": "true", "reconcile.external-secrets.io/created-by": ""}
"""Labels that the operator gives its Secrets. Source: external-secrets apis/externalsecrets/v1/externalsecret_types.go@v2.9.0."""
_ESO: Final = frozenset({SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET})


def check_release(proposal: Proposal, inventory: Inventory) -> None:
    """Refuse to let go of a Secret that others write, push, or read who are not moved.

    Raises:
        EditError: who it is, and what to do.
    """
    migration = proposal.migration
    source = source_of(proposal)
    check_push(proposal, inventory)
    moved = {(one.kind, one.name) for one in migration.workloads}
    for consumer in consumers_of(proposal):
        if (consumer.ref.kind, consumer.ref.name) not in moved:
            message = (
                f"{consumer.ref} still reads {consumer.key or 'the Secret'} and is not moved; move it first, or leave this key "
                "static by an override in phase2.yaml"
            )
            raise EditError(message, consumer.location)
    check_readers_of_all(proposal)
    check_joined(proposal)
    check_data_from(proposal)
    if not proposal.is_whole:
        return
    others = [
        one
        for one in other_writers(source, inventory.deployed.sources)
        if not (source.creation_policy in JOINING and one.creation_policy not in JOINING)
    ]
    if others:
        message = f"{others[0].ref} writes the same Secret ({others[0].origin.location}); leave one writer first"
        raise EditError(message, source.origin.location)


def check_readers_of_all(proposal: Proposal) -> None:
    """Refuse when somebody reads the whole Secret, and it may hold keys that do not move: he would lose these.

    Raises:
        EditError: naming the reader, and what to do.
    """
    source = source_of(proposal)
    for consumer in consumers_of(proposal):
        why = why_not_whole(consumer, source, is_whole=proposal.is_whole)
        if why:
            raise EditError(f"{consumer.ref} {why}", consumer.location)


def check_data_from(proposal: Proposal) -> None:
    """Refuse when some keys stay, and one that moves comes by ``dataFrom``: the Secret would go on having it.

    Raises:
        EditError: naming the keys, and what to do.
    """
    source = source_of(proposal)
    unnamed = sorted(set(proposal.migration.keys) - {key.name for key in source.keys})
    if unnamed and not proposal.is_whole:
        message = f"{source.ref}: {', '.join(unnamed)} comes by dataFrom, which takes all keys; name the keys that stay under data"
        raise EditError(message, source.origin.location)


def check_joined(proposal: Proposal) -> None:
    """Refuse when a projected volume joins the Secret with others: the folder cannot be the volume's and the agent's.

    Raises:
        EditError: naming the reader, and what to do.
    """
    for consumer in consumers_of(proposal):
        if consumer.beside:
            message = (
                f"{consumer.ref} joins Secret {proposal.migration.secret} with {', '.join(consumer.beside)} in one folder "
                f"({consumer.path}); give the Secret a volume of its own"
            )
            raise EditError(message, consumer.location)


def check_push(proposal: Proposal, inventory: Inventory) -> None:
    """Refuse when a PushSecret would delete the data in Vault as soon as its Secret, or a key of it, goes.

    Source: external-secrets pkg/controllers/pushsecret/pushsecret_controller.go:266-273,350@v2.9.0.

    Raises:
        EditError: naming the PushSecret.
    """
    migration = proposal.migration
    for push in inventory.deployed.pushed:
        is_meant = push.secret == migration.secret or _is_chosen(push, proposal)
        is_own = is_meant and push.ref.namespace in ("", migration.namespace)
        is_lost = proposal.is_whole or push.key in ("", *migration.keys)
        if is_own and is_lost and not push.secret and not push.is_deleting:
            message = (
                f"{push.ref} chooses this Secret by its labels and pushes it to {push.path}; take it out of the selector, or "
                "remove the PushSecret, first"
            )
            raise EditError(message, proposal.migration.location)
        if is_own and is_lost and push.is_deleting:
            message = (
                f"{push.ref} pushes this Secret to {push.path} with deletionPolicy Delete, so that the data there would go with "
                "it; set its deletionPolicy to None, or remove it, first"
            )
            raise EditError(message, proposal.migration.location)


def _is_chosen(push: PushedPath, proposal: Proposal) -> bool:
    """Tell whether a PushSecret chooses the migration's Secret by labels.

    The Secret has the labels of the ExternalSecret's template; of the ExternalSecret itself where it has no template; and the
    operator's own. Source: external-secrets pkg/controllers/externalsecret/externalsecret_controller_template.go,
    ``setMetadata``@v2.9.0. Which of both a template's labels are is not known here, so either counts.
    """
    if push.selector is None:
        return False
    source = source_of(proposal)
    return any(push.selector.chooses({**labels, **_MANAGED}) for labels in (source.labels, source.secret_labels))


def check_retire(proposal: Proposal, inventory: Inventory) -> None:
    """Refuse to remove an ExternalSecret whose Secret anybody in the tree still reads.

    Raises:
        EditError: naming the readers.
    """
    migration = proposal.migration
    reach = Reach.of(proposal, inventory)
    readers = [one for one in inventory.deployed.consumers if reach.has(one, inventory)]
    if readers:
        names = list(dict.fromkeys(f"{one.ref} ({one.location})" for one in readers))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        message = f"is still read by {', '.join(names[:_NAMED])}{more}; take Secret {migration.secret} out of these manifests first"
        raise EditError(message, readers[0].location)
    check_push(proposal, inventory)


def other_writers(source: SecretSource, sources: Iterable[SecretSource]) -> Sequence[SecretSource]:
    """Return who else writes an ExternalSecret's Secret in the same deployment."""
    return [
        one
        for one in sources
        if (one.target, one.ref.namespace, one.origin.root) == (source.target, source.ref.namespace, source.origin.root)
        and one.ref != source.ref
        and one.kind is not SourceKind.PUSH_SECRET
        and not (one.kind in _ESO and one.creation_policy == "None")
    ]


def consumers_of(proposal: Proposal) -> list[Consumer]:
    """Return who reads a moved key, in the order of the report."""
    keys = {"", *proposal.migration.keys}
    found: dict[tuple[object, ...], Consumer] = {}
    for credential in proposal.item.credentials if proposal.item else ():
        for one in credential.consumers:
            consumer = one.consumer
            if consumer.key in keys and (consumer.key or proposal.is_whole or set(credential.keys) & keys):
                found[consumer.ref, consumer.location, consumer.key, consumer.env] = consumer
    return list(found.values())
