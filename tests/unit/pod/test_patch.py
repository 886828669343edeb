"""The JSON Patch, applied by somebody else's reader."""

from __future__ import annotations

from typing import Any, cast

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.pod.model import Json
from injector.pod.patch import make_patch

# Booleans and numbers apart: Python holds 1 and True for equal, and so does the library.
scalars = st.none() | st.integers(2, 9) | st.text("ab/~", max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=3), inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(st.text("ab/~", max_size=3), values, max_size=4)


def apply(old: dict[str, Any], operations: list[dict[str, Json]]) -> object:
    return jsonpatch.apply_patch(old, operations)


@given(objects, objects)
def test_patch_makes_the_new_object_of_the_old_one(old: dict[str, Json], new: dict[str, Json]) -> None:
    assert apply(old, make_patch(old, new)) == new


@given(objects)
def test_equal_objects_need_no_patch(old: dict[str, Json]) -> None:
    assert make_patch(old, dict(old)) == []


def test_mappings_are_gone_into_and_lists_replaced_as_a_whole() -> None:
    old: dict[str, Json] = {"spec": {"a": 1, "b": [1, 2]}}
    new: dict[str, Json] = {"spec": {"a": 1, "b": [1, 3]}}

    assert make_patch(old, new) == [{"op": "replace", "path": "/spec/b", "value": [1, 3]}]


def test_names_with_slash_and_tilde_are_escaped() -> None:
    assert make_patch({}, {"a/b~c": 1}) == [{"op": "add", "path": "/a~1b~0c", "value": 1}]


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (1, 1.0)])
def test_values_that_only_python_holds_equal_are_told_apart(before: Json, after: Json) -> None:
    [operation] = make_patch({"a": before}, {"a": after})

    assert cast("Any", operation["value"]) is after
