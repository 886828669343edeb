"""Pages that lead somewhere, and files that tell nothing of the machine they were written on."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.conftest import REPOSITORY

PROJECT_FOLDERS = ("injector", "webhook", "tests", "docs", "examples", "requirements", "deploy", "benchmarks", ".ci")
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
NAMED_FILE = re.compile(rf"`(?P<path>(?:{'|'.join(map(re.escape, PROJECT_FOLDERS))})/[\w./-]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MACHINE = re.compile(
    r"(?<![\w./$}-])/(?:work|root|tmp)/[\w.]"  # a developer's folders; $HOME/tmp/x is somebody else's
    r"|\b(?:pypi|files\.pythonhosted)\.org/(?:simple|packages)"
    r"|\bproxy\.golang\.org|\bregistry\.npmjs|--(?:extra-)?index-url[ =]|\b(?:find-links|trusted-host)\b"
)
HARMLESS = frozenset({"examples", "data"})
"""Folders of manifests as others write them: a path there is a path in somebody's container."""


def tracked() -> list[Path]:
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=REPOSITORY, text=True)
    return [Path(name) for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


def pages() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md" and path.parts[:2] != ("examples", "tazlab")]


def without_code(page: Path) -> str:
    return FENCED.sub("", (REPOSITORY / page).read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken_links(page: Path) -> Iterator[str]:
    for match in LINK.finditer(without_code(page)):
        target, _, anchor = match["target"].partition("#")
        if "://" in target:
            continue
        there = page.parent / target if target else page
        if not (REPOSITORY / there).exists() or (anchor and anchor not in anchors(there)):
            yield match["target"]


@pytest.mark.parametrize("page", pages(), ids=str)
def test_links_and_files_that_a_page_names_exist(page: Path) -> None:
    missing = list(broken_links(page))
    missing += [one for one in NAMED_FILE.findall(without_code(page)) if not (REPOSITORY / one).exists()]

    assert missing == []


@pytest.mark.parametrize("page", [path for path in pages() if path.parent == Path("docs")], ids=str)
def test_page_is_listed_in_the_readme(page: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert f"({page.as_posix()})" in readme


def test_no_file_tells_of_the_machine_it_was_written_on() -> None:
    """Neither folders of a developer nor addresses of package registries: a clone works anywhere."""
    found = []
    for path in tracked():
        if HARMLESS & set(path.parts) or path == Path(__file__).relative_to(REPOSITORY):
            continue
        lines = (REPOSITORY / path).read_bytes().decode("utf-8", "replace").splitlines()
        found += [f"{path}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if MACHINE.search(line)]

    assert found == []


@pytest.mark.parametrize(
    "line", ["cd /root/project", "open('/tmp/x.yaml')", "--index-url https://example.org", "see /work/main"]
)
def test_a_line_that_tells_of_a_machine_is_seen(line: str) -> None:
    assert MACHINE.search(line)


def layers() -> list[str]:
    """Return the modules that pyproject.toml gives a layer."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(one for one in project["tool"]["importlinter"]["contracts"] if one["id"] == "layers")
    return [name.strip(" ()") for layer in contract["layers"] for name in layer.split("|")]


@pytest.mark.parametrize("module", [one for one in layers() if not one.startswith("_")])
def test_every_layer_has_its_row_in_the_architecture(module: str) -> None:
    rows = re.findall(
        r"^\| (`.+?) \|", (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    path = f"injector/{module}"

    assert any(f"`{path}`" in row or f"`{path}.py`" in row for row in rows)
