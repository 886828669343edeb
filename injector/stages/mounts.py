"""Takes volumes of a Secret out of manifests and of charts' values, with all that mounts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.location import Location
from injector.migration.model import SecretMigration
from injector.stages.places import Form, Reference, find_mounts


def drop_volume(
    file: YamlFile, document: int, path: Path, reference: Reference, migration: SecretMigration, *, is_whole: bool
) -> YamlFile:
    """Take a volume out, and its mounts; as it is where none of its keys moves.

    Args:
        file: the manifest.
        document: in it.
        path: of the volume.
        reference: the same, as it was found.
        migration: whose keys move.
        is_whole: every key of the Secret moves.

    Raises:
        EditError: it also holds keys that stay.
    """
    if not is_whole:
        keys = _item_keys(file.value(document, path))
        moved = keys & set(migration.keys)
        if not moved:
            return file
        if moved != keys:
            stays = ", ".join(sorted(keys - moved))
            message = f"volume {reference.name} also holds {stays}, which stays with the Secret; give the moved keys a volume of their own"
            raise EditError(message, Location(file.source.path, file.source.spans()[document].line))
    if reference.form is Form.VOLUME:
        spec = path[:-2]
        body = file.value(document, spec)
        for mount in find_mounts(body, reference.name):
            file = file.delete(document, (*spec, *mount), is_pruning=True)
    return file.delete(document, path, is_pruning=True)


def _item_keys(volume: Data) -> set[str]:
    """Return the keys that a volume names; none when it holds the whole Secret."""
    found: set[str] = set()
    body = volume if isinstance(volume, Mapping) else {}
    projected = body.get("projected")
    sources = projected.get("sources") if isinstance(projected, Mapping) else None
    if (
        isinstance(sources, Sequence)
        and not isinstance(sources, str)
        and isinstance(first := next(iter(sources), None), Mapping)
    ):
        body = first
    secret = body.get("secret")
    items = secret.get("items") if isinstance(secret, Mapping) else body.get("items")
    for item in items if isinstance(items, Sequence) and not isinstance(items, str) else ():
        if isinstance(item, Mapping) and isinstance(item.get("key"), str):
            found.add(str(item["key"]))
    return found
