"""What is answered depends on what stands in a tree, not on where in its files it stands."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from injector.classify import classify
from injector.inventory.build import build_inventory
from injector.manifests.tree import load_tree
from injector.report.jsontext import render_json
from tests.property.samples import EXAMPLE, judge, objects, verdicts

Body = dict[str, Any]
SEEDS = st.integers(0, 2**32).map(random.Random)
fast = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
"""A seed that fails says all that a shrunk one would."""


def written(bodies: list[Body]) -> bytes:
    return yaml.dump_all(bodies, Dumper=yaml.CSafeDumper, sort_keys=False).encode()


@lru_cache(maxsize=1)
def expected() -> list[str]:
    return verdicts(judge({"all.yaml": written(list(objects()))}))


@fast
@given(SEEDS, st.integers(1, 80))
def test_documents_may_stand_in_any_file_and_order(seed: random.Random, files: int) -> None:
    bodies = list(objects())
    seed.shuffle(bodies)
    parts: dict[str, list[Body]] = {}
    for body in bodies:
        parts.setdefault(f"f{seed.randrange(files):03}.yaml", []).append(body)

    report = judge({path: written(part) for path, part in parts.items()})

    assert verdicts(report) == expected()


def shuffled(value: object, seed: random.Random) -> object:
    if isinstance(value, dict):
        entries = list(value.items())
        seed.shuffle(entries)
        return {key: shuffled(item, seed) for key, item in entries}
    return [shuffled(item, seed) for item in value] if isinstance(value, list) else value


@fast
@given(SEEDS)
def test_keys_may_stand_in_any_order(seed: random.Random) -> None:
    bodies = [shuffled(body, seed) for body in objects()]

    report = judge({"all.yaml": written(bodies)})  # type: ignore[arg-type]

    assert verdicts(report) == expected()


@fast
@given(SEEDS)
def test_lists_hold_what_documents_hold(seed: random.Random) -> None:
    bodies = list(objects())
    cut = seed.randrange(len(bodies))
    listed = {"apiVersion": "v1", "kind": "List", "items": bodies[:cut]}

    report = judge({"all.yaml": written([listed, *bodies[cut:]])})

    assert verdicts(report) == expected()


@pytest.mark.parametrize("style", ["crlf", "bom", "utf-16", "json", "flow", "comments", "end-markers"])
def test_the_style_of_writing_says_nothing(style: str) -> None:
    bodies = list(objects())
    data = written(bodies)
    contents = {
        "crlf": lambda: {"all.yaml": data.replace(b"\n", b"\r\n")},
        "bom": lambda: {"all.yaml": b"\xef\xbb\xbf" + data},
        "utf-16": lambda: {"all.yaml": data.decode().encode("utf-16")},
        "json": lambda: {f"{number}.json": _json(body) for number, body in enumerate(bodies)},
        "flow": lambda: {"all.yaml": yaml.dump_all(bodies, Dumper=yaml.CSafeDumper, default_flow_style=True).encode()},
        "comments": lambda: {"all.yaml": b"# first\n" + data.replace(b"\nspec:", b"\n# why: {{ x }}\nspec: # {% y %}")},
        "end-markers": lambda: {"all.yaml": data.replace(b"\n---", b"\n...\n---") + b"...\n"},
    }[style]()

    assert verdicts(judge(contents)) == expected()


def _json(body: Body) -> bytes:
    return json.dumps(body, indent="\t").encode()


def test_the_order_of_the_file_system_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes for any order in which folders are listed."""
    really: Callable[..., Any] = os.scandir
    answers = set()
    for seed in range(4):

        def scandir(path: str, seed: int = seed) -> list[os.DirEntry[str]]:
            with really(path) as found:
                entries = list(found)
            random.Random(seed).shuffle(entries)  # noqa: S311 - no secret
            return entries

        monkeypatch.setattr(os, "scandir", scandir)
        answers.add(render_json(classify(build_inventory(load_tree([EXAMPLE]), jobs=1))))

    assert len(answers) == 1


def test_where_the_tree_lies_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moved").symlink_to(EXAMPLE)
    here = render_json(classify(build_inventory(load_tree([EXAMPLE]), jobs=1)))
    monkeypatch.chdir(EXAMPLE)

    assert render_json(classify(build_inventory(load_tree([tmp_path / "moved"]), jobs=1))) == here
    assert render_json(classify(build_inventory(load_tree(["."]), jobs=1))) == here
