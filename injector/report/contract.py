"""A `Report` as the JSON document of the public contract.

Keys never vanish: what is not known is an empty string, an empty list or null.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from injector.model import ConsumerReport, Credential, Diagnostic, Finding, Item, Report, Verdict

API_VERSION = "phase2.tazlab.net/v1alpha1"

Json = dict[str, object]


def render_json(report: Report) -> str:
    """Return the document as text, ending in a newline; the same bytes for the same report."""
    return json.dumps(build_document(report), indent=2, ensure_ascii=False) + "\n"


def build_document(report: Report) -> Json:
    """Return the document as plain values."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Report",
        "summary": _summary(report),
        "items": [_item(one) for one in report.items],
        "orphans": [_item(one) for one in report.orphans],
        "findings": [_finding(one) for one in report.findings],
        "unreadable": [_diagnostic(one) for one in report.unreadable],
        "templated": [_diagnostic(one) for one in report.templated],
        "unresolved": [_diagnostic(one) for one in report.unresolved],
    }


def _summary(report: Report) -> Json:
    verdicts = Counter(one.verdict for one in report.items)
    return {
        "items": len(report.items),
        "byVerdict": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "credentials": sum(len(one.credentials) for one in report.items),
        "orphans": len(report.orphans),
        "findings": len(report.findings) + sum(len(one.findings) for one in report.items),
        "unreadable": len(report.unreadable),
        "templated": len(report.templated),
        "unresolved": len(report.unresolved),
    }


def source_name(item: Item) -> str:
    """Return what an item's Secret is made by: an operator's Secret goes by the object it was made for."""
    return item.source.via.kind if item.source.via else item.source.kind.value


def _item(item: Item) -> Json:
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
        "deployedBy": [part for part in (source.origin.root, *source.origin.deployed_by) if part],
        "store": {
            "kind": store.kind if store else "",
            "name": store.name if store else "",
            "provider": store.provider if store else "",
        },
        "verdict": item.verdict.value,
        "confidence": item.confidence.value,
        "credentials": [_credential(one) for one in item.credentials],
        "findings": [_finding(one) for one in item.findings],
    }


def _credential(one: Credential) -> Json:
    return {
        "keys": list(one.keys),
        "vaultPaths": list(one.vault_paths),
        "kind": one.kind,
        "engine": one.engine,
        "verdict": one.verdict.value,
        "confidence": one.confidence.value,
        "reasons": [
            {"rule": reason.rule, "message": reason.message, "file": reason.location.path, "line": reason.location.line}
            for reason in one.reasons
        ],
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
        "readiness": one.readiness.value if one.readiness else None,
        "obstacles": list(one.obstacles),
        "file": consumer.location.path,
        "line": consumer.location.line,
    }


def _finding(one: Finding) -> Json:
    return {"rule": one.rule, "message": one.message, "file": one.location.path, "line": one.location.line}


def _diagnostic(one: Diagnostic) -> Json:
    return {"file": one.location.path, "line": one.location.line, "code": one.code, "message": one.message}


def render_table(items: Iterable[Item]) -> str:
    """Return the items grouped by verdict, as aligned columns."""
    listed = sorted(items, key=lambda one: list(Verdict).index(one.verdict))
    rows = [("VERDICT", "NAMESPACE", "NAME", "SOURCE", "KINDS", "CONFIDENCE")]
    for one in listed:
        kinds = ",".join(dict.fromkeys(credential.kind for credential in one.credentials)) or "-"
        rows.append(
            (one.verdict, one.source.ref.namespace, one.source.ref.name, source_name(one), kinds, one.confidence)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]) + "\n"
        for row in rows
    )
