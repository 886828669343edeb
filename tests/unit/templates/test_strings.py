"""String literals of Go, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.templates.strings import quote, unquote


@given(st.text())
def test_what_is_written_is_read_again(value: str) -> None:
    encodable = value.encode("utf-8", "replace").decode()

    assert unquote(quote(encodable), 0) == encodable


@given(st.binary(max_size=20))
def test_bytes_that_are_no_text_survive(value: bytes) -> None:
    text = value.decode("utf-8", "surrogateescape")

    assert unquote(quote(text), 0) == text


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"a\tb\n\"\\"', 'a\tb\n"\\'),
        (r'"\x41\101é\U0001F600"', "AAé😀"),
        (r"`raw \n 'x'`", r"raw \n 'x'"),
        ("`a\r\nb`", "a\nb"),
        (r'"\xff"', "\udcff"),
    ],
)
def test_literals_as_go_reads_them(literal: str, value: str) -> None:
    assert unquote(literal, 0) == value


def test_plain_text_is_only_put_between_quotes() -> None:
    assert quote("it's $x {{ é }}") == '"it\'s $x {{ é }}"'
