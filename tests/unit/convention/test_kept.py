"""One bounded memory for all that is kept."""

from __future__ import annotations

from injector.convention.kept import Kept

ONE, OTHER = ["a source"], ["a source"]


def test_what_was_made_of_the_same_objects_is_found() -> None:
    kept: Kept[str] = Kept(2)
    kept.keep("key", (ONE,), "value")

    assert kept.find("key", (ONE,)) == "value"


def test_what_was_made_of_others_is_not_found_though_they_are_equal() -> None:
    kept: Kept[str] = Kept(2)
    kept.keep("key", (ONE,), "value")

    assert [kept.find("key", sources) for sources in ((OTHER,), (), (ONE, ONE))] == [None, None, None]


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept: Kept[str] = Kept(2)
    kept.keep("a", (), "1")
    kept.keep("b", (), "2")
    kept.find("a", ())

    kept.keep("c", (), "3")

    assert [kept.find(key, ()) for key in "abc"] == ["1", None, "3"]


def test_what_is_large_makes_room_for_itself() -> None:
    kept: Kept[str] = Kept(9, most_bytes=10)
    kept.keep("a", (), "1", size_bytes=4)
    kept.keep("b", (), "2", size_bytes=4)

    kept.keep("c", (), "3", size_bytes=4)

    assert [kept.find(key, ()) for key in "abc"] == [None, "2", "3"]


def test_what_is_larger_than_all_the_room_is_not_kept() -> None:
    kept: Kept[str] = Kept(9, most_bytes=10)

    kept.keep("a", (), "1", size_bytes=11)

    assert len(kept) == 0


def test_what_is_kept_anew_takes_the_place_of_the_old() -> None:
    kept: Kept[str] = Kept(9, most_bytes=10)
    for number in range(9):
        kept.keep("a", (), str(number), size_bytes=9)

    assert (kept.find("a", ()), len(kept)) == ("8", 1)
