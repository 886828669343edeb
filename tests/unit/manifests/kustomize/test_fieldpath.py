"""Paths of replacements."""

from __future__ import annotations

import pytest

from injector.location import Location
from injector.manifests.kustomize.fieldpath import find_places, split_field_path
from injector.manifests.yamldoc import Value
from tests.unit.manifests.kustomize.trees import yaml_map

CREATED = Location("k.yaml", 3)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.b", ["a", "b"]),
        (r"a.b\.c.d", ["a", "b.c", "d"]),
        ("a.[b.c/d].e", ["a", "b.c/d", "e"]),
        ("a.[name=x.y].e", ["a", "[name=x.y]", "e"]),
        ("", []),
    ],
)
def test_a_path_is_cut_at_its_dots(path: str, parts: list[str]) -> None:
    assert split_field_path(path) == parts


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ("{a: {b: 1, c: 2}}", "a.*", [1, 2]),
        ("{a: [{n: x, v: 1}, {n: y, v: 2}]}", "a.*.v", [1, 2]),
        ("{a: [{n: x, v: 1}, {n: y, v: 2}]}", "a.[n=y].v", [2]),
        ("{a: [x, y]}", "a.[=y]", ["y"]),
        ("{a: [x, y]}", "a.1", ["y"]),
        ("{a: [x, y]}", "a.2", []),
        ("{a: [x, y]}", "a.word", []),
        ("{a: 1}", "a.b", []),
        ("{a: null}", "a", [None]),
        ("{}", "a.b", []),
    ],
)
def test_a_path_leads_to_every_match(body: str, path: str, expected: list[Value]) -> None:
    places = find_places(yaml_map(body), split_field_path(path))

    assert [holder[key] for holder, key in places] == expected  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", "{a: {b: new}}"),
        ("a.[n=x].v", "{a: [{n: x, v: new}]}"),
        ("a.[n=x]", "{a: [new]}"),
    ],
)
def test_missing_fields_are_made_when_asked(path: str, expected: str) -> None:
    body = yaml_map("{}")

    for holder, key in find_places(body, split_field_path(path), CREATED):
        holder[key] = "new"  # type: ignore[index]

    assert body == yaml_map(expected)
    assert body.at("a") == CREATED
