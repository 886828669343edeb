"""One edit each: the text before, the edit, the text after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from injector.edit.values import Data, Item, Path
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError

Edit: TypeAlias = Callable[[YamlFile], YamlFile]


def to(*path: str | int | Item, value: Data, after: str = "") -> Edit:
    return lambda file: file.set(0, path, value, after=after)


def drop(*path: str | int | Item) -> Edit:
    return lambda file: file.delete(0, path)


def prune(*path: str | int | Item) -> Edit:
    return lambda file: file.delete(0, path, is_pruning=True)


def append(*path: str | int | Item, value: Data) -> Edit:
    return lambda file: file.append(0, path, value)


def insert(*path: str | int | Item, index: int, value: Data) -> Edit:
    return lambda file: file.insert(0, path, index, value)


def everywhere(edit: Edit) -> Edit:
    return lambda file: edit(file.for_all())


def lines(*rows: str) -> str:
    return "".join(row + "\n" for row in rows)


POD = lines(
    "spec:",
    "  template:",
    "    metadata:",
    "      labels: {app: web}",
    "    spec:",
    "      containers:",
    "      # the app",
    "      - name: app",
    "        image: web:1 # renovate",
    "      - name: sidecar",
    "        image: 'log:2'",
)
TEMPLATE = ("spec", "template")
CASES: dict[str, tuple[str, Edit, str]] = {
    "scalar keeps its comment and gap": ("a:   1   # c\n", to("a", value=2), "a:   2   # c\n"),
    "scalar keeps single quotes": ("a: 'x'\n", to("a", value="it's"), "a: 'it''s'\n"),
    "scalar keeps double quotes": ('a: "x"\n', to("a", value="y"), 'a: "y"\n'),
    "plain text stays plain": ("a: x\nb: 'y'\n", to("a", value="z"), "a: z\nb: 'y'\n"),
    "text that needs quotes takes those of the document": ("a: x\nb: '1'\n", to("a", value="yes"), "a: 'yes'\nb: '1'\n"),
    "template braces are quoted": ("a: x\n", to("a", value="{{ .b }}"), 'a: "{{ .b }}"\n'),
    "number becomes text": ("a: 5\n", to("a", value="5"), 'a: "5"\n'),
    "null becomes a value": ("a:\nb: 1\n", to("a", value="x"), "a: x\nb: 1\n"),
    "null with a comment becomes a mapping": ("a: # c\nb: 1\n", to("a", "k", value=1), "a: # c\n  k: 1\nb: 1\n"),
    "value on the line below stays there": ("a:\n  x # c\nb: 1\n", to("a", value="z"), "a:\n  z # c\nb: 1\n"),
    "literal text takes new lines": ("a: |\n  x\nb: 1\n", to("a", value="y\nz\n"), "a: |\n  y\n  z\nb: 1\n"),
    "literal header keeps its comment": ("a: | # c\n  x\nb: 1\n", to("a", value="y\nz"), "a: |- # c\n  y\n  z\nb: 1\n"),
    "folded text becomes literal": ("a: >-\n  x\n  y\n\nb: 1\n", to("a", value="p\nq\n"), "a: |\n  p\n  q\n\nb: 1\n"),
    "line breaks at the end are kept": ("a: x\nb: 1\n", to("a", value="p\nq\n\n"), "a: |+\n  p\n  q\n\nb: 1\n"),
    "line breaks at the end do not mix with a blank line": ("a: x\n\nb: 1\n", to("a", value="p\n\n"), 'a: "p\\n\\n"\n\nb: 1\n'),
    "literal text becomes short": ("a: |+\n  x\n\nb: 1\n", to("a", value="z"), "a: z\nb: 1\n"),
    "literal text with a leading space names its indentation": ("a: x\n", to("a", value=" y\nz\n"), "a: |2\n   y\n  z\n"),
    "text of several lines at an unended end is quoted": ("a: x", to("a", value="y\nz\n"), 'a: "y\\nz\\n"'),
    "characters that need escapes are quoted": ("a: x\n", to("a", value="y\n\x07"), 'a: "y\\n\\u0007"\n'),
    "mapping becomes scalar": ("a: # c\n  b: 1\n  # of b\nc: 2\n", to("a", value=3), "a: 3 # c\n  # of b\nc: 2\n"),
    "scalar becomes list": ("m:\n  - z\na: 1 # c\n", to("a", value=["x", "w"]), "m:\n  - z\na: # c\n  - x\n  - w\n"),
    "anchor without aliases stays": ("a: &x 1\n", to("a", value=2), "a: &x 2\n"),
    "tag goes": ("a: !!str 1\n", to("a", value=2), "a: 2\n"),
    "CRLF stays": ("a:\r\n  b: 1\r\nc: 2\r\n", to("a", "d", value=["x"]), "a:\r\n  b: 1\r\n  d:\r\n    - x\r\nc: 2\r\n"),
    "each line break is its neighbour's": ("a: 1\r\nb:\n  c: 2\n", to("b", "d", value=3), "a: 1\r\nb:\n  c: 2\n  d: 3\n"),
    "no final line break stays so": ("a:\n  b: 1", to("a", "c", value=2), "a:\n  b: 1\n  c: 2"),
    "tab before a comment stays": ("a: 1\t# c\n", to("b", value=2), "a: 1\t# c\nb: 2\n"),
    "new key stands above the comments at the end": (
        "a:\n  b: 1 # c\n\n  # later\nd: 2\n",
        to("a", "m", value="x"),
        "a:\n  b: 1 # c\n  m: x\n\n  # later\nd: 2\n",
    ),
    "new key stands below the one that was named": ("a: 1\nb: 2\n", to("c", value=3, after="a"), "a: 1\nc: 3\nb: 2\n"),
    "new text is quoted as its neighbours are": ('a: "x"\nb: "y"\n', to("c", value="z"), 'a: "x"\nb: "y"\nc: "z"\n'),
    "neighbours quoted out of need do not count": ("a: 'yes'\n", to("c", value="z"), "a: 'yes'\nc: z\n"),
    "new key is quoted as its neighbours are": ("'a': 1\n'b': 2\n", to("c", value=3), "'a': 1\n'b': 2\n'c': 3\n"),
    "key that another reader takes for a number is quoted": ("a: 1\n", to("0x1f", value=3), 'a: 1\n"0x1f": 3\n'),
    "annotation below a flow mapping": (
        POD,
        to(*TEMPLATE, "metadata", "annotations", "vault.hashicorp.com/role", value="web"),
        POD.replace("{app: web}\n", "{app: web}\n      annotations:\n        vault.hashicorp.com/role: web\n"),
    ),
    "label in a flow mapping": (
        POD,
        to(*TEMPLATE, "metadata", "labels", "phase2.tazlab.net/inject", value="true"),
        POD.replace("{app: web}", "{app: web, phase2.tazlab.net/inject: 'true'}"),
    ),
    "list in a list's item, dashes as the document has them": (
        POD,
        to(*TEMPLATE, "spec", "containers", Item("app"), "env", value=[{"name": "A", "value": "1"}]),
        POD.replace(
            "# renovate\n", "# renovate\n        env:\n        - name: A\n          value: '1'\n"
        ),
    ),
    "item goes with the comment above it": (
        POD,
        drop(*TEMPLATE, "spec", "containers", Item("app")),
        POD.replace("      # the app\n      - name: app\n        image: web:1 # renovate\n", ""),
    ),
    "first key of an item goes, the next moves up": (
        POD,
        drop(*TEMPLATE, "spec", "containers", Item("app"), "name"),
        POD.replace("- name: app\n        image", "- image"),
    ),
    "first key goes, a comment between stays": (
        "- a: 1 # c\n  # of b\n  b: 2\n",
        drop(0, "a"),
        "-\n  # of b\n  b: 2\n",
    ),
    "only key of an item goes": ("- a: 1 # c\n- b\n", drop(0, "a"), "- {}\n- b\n"),
    "key goes with its comments, the others stay": (
        "# head\n\na: 1\n# far\n\n# of b\n# more of b\nb: 2 # end\n# of c\nc: 3\n",
        drop("b"),
        "# head\n\na: 1\n# far\n\n# of c\nc: 3\n",
    ),
    "comment of another column stays": ("m:\n  a: 1\n# left\n  b: 2\n", drop("m", "b"), "m:\n  a: 1\n# left\n"),
    "line of a block text is no comment": ("a: |\n  x\n  # text\nb: 1\n", drop("b"), "a: |\n  x\n  # text\n"),
    "last key leaves an empty mapping": ("a: # c\n  # of b\n  b: 1\nd: 2\n", drop("a", "b"), "a: {} # c\nd: 2\n"),
    "last item leaves an empty list": ("a:\n- b\nd: 2\n", drop("a", 0), "a: []\nd: 2\n"),
    "last key with its empty parents": ("a: 1\nb:\n  c:\n    d: 1\n", prune("b", "c", "d"), "a: 1\n"),
    "pruning stops where something is left": ("b:\n  c:\n    d: 1\n  e: 2\n", prune("b", "c", "d"), "b:\n  e: 2\n"),
    "last key of the document": ("# c\n\na: 1\n", drop("a"), "# c\n\n{}\n"),
    "unended last line": ("a: 1\nb: 2", drop("b"), "a: 1"),
    "missing key": ("a: 1\n", drop("b", "c"), "a: 1\n"),
    "block text goes with its blank lines": ("a: |+\n  x\n\n\nb: 1\n", drop("a"), "b: 1\n"),
    "item in the middle": ("a:\n  - x\n  - z\n", insert("a", index=1, value="w"), "a:\n  - x\n  - w\n  - z\n"),
    "first item stands above the comment of the next": (
        "a:\n  # of x\n  - x\n",
        insert("a", index=0, value="w"),
        "a:\n  - w\n  # of x\n  - x\n",
    ),
    "first item of a list in a list": ("- - a\n  - b\n", insert(0, index=0, value="x"), "- - x\n  - a\n  - b\n"),
    "item into an empty list": ("a: [] # c\n", append("a", value="x"), "a: # c\n  - x\n"),
    "item into a missing list": ("a: 1\n", append("b", value="x"), "a: 1\nb:\n  - x\n"),
    "item that is there": ("a: [x, y]\n", append("a", value="x"), "a: [x, y]\n"),
    "wide gap behind dashes": ("-   a: 1\n    b: 2\n", append(value={"c": 3, "d": 4}), "-   a: 1\n    b: 2\n-   c: 3\n    d: 4\n"),
    "flow item": ("a: [x, y]\n", insert("a", index=0, value="{z}"), 'a: ["{z}", x, y]\n'),
    "flow item on lines": ("a: [\n  x, # c\n  y # d\n]\n", append("a", value="z"), "a: [\n  x, # c\n  y, # d\n  z\n]\n"),
    "flow item behind a last comma": ("a: [\n  x,\n]\n", append("a", value="z"), "a: [\n  x,\n  z,\n]\n"),
    "last flow item goes with the comma before": ("a: [\n  x, # c\n  y # d\n]\n", drop("a", 1), "a: [\n  x # c\n]\n"),
    "first flow item": ("a: [x, y]\n", drop("a", 0), "a: [y]\n"),
    "flow pair": ("a: {b: 1, c: 2, d: 3}\n", drop("a", "c"), "a: {b: 1, d: 3}\n"),
    "flow pair without a value": ("a: {b, c: 2}\n", to("a", "b", value=1), "a: {b: 1, c: 2}\n"),
    "JSON": ('{\n  "a": {\n    "b": 1\n  }\n}\n', to("a", "c", value=["x"]), '{\n  "a": {\n    "b": 1,\n    "c": ["x"]\n  }\n}\n'),
    "tight JSON": ('{"a":1}', to("a", value="é\u2028"), '{"a":"é\\u2028"}'),
    "empty document's mapping": ("{}\n", to("a", "b", value=1), "a:\n  b: 1\n"),
    "list of objects is changed only where it differs": (
        "a:\n- n: x # c\n  v: 1\n- n: y # d\n  v: 2\n",
        to("a", value=[{"n": "x", "v": 1}, {"n": "y", "v": 3}]),
        "a:\n- n: x # c\n  v: 1\n- n: y # d\n  v: 3\n",
    ),
    "list loses an item in the middle": ("a: # c\n- x\n- y # d\n- z\n", to("a", value=["x", "z"]), "a: # c\n- x\n- z\n"),
    "key of a merge becomes a key": (
        "a: &x\n  k: 1\nb:\n  <<: *x\n  l: 2\n",
        to("b", "k", value=3),
        "a: &x\n  k: 1\nb:\n  <<: *x\n  l: 2\n  k: 3\n",
    ),
    "key inside a merged mapping becomes a copy": (
        "a: &x\n  k: {p: 1, q: 2}\nb:\n  <<: *x\n",
        to("b", "k", "q", value=3),
        "a: &x\n  k: {p: 1, q: 2}\nb:\n  <<: *x\n  k:\n    p: 1\n    q: 3\n",
    ),
    "key over a merge goes": ("a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n", drop("b", "k"), "a: &x {k: 1}\nb:\n  <<: *x\n"),
    "alias is replaced": ("a: &x {k: 1}\nb: *x # c\n", to("b", value={"k": 2}), "a: &x {k: 1}\nb: # c\n  k: 2\n"),
    "edit for all aliases": ("a: &x\n  k: 1\nb: *x\n", everywhere(to("b", "k", value=2)), "a: &x\n  k: 2\nb: *x\n"),
    "anchored scalar for all aliases": ("a: &x 1\nb: *x\n", everywhere(to("a", value=2)), "a: &x 2\nb: *x\n"),
    "flow collections inside flow": ("a: {b: {}, c: []}\n", to("a", "b", "d", value=[1]), "a: {b: {d: [1]}, c: []}\n"),
    "flow item before one on its line": ("a: [\n  x,\n  z,\n]\n", insert("a", index=1, value="w"), "a: [\n  x,\n  w,\n  z,\n]\n"),
    "flow item before the bracket": ("a: [\n  x,\n  z]\n", append("a", value="w"), "a: [\n  x,\n  z,\n  w]\n"),
    "flow item with a comma and the bracket behind": ("a: [\n  x, z, ]\n", append("a", value="w"), "a: [\n  x, z, w, ]\n"),
    "only flow item, its neighbour's comment stays": ("a: [ # c\n  x\n]\n", drop("a", 0), "a: [ # c\n]\n"),
    "flow item behind a comment": ("a: [x, # c\n  z]\n", drop("a", 1), "a: [x # c\n  ]\n"),
    "first flow item with a comment behind the next": ("a: [x, z # c\n]\n", drop("a", 0), "a: [z # c\n]\n"),
    "flow value that is empty": ("a: {b: , c: 1}\n", to("a", "b", value="x"), "a: {b: x , c: 1}\n"),
    "flow item with an anchor": ("a: [&x 1, 2]\n", to("a", 0, value=3), "a: [&x 3, 2]\n"),
    "mapping around a comment in an empty one": ("a: { # c\n}\n", to("a", "b", value=1), "a: {b: 1 # c\n}\n"),
    "list becomes a list in a list": ("- - a\n  - b\n- c\n", to(1, value=["d", "e"]), "- - a\n  - b\n- - d\n  - e\n"),
    "item that is a mapping becomes text": ("- a: 1\n  b: 2\n- c\n", to(0, value="d"), "- d\n- c\n"),
    "anchored item becomes a mapping": ("- &x 1\n", to(0, value={"b": 2}), "- &x\n  b: 2\n"),
    "value below becomes a list": ("a:\n  x\nb: 1\n", to("a", value=["v", "w"]), "a:\n  - v\n  - w\nb: 1\n"),
    "value below with an anchor": ("a: &x\n  old\nb: 1\n", to("a", value="new"), "a: &x new\nb: 1\n"),
    "mapping becomes empty": ("a:\n  b: 1\nc: 2\n", to("a", value={}), "a: {}\nc: 2\n"),
    "list becomes empty": ("- a: [1]\n", to(0, "a", value=[]), "- a: []\n"),
    "mapping loses a key": ("a:\n  b: 1 # b\n  c: 2 # c\n", to("a", value={"c": 2}), "a:\n  c: 2 # c\n"),
    "list grows in the middle": ("a: [1, 3]\n", to("a", value=[1, 2, 3]), "a: [1, 2, 3]\n"),
    "index in what a merge brings": (
        "a: &x\n  k: [1, {p: q}]\nb:\n  <<: *x\n",
        to("b", "k", 1, "p", value="r"),
        "a: &x\n  k: [1, {p: q}]\nb:\n  <<: *x\n  k:\n    - 1\n    - p: r\n",
    ),
    "item found by its name beside aliases": (
        "a: &x 1\nb:\n- name: m\n  v: *x\n- &z {name: o, v: [*x]}\n",
        to("b", Item("o"), "w", value=2),
        "a: &x 1\nb:\n- name: m\n  v: *x\n- &z {name: o, v: [*x], w: 2}\n",
    ),
    "several merges": (
        "a: &x {k: 1}\nb: &z {k: 2, l: {m: 3}}\nc:\n  <<: [*x, *z]\n",
        to("c", "l", "m", value=4),
        "a: &x {k: 1}\nb: &z {k: 2, l: {m: 3}}\nc:\n  <<: [*x, *z]\n  l:\n    m: 4\n",
    ),
    "number, truth, nothing": (
        "a: x\n",
        to("b", value=[1.5, 1e20, True, False, None]),
        "a: x\nb:\n  - 1.5\n  - 1.0e+20\n  - true\n  - false\n  - null\n",
    ),
    "block text in an item names its indentation": ("a:\n  - x\n", append("a", value="\n v\nw\n"), "a:\n  - x\n  - |2\n\n     v\n    w\n"),
    "root with a marker on its line": ("--- {}\n", to("a", value=1), "--- {a: 1}\n"),
    "explicit keys": ("? a\n: b\n? c\n: d\n", drop("a"), "? c\n: d\n"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "edit", "after"), CASES.values(), ids=CASES.keys())
def test_edit_changes_just_this(before: str, edit: Edit, after: str) -> None:
    file = YamlFile.read(before.encode(), "x.yaml")

    assert edit(file).data.decode() == after


REFUSED: dict[str, tuple[str, Edit, str]] = {
    "inside a shared anchor": (
        "a: &x\n  k: 1\nb: *x\n",
        to("a", "k", value=2),
        "x.yaml:1: a.k: is inside anchor &x that aliases share (line 3); write the value out in the places that must not "
        "change first",
    ),
    "through an alias": ("a: &x {k: 1}\nb: *x\n", to("b", "k", value=2), "x.yaml:2: b: is the alias *x of line 1; write"),
    "anchor that others need": ("a:\n  b: &x 1\nc: *x\n", drop("a"), "x.yaml:2: a: holds anchor &x that line 3 uses;"),
    "key of a merge": ("a: &x {k: 1}\nb: {<<: *x}\n", drop("b", "k"), "x.yaml:2: b.k: comes from a merge"),
    "key that stands twice": ("a: 1\nb: 2\na: 3\n", to("a", value=4), "x.yaml:3: a: stands twice in its mapping"),
    "key of a list": ("a: [1]\n", to("a", "b", value=1), "x.yaml:1: a: is no mapping, it has no key 'b'"),
    "index of a mapping": ("a: {}\n", to("a", 0, value=1), "x.yaml:1: a: is no list"),
    "index out of range": ("a: [1]\n", to("a", 1, value=1), "x.yaml:1: a[1]: does not exist, the list has 1 items"),
    "name that no item has": ("a: [{name: x}]\n", to("a", Item("y"), value=1), "x.yaml:1: a[name=y]: is not there"),
    "name that two items have": (
        "a: [{name: x}, {name: x}]\n",
        drop("a", Item("x")),
        "x.yaml:1: a[name=x]: is not there, the list has 2 items of that name",
    ),
    "whole document": ("a: 1\n", to(value=1), "x.yaml:1: the document: is the document itself; replace the document"),
    "empty document": ("# c\n", to("a", value=1), "x.yaml:1: a: is an empty document"),
    "broken document": ("a: 1\nb: [\n", to("a", value=1), "x.yaml:3: is no YAML"),
    "undefined alias": ("a: 1\nb: *x\n", to("a", value=2), "x.yaml:2: alias *x has no anchor"),
    "document that is not there": ("", to("a", value=1), "x.yaml:1: has no document 0, it has 0"),
    "number that YAML cannot hold": ("a: 1\n", to("a", value=float("inf")), "x.yaml:1: a: cannot be written as YAML"),
    "key that is too long": ("a: 1\n", to("k" * 2000, value=1), "cannot be written as YAML (a key longer than 1000"),
    "block text without a line break at the end": ("a: |\n  x", to("b", value=1), "x.yaml:1: is block text that the file"),
    "alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x]\n"
        + "".join(f"{k}: &{k} [{', '.join([f'*{p}'] * 8)}]\n" for p, k in zip("abcdef", "bcdefg", strict=True)),
        to("z", value=1),
        "has aliases that expand without end or beyond reason",
    ),
    "alias of itself": ("a: &a [*a]\n", to("b", value=1), "has aliases that expand without end"),
    "nesting beyond reason": ("a: " + "[" * 300 + "]" * 300, to("b", value=1), "is nested deeper than 200 levels"),
    "pair without braces": ("a: [b: 1]\n", to("a", 0, "c", value=1), "x.yaml:1: is a pair inside a list without braces"),
    "pair without braces to remove": ("a: [b: 1]\n", drop("a", 0, "b"), "x.yaml:1: is a pair inside a list without"),
    "explicit key without a colon": ("? a\n? b\n: 1\n", to("a", value=1), "x.yaml:1: is a key without a colon"),
    "list in what is missing": ("a: 1\n", to("b", 0, value=1), "x.yaml:1: b[0]: leads through what does not exist"),
    "document to delete": ("a: 1\n", drop(), "x.yaml:1: the document: is the document itself; remove the document"),
    "place that a list does not have": ("a: [1]\n", insert("a", index=3, value=1), "x.yaml:1: a: is no list with a place 3"),
    "character that is half": ("a: 1\n", to("a", value="\ud800"), "cannot be written as YAML (text with half a character"),
    "comment that would become text": (
        "a: |\n  x\nb:\n  # c\n  d: 1\n  # e\nc: |\n  y\n".replace("b:\n  # c\n  d: 1\n  # e\n", "b: 1\n    # e\n"),
        drop("b"),
        "x.yaml:1: b: cannot be edited without changing more (other values would change); edit it by hand",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "edit", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_edit_is_refused_with_line_and_what_to_do(before: str, edit: Edit, message: str) -> None:
    file = YamlFile.read(before.encode(), "x.yaml")

    with pytest.raises(EditError) as caught:
        edit(file)

    assert message in str(caught.value)
    assert "; " in str(caught.value)


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(EditError, match=r"x\.yaml:2: is not valid UTF-8; convert"):
        YamlFile.read(b"a: 1\nb: \xff\n", "x.yaml")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_and_encoding_stay(encoding: str) -> None:
    old = "a: é\nb: 1\n".encode(encoding)

    new = YamlFile.read(old, "x.yaml").set(0, ("b",), 2)

    assert new.data == "a: é\nb: 2\n".encode(encoding)


def test_only_the_named_document_changes() -> None:
    file = YamlFile.read(b"# c\n---\na: 1\n---\na: [broken\n---\na: 3\n", "x.yaml")

    new = file.set(2, ("a",), 4)

    assert new.data == b"# c\n---\na: 1\n---\na: [broken\n---\na: 4\n"


def test_line_of_an_error_counts_from_the_start_of_the_file() -> None:
    file = YamlFile.read(b"a: 1\n---\nb: 1\nc: [1]\n", "x.yaml")

    with pytest.raises(EditError, match=r"^x\.yaml:4: c: "):
        file.set(1, ("c", "d"), 1)


def test_value_of_a_path_is_plain_data_with_merges() -> None:
    file = YamlFile.read(b"a: &x {k: 1}\nb: {<<: *x, l: *x}\n", "x.yaml")

    assert file.value(0, ("b",)) == {"k": 1, "l": {"k": 1}}
    assert file.has(0, ("b", "l", "k"))
    assert not file.has(0, ("b", "m"))


def test_value_that_is_not_there_is_an_error() -> None:
    file = YamlFile.read(b"a: 1\n", "x.yaml")

    path: Path = ("b", 0)
    with pytest.raises(EditError, match=r"^x\.yaml:1: b\[0\]: does not exist"):
        file.value(0, path)


def test_only_plain_data_is_taken() -> None:
    with pytest.raises(TypeError, match="set is no plain data"):
        YamlFile.read(b"a: 1\n", "x.yaml").set(0, ("a",), {1})  # type: ignore[arg-type]


def test_comments_are_listed_in_their_order() -> None:
    file = YamlFile.read(b"# a\nb: | # c\n  # no comment\nd: [e, # f\n  g]\n", "x.yaml")

    assert file.comments(0) == ("# a", "# c", "# f")
