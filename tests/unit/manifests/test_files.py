"""Files of a tree: read once, their documents kept or handed over, and JSON that is no YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.manifests.files import KEPT_BYTES, Files, find_files
from injector.manifests.globs import matches
from injector.manifests.jsontext import parse_json
from injector.manifests.templated import find_template_line
from injector.manifests.yamldoc import Map
from tests.unit.inventory.trees import grow


def test_a_file_that_is_asked_for_twice_is_given_twice_and_whole(tmp_path: Path) -> None:
    files = Files(grow(tmp_path, {"a.yaml": "a: {b: 1}\n"}), ("a.yaml",))

    first, second = files.take("a.yaml"), files.take("a.yaml")
    assert isinstance(first[0].value, Map)
    first[0].value.put("a", "changed")

    assert second[0].value == {"a": {"b": 1}}
    assert files.load("a.yaml")[0].value == {"a": {"b": 1}}


def test_more_than_is_kept_is_parsed_again_and_says_the_same(tmp_path: Path) -> None:
    large = f"a: {'x' * (KEPT_BYTES // 2)}\n"
    files = Files(grow(tmp_path, {f"{number}.yaml": large for number in range(4)}), ())

    before = [files.load(f"{number}.yaml") for number in range(4)]
    after = [files.load(f"{number}.yaml") for number in range(4)]

    assert before == after
    assert sum(f"{number}.yaml" in files._documents for number in range(4)) < 4


def test_a_broken_file_that_is_read_again_is_noted_once(tmp_path: Path) -> None:
    files = Files(grow(tmp_path, {"a.yaml": "a: [\n---\nb: 1\nb: 2\n"}), ())

    files.parse("a.yaml")
    files.parse("a.yaml")

    assert [(one.code, one.location.line) for one in files.diagnostics["a.yaml"]] == [
        ("yaml-syntax", 2),
        ("yaml-duplicate-key", 4),
    ]


def test_a_file_that_does_not_say_its_size_is_read_to_its_end() -> None:
    """Files of ``/proc`` claim to be empty."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("there is no /proc here")

    assert b"Pid:" in (Files(Path("/proc/self")).read("status") or b"")


def test_only_names_of_manifests_are_found(tmp_path: Path) -> None:
    grow(tmp_path, dict.fromkeys(["a.yaml", "b.yml", "c.json", "Kustomization", "d.txt", "e.yaml.bak", "x/f.YAML"], ""))

    assert find_files(tmp_path) == ["Kustomization", "a.yaml", "b.yml", "c.json"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": [1, 2.5, true, null, "x", {}]}', {"a": [1, 2.5, True, None, "x", {}]}),
        (b"[]", []),
        (b"3", 3),
        (b"null", None),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_json_becomes_the_same_values_as_yaml(data: bytes, expected: object) -> None:
    assert parse_json(data, "a.json") == expected


def test_keys_of_json_stand_where_the_first_one_does() -> None:
    found = parse_json(b'\n\n{\n"a": {"b": [{"c": 1}]}}', "a.json")

    assert isinstance(found, Map)
    assert (found.at("a").line, found.line) == (4, 4)


@pytest.mark.parametrize("data", [b"{", b"", b"a: 1", b"\xff", b"[" * 100_000, b"[" * 1500 + b"]" * 1500])
def test_what_is_no_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text: nobody reads it
        parse_json(data, "a.json")


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [
        ("apps/*", "apps/a", True),
        ("apps/*", "apps/a/b", False),
        ("./apps/*", "apps/a", True),
        ("apps/**", "apps/a/b", True),
        ("**/config.json", "config.json", True),
        ("**/config.json", "a/b/config.json", True),
        ("apps/?", "apps/a", True),
        ("apps/?", "apps//", False),
        ("{a,b}/*", "b/x", True),
        ("{a,b}/*", "c/x", False),
        ("{a,{b,c}}", "c", True),
        ("a,b", "a,b", True),
        ("{a", "a", True),
        ("a}", "a}", True),
        ("{a,b}" * 20, "a" * 20, False),
        ("a.b", "axb", False),
        ("*" * 50 + "z", "a" * 60, False),
    ],
)
def test_patterns_of_generators(pattern: str, path: str, is_meant: bool) -> None:  # noqa: FBT001
    assert matches(pattern, path) is is_meant


def test_a_star_of_a_directory_source_passes_slashes() -> None:
    assert matches("*.yaml", "a/b.yaml", passes_slash=True)
    assert matches("a?b", "a/b", passes_slash=True)
    assert not matches("*.yaml", "a/b.yaml")


@pytest.mark.parametrize(
    ("text", "broken", "expected"),
    [
        ("a: {{ .x }}:{{ .y }}\n", 0, 0),
        ("# {{ x }}\n\nb\n", 2, None),
        ("a: |\n  {{ x }}\nb: [\n", 2, None),
        ("a: >-\n  {{- if x }}\n\n  b\nc: [\n", 4, None),
        ("a: 'x {{ y }}'\nb: [\n", 1, None),
        ('a: "{{ .x | default "y" }}"\n', 0, 0),
        ("{% if x %}\na: 1\nb: [\n", 2, 0),
        ("a:\n  {{ x }}\n\n# note\n  b: 1\n", 4, 1),
        ("a: <TOKEN>\nb: [\n", 1, 0),
        ("", 0, None),
        ("a: [\n", 7, None),
    ],
)  # fmt: skip
def test_a_template_shows_where_yaml_would_stand(text: str, broken: int, expected: int | None) -> None:
    assert find_template_line(text.encode(), broken) == expected
