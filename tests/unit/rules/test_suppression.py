"""Findings that an object's own annotations suppress."""

from __future__ import annotations

import pytest

from injector.location import Location
from injector.model import Finding, Suppressed
from injector.rules.suppression import split_suppressed
from tests.unit.report import factory as make

HERE = Location("app.yaml", 1)
TWO, LOST = Finding("two-writers", "two", HERE), Finding("store-missing", "gone", HERE)


def test_annotation_suppresses_the_finding_it_names_and_no_other() -> None:
    source = make.source(annotations={"acme.example/ignore.two-writers": " both write the same "})

    active, suppressed = split_suppressed(source, (TWO, LOST), prefix="acme.example")

    assert active == (LOST,)
    assert suppressed == (Suppressed(TWO, "both write the same"),)


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"acme.example/ignore.two-writers": " "},
        {"other.example/ignore.two-writers": "known"},
        {"acme.example/ignore.two": "known"},
    ],
)
def test_other_prefixes_and_empty_reasons_suppress_nothing(annotations: dict[str, str]) -> None:
    assert split_suppressed(make.source(annotations=annotations), (TWO,), prefix="acme.example") == ((TWO,), ())
