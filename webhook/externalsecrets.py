"""Decides for an ExternalSecret: ``POST /mutate/externalsecrets``. One that was released lets go of its Secret, whatever Git says."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import orjson

from injector.migration.model import SecretMigration, Stage
from injector.model import SourceKind
from injector.pod.model import Json
from injector.pod.patch import make_patch
from injector.pod.reading import as_list, as_map
from injector.stages.orphan import Policies, find_orphaning
from webhook.review import Answer, Outcome, Request
from webhook.state import Snapshot


def decide_external_secret(request: Request, snapshot: Snapshot) -> Answer:
    """Return the patch that makes External Secrets Operator let go, for an ExternalSecret at stage release or later.

    Only where the whole Secret moves: an ExternalSecret that still has keys to fetch goes on with them, and a moved key
    that is still among them is warned about.
    """
    body = request.body
    if request.operation not in ("", "CREATE", "UPDATE") or request.kind not in ("", "ExternalSecret") or body is None:
        return Answer()
    name = as_map(body.get("metadata")).get("name")
    released = [
        one
        for one in snapshot.migrations.get(request.namespace, ())
        if one.source.kind == SourceKind.EXTERNAL_SECRET
        and one.source.name == name
        and one.stage.rank >= Stage.RELEASE.rank
    ]
    return _release(body, released[0]) if released else Answer()


def _release(body: Mapping[str, Json], migration: SecretMigration) -> Answer:
    spec = as_map(body.get("spec"))
    moved = set(migration.keys)
    keys = _keys(spec)
    who = f"phase2: ExternalSecret {migration.source.name}"
    if keys is None:
        text = f"{who} is released, but nobody can say here which keys its Secret gets; it is left as it is"
        return Answer(Outcome.WARNED, warnings=(text,))
    if not keys <= moved:
        left = sorted(keys & moved)
        if not left:
            return Answer()
        text = (
            f"{who} still fetches {', '.join(left)}, which SecretMigration {migration.name} has released; take it out"
        )
        return Answer(Outcome.WARNED, warnings=(text,))
    target = as_map(spec.get("target"))
    settings = find_orphaning(
        Policies(
            creation=_text(target.get("creationPolicy")) or "Owner",
            deletion=_text(target.get("deletionPolicy")),
            refresh=_text(spec.get("refreshPolicy")),
            refresh_interval=_text(spec.get("refreshInterval")),
        )
    )
    if settings is None:
        text = f"{who} is released, but creationPolicy None keeps an earlier ownerReference; set Orphan and let it reconcile"
        return Answer(Outcome.WARNED, warnings=(text,))
    made = copy.deepcopy(dict(body))
    for one in settings:
        _set(made, ("spec", *one.path), one.value)
    patch = make_patch(body, made)
    if not patch:
        return Answer()
    fields = ", ".join(f"{one.path[-1]} {one.value}" for one in settings)
    text = f"{who} is released by SecretMigration {migration.name}: set {fields}; say the same in its manifest"
    return Answer(Outcome.MUTATED, orjson.dumps(patch), (text,))


def _keys(spec: Mapping[str, Json]) -> set[str] | None:
    """Return the keys of the Secret that a spec makes; None when only the store or a ConfigMap knows them.

    Source: external-secrets pkg/controllers/externalsecret/externalsecret_controller_template.go@v2.9.0: a template that
    makes data replaces what was fetched, unless its mergePolicy is Merge.
    """
    template = as_map(as_map(spec.get("target")).get("template"))
    if template.get("templateFrom"):
        return None
    made = set(as_map(template.get("data")))
    if made and template.get("mergePolicy") != "Merge":
        return made
    if spec.get("dataFrom"):
        return None
    return made | {str(one.get("secretKey", "")) for one in as_list(spec.get("data"))}


def _set(node: dict[str, Json], path: tuple[str, ...], value: str) -> None:
    for step in path[:-1]:
        inner = node.get(step)
        if not isinstance(inner, dict):
            inner = node[step] = {}
        node = inner
    node[path[-1]] = value


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
