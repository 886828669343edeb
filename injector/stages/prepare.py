"""Stage prepare: the SecretMigration is written where the ExternalSecret is deployed from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace

from injector.errors import EditError
from injector.location import Location
from injector.migration.write import write_migration
from injector.model import Item, SecretSource
from injector.plan.model import Proposal
from injector.stages.documents import find_document
from injector.stages.listing import add_file, check_name, folder_of
from injector.stages.workspace import Workspace


class Manifests:
    """Which proposals stand in the same manifest.

    Several namespaces may deploy one ExternalSecret's manifest.
    """

    def __init__(self, proposals: Iterable[Proposal]) -> None:
        self._found: dict[tuple[Location, int], list[Proposal]] = {}
        for one in proposals:
            if one.item is not None:
                self._found.setdefault(_manifest(one.item), []).append(one)

    def sharing(self, proposal: Proposal) -> Sequence[Proposal]:
        """Return the proposals for other namespaces whose ExternalSecret stands in the same manifest."""
        if proposal.item is None:
            return []
        same = self._found.get(_manifest(proposal.item), [])
        return [one for one in same if one.migration.ref != proposal.migration.ref]


def _manifest(item: Item) -> tuple[Location, int]:
    return item.source.origin.location, item.source.origin.document


def prepare(workspace: Workspace, proposal: Proposal, manifests: Manifests) -> None:
    """Write a proposal's document and list it.

    Raises:
        EditError: something else stands there, or no file can be called so.
    """
    path, folder = find_home(proposal, manifests)
    if workspace.get(path) is not None:
        message = "stands there and cannot be read as a SecretMigration (phase2 classify says why); mend or remove it"
        raise EditError(message, Location(path, 1))
    source = source_of(proposal)
    file, document, place = find_document(workspace, source.ref, source.origin)
    written = file.value(document, (*place, "metadata", "name"))
    # Where kustomize puts a prefix or a suffix around the ExternalSecret's name, it does so with the document beside it.
    migration = replace(proposal.migration, name=written) if isinstance(written, str) else proposal.migration
    text = write_migration(migration, proposal.comments)
    add_file(workspace, path, text.encode(), folder=folder)


def find_home(proposal: Proposal, manifests: Manifests) -> tuple[str, str]:
    """Return where a proposal's document is written, and the folder whose kustomization lists it.

    Beside the ExternalSecret's own manifest; where several namespaces deploy that one manifest, in the folder of their
    overlay: kustomize would give a document beside the manifest to all of them.

    Raises:
        EditError: no file can be called so.
    """
    source = source_of(proposal)
    name = proposal.migration.name
    check_name(name, source)
    check_name(proposal.migration.namespace or "x", source)
    manifest = source.origin.location.path
    chain = source.origin.deployed_by
    shared = manifests.sharing(proposal)
    if not shared:
        folder = chain[-1] if chain else folder_of(manifest)
        return f"{manifest.rpartition('.')[0]}.{name}.secretmigration.yaml", folder
    elsewhere = {folder for one in shared if one.item for folder in one.item.source.origin.deployed_by}
    own = [folder for folder in chain if folder not in elsewhere]
    if own:
        return posixpath.normpath(posixpath.join(own[-1], f"{name}.secretmigration.yaml")), own[-1]
    stem = manifest.rpartition(".")[0]
    return f"{stem}.{proposal.migration.namespace}.{name}.secretmigration.yaml", folder_of(manifest)


def source_of(proposal: Proposal) -> SecretSource:
    """Return the ExternalSecret of a proposal.

    Raises:
        EditError: it is not in the tree.
    """
    if proposal.item is None:
        message = f"{proposal.migration.source} is not in the tree; put it back, or remove the SecretMigration"
        raise EditError(message, proposal.migration.location)
    return proposal.item.source
