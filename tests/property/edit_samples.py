"""Documents to edit: the repository's own, hand-made nasty ones, and drawn ones; and what an edit must leave alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Final

import yaml
from hypothesis import strategies as st

from injector.edit.values import Data, Path, is_list
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError

ROOT: Final = FilePath(__file__).parents[2]
NASTY: Final = (
    "a: 1\nb: two # end\n# foot\n",
    "# head\na:\n  # of b\n  b: 'x' # end\n\n  # foot\nc: [1, two, \"three\"]\n",
    "a:\n- x\n-\n- k: v # c\n  l: |+\n    text\n\n\n- - p\n  - q\nb: >-\n    folded\n    text\n\n    more\n\n# z\nc:\n",
    "- name: a\n  value: 1\n# about b\n- name: b\n  # deep\n  value: {x: 1, y: [a, b], }\n-   wide: gap\n    next: 1\n",
    "a: plain text\n  over lines\nb: 'quoted\n  too'\nc: \"one \\\n  two\"\nd:\n  next line # c\ne: !!str 5\nf: &x 6\ng: &y\n  h: 1\n",
    "? a\n: b\n? c\n: - d\n  - e\nf: g\n",
    '{\n  "a": 1,\n  "b": {"c": [], "d": {}},\n  "e": [\n    "f",\n    {"g": null}\n  ]\n}\n',
    '{"a":1,"b":{"c":"d"},"e":[1,2]}',
    "x: {a: 1, b: , c, 'd': [k: v, w]}\ny: [\n  one, # first\n  two # second\n]\nz: [\n  three,\n]\nw: { }\n",
    "base: &b\n  k: 1\n  l: {m: n}\nuse:\n  <<: *b\n  k: 2\nlist: &i [1, 2]\nagain: *i\nscalar: &s text\nmore: *s\nfree: 1\n",
    "data:\n  conf.ini: |\n    [a]\n    b = c\t# tab\n\n    d = é😀\n  script: |-\n    #!/bin/sh\n    # no comment\n    exit 0\n  tmpl: '{{ .x }}'\n",
    "---\nmetadata:\n    labels: {}\n    annotations:\nspec:\n    list:\n      - a\n      # between\n\n      - b\n...\n",
    "key with space: 1\n\"quoted\": yes\n'0x1f': on\n1: one\ntrue: t\n~: n\n{{ tmpl }}: x\n",
    "a:   aligned # c\nbb:  too     # c\n\n\n\nc: x",
    "a:\n  - b:\n      - c:\n          - d: 1\n            e:\n            - f\n",
)
"""What real files have and few libraries keep."""


def iter_texts() -> Iterator[str]:
    """Yield every YAML file of the examples, of the test data, and below ``PHASE2_CORPUS`` when it is set."""
    folders = [ROOT / "examples", ROOT / "tests" / "data"]
    if os.environ.get("PHASE2_CORPUS"):
        folders.append(FilePath(os.environ["PHASE2_CORPUS"]))
    for folder in folders:
        for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
            yield path.read_bytes().decode()


@cache
def corpus() -> tuple[tuple[str, int], ...]:
    """Return (text, document) of everything that can be edited; a file with a broken document is no sample."""
    found: list[tuple[str, int]] = []
    for text in (*NASTY, *iter_texts()):
        file = YamlFile.read(text.encode(), "x.yaml")
        count = len(file.source.spans())
        if all(_is_readable(file, index) or _is_empty(file, index) for index in range(count)):
            found += [(text, index) for index in range(count) if _is_readable(file, index)]
    return tuple(found)


def _is_readable(file: YamlFile, index: int) -> bool:
    try:
        return isinstance(file.value(index), (Mapping, list))
    except Exception:  # noqa: BLE001 - test data has files that are broken on purpose
        return False


def _is_empty(file: YamlFile, index: int) -> bool:
    try:
        return file.value(index) is None
    except EditError:
        return False


def iter_paths(value: Data, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every node below a value."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, key)
            yield from iter_paths(item, (*path, key))
    elif is_list(value):
        for index, item in enumerate(value):
            yield (*path, index)
            yield from iter_paths(item, (*path, index))


TRICKY: Final = (
    "", " ", "yes", "No", "on", "null", "~", "1", "1e3", "0x1f", "0o17", "1_000", "12:30", "2026-11-24", "-", "- a", "? b", ": c",
    "a: b", "a #b", "#c", "{{ .x }}", "[a", "*x", "&y", "!z", "|", ">", "%d", "@e", "`f", "'", '"', "it's", 'say "x"', "a\\b", "=", "<<",
    ".inf", ".nan", "+.5", "ünï😀", "tab\tin", " lead", "trail ", "a\nb", "a\nb\n", "a\n\n\n", "\n", "\n\na", "  a\n b\n", "\ta\nb", "a\n \nb\n",
    "a \nb", "---", "...", "--- a\n...\n", "# a\nb", "\x07bell", "nel\x85x", "ls\u2028x", "\ufeffbom", "y", "N", "a,b", "a]b}", "x" * 300, "w " * 100 + "x",
)  # fmt: skip
texts = st.one_of(st.sampled_from(TRICKY), st.text(st.characters(codec="utf-8"), max_size=20))
keys = st.one_of(
    st.sampled_from([key for key in TRICKY if key != "<<"]), st.text(st.characters(codec="utf-8"), max_size=8)
)
scalars = st.one_of(
    texts,
    texts,
    st.booleans(),
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
values: st.SearchStrategy[Data] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def drawn_documents(draw: st.DrawFn) -> str:
    """Draw a document: any data, in PyYAML's hand with any of its options, with comments strewn in."""
    value = draw(st.dictionaries(keys, values, min_size=1, max_size=4))
    text: str = yaml.safe_dump(
        value,
        default_flow_style=draw(st.sampled_from([False, None, True])),
        default_style=draw(st.sampled_from([None, None, "'", '"', "|", ">"])),
        indent=draw(st.integers(2, 6)),
        width=draw(st.sampled_from([10, 80, 1000])),
        allow_unicode=draw(st.booleans()),
        explicit_start=draw(st.booleans()),
        explicit_end=draw(st.booleans()),
        sort_keys=False,
    )
    starts = sorted(_starts(text))
    chosen = draw(st.lists(st.sampled_from(starts), max_size=3, unique=True)) if starts else []
    for start in sorted(chosen, reverse=True):
        comment = " " * draw(st.integers(0, 6)) + "# note\n" + draw(st.sampled_from(["", "\n"]))
        text = text[:start] + comment + text[start:]
    return text


def _starts(text: str) -> set[int]:
    """Return where lines start that hold a key or an item, so that a comment may stand above."""
    found = set()
    for token in yaml.scan(text, yaml.CSafeLoader):
        start = token.start_mark.index
        line = text.rfind("\n", 0, start) + 1
        if isinstance(token, (yaml.KeyToken, yaml.BlockEntryToken)) and not text[line:start].strip(" "):
            found.add(line)
    return found


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, int]:
    """Draw a file's bytes and the document to edit: any line ending, with and without BOM and final line break."""
    text, document = draw(st.one_of(st.sampled_from(corpus()), drawn_documents().map(lambda text: (text, 0))))
    if draw(st.booleans()) and "|" not in text.rsplit("\n---", 1)[-1] and ">" not in text.rsplit("\n---", 1)[-1]:
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    bom = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return bom + text.encode(), document


def changed_lines(old: bytes, new: bytes) -> tuple[list[bytes], list[bytes], int]:
    """Return the lines between the common first and last lines of two texts, and how many the first are."""
    left, right = old.split(b"\n"), new.split(b"\n")
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < min(len(left), len(right)) - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    return left[head : len(left) - tail], right[head : len(right) - tail], head
