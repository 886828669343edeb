"""A program of somebody else: mypy must know the type of everything here (test_wheel.py)."""

from __future__ import annotations

from typing import assert_type

import injector
from injector import Credential, Format, Inventory, Report, Tree, Verdict


def find_movable(folder: str) -> dict[str, list[str]]:
    """Return the Secrets that have a dynamic-capable credential: its name -> keys."""
    tree = assert_type(injector.load_tree([folder]), Tree)
    inventory = assert_type(injector.build_inventory(tree, jobs=1), Inventory)
    report = assert_type(injector.classify(inventory), Report)
    found: dict[str, list[str]] = {}
    for item in report.items:
        for credential in assert_type(item.credentials, tuple[Credential, ...]):
            if assert_type(credential.verdict, Verdict) is Verdict.DYNAMIC:
                found.setdefault(item.source.target, []).extend(credential.keys)
    assert_type(injector.render(report, Format.JSON), str)
    return found
