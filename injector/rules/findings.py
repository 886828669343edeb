"""Rules about what is wrong or noteworthy with a Secret's making, whatever the verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from injector.inventory.linking import Secret
from injector.location import Location
from injector.model import How, SecretSource, SourceKind, StoreRef
from injector.rules.example import document, external_secret, file, flux, manifests, vault_store, workload
from injector.rules.readers import is_client
from injector.rules.rule import FindingRule, Subject

_EXTERNAL: Final = frozenset({SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET})
_SHARING: Final = frozenset({"Merge", "CreateOrMerge"})
_IN_A_POD: Final = frozenset({How.ENV, How.ENV_FROM, How.VOLUME})
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}?")

_NEVER: Final = re.compile(r"(?:0[a-z]*)+\Z")
"""Go's durations of nothing: ``0``, ``0s``, ``0h0m0s``."""

Found = Iterator[tuple[str, Location]]


def _two_writers(subject: Subject) -> Found:
    source = subject.source
    for other in subject.secret.sources:
        if other.ref != source.ref and _do_fight(source, other):
            name = subject.secret.name
            yield f"Secret {name} is also written by {other.ref} ({other.origin.location})", source.origin.location
            return


def _do_fight(one: SecretSource, other: SecretSource) -> bool:
    """Tell whether two sources write the same keys; ``Merge`` leaves the other's keys alone, ``None`` writes nothing."""
    policies = {one.creation_policy, other.creation_policy}
    if "None" in policies:
        return False
    if not policies & _SHARING:
        return True
    return bool({key.name for key in one.keys} & {key.name for key in other.keys} - {"*"})


def _deployed_twice(subject: Subject) -> Found:
    source, context = subject.source, subject.context
    if not context.is_gitops(source.origin.root):
        return  # folders that are not told apart may be environments
    for other in subject.secret.sources:
        if other.ref == source.ref and other.via == source.via and source.origin.root < other.origin.root:
            root = other.origin.root
            yield f"{source.ref} is deployed by {source.origin.root} and again by {root}", source.origin.location
            return


def _secret_missing(subject: Subject) -> Found:
    secret = subject.secret
    if not _is_missing(subject) or _find_lost(subject) or subject.context.may_copy(secret.namespace, secret.name):
        return
    reader = next((one for one in secret.consumers if one.how in _IN_A_POD and not one.is_optional), None)
    if reader is None or not subject.context.is_gitops(reader.origin.root) or _may_be_a_charts(secret):
        return
    if not subject.context.is_read_around(reader.location.path):
        return
    message = f"nothing in the tree makes Secret {secret.name}, and {reader.ref} does not start without it"
    yield message, reader.location


def _may_be_a_charts(secret: Secret) -> bool:
    """Tell whether the Secret has the name that a chart would give to one of its own."""
    return any(one.chart and secret.name.startswith(one.ref.name) for one in secret.consumers)


def _is_missing(subject: Subject) -> bool:
    return subject.source.kind is SourceKind.UNKNOWN and "$" not in subject.secret.name + subject.secret.namespace


def _find_lost(subject: Subject) -> SecretSource | None:
    lost = subject.context.lost_sources
    found = lost.get((subject.secret.namespace, subject.secret.name)) or lost.get(("", subject.secret.name))
    return found[0] if found else None


def _source_not_listed(subject: Subject) -> Found:
    lost = _find_lost(subject) if _is_missing(subject) else None
    if lost:
        reader = next(one for one in subject.secret.consumers if is_client(one))
        message = (
            f"{lost.ref} would make Secret {subject.secret.name}, which {reader.ref} reads, but no kustomization "
            f"lists its file"
        )
        yield message, lost.origin.location


def _iter_stores(source: SecretSource) -> Iterator[tuple[StoreRef, Location]]:
    """Yield every store that an ExternalSecret reads from, once, with the line that uses it first."""
    found: dict[StoreRef, Location] = {}
    for key in source.keys:
        for remote in key.remotes:
            if remote.store.provider != "generator":
                found.setdefault(remote.store, remote.location)
    if source.store and not found:
        found[source.store] = source.origin.location
    yield from found.items()


def _store_missing(subject: Subject) -> Found:
    source, context = subject.source, subject.context
    if source.kind not in _EXTERNAL or not (context.stores or context.lost_stores):
        return  # a tree without stores is a part of one
    for store, location in _iter_stores(source):
        if not store.name:
            yield "names no store to read from", location
        elif _is_known(store, subject) or "$" in store.name:
            continue
        elif context.has_store(StoreRef("ClusterSecretStore", store.name), ""):
            yield f"reads from the SecretStore {store.name}, but that is a ClusterSecretStore: say so in kind", location
        else:
            yield f"reads from the {store.kind} {store.name}, which is not in the tree", location


def _is_known(store: StoreRef, subject: Subject) -> bool:
    namespace = subject.source.ref.namespace
    return subject.context.has_store(store, namespace) or bool(subject.context.find_lost_store(store, namespace))


def _store_not_listed(subject: Subject) -> Found:
    if subject.source.kind in _EXTERNAL:
        for store, location in _iter_stores(subject.source):
            lost = subject.context.find_lost_store(store, subject.source.ref.namespace)
            if lost:
                yield f"reads from the {store.kind} {store.name} ({lost}), which no kustomization lists", location


def _unresolved_variable(subject: Subject) -> Found:
    source = subject.source
    if source.kind not in _EXTERNAL or subject.context.is_partial(source.origin.root):
        return
    for what, value, location in dict.fromkeys(_iter_names(source)):
        match = _VARIABLE.search(value)
        if match:
            yield f"{what} holds {match[0]}, which nothing in the tree sets", location


def _iter_names(source: SecretSource) -> Iterator[tuple[str, str, Location]]:
    """Yield the names of a source that may hold variables: what they are, their text, their line."""
    at = source.origin.location
    if "${" in source.target:
        yield "its target's name", source.target, at
    if "${" in source.ref.namespace:
        yield "its namespace", source.ref.namespace, at
    if source.store and "${" in source.store.name:
        yield "its store's name", source.store.name, at
    for key in source.keys:
        for one in key.remotes:
            if "${" in one.path or "${" in one.prop:
                yield "a remote path", f"{one.path}#{one.prop}", one.location


def _frozen(subject: Subject) -> Found:
    source = subject.source
    if source.creation_policy != "Owner" or not subject.is_moving:
        return
    is_once = source.refresh_policy == "CreatedOnce"
    if is_once or (source.refresh_policy != "OnChange" and _NEVER.match(source.refresh_interval)):
        why = "refreshPolicy CreatedOnce" if is_once else f"refreshInterval {source.refresh_interval}"
        message = (
            f"{why}: the operator never looks at it again, so it would not let go of the Secret, which would be "
            "deleted with it"
        )
        yield message, source.origin.location


def _push_on_move(subject: Subject) -> Found:
    if not subject.is_moving:
        return
    for one in subject.secret.consumers:
        if one.how is How.PUSH:
            deletes = one.ref in subject.context.deleting_pushes
            end = "deletes the copy in the store as well" if deletes else "finds nothing to push any more"
            yield f"when the Secret is retired, {one.ref} {end}", one.location


def _bare_suppression(subject: Subject) -> Found:
    start = f"{subject.context.config.label_prefix}/ignore."
    for name, reason in sorted(subject.source.annotations.items()):
        if name.startswith(start) and not reason.strip():
            rule = name.removeprefix(start)
            yield f"{rule} is suppressed without a reason, so it is not suppressed", subject.source.origin.location


RULES: Final = (
    FindingRule(
        id="two-writers",
        statement="A Secret has two writers: the last one wins, again and again.",
        remedy="Remove one of them, or let one write keys of its own with creationPolicy Merge.",
        example=manifests(
            external_secret("shop/one", {"token": "shop/one#token"}, target="name: web"),
            external_secret("shop/two", {"token": "shop/two#token"}, target="name: web"),
        ),
        find=_two_writers,
    ),
    FindingRule(
        id="deployed-twice",
        statement="The same object is deployed by two roots, which take it from each other.",
        remedy="Let one of the two list it.",
        example=manifests(
            file("clusters/home/all.yaml", flux("web"), flux("more")),
            file("web/app.yaml", external_secret("shop/web", {"token": "shop/web#token"})),
            file("more/app.yaml", external_secret("shop/web", {"token": "shop/web#token"})),
        ),
        find=_deployed_twice,
    ),
    FindingRule(
        id="secret-missing",
        statement="A workload reads a Secret that nothing in the tree makes.",
        remedy="Add what makes it, correct the name, or suppress this when a chart, an operator or a person makes it.",
        example=manifests(
            file("clusters/home/all.yaml", flux("web")),
            file("web/app.yaml", workload("shop/web", "ghcr.io/acme/web:1.4", env={"API_TOKEN": "web#token"})),
        ),
        find=_secret_missing,
    ),
    FindingRule(
        id="source-not-listed",
        statement="A workload reads a Secret whose manifest stands in the tree, but no kustomization lists it.",
        remedy="List the manifest in the kustomization of its folder.",
        example=manifests(
            file("clusters/home/all.yaml", flux("web")),
            file("web/kustomization.yaml", "resources: [app.yaml]\n"),
            file("web/app.yaml", workload("shop/web", "ghcr.io/acme/web:1.4", env={"API_TOKEN": "web#token"})),
            file("web/secret.yaml", external_secret("shop/web", {"token": "shop/web#token"})),
        ),
        find=_source_not_listed,
    ),
    FindingRule(
        id="store-missing",
        statement="An ExternalSecret reads from a store that is not in the tree.",
        remedy="Correct the store's name and kind, or add the store.",
        example=manifests(vault_store("vault-new"), external_secret("shop/web", {"token": "shop/web#token"})),
        find=_store_missing,
    ),
    FindingRule(
        id="store-not-listed",
        statement="An ExternalSecret reads from a store that stands in the tree, but no kustomization lists it.",
        remedy="List the store's manifest in the kustomization of its folder.",
        example=manifests(
            file("clusters/home/all.yaml", flux("web")),
            file("web/kustomization.yaml", "resources: [secret.yaml]\n"),
            file("web/secret.yaml", external_secret("shop/web", {"token": "shop/web#token"})),
            file("web/store.yaml", vault_store("vault")),
        ),
        find=_store_not_listed,
    ),
    FindingRule(
        id="unresolved-variable",
        statement="A name or a remote path holds a variable that nothing in the tree sets.",
        remedy="Set it in the Flux Kustomization's postBuild, or write the value.",
        example=external_secret("shop/web", {"token": "${TEAM}/web#token"}),
        find=_unresolved_variable,
    ),
    FindingRule(
        id="refresh-frozen",
        statement="An ExternalSecret that is never refreshed does not let go of its Secret when its policy changes.",
        remedy="Set refreshPolicy OnChange, or an interval, in the same change that sets creationPolicy Orphan.",
        example=manifests(
            external_secret("shop/web", {"POSTGRES_PASSWORD": "shop/web#password"}, spec="refreshPolicy: CreatedOnce"),
            workload("shop/web", "ghcr.io/acme/web:1.4", env_from="web"),
        ),
        find=_frozen,
    ),
    FindingRule(
        id="push-secret-on-move",
        statement="A PushSecret copies a Secret that can move to a store.",
        remedy="Set the PushSecret's deletionPolicy to None and remove it before the Secret is retired.",
        example=manifests(
            external_secret("shop/web", {"POSTGRES_PASSWORD": "shop/web#password"}),
            workload("shop/web", "ghcr.io/acme/web:1.4", env_from="web"),
            document(
                "external-secrets.io/v1alpha1",
                "PushSecret",
                "shop/web",
                "spec: {deletionPolicy: Delete, secretStoreRefs: [{kind: ClusterSecretStore, name: vault}], "
                "selector: {secret: {name: web}}, data: [{match: {remoteRef: {remoteKey: shop/copy}}}]}",
            ),
        ),
        find=_push_on_move,
    ),
    FindingRule(
        id="suppression-without-reason",
        statement="An annotation suppresses a finding without saying why: it suppresses nothing.",
        remedy="Write the reason as the annotation's value, or remove it.",
        example=external_secret(
            "shop/web", {"token": "shop/web#token"}, annotations="phase2.tazlab.net/ignore.two-writers: ''"
        ),
        find=_bare_suppression,
    ),
)
