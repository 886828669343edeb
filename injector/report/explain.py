"""The whole chain of evidence of one Secret, in the order in which a value travels.

Store, Vault path, key, Secret, consumer; then what was decided, by which rules, and which rules came close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from injector.model import Credential, Item, Reason, Remote, SecretKey, Store, StoreRef
from injector.report.figures import deployers_of, identity
from injector.report.options import PLAIN, Options
from injector.report.prose import describe_consumer, describe_reason
from injector.report.wide import wrap
from injector.rules.registry import BY_ID


def render_explanation(
    item: Item, options: Options = PLAIN, *, is_orphan: bool = False, stores: Sequence[Store] = ()
) -> str:
    """Return the chain of evidence of one item as indented text.

    Args:
        item: what is explained.
        options: only the width counts.
        is_orphan: whether nothing deploys it.
        stores: those that are known, of which it may read some.
    """
    parts = (
        _head(item, is_orphan=is_orphan),
        _stores(item, stores),
        _keys(item),
        _secret(item),
        _judgements(item),
        _findings(item),
    )
    lines = [line for part in parts for indent, text in part for line in wrap(text, indent, options)]
    return "".join(f"{line}\n" for line in lines)


_Lines = Iterator[tuple[int, str]]
"""(indent, text)."""


def _head(item: Item, *, is_orphan: bool) -> _Lines:
    origin = item.source.origin
    yield 0, f"{identity(item)}: {item.verdict} ({item.confidence})"
    yield 2, f"written in {origin.location}" + (f", document {origin.document}" if origin.document else "")
    if item.source.via:
        yield 2, f"made by the operator of {item.source.via}"
    if is_orphan:
        yield 2, "deployed by nothing: an orphan, judged as if it were deployed"
        return
    yield 2, f"deployed by {' > '.join(deployers_of(item))}"


def _stores(item: Item, known: Sequence[Store]) -> _Lines:
    references = [item.source.store] if item.source.store else []
    references += [remote.store for key in item.source.keys for remote in key.remotes]
    if references:
        yield 0, "Store"
    for one in dict.fromkeys(references):
        yield 2, f"{one.kind}/{one.name} (provider {one.provider})"
        found = _find_store(one, item.source.ref.namespace, known)
        if found:
            mount = f", mount {found.mount} (KV {found.version})" if found.mount else ""
            yield 4, f"written in {found.origin.location}{mount}"
        elif one.provider == "unknown":
            yield 4, "not in the tree"


def _find_store(reference: StoreRef, namespace: str, known: Sequence[Store]) -> Store | None:
    wanted = (reference.kind, reference.name)
    return next((s for s in known if (s.ref.kind, s.ref.name) == wanted and s.ref.namespace in ("", namespace)), None)


def _keys(item: Item) -> _Lines:
    if item.source.keys:
        yield 0, "Keys"
    for key in item.source.keys:
        made_of = [_remote(remote, item) for remote in key.remotes] or ["nothing that the tree names"]
        yield 2, f"{_name(key)} <- {' + '.join(made_of)}{f' ({key.location})' if key.location.path else ''}"
        if key.template:
            # The text itself may hold what nobody should have written there; its variables are evidence enough.
            yield 4, f"by a template of {', '.join(key.variables) or 'no variables'}"


def _name(key: SecretKey) -> str:
    return "* (keys that only the store knows)" if key.name == "*" else key.name


def _remote(remote: Remote, item: Item) -> str:
    prop = f"#{remote.prop}" if remote.prop else ""
    elsewhere = f" in {remote.store.kind}/{remote.store.name}" if remote.store != item.source.store else ""
    return f"{remote.path or '(empty path)'}{prop}{elsewhere}"


def _secret(item: Item) -> _Lines:
    source = item.source
    yield 0, "Secret"
    policies = (
        ("type", source.secret_type),
        ("creationPolicy", source.creation_policy),
        ("deletionPolicy", source.deletion_policy),
        ("refreshPolicy", source.refresh_policy),
        ("refreshInterval", source.refresh_interval),
    )
    facts = [f"{name} {value}" for name, value in policies if value]
    yield (
        2,
        "/".join(part for part in (source.ref.namespace, source.target) if part) + "".join(f", {one}" for one in facts),
    )
    if source.namespaces:
        yield 2, f"in the namespaces {', '.join(source.namespaces)}"


def _judgements(item: Item) -> _Lines:
    for credential in item.credentials:
        yield 0, f"Credential {', '.join(credential.keys)}"
        engine = f", engine {credential.engine}" if credential.engine else ""
        yield 2, f"{credential.verdict} ({credential.confidence}): {credential.kind}{engine}"
        if credential.vault_paths:
            yield 2, f"from {', '.join(credential.vault_paths)}"
        yield from _readers(credential)
        if credential.reasons:
            yield 2, "because"
        for reason in credential.reasons:
            yield 4, describe_reason(reason)
        for remedy in _remedies(credential.reasons):
            yield 4, remedy
        if credential.near_misses:
            yield 2, "came close"
        for reason in credential.near_misses:
            yield 4, describe_reason(reason)


def _readers(credential: Credential) -> _Lines:
    yield 2, "read by" if credential.consumers else "read by nobody in the tree"
    for reader in credential.consumers:
        ready = f": {reader.readiness}" if reader.readiness else ""
        yield 4, f"{describe_consumer(reader.consumer)}{ready}"
        for obstacle in reader.obstacles:
            yield 6, f"- {obstacle}"


def _remedies(reasons: tuple[Reason, ...]) -> list[str]:
    rules = dict.fromkeys(reason.rule for reason in reasons)
    return [f"what to do ({rule}): {BY_ID[rule].remedy}" for rule in rules if rule in BY_ID]


def _findings(item: Item) -> _Lines:
    active = item.findings
    suppressed = item.suppressed
    if active or suppressed:
        yield 0, "Findings"
    for finding in active:
        yield 2, describe_reason(finding)
    for one in suppressed:
        yield 2, f"{describe_reason(one.finding)} (suppressed: {one.reason})"
