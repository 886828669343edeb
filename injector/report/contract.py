"""A `Report` as the document of the public contract, in plain values.

``report.schema.json`` beside this file says the same to machines. Keys never vanish: a string that is not known or
does not apply is empty, a list is empty, and only a consumer's ``readiness`` is null (nothing to get ready for when
the credential stays static). Keys stand in the contract's order; every list is sorted by the report itself.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from injector.model import ConsumerReport, Credential, Diagnostic, Finding, Item, Reason, Report, Suppressed
from injector.report.figures import count_all, deployers_of, source_name
from injector.report.options import NOTHING, Hidden

API_VERSION: Final = "phase2.tazlab.net/v1alpha1"

Json = dict[str, object]


def build_document(report: Report, hidden: Hidden = NOTHING) -> Json:
    """Return the whole document.

    Args:
        report: what is shown, already filtered.
        hidden: what the filter took out; it is told under ``summary.filtered``.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "Report",
        "summary": {
            **count_all(report),
            "filtered": {"items": hidden.items, "orphans": hidden.orphans, "findings": hidden.findings},
        },
        "items": [_item(one, deployers_of(one)) for one in report.items],
        "orphans": [_item(one, ()) for one in report.orphans],
        "findings": [_evidence(one) for one in report.findings],
        "unreadable": [_diagnostic(one) for one in report.unreadable],
        "templated": [_diagnostic(one) for one in report.templated],
        "unresolved": [_diagnostic(one) for one in report.unresolved],
    }


def read_schema() -> str:
    """Return the text of the JSON Schema (2020-12) that `build_document` keeps to."""
    return files("injector.report").joinpath("report.schema.json").read_text(encoding="utf-8")


def _item(item: Item, deployers: tuple[str, ...]) -> Json:
    source = item.source
    store = source.store
    return {
        "source": source_name(item),
        "namespace": source.ref.namespace,
        "name": source.ref.name,
        "target": source.target,
        "file": source.origin.location.path,
        "line": source.origin.location.line,
        "document": source.origin.document,
        "deployedBy": list(deployers),
        "store": {
            "kind": store.kind if store else "",
            "name": store.name if store else "",
            "provider": store.provider if store else "",
        },
        "verdict": item.verdict.value,
        "confidence": item.confidence.value,
        "credentials": [_credential(one) for one in item.credentials],
        "findings": [_evidence(one) for one in item.findings],
        "suppressed": [_suppressed(one) for one in item.suppressed],
    }


def _credential(one: Credential) -> Json:
    return {
        "keys": list(one.keys),
        "vaultPaths": list(one.vault_paths),
        "kind": one.kind,
        "engine": one.engine,
        "verdict": one.verdict.value,
        "confidence": one.confidence.value,
        "reasons": [_evidence(reason) for reason in one.reasons],
        "consumers": [_consumer(consumer) for consumer in one.consumers],
    }


def _consumer(one: ConsumerReport) -> Json:
    consumer = one.consumer
    return {
        "kind": consumer.ref.kind,
        "namespace": consumer.ref.namespace,
        "name": consumer.ref.name,
        "container": consumer.container.name if consumer.container else "",
        "how": consumer.how.value,
        "key": consumer.key,
        "env": consumer.env,
        "path": consumer.path,
        "readiness": one.readiness.value if one.readiness else None,
        "obstacles": list(one.obstacles),
        "file": consumer.location.path,
        "line": consumer.location.line,
    }


def _evidence(one: Reason | Finding) -> Json:
    return {"rule": one.rule, "message": one.message, "file": one.location.path, "line": one.location.line}


def _suppressed(one: Suppressed) -> Json:
    return {**_evidence(one.finding), "reason": one.reason}


def _diagnostic(one: Diagnostic) -> Json:
    return {
        "file": one.location.path,
        "line": one.location.line,
        "code": one.code,
        "message": one.message,
        "isDeployed": one.is_deployed,
    }
