"""The generated trees that speed is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.tree import make_tree, write_tree
from injector.inventory.build import build_inventory
from injector.manifests.tree import load_tree


def test_one_seed_makes_one_tree() -> None:
    first, again, other = (list(make_tree(60, seed)) for seed in (7, 7, 8))

    assert first == again
    assert first != other


@pytest.mark.parametrize("is_dense", [False, True])
def test_a_tree_is_read_without_complaint_and_nearly_all_of_it_is_deployed(tmp_path: Path, is_dense: bool) -> None:  # noqa: FBT001
    count, _ = write_tree(tmp_path, 120, 3, is_dense=is_dense)

    found = build_inventory(load_tree([tmp_path]))

    assert (found.files, found.unreadable, found.templated) == (count, (), ())
    assert len(found.deployed.sources) > 10 > len(found.orphaned.sources)
    assert len(found.deployed.consumers) > 30
