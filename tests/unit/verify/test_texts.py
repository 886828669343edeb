"""Texts that may not stand in files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.config.load import parse_config
from injector.config.verify import Forbidden, Verify
from injector.errors import ConfigError
from injector.verify.model import Verification
from injector.verify.texts import find_forbidden
from tests.canary import CANARY, has_canary
from tests.unit.verify.holding import hold, told

WORDS = ("longhorn", "metallb", "192.168.1.")
FOLDERS = ("infrastructure/operators", "infrastructure/instances")
PURITY = "verify:\n  forbidden:\n" + "".join(
    f"    - {{name: word-{number}, text: '{word}', paths: [{', '.join(f'{one}/*' for one in FOLDERS)}]}}\n"
    for number, word in enumerate(WORDS)
)
PATHS = ("infrastructure/operators/a.yaml", "infrastructure/operators/deep/er/b.sh", "infrastructure/instances/c",
         "infrastructure/configs/d.yaml", "infrastructure/operators2/e.yaml", "f.md")  # fmt: skip
LINES = st.one_of(
    st.sampled_from([*WORDS, "# longhorn metallb", "192.168.10.1", "x192.168.1.7", "LONGHORN"]), st.text(max_size=8)
)


def as_grep_does(files: dict[str, str]) -> set[tuple[str, int, str]]:
    """Say what ``grep -rnF`` for each word below the two folders would."""
    return {
        (path, number, f"word-{which}")
        for path, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        for which, word in enumerate(WORDS)
        if word in line and any(path.startswith(f"{one}/") for one in FOLDERS)
    }


def names(found: Verification) -> Iterator[tuple[str, int, str]]:
    for one in found.violations:
        if one.rule == "forbidden-text":
            yield one.location.path, one.location.line, one.message.partition(" ")[0]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(st.sampled_from(PATHS), st.lists(LINES, max_size=6).map("\n".join), min_size=1))
def test_the_answer_is_that_of_a_script_with_grep(
    files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {path: text.replace("\r", "") for path, text in files.items()}
    found = hold(files, tmp_path_factory.mktemp("tree"), PURITY)

    assert set(names(found)) == as_grep_does(files)
    assert len(list(names(found))) == len(as_grep_does(files))


def test_neither_text_nor_line_is_shown(tmp_path: Path) -> None:
    config = f"verify: {{forbidden: [{{name: leaked-token, text: {CANARY}, reason: it was revoked}}]}}"

    found = hold({"a.txt": f"before\nmy {CANARY} is\n", "phase2.yaml": config}, tmp_path)

    assert told(found) == [("forbidden-text", "a.txt:2")]
    assert found.violations[0].message == "leaked-token stands here: it was revoked"
    assert not has_canary(repr(found))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("regex: '^ab+$'", ["a.txt:1", "a.txt:3"]),
        ("regex: 'a.*b'", ["a.txt:1", "a.txt:3", "a.txt:4"]),
        ("text: 'a.*b'", []),
        ("text: 'é'", ["a.txt:5"]),
        ("regex: '[éö]'", ["a.txt:5"]),
        ('regex: \'b, except: ["*.txt"]', []),
        ("text: b, level: off", []),
    ],
)
def test_an_entry_is_a_text_or_an_expression_for_one_line(entry: str, expected: list[str], tmp_path: Path) -> None:
    entry = entry.replace("'b,", "b,")
    (tmp_path / "a.txt").write_bytes("abb\r\nx\nab\na\tb\né\nxa\n".encode() + b"\xff\x00")

    found = hold({}, tmp_path, f"verify: {{forbidden: [{{name: some, {entry}}}]}}")

    assert [where for _, where in told(found)] == expected


def test_the_file_that_forbids_a_text_may_name_it(tmp_path: Path) -> None:
    found = hold({"phase2.yaml": "verify: {forbidden: [{name: some, text: longhorn}]}\n"}, tmp_path)

    assert found.violations == ()


def test_a_symbolic_link_is_no_second_file(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to("a.txt")

    found = hold({"a.txt": "longhorn\n"}, tmp_path, "verify: {forbidden: [{name: some, text: longhorn}]}")

    assert told(found) == [("forbidden-text", "a.txt:1")]


def test_a_file_that_cannot_be_looked_into_leaves_the_answer_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    found = hold({}, tmp_path, "verify: {forbidden: [{name: some, text: longhorn}]}")

    assert [(str(one.location), one.code, one.is_deployed) for one in found.unreadable] == [
        ("pipe:1", "not-a-file", True)
    ]


def test_files_that_no_entry_speaks_of_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    found = hold({}, tmp_path, "verify: {forbidden: [{name: some, text: longhorn, paths: ['*.md']}]}")

    assert found.unreadable == ()


def test_every_line_is_told_once_for_every_entry() -> None:
    entries = (Forbidden(name="one", text="a"), Forbidden(name="two", regex="A|a"))

    found = list(find_forbidden("x", b"aaa\nb\n", entries, Verify(forbidden=entries)))

    assert [(one.message.partition(" ")[0], one.location.line) for one in found] == [("one", 1), ("two", 1)]


def test_an_expression_that_is_none_is_told_with_its_line() -> None:
    with pytest.raises(
        ConfigError, match=r"phase2.yaml:3: verify.forbidden\[0\].regex: is no regular expression; correct it"
    ):
        parse_config(b"verify:\n  forbidden:\n    - {name: some, regex: '(a'}\n")
