"""Work that is shared out to several processes."""

from __future__ import annotations

import os
import sys

import pytest

from injector.cli.sharing import SharedWorkError, share

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process does it all")


def where(piece: int) -> tuple[int, int]:
    return piece, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2, 3, 9, None])
def test_what_comes_back_is_in_the_order_of_the_pieces(jobs: int | None) -> None:
    assert [piece for piece, _ in share(range(7), where, jobs=jobs)] == list(range(7))


def test_as_many_processes_work_as_are_wanted() -> None:
    assert len({process for _, process in share(range(7), where, jobs=3)}) == 3


def test_little_work_is_done_here() -> None:
    assert {process for _, process in share(range(3), where)} == {os.getpid()}


def test_no_work_is_done_at_once() -> None:
    assert share([], where, jobs=2) == []


def test_a_bug_elsewhere_is_named_by_its_place_and_kind_only() -> None:
    def fail(piece: int) -> int:
        if piece == 1:
            raise KeyError("what a file says")
        return piece

    with pytest.raises(SharedWorkError, match=r"^test_sharing\.py:\d+: KeyError$"):
        share([0, 1], fail, jobs=2)


def test_a_process_that_ends_early_is_missed() -> None:
    def end(piece: int) -> int:
        if piece == 1:
            os._exit(3)
        return piece

    with pytest.raises(SharedWorkError, match="ended before its work was done"):
        share([0, 1], end, jobs=2)
