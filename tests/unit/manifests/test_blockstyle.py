"""The shortcut for plain documents reads them as libyaml does, or leaves them alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from injector.manifests.blockstyle import read_block
from injector.manifests.yamldoc import Chunk, Map, Parsed, Seq, Value, YamlError, _Builder, compose_chunk

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("*.yaml"))
KEYS = ("a", "key", "'q'", "a.b/c", "null", "<<", "a b")
VALUES = (
    "", "1", "text", "a b", "a: b", "a #c", "# c", '"x"', '"x" # c', '"a\\n"', '"a\\x41"', "'it''s'", "'x", "|", "|-", ">",
    ">-", "|+", "&a v", "&a", "*a", "&a *a", "*b", "[]", "{}", "[a, b]", "[a, 'b c', \"d\"]", "{a: b}", "{a: [b, {c: d}]}",
    "[a, ]", "{a}", "- x", "---", "...", "!t v", "%x", "`x", "yes", "1e3", "0777", "~", "a:", "http://x:80/y", "a  # c",
    "{{ x }}", "é", "-", "'a' b", '""', "[a: b]", "[-]", "x:y: z", "{a: b, a: c}", "[a",
)  # fmt: skip


def by_libyaml(data: bytes) -> Parsed | YamlError:
    try:
        node = compose_chunk(Chunk(0, 1, data))
        builder = _Builder("x.yaml", 1)
        return Parsed(builder.build(node), tuple(builder.duplicates)) if node is not None else Parsed(None)
    except YamlError as err:
        return err


def spelled(value: Value) -> object:
    """Return a value with the lines of everything in it, and with its types."""
    if isinstance(value, Map):
        return value.line, [(key, value.lines[key], spelled(item)) for key, item in value.items()]
    if isinstance(value, Seq):
        return value.line, value.lines, [spelled(item) for item in value]
    return type(value), value


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Return one line of a document, more often than not at a place where it may stand."""
    indent = " " * draw(st.sampled_from([0, 0, 1, 2, 2, 4]))
    dash = draw(st.sampled_from(["", "", "", "- ", "-   "]))
    key = draw(st.sampled_from(["", *(f"{one}: " for one in KEYS)]))
    return indent + dash + key + draw(st.sampled_from(VALUES))


@given(st.lists(lines(), min_size=1, max_size=7).map("\n".join), st.sampled_from(["", "\n", "\n\n"]))
@settings(max_examples=400)
@example("a: &a\n- x\nb: *a", "\n")
@example("a: &x {b: 1}\nc: *x\nd: *x", "\n")
@example("a: |\n  x\n # c\n", "")
def test_a_document_is_read_as_libyaml_reads_it_or_left_to_it(written: str, end: str) -> None:
    data = (written + end).encode()

    found = read_block(data, "x.yaml", 1)

    if found is not None:
        expected = by_libyaml(data)
        assert isinstance(expected, Parsed)
        assert (spelled(found[0]), found[1]) == (spelled(expected.value), expected.duplicates)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_real_manifests_are_read_as_libyaml_reads_them(path: Path) -> None:
    data = path.read_bytes()

    found = read_block(data, "x.yaml", 1)

    if found is not None:
        expected = by_libyaml(data)
        assert isinstance(expected, Parsed)
        assert (spelled(found[0]), found[1]) == (spelled(expected.value), expected.duplicates)


def test_nearly_every_real_manifest_needs_no_libyaml() -> None:
    left = [path for path in EXAMPLES if b"\n---" not in path.read_bytes()[1:]]

    taken = [path for path in left if read_block(path.read_bytes(), "x.yaml", 1) is not None]

    assert len(taken) >= 0.95 * len(left) > 0


@given(st.text(alphabet="ab: -#&*|>[]{},\"'\n ", max_size=60))
@settings(max_examples=300)
def test_arbitrary_text_is_read_as_libyaml_reads_it_or_left_to_it(written: str) -> None:
    found = read_block(written.encode(), "x.yaml", 1)

    if found is not None:
        expected = by_libyaml(written.encode())
        assert isinstance(expected, Parsed)
        assert spelled(found[0]) == spelled(expected.value)


@pytest.mark.parametrize(
    "data", [b"a:\tb\n", b"a: b\r\n", b"a: \xff\n", b"%YAML 1.2\n", b"--- a\n", b"", b"a: b\x85c: d\n"]
)
def test_what_is_out_of_the_ordinary_is_left_to_libyaml(data: bytes) -> None:
    assert read_block(data, "x.yaml", 1) is None


def test_copies_of_copies_are_left_to_libyaml() -> None:
    """Nine doublings make five hundred times the size: a bomb begins so."""
    bomb = "a0: &a0\n  x: 1\n" + "".join(f"a{n}: &a{n}\n  l: *a{n - 1}\n  r: *a{n - 1}\n" for n in range(1, 9))

    assert read_block(bomb.encode(), "x.yaml", 1) is None
