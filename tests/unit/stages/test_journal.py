"""The journal: what it holds, what it leaves to history, and when it cannot be gone by."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.errors import EditError
from injector.stages.journal import (
    changed_paths,
    find_lost,
    has_written,
    no_past,
    read_order,
    take_back,
    write_journal,
)

Files = Mapping[str, "bytes | None"]
PATH = ".phase2/journal/shop.db.inject.journal"
OLD: Files = {
    "a b.yaml": b"a: 1\nb: 2\n# password: hunter2\nc: 3\n",
    "gone.yaml": b"x: 1\ny: 2",
    "came.yaml": None,
}
NEW: Files = {"a b.yaml": b"a: 1\nb: 5\nc: 3\n", "gone.yaml": None, "came.yaml": b"z: 1\n"}


def journal_of(old: Files, new: Files) -> bytes:
    return write_journal("shop/db inject", 7, {path: (old[path], new[path]) for path in old})


def past(path: str) -> list[bytes]:
    return [b"newer\n", OLD[path] or b""]


def test_a_stage_is_taken_back_to_the_very_bytes() -> None:
    assert take_back(journal_of(OLD, NEW), PATH, NEW, past) == OLD


def test_a_line_that_may_be_a_secret_is_not_in_it() -> None:
    journal = journal_of(OLD, NEW)

    assert b"hunter2" not in journal
    assert b"-x: 1\n" in journal, "what only names things is"


def test_it_knows_its_files_and_its_number() -> None:
    journal = journal_of(OLD, NEW)

    assert changed_paths(journal, PATH) == ["a b.yaml", "came.yaml", "gone.yaml"]
    assert read_order(journal) == 7
    assert read_order(b"") == 0


def test_it_says_whether_the_stage_wrote_the_pods() -> None:
    assert has_written(write_journal("x", 1, {}, is_written=True))
    assert not has_written(write_journal("x", 1, {"a": (None, b"# pods: written\n")}))
    assert not has_written(None)


def test_what_neither_it_nor_history_has_is_known_before() -> None:
    assert find_lost(journal_of(OLD, NEW), PATH, NEW, no_past) == ["a b.yaml"]
    assert find_lost(journal_of(OLD, NEW), PATH, NEW, past) == []


def test_a_last_line_that_only_lost_its_end_still_stands_there() -> None:
    old: Files = {"a.yaml": b"token: aX9!kQ2vv\nb: 2\n"}
    new: Files = {"a.yaml": b"token: aX9!kQ2vv"}
    journal = journal_of(old, new)

    assert b"aX9" not in journal
    assert take_back(journal, PATH, new) == old


@pytest.mark.parametrize(
    ("current", "why"),
    [
        (
            {**NEW, "a b.yaml": b"a: 1\nb: 6\nc: 3\n"},
            "a b.yaml:2: has been edited since, at the lines that the stage changed",
        ),
        ({**NEW, "a b.yaml": None}, "a b.yaml:1: does not exist any more"),
        ({**NEW, "gone.yaml": b""}, "gone.yaml:1: stands there again"),
        ({**NEW, "came.yaml": b"z: 2\n"}, "came.yaml:1: has been edited since"),
        ({**NEW, "came.yaml": None}, "came.yaml:1: does not exist any more"),
    ],
)
def test_a_place_that_has_changed_since_is_named(current: Files, why: str) -> None:
    with pytest.raises(EditError) as caught:
        take_back(journal_of(OLD, NEW), PATH, current, past)

    assert str(caught.value).startswith(f"{why}; take the stage back with git")


def test_without_history_a_hidden_line_is_missed() -> None:
    with pytest.raises(EditError, match=r"a b.yaml:1: had a line that may be a secret"):
        take_back(journal_of(OLD, NEW), PATH, NEW)


def test_other_edits_of_the_file_stay() -> None:
    edited = {**NEW, "a b.yaml": b"# mine\na: 1\nb: 5\nc: 3\nd: 4\n"}

    assert take_back(journal_of(OLD, NEW), PATH, edited, past)["a b.yaml"] == (
        b"# mine\na: 1\nb: 2\n# password: hunter2\nc: 3\nd: 4\n"
    )


@pytest.mark.parametrize(
    "text", [b"nonsense\n", b'edited "a"\n=1\n', b'edited "a"\n@@ 1 @@\n?\n', b'edited "a"\n@@ 1 @@\n\\\n']
)
def test_what_is_no_journal_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(EditError, match="is no journal of phase2 any more"):
        changed_paths(text, PATH)


LINES = st.lists(
    st.sampled_from((b"a: 1", b"b: 2", b"c: 3\r", b"", b"# x", b"\xff", b"- p", b"key: s3cr!t")), max_size=9
)


@given(LINES, LINES, st.booleans(), st.booleans())
def test_any_change_goes_back(one: list[bytes], other: list[bytes], old_ends: bool, new_ends: bool) -> None:  # noqa: FBT001
    old = {"f.yaml": b"\n".join(one) + (b"\n" if old_ends else b"")}
    new = {"f.yaml": b"\n".join(other) + (b"\n" if new_ends else b"")}

    back = take_back(journal_of(old, new), PATH, new, lambda path: [old[path]])

    assert back == old
