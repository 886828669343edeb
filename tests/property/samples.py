"""The example tree's files and objects, as raw material for property tests."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from injector.classify import classify
from injector.inventory.build import build_inventory
from injector.manifests.tree import Tree
from injector.model import Report
from injector.report.contract import build_document

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "tazlab"
_PLACE: Final = re.compile(r"\([^\s()]+:\d+\)")
_PLACES: Final = ("file", "line", "document", "deployedBy")


@lru_cache(maxsize=1)
def texts() -> dict[str, bytes]:
    """Return every YAML file of the example: path -> bytes."""
    return {path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in sorted(EXAMPLE.rglob("*.yaml"))}


@lru_cache(maxsize=1)
def objects() -> tuple[dict[str, Any], ...]:
    """Return the example's objects that need no kustomization: stores, ExternalSecrets, workloads, releases.

    Of objects that stand there twice (an overlay's, a layout that is gone) only the first.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for data in texts().values():
        for body in yaml.load_all(data, yaml.CSafeLoader):
            if isinstance(body, dict) and "apiVersion" in body and "kustomize" not in str(body["apiVersion"]):
                metadata = body.get("metadata", {})
                found.setdefault((body["kind"], metadata.get("namespace", ""), metadata.get("name", "")), body)
    return tuple(found.values())


def judge(contents: dict[str, bytes], *, root: Path = Path("nowhere")) -> Report:
    """Classify files that are on no disk."""
    tree = Tree(root, tuple(sorted(contents)), overlay=contents)
    return classify(build_inventory(tree, jobs=1))


def verdicts(report: Report) -> list[str]:
    """Return the whole answer without the places where things stand, in an order that does not depend on them."""
    document = build_document(report)
    return sorted(repr(_sorted(document[key])) for key in ("items", "orphans", "findings"))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items() if key not in _PLACES}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=repr)
    # Messages name the places of other objects.
    return _PLACE.sub("(place)", value) if isinstance(value, str) else value
