"""Exit codes and documents of real little trees, read by the library and not by a stand-in."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.unit.inventory.trees import external, flux, grow, kustomization

BROKEN = "a: [\n"
TEMPLATE = "{{- if .Values.x }}\napiVersion: v1\nkind: Secret\n{{- end }}\n"


@pytest.mark.parametrize(
    ("more", "flags", "expected"),
    [
        ({}, (), 0),
        ({"apps/broken.yaml": BROKEN}, (), 2),
        ({"apps/broken.yaml": BROKEN}, ("--allow-unreadable",), 0),
        ({"apps/broken.yaml": BROKEN}, ("--fail-on", "finding"), 2),
        ({"left/broken.yaml": BROKEN}, (), 0),
        ({"tests/broken.yaml": BROKEN}, (), 0),
        ({"apps/template.yaml": TEMPLATE}, (), 0),
        ({"apps/remote.yaml": "https://github.com/org/repo//deploy?ref=v1"}, (), 0),
        ({"left/es.yaml": external("left")}, ("--fail-on", "orphaned"), 1),
        ({"left/es.yaml": external("left")}, (), 0),
    ],
    ids=["fine", "broken", "allowed", "broken-and-bar", "undeployed", "fixture", "template", "remote", "orphan-bar", "orphan"],
)  # fmt: skip
def test_only_what_is_deployed_decides_the_exit_code(
    more: dict[str, str], flags: tuple[str, ...], expected: int, tmp_path: Path, run: Run
) -> None:
    listed = ["es.yaml"]
    for path, content in more.items():
        if path.startswith("apps/"):
            listed.append(content if content.startswith("https") else path.removeprefix("apps/"))
    files = {path: content for path, content in more.items() if not content.startswith("https")}
    grow(
        tmp_path,
        {
            "flux.yaml": flux("apps", "./apps"),
            "apps/kustomization.yaml": kustomization(*listed),
            "apps/es.yaml": external(),
            **files,
        },
    )

    ran = run("classify", str(tmp_path), "-o", "json", *flags)

    document = json.loads(ran.out)
    assert ran.code == expected, ran.err
    assert [item["name"] for item in document["items"]] == ["login"]
    assert len(document["unreadable"]) == sum(
        one == BROKEN and not path.startswith("tests/") for path, one in more.items()
    )
    assert [one["file"] for one in document["templated"]] == [path for path, one in more.items() if one == TEMPLATE]


def test_a_stream_is_classified(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO((external("one") + "---\n" + external("two")).encode()))
    monkeypatch.setattr(sys, "stdin", stream)

    ran = run("classify", "-", "-o", "json")

    items = json.loads(ran.out)["items"]
    assert ran.code == 0
    assert [(item["name"], item["file"], item["line"], item["document"]) for item in items] == [
        ("one", "<stdin>", 1, 0),
        ("two", "<stdin>", 10, 1),
    ]


def test_a_broken_stream_is_no_full_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((BROKEN + "---\n" + external()).encode())))

    ran = run("classify", "-", "-o", "json")

    document = json.loads(ran.out)
    assert ran.code == 2
    assert [(one["file"], one["line"], one["isDeployed"]) for one in document["unreadable"]] == [("<stdin>", 2, True)]
    assert len(document["items"]) == 1
