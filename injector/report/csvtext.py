"""One line per credential, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from injector.model import Credential, Item, Report
from injector.report.figures import source_name, worst_readiness
from injector.report.options import PLAIN, Options
from injector.report.plaintext import encodable

COLUMNS: Final = (
    "namespace",
    "name",
    "source",
    "target",
    "deployed",
    "verdict",
    "confidence",
    "keys",
    "kind",
    "engine",
    "credentialVerdict",
    "credentialConfidence",
    "readiness",
    "rules",
    "consumers",
    "vaultPaths",
    "store",
    "file",
    "line",
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Cells that begin like this are run by spreadsheets, and a Secret key may well begin with ``-``."""


def render_csv(report: Report, options: Options = PLAIN) -> str:
    """Return RFC 4180 text, except that lines end like any Unix line; cells with several values hold them separated by blanks.

    An item without credentials still has its line. Orphans come last, with ``deployed`` false.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if options.has_headers:
        writer.writerow(COLUMNS)
    for items, deployed in ((report.items, "true"), (report.orphans, "false")):
        for item in items:
            for credential in item.credentials or (None,):
                writer.writerow([_cell(one) for one in _row(item, credential, deployed)])
    return text.getvalue()


def _row(item: Item, one: Credential | None, deployed: str) -> Iterable[str]:
    source = item.source
    store = source.store
    readiness = worst_readiness([one] if one else [])
    return (
        source.ref.namespace,
        source.ref.name,
        source_name(item),
        source.target,
        deployed,
        item.verdict,
        item.confidence,
        " ".join(one.keys) if one else "",
        one.kind if one else "",
        one.engine if one else "",
        one.verdict if one else "",
        one.confidence if one else "",
        readiness or "",
        " ".join(dict.fromkeys(reason.rule for reason in one.reasons)) if one else "",
        " ".join(dict.fromkeys(str(reader.consumer.ref) for reader in one.consumers)) if one else "",
        " ".join(one.vault_paths) if one else "",
        f"{store.kind}/{store.name}" if store else "",
        source.origin.location.path,
        str(source.origin.location.line),
    )


def _cell(text: str) -> str:
    safe = f"'{text}" if text.startswith(_FORMULA) else text
    return encodable(safe)
