"""Short ways from manifests to what breaks design rules, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from injector.config.load import parse_config
from injector.config.model import DEFAULT
from injector.inventory.build import build_inventory
from injector.manifests.tree import load_tree
from injector.verify.model import Verification, Violation
from injector.verify.tree import verify_tree


def hold(files: Mapping[str, str], folder: Path, config: str = "", *, jobs: int = 1) -> Verification:
    """Hold a tree of files to the rules; a ``phase2.yaml`` in it counts."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    own = files.get("phase2.yaml", config)
    tree = load_tree([folder])
    return verify_tree(tree, build_inventory(tree, jobs=jobs), parse_config(own.encode()) if own else DEFAULT)


def hold_text(text: str, folder: Path, config: str = "") -> Verification:
    """Hold a stream of manifests to the rules, or, where it has ``# file:`` lines, a tree of files."""
    if not text.startswith("# file:"):
        return hold({"all.yaml": text}, folder, config)
    parts = (part.partition("\n") for part in text.split("# file: ")[1:])
    return hold({path: body for path, _, body in parts}, folder, config)


def told(found: Verification) -> list[tuple[str, str]]:
    """Return the rules that are broken, and where."""
    return [(one.rule, str(one.location)) for one in found.violations]


def only(found: Verification) -> Violation:
    """Return the one violation."""
    [one] = found.violations
    return one
