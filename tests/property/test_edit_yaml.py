"""Edits of YAML over the repository's files, hand-made ones and drawn ones: what must stay stays, to the byte."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import yaml
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from injector.edit.documents import add_document, remove_document
from injector.edit.scalars import Quote, render_scalar
from injector.edit.values import Data, Item, Path, Scalar, find_value, is_list, is_same, put_value
from injector.edit.yamlfile import YamlFile
from injector.errors import EditError
from injector.manifests.yamldoc import Parsed, iter_documents
from tests.property.edit_samples import (
    changed_lines,
    corpus,
    files,
    iter_paths,
    scalars,
    values,
)

NEW = "phase2-new"
QUOTES: Final[tuple[Quote, ...]] = ("", "'", '"')
some = settings(
    max_examples=int(os.environ.get("PHASE2_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@contextlib.contextmanager
def only_told_refusals(file: YamlFile) -> Iterator[None]:
    """Let the editor refuse what its documentation says that it refuses, and nothing else."""
    try:
        yield
    except EditError as err:
        allowed = ("anchor", "alias", "merge", "without braces", "without a line break")
        # A block text right above must not swallow a comment that is indented like its lines.
        is_swallowing = "other values would change" in str(err) and "# note" in file.source.text
        if any(word in str(err) for word in allowed) or is_swallowing:
            reject()
        raise


def choose_path(draw: st.DataObject, value: Data) -> Path:
    paths = list(iter_paths(value))
    assume(paths)
    return draw.draw(st.sampled_from(paths), label="path")


def by_name(value: Data, path: Path) -> Path:
    """Return a path with the last index replaced by the item's name, where that names one item."""
    for at in reversed(range(len(path) - 1)):
        items = find(value, path[:at])
        if not is_list(items):
            continue
        names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
        name = find_value(items, (path[at], "name"))
        if name is not None and isinstance(name[0], str) and names.count(name[0]) == 1 and path[at + 1] != "name":
            return (*path[:at], Item(name[0]), *path[at + 1 :])
    return path


def find(value: Data, path: Path) -> Data:
    found = find_value(value, path)
    assert found is not None
    return found[0]


def without(value: Data, path: Path) -> Data:
    """Return data without what stands under a path: the test's own model of a deletion."""
    parent = find(value, path[:-1])
    step = path[-1]
    if isinstance(parent, Mapping):
        kept: Data = {key: item for key, item in parent.items() if key != step}
    else:
        assert is_list(parent)
        kept = [item for index, item in enumerate(parent) if index != step]
    return put_value(value, path[:-1], kept)


def test_editor_and_reader_see_the_same_values_in_every_file() -> None:
    for text, document in corpus():
        read = [found for _, found in iter_documents(text.encode(), "x.yaml")][document]

        value = YamlFile.read(text.encode(), "x.yaml").value(document)

        assert isinstance(read, Parsed)
        assert is_same(value, read.value), text


@some
@given(files(), values, st.data())
def test_set_value_is_there_and_all_others_stay(file: tuple[bytes, int], value: Data, draw: st.DataObject) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    data = old.value(file[1])
    path = by_name(data, choose_path(draw, data))

    with only_told_refusals(old):
        new = old.set(file[1], path, value)

    assert is_same(new.value(file[1]), put_value(data, path, value))
    assert new.set(file[1], path, value).data == new.data


@some
@given(files(), st.one_of(scalars, values), st.data())
def test_setting_changes_no_line_outside_the_node(file: tuple[bytes, int], value: Data, draw: st.DataObject) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    path = choose_path(draw, old.value(file[1]))
    first, last = node_lines(file, path)

    with only_told_refusals(old):
        new = old.set(file[1], path, value)

    before, after, head = changed_lines(file[0], new.data)
    assert not before or (first <= head and head + len(before) - 1 <= last)
    assert not after or first <= head <= last + 1


@some
@given(files(), st.text("abcdefg -.", min_size=1), st.data())
def test_setting_back_gives_the_same_bytes(file: tuple[bytes, int], text: str, draw: st.DataObject) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    data = old.value(file[1])
    paths = [path for path in iter_paths(data) if isinstance(find(data, path), str)]
    assume(paths)
    path = draw.draw(st.sampled_from(paths), label="path")
    was = find(data, path)
    assert isinstance(was, str)
    first, last = node_lines(file, path)
    assume(first == last and is_canonical(old, first, was))
    assume(render_scalar(text, "") == text)

    with only_told_refusals(old):
        new = old.set(file[1], path, text)

    assert new.set(file[1], path, was).data == file[0]


@some
@given(files(), values, st.data())
def test_new_key_only_adds_and_its_removal_gives_the_same_bytes(
    file: tuple[bytes, int], value: Data, draw: st.DataObject
) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    data = old.value(file[1])
    mappings = [path for path in [(), *iter_paths(data)] if isinstance(find(data, path), Mapping)]
    assume(mappings)
    path = draw.draw(st.sampled_from(mappings), label="path")
    assume(NEW not in file[0].decode() and b"{ }" not in file[0] and b"<<" not in file[0])

    with only_told_refusals(old):
        new = old.set(file[1], (*path, NEW), value)

    assert is_same(new.value(file[1]), put_value(data, (*path, NEW), value))
    assert new.delete(file[1], (*path, NEW)).data == file[0]
    before, _, _ = changed_lines(file[0], new.data)
    assert len(before) <= 1


@some
@given(files(), values, st.data())
def test_new_item_only_adds_and_its_removal_gives_the_same_bytes(
    file: tuple[bytes, int], value: Data, draw: st.DataObject
) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    data = old.value(file[1])
    lists = [path for path in [(), *iter_paths(data)] if is_list(find(data, path))]
    assume(lists)
    path = draw.draw(st.sampled_from(lists), label="path")
    items = find(data, path)
    assert is_list(items)
    index = draw.draw(st.integers(0, len(items)), label="index")

    with only_told_refusals(old):
        new = old.insert(file[1], path, index, value)

    assert is_same(new.value(file[1]), put_value(data, path, [*items[:index], value, *items[index:]]))
    assert new.delete(file[1], (*path, index)).data == file[0]


@some
@given(files(), st.data())
def test_deletion_takes_the_node_and_leaves_the_other_lines(file: tuple[bytes, int], draw: st.DataObject) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    data = old.value(file[1])
    path = choose_path(draw, data)
    first, last = node_lines(file, path)

    with only_told_refusals(old):
        new = old.delete(file[1], path)

    is_merged = b"<<" in file[0]
    assert is_merged or is_same(new.value(file[1]), without(data, path))
    assert is_merged or new.delete(file[1], path).data == new.data or isinstance(path[-1], int)
    lines = file[0].split(b"\n")
    assert contains_lines(new.data.split(b"\n"), lines[: max(first - 8, 0)] + lines[last + 3 :])


@some
@given(files(), values, st.lists(st.one_of(st.text(max_size=4), st.integers(-1, 3)), max_size=4))
def test_any_path_is_edited_or_refused(file: tuple[bytes, int], value: Data, steps: list[str | int]) -> None:
    old = YamlFile.read(file[0], "x.yaml")

    edits: tuple[Callable[[], YamlFile], ...] = (
        lambda: old.set(file[1], tuple(steps), value),
        lambda: old.delete(file[1], tuple(steps), is_pruning=True),
        lambda: old.append(file[1], tuple(steps), value),
    )
    for edit in edits:
        try:
            new = edit()
        except EditError as err:
            assert str(err).startswith("x.yaml:")  # noqa: PT017 - either outcome is right
        else:
            assert len(new.source.spans()) == len(old.source.spans())


@some
@given(files(), st.dictionaries(st.text("abc", min_size=1), values, min_size=1, max_size=3), st.data())
def test_added_document_leaves_the_others_and_its_removal_gives_the_same_bytes(
    file: tuple[bytes, int], value: dict[str, Data], draw: st.DataObject
) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    count = len(old.source.spans())
    index = draw.draw(st.integers(0, count), label="index")

    with only_told_refusals(old):
        new = add_document(old, value, index=index)

    assert is_same(new.value(index), value)
    assert remove_document(new, index).data == file[0]


@some
@given(files(), st.integers(0, 3))
def test_removed_document_put_back_gives_the_same_bytes(file: tuple[bytes, int], copies: int) -> None:
    old = YamlFile.read(file[0], "x.yaml")
    assume(all(line.strip() == "---" for line in old.source.text.split("\n") if line.startswith("---")))
    with only_told_refusals(old):
        for index in range(copies):
            old = add_document(old, {f"copy{index}": [1]})
    document = file[1] + copies if file[1] + copies < len(old.source.spans()) else file[1]
    assume(len(old.source.spans()) > 1)
    texts = [old.text(index).removeprefix("---").strip() for index in range(len(old.source.spans()))]
    assume(all(text and not text.startswith("#") for text in texts))

    with only_told_refusals(old):
        new = add_document(remove_document(old, document), old.text(document), index=document)

    assert new.data == old.data


@settings(max_examples=600, deadline=None)
@given(scalars, st.sampled_from(["", "'", '"', "json"]), st.booleans())
def test_scalar_means_the_same_to_every_reader(value: Scalar, quote: str, is_flow: bool) -> None:  # noqa: FBT001
    text = render_scalar(value, quote, is_flow=is_flow)  # type: ignore[arg-type]

    document = f"[{text}, 1]" if is_flow else f"- {text}\n"
    assert is_same(yaml.safe_load(document)[0], value)
    assert is_same(YamlFile.read(document.encode(), "x").value(0, (0,)), value)
    if quote == "json":
        assert is_same(json.loads(text), value)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_kept(data: bytes) -> None:
    with contextlib.suppress(EditError):
        assert YamlFile.read(data, "x").data == data


def test_corpus_is_read() -> None:
    assert len(corpus()) > 150


def node_lines(file: tuple[bytes, int], path: Path) -> tuple[int, int]:
    """Return the first and last line (from 0) of a node, as PyYAML's pure composer marks them."""
    text = file[0].decode("utf-8-sig")
    assume(not any(character in text for character in "\x85\u2028\u2029"))  # YAML 1.1 counts them as line breaks
    span = YamlFile.read(file[0], "x").source.spans()[file[1]]
    node = yaml.compose(text[span.start : span.end], yaml.SafeLoader)
    first = last = 0
    assert node is not None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [pair for pair in node.value if pair[0].value == step]
            assume(len(pairs) == 1)
            first, node = pairs[0][0].start_mark.line, pairs[0][1]
        else:
            assert isinstance(step, int)
            node = node.value[step]
            first = node.start_mark.line
        last = node.end_mark.line
    return first + span.line - 1, last + span.line - 1


def is_canonical(file: YamlFile, line: int, was: str) -> bool:
    """Tell whether a text stands on its line as the editor would write it, without a tag."""
    text = file.source.text.split("\n")[line]
    return "!!" not in text and any(render_scalar(was, quote) in text for quote in QUOTES)


def contains_lines(lines: list[bytes], wanted: list[bytes]) -> bool:
    """Tell whether all wanted lines are there in their order."""
    rest = iter(lines)
    return all(any(line == one for line in rest) for one in wanted)
