"""Short ways from manifests to what is made of them, for the tests of this folder."""

from __future__ import annotations

import io
from pathlib import Path

from injector import build_inventory, classify, load_tree
from injector.config.load import load_config
from injector.config.model import DEFAULT
from injector.model import Credential, Item, Report


def judge(text: str, folder: Path | None = None) -> Report:
    """Judge a stream of manifests, or, where it has ``# file:`` lines, a tree of files in `folder`."""
    if not text.startswith("# file:"):
        return classify(build_inventory(load_tree(["-"], io.BytesIO(text.encode())), jobs=1))
    assert folder is not None
    for part in text.split("# file: ")[1:]:
        path, _, body = part.partition("\n")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(body, encoding="utf-8")
    file = folder / "phase2.yaml"
    config = load_config(file, "phase2.yaml") if file.exists() else DEFAULT
    return classify(build_inventory(load_tree([folder]), jobs=1), config)


def item_of(report: Report, name: str) -> Item:
    """Return the item of a Secret; of several the first."""
    return next(one for one in report.items if name in (one.source.ref.name, one.source.target))


def credential_of(report: Report, key: str) -> Credential:
    """Return the one credential that has a key."""
    found = [one for item in (*report.items, *report.orphans) for one in item.credentials if key in one.keys]
    assert len(found) == 1, found
    return found[0]


def rules_of(report: Report) -> set[str]:
    """Return the ids of all rules that a report names as reasons or findings."""
    items = (*report.items, *report.orphans)
    reasons = {reason.rule for item in items for one in item.credentials for reason in one.reasons}
    findings = {finding.rule for item in items for finding in item.findings}
    return reasons | findings | {finding.rule for finding in report.findings}


def near_misses_of(report: Report) -> set[str]:
    """Return the ids of all rules that came close."""
    return {near.rule for item in report.items for one in item.credentials for near in one.near_misses}
