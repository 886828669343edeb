"""No command prints a secret that stands in the tree, whatever the format and whatever goes wrong."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.classify import classify
from injector.cli.main import main
from injector.inventory import collect
from injector.inventory.build import build_inventory
from injector.manifests.tree import Tree, load_tree
from injector.report.explain import render_explanation
from injector.report.formats import render
from injector.report.options import PLAIN, Format
from tests.canary import CANARY, has_canary
from tests.property.planted import planted
from tests.unit.inventory.trees import grow

SECRET = f"{CANARY}Zq8w"
ENCODED = base64.b64encode(SECRET.encode()).decode().rstrip("=")
COMMANDS = [
    *(("classify", "-o", form.value, "-vv") for form in Format),
    ("classify", "--jobs", "2", "-o", "json"),
    ("classify", "--log-format", "json", "-v"),
    ("classify", "--fail-on", "finding", "-n", "app"),
    *(("verify", "-o", form, "-vv") for form in ("table", "wide", "json", "sarif")),
    ("explain", "app/login", "-vv"),
    ("explain", "app/plain"),
    ("explain", "app/generated"),
    ("explain", "app/nowhere"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grow(tmp_path_factory.mktemp("planted"), planted(SECRET))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_a_planted_secret(
    command: tuple[str, ...], tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*command, str(tree)])

    out, err = capsys.readouterr()
    assert code in (1, 2), "the tree has a broken file that is deployed"
    assert out or err
    assert not has_canary(out + err)
    assert ENCODED not in out + err


def test_the_planted_tree_is_really_read(tree: Path) -> None:
    inventory = build_inventory(load_tree([tree]), jobs=1)
    targets = {one.target for one in inventory.deployed.sources}

    assert {"plain", "sopsed", "sealed", "listed", "login", "vso", "pg-app", "extra"} <= targets
    assert {one.container.name for one in inventory.deployed.consumers if one.container and one.container.env} >= {
        "web"
    }
    assert [one.location.path for one in inventory.unreadable if one.is_deployed] == [
        "apps/broken.yaml",
        "apps/kustomization.yaml",
    ]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bug_prints_no_secret_either(
    jobs: str, tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise KeyError(f"no key {SECRET}")

    monkeypatch.setattr(collect, "read_consumers", fail)

    code = main(["classify", str(tree), "--jobs", jobs, "-vv"])

    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert "KeyError" in err
    assert "test_canary.py" in err


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_the_library_holds_of_the_tree_has_no_secret(jobs: int, tree: Path) -> None:
    inventory = build_inventory(load_tree([tree]), jobs=jobs)

    for facts in (inventory.deployed, inventory.orphaned):
        for kept in (facts.sources, facts.consumers, facts.stores, facts.pushed, facts.findings, facts.diagnostics):
            leaks = [str(getattr(one, "location", getattr(one, "ref", ""))) for one in kept if has_canary(repr(one))]
            assert leaks == [], type(kept[0]).__name__
    assert not has_canary((inventory.unreadable, inventory.templated, inventory.unresolved))


SHAPES = st.one_of(
    st.text(st.sampled_from("abcXYZ019"), min_size=4, max_size=24).map(lambda text: f"Q{CANARY}{text}7"),
    st.text(st.sampled_from("abcXYZ019!#^*~+.-_"), min_size=4, max_size=24).map(lambda text: f"Q{text}{CANARY}9"),
    st.binary(min_size=9, max_size=24).map(
        lambda data: f"Q{CANARY}9{base64.urlsafe_b64encode(data).decode().rstrip('=')}"
    ),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(SHAPES)
def test_no_shape_of_a_secret_is_printed(secret: str) -> None:
    contents = planted(secret)
    report = classify(build_inventory(Tree(Path(), tuple(sorted(contents)), overlay=contents), jobs=1))

    for form in Format:
        assert not has_canary(render(report, form, PLAIN)), form
    for item in (*report.items, *report.orphans):
        assert not has_canary(render_explanation(item, PLAIN, is_orphan=False)), item.source.ref
