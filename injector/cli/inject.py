"""``phase2 inject``."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import click

from injector.cli.answer import Answer, Note
from injector.cli.configuring import load_configured
from injector.cli.options import CONTEXT, Command, flag
from injector.cli.words import OneOf, PathName
from injector.errors import InputError, UsageError

if TYPE_CHECKING:
    from injector.convention.workload import Owner
    from injector.manifests.yamldoc import Map
    from injector.pod.model import Json, PodChange


_MAKERS: Final = frozenset({"HelmRelease", "Application", "ApplicationSet", "Kustomization"})
"""Kinds whose pods something else renders."""


class InjectFormat(StrEnum):
    """What ``inject -o`` takes."""

    YAML = "yaml"
    JSON = "json"
    PATCH = "patch"


@click.command("inject", cls=Command, context_settings=CONTEXT)
@flag(
    "-f",
    "--filename",
    metavar="FILE|-",
    type=PathName(),
    required=True,
    help="Pods, or workloads whose pod template counts.",
)
@flag(
    "--policy-dir",
    metavar="DIR",
    type=PathName(),
    default=".",
    show_default=True,
    help="Where the SecretMigrations are.",
)
@flag("-n", "--namespace", metavar="NAMESPACE", default="", help="Namespace of pods that name none.")
@flag(
    "-o",
    "--output",
    type=OneOf(InjectFormat),
    default=InjectFormat.YAML,
    show_default=True,
    help="Format; patch is a JSON patch of what was given: pod or workload.",
)
@flag(
    "--config", metavar="FILE", type=PathName(), default="", help="Configuration; by default the nearest phase2.yaml."
)
def command(
    *,
    filename: str,
    policy_dir: str,
    namespace: str,
    output: InjectFormat,
    config: str,
) -> Answer:
    """Show what the webhook would make of pods, by the very same code; nothing is sent anywhere.

    The warnings that the webhook would give stand on stderr.
    """
    from injector.cluster import ClusterState, WatchedKind
    from injector.convention.known import Proposer
    from injector.convention.obey import decide
    from injector.migration.load import load_migrations
    from injector.pod.expect import settings_of

    held = load_configured(config, [policy_dir]).get()
    # where no label is enough by itself, what makes a Secret decides nothing: a tree in Git may hold it without a namespace
    kinds = tuple(WatchedKind) if held.vault.label_alone else (WatchedKind.NAMESPACE,)
    loaded = load_migrations(policy_dir, kinds=kinds)
    settings = settings_of(held)
    proposer = Proposer(held)
    cluster = ClusterState.of_objects(loaded.objects)
    notes = [Note("warning", one) for one in loaded.problems]
    results: list[tuple[Map, PodChange]] = []
    kinds_seen: set[str] = set()
    for document in _read_documents(filename):
        pod = _pod_of(document)
        if pod is None:
            kinds_seen.add(str(document.get("kind", "")))
            notes.append(Note("info", f"{document.at()}: is no pod and has no pod template: passed over"))
            continue
        own = _namespace_of(document) or namespace or "default"
        made = decide(
            pod,
            own,
            [one for one in loaded.migrations if one.namespace == own],
            cluster=cluster,
            proposer=proposer,
            settings=settings,
            owner=_owner_of(document),
        )
        change = made.change
        if made.denied:
            notes.append(Note("warning", f"{document.at()}: the webhook denies it: {made.denied}"))
        notes += [Note("warning", f"{document.at()}: {text.removeprefix('phase2: ')}") for text in change.warnings]
        results.append((document, change))
    if not results:
        raise InputError(_nothing_in(filename, kinds_seen))
    return Answer(document=_render(results, output), notes=tuple(notes), exit_code=2 if loaded.problems else 0)


def _nothing_in(filename: str, kinds: Collection[str]) -> str:
    """Say that there is no pod, and where the pods of what is there instead come from."""
    name = "<stdin>" if filename == "-" else filename
    if not _MAKERS.isdisjoint(kinds):
        return (
            f"{name}: holds no pod and no workload; a chart or a folder makes them: give what it renders, "
            "as in `helm template … | phase2 inject -f -`, or see `phase2 plan -o json`"
        )
    return f"{name}: holds no pod and no workload; name a file that does"


def _read_documents(filename: str) -> Iterator[Map]:
    from pathlib import Path

    from injector.manifests.tree import STDIN
    from injector.manifests.yamldoc import Map, YamlError, iter_documents

    name = STDIN if filename == "-" else filename
    try:
        data = sys.stdin.buffer.read() if filename == "-" else Path(filename).read_bytes()
    except OSError as err:
        raise InputError(f"{filename}: cannot be read: {err.strerror}; name a file that can be") from err
    for _, parsed in iter_documents(data, name):
        if isinstance(parsed, YamlError):
            raise UsageError(f"{name}:{parsed.line}: is no YAML: {parsed}; mend it")
        body = parsed.value
        if isinstance(body, Map):
            items = body.get("items")
            if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
                yield from (item for item in items if isinstance(item, Map))
            else:
                yield body


def _pod_of(document: Map) -> dict[str, Json] | None:
    """Return a document's pod: itself, or its pod template."""
    from injector.stages.places import TEMPLATES

    path = TEMPLATES.get(str(document.get("kind", "")))
    if path is None:
        return None
    found: Any = document
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _owner_of(document: Map) -> Owner | None:
    """Return the workload whose template is shown; None for a pod, which says itself whose it is."""
    from injector.convention.workload import Owner

    kind, version, metadata = (document.get(key) for key in ("kind", "apiVersion", "metadata"))
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return None if kind == "Pod" else Owner(str(version), str(kind), name if isinstance(name, str) else "")


def _namespace_of(document: Map) -> str:
    metadata = document.get("metadata")
    name = metadata.get("namespace") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _render(results: Sequence[tuple[Map, PodChange]], output: InjectFormat) -> str:
    import json

    from injector.report.yamltext import encode

    if output is InjectFormat.PATCH:
        patches = [list(_patch(document, change)) for document, change in results]
        return json.dumps(patches[0] if len(patches) == 1 else patches, indent=2, ensure_ascii=False) + "\n"
    objects = [_put_back(document, change) for document, change in results]
    if output is InjectFormat.JSON:
        return json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, ensure_ascii=False) + "\n"
    return "---\n".join(encode(one) for one in objects)


def _patch(document: Map, change: PodChange) -> Iterator[dict[str, Json]]:
    """Yield the webhook's operations, with paths that start at the document: a pod template stands deeper."""
    from injector.pod.patch import make_patch
    from injector.stages.places import TEMPLATES

    above = "".join(f"/{step}" for step in TEMPLATES[str(document.get("kind", ""))])
    for operation in make_patch(_pod_of(document) or {}, change.pod):
        yield {**operation, "path": f"{above}{operation['path']}"}


def _put_back(document: Map, change: PodChange) -> Any:
    """Return the document with its pod replaced."""
    from injector.stages.places import TEMPLATES

    def put(node: Any, path: Sequence[Any]) -> Any:
        if not path:
            return change.pod
        return {**node, path[0]: put(node[path[0]], path[1:])}

    return _plain(put(document, TEMPLATES[str(document.get("kind", ""))]))


def _plain(value: Any) -> Any:
    """Return lists and mappings that remember no lines."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
