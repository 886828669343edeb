"""A kustomization's lists when files come and go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from injector.edit.kustomization import add_patch, add_path, lists_path, make_kustomization, remove_path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def read(text: str) -> YamlFile:
    return YamlFile.read(text.encode(), "kustomization.yaml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resources:\n  - a.yaml\n  - c.yaml\n", "resources:\n  - a.yaml\n  - b.yaml\n  - c.yaml\n"),
        ("resources:\n- c.yaml # c\n# of a\n- a.yaml\n", "resources:\n- c.yaml # c\n# of a\n- a.yaml\n- b.yaml\n"),
        ("resources:\n- c.yaml\n", "resources:\n- c.yaml\n- b.yaml\n"),
        ("resources:\n# of c\n- c.yaml\n- d.yaml\n", "resources:\n- b.yaml\n# of c\n- c.yaml\n- d.yaml\n"),
        ("resources:\n- a.yaml\n- ./b.yaml\n", "resources:\n- a.yaml\n- ./b.yaml\n"),
        ('resources:\n- "a.yaml"\n- "c.yaml"\n', 'resources:\n- "a.yaml"\n- "b.yaml"\n- "c.yaml"\n'),
        ("resources: [a.yaml, c.yaml]\n", "resources: [a.yaml, b.yaml, c.yaml]\n"),
        ("resources: []\n", "resources:\n  - b.yaml\n"),
        ("resources:\nnamespace: x\n", "resources:\n  - b.yaml\nnamespace: x\n"),
        (HEAD, HEAD + "resources:\n  - b.yaml\n"),
        (
            HEAD + "namespace: x\nimages:\n- name: a\n",
            HEAD + "namespace: x\nresources:\n- b.yaml\nimages:\n- name: a\n",
        ),
        ("resources:\r\n- a.yaml", "resources:\r\n- a.yaml\r\n- b.yaml"),
    ],
)
def test_resource_is_listed_once_where_the_order_wants_it(before: str, after: str) -> None:
    made = add_path(read(before), "b.yaml")

    assert made.data.decode() == after
    assert add_path(made, "b.yaml").data == made.data
    assert lists_path(made, "./b.yaml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resources:\n  - a.yaml # a\n  # of b\n  - b.yaml # b\n  # foot\n", "resources:\n  - a.yaml # a\n  # foot\n"),
        ("resources: [a.yaml, ./b.yaml]\n", "resources: [a.yaml]\n"),
        ("namespace: x\nresources:\n- b.yaml\nimages: []\n", "namespace: x\nimages: []\n"),
        (HEAD + "resources:\n- b.yaml\n", HEAD + "resources: []\n"),
        ("namespace: x\nresources: # of all\n- b.yaml\n", "namespace: x\nresources: [] # of all\n"),
        ("resources:\n- a.yaml\npatches:\n- path: b.yaml\n  target:\n    kind: X\n", "resources:\n- a.yaml\n"),
        (
            "resources:\n- a.yaml\npatches:\n- patch: x\n- path: b.yaml\n",
            "resources:\n- a.yaml\npatches:\n- patch: x\n",
        ),
        ("components:\n- b.yaml\n- c\nresources:\n- b.yaml\n- b.yaml\n", "components:\n- c\n"),
        ("resources:\n- a.yaml\n", "resources:\n- a.yaml\n"),
        (HEAD, HEAD),
    ],
)
def test_file_that_goes_is_named_nowhere_any_more(before: str, after: str) -> None:
    made = remove_path(read(before), "b.yaml")

    assert made.data.decode() == after
    assert not lists_path(made, "b.yaml")


@pytest.mark.parametrize(
    "text",
    [HEAD + "namespace: x\n", HEAD + "resources:\n- a.yaml\n", HEAD + "resources:\n  - a\n  - c # c\n\npatches: []"],
)
def test_file_that_came_and_goes_leaves_the_same_bytes(text: str) -> None:
    assert remove_path(add_path(read(text), "b"), "b").data.decode() == text


def test_patch_comes_last_and_once() -> None:
    file = read("resources:\n- a.yaml\npatches:\n- path: p.yaml\n")

    made = add_patch(file, "q.yaml", target={"kind": "Deployment", "name": "web"})

    assert made.data.decode() == (
        "resources:\n- a.yaml\npatches:\n- path: p.yaml\n- path: q.yaml\n  target:\n    kind: Deployment\n    name: web\n"
    )
    assert add_patch(made, "./q.yaml", target={"kind": "Deployment", "name": "web"}).data == made.data
    assert add_patch(made, "p.yaml").data == made.data


def test_first_patch_stands_below_the_resources() -> None:
    made = add_patch(read(HEAD + "resources:\n- a.yaml\nimages: []\n"), "p.yaml")

    assert made.data.decode() == HEAD + "resources:\n- a.yaml\npatches:\n- path: p.yaml\nimages: []\n"


def test_new_kustomization_lists_its_resources() -> None:
    assert make_kustomization("kustomization.yaml", ["a.yaml", "b"]).data.decode() == (
        HEAD + "resources:\n  - a.yaml\n  - b\n"
    )


@pytest.mark.parametrize("edit", [lambda file: add_path(file, "b.yaml"), lambda file: remove_path(file, "b.yaml")])
def test_kustomization_that_is_none_is_refused(edit: Callable[[YamlFile], YamlFile]) -> None:
    with pytest.raises(EditError, match=r"^kustomization\.yaml:2: "):
        edit(read("a: 1\n  b: 2\n"))


def test_resources_that_are_no_list_are_refused() -> None:
    with pytest.raises(EditError, match=r"^kustomization\.yaml:1: resources: is no list"):
        add_path(read("resources: {}\n"), "b.yaml")
