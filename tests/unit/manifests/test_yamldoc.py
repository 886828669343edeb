"""Reading YAML: lines, and what is no YAML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.location import Location
from injector.manifests.yamldoc import (
    MAX_NESTING,
    Chunk,
    Map,
    Parsed,
    Value,
    YamlError,
    _has_long_line,
    clone,
    iter_documents,
    parse_chunk,
)
from injector.manifests.yamlstream import iter_markers
from injector.manifests.yamlvalues import resolve_scalar


def values(data: bytes) -> list[Value | str]:
    found: list[Value | str] = []
    for _, parsed in iter_documents(data, "x.yaml"):
        found.append(parsed.value if isinstance(parsed, Parsed) else f"{parsed.code}:{parsed.line}")
    return found


def test_every_key_knows_its_line_across_documents() -> None:
    [_, second] = values(b"a: 1\n---\n# note\nb:\n  c: 2\n")

    assert isinstance(second, Map)
    assert second.at("b") == Location("x.yaml", 4)
    assert isinstance(second["b"], Map)
    assert second["b"].at("c") == Location("x.yaml", 5)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfa: 1\n", [{"a": 1}]),
        ("a: é\n".encode("utf-16"), [{"a": "é"}]),
        (b"a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        (b"a: &x 1\nb: &x 2\nc: *x\n", [{"a": 1, "b": 2, "c": 2}]),
        (b"a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n", [{"a": {"x": 1}, "b": {"y": 2, "x": 1}}]),
        (b"a: !reference [x]\nb: !env_var FOO\n", [{"a": ["x"], "b": "FOO"}]),
        (b"a: yes\nb: 0777\nc: '1'\nd: 1.5\ne:\n", [{"a": "yes", "b": 511, "c": "1", "d": 1.5, "e": None}]),
        (b"---\n---\na: 1\n", [None, {"a": 1}]),
        (b"", []),
    ],
    ids=["bom", "utf16", "crlf", "anchor-twice", "merge-key", "unknown-tags", "scalars", "empty-document", "empty"],
)
def test_unusual_yaml_is_read_as_kubernetes_reads_it(data: bytes, expected: list[Value]) -> None:
    assert values(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a:\n\tb: 1\n", ["yaml-syntax:2"]),
        (b"x: 1\na: \xff\xfe\n", ["yaml-encoding:2"]),
        (b"a: *x\n", ["yaml-syntax:1"]),
        (b"a: 1\n---\nb: [\n---\nc: 3\n", [{"a": 1}, "yaml-syntax:4", {"c": 3}]),
        (b"[" * 200_000, ["yaml-nesting:1"]),
        (b"- " * 100_000, ["yaml-nesting:1"]),
        (b"- " * 900, ["yaml-nesting:1"]),
        (b"&a [*a]\n", ["yaml-alias-bomb:1"]),
    ],
    ids=["tab", "not-utf8", "unknown-alias", "one-broken-document", "brackets", "dashes", "deep", "self-reference"],
)
def test_what_is_no_yaml_is_named_with_its_line_and_the_rest_goes_on(data: bytes, expected: list[Value | str]) -> None:
    assert values(data) == expected


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    lines = [b"a0: &a0 [" + b"1," * 9 + b"1]"]
    lines += [b"a%d: &a%d [" % (n, n) + (b"*a%d," % (n - 1)) * 9 + b"*a%d]" % (n - 1) for n in range(1, 9)]

    [found] = values(b"\n".join(lines))

    assert isinstance(found, str)
    assert found.startswith("yaml-alias-bomb")


def test_a_key_that_stands_twice_is_reported_and_the_last_one_counts() -> None:
    [(_, parsed)] = iter_documents(b"a: 1\na: 2\n", "x.yaml")

    assert isinstance(parsed, Parsed)
    assert parsed.value == {"a": 2}
    assert parsed.duplicates == ((2, "a"),)


def test_an_error_never_quotes_the_file() -> None:
    [(_, parsed)] = iter_documents(b"password: c4n4ry-value\n\tx", "x.yaml")

    assert isinstance(parsed, YamlError)
    assert "c4n4ry" not in str(parsed)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    for _, parsed in iter_documents(data, "x.yaml"):
        assert isinstance(parsed, (Parsed, YamlError))


def test_the_deepest_document_that_is_read_can_be_copied() -> None:
    [deepest] = values(b"{a: " * MAX_NESTING + b"1" + b"}" * MAX_NESTING)

    assert clone(deepest) == deepest


@pytest.mark.parametrize(
    ("written", "expected"),
    [("1e3", "1e3"), ("12e4567", "12e4567"), ("0o17", "0o17"), ("1.5e+3", 1500.0), ("!!str 5", "5")],
)
def test_what_is_no_number_to_yaml_1_1_stays_text(written: str, expected: Value) -> None:
    """A short commit such as ``12e4567`` would else be infinity."""
    assert values(f"a: {written}\n".encode()) == [{"a": expected}]


@given(st.text(alphabet="-- \n\r\ta.", max_size=30))
def test_a_stream_is_cut_where_a_line_starts_with_a_marker(written: str) -> None:
    expected = [match.start() for match in re.finditer(r"^---(?=[ \t\r\n]|\Z)", written, re.MULTILINE)]

    assert list(iter_markers(written.encode(), b"---")) == expected


@given(st.text(alphabet="ab\n", max_size=40), st.integers(1, 8))
def test_a_long_line_is_found_wherever_it_stands(written: str, limit: int) -> None:
    expected = any(len(line) >= limit for line in written.split("\n"))

    assert _has_long_line(written.encode(), limit) == expected


def test_of_some_kinds_only_the_head_is_kept_but_all_is_checked() -> None:
    heads = frozenset({"Role"})
    head, _, broken = b"kind: Role\nmetadata: {name: a}\nrules: [1]\n---\nkind: Role\nrules: [\n".partition(b"---\n")

    parsed = parse_chunk(Chunk(0, 1, head), "x.yaml", heads)

    assert (parsed.value, parsed.is_head) == ({"kind": "Role", "metadata": {"name": "a"}}, True)
    with pytest.raises(YamlError):
        parse_chunk(Chunk(0, 1, broken), "x.yaml", heads)


def test_a_head_is_not_enough_where_variables_stand() -> None:
    parsed = parse_chunk(Chunk(0, 1, b"kind: Role\nrules: ['${VERBS}']\n"), "x.yaml", frozenset({"Role"}))

    assert (parsed.value, parsed.is_head) == ({"kind": "Role", "rules": ["${VERBS}"]}, False)


@pytest.mark.parametrize(("text", "value"), [("017", 15), ("08", 8.0), ("-09", -9.0), ("0o17", 15), ("0x1F", 31)])
def test_a_number_with_a_zero_before_it_is_read_as_go_reads_it(text: str, value: float) -> None:
    assert resolve_scalar(text) == value
