"""Kinds of which only the head is kept must be kinds whose body says nothing about Secrets."""

from __future__ import annotations

import pytest

from injector.inventory.consumers_kinds import reads_nothing
from injector.inventory.operatorrows import ROWS
from injector.manifests.heads import HEADS


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_a_kind_without_a_body_reads_no_secret(kind: str) -> None:
    assert reads_nothing(kind, "")


def test_no_operator_makes_a_secret_for_a_kind_without_a_body() -> None:
    assert HEADS.isdisjoint(kind for row in ROWS for kind in row.kind.split("|"))
