"""The example tree moves through all stages and back, unattended; each step's diff is kept and reviewed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from injector.cli.main import main

PROJECT = Path(__file__).parents[2]
GOLDEN = PROJECT / "tests" / "data" / "stages-tazlab"
STAGES = ("prepare", "inject", "release", "retire")
NAMES = ("buzz/buzz-secrets", "monitoring/tazlab-db-pguser-grafana", "multica/multica-secrets")


@dataclass(frozen=True)
class Steps:
    """What the whole way forth and back came to.

    Attributes:
        codes: exit code of each command, in order.
        diffs: stage -> what git says that it changed.
        trees: hash of the whole tree after each commit, the start first.
        again: what each stage's second run would write.
        held: exit codes of the design rules after each stage, warnings included.
    """

    root: Path
    codes: list[int]
    diffs: dict[str, str]
    trees: list[str]
    again: dict[str, str]
    held: list[int]


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.autocrlf=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, check=True)
    return done.stdout.decode()


def commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD^{tree}").strip()


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    return walk(tmp_path_factory.mktemp("stages") / "tazlab")


def walk(root: Path) -> Steps:
    """Go all the way forth and back in a copy of the example at `root`."""
    shutil.copytree(PROJECT / "examples" / "tazlab", root)
    git(root, "init", "--quiet", "--initial-branch", "main")
    made = Steps(root, [], {}, [commit(root, "start")], {}, [])
    for stage in STAGES:
        made.codes.append(main(["apply", str(root), "--stage", stage, "--write", "--yes"]))
        git(root, "add", "--all")
        made.diffs[stage] = git(root, "diff", "--cached", "--no-color", "--no-ext-diff")
        made.trees.append(commit(root, stage))
        made.codes.append(main(["apply", str(root), "--stage", stage, "--write", "--yes", "-o", "json"]))
        made.again[stage] = git(root, "status", "--porcelain")
        made.held.append(main(["verify", str(root), "--fail-on", "warn"]))
    for stage in reversed(STAGES):
        made.codes.append(main(["rollback", str(root), "--write", "--yes"]))
        made.trees.append(commit(root, f"back from {stage}"))
    return made


def files_of(diff: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of each file in a diff, the blob hashes left out."""
    for part in re.split(r"(?m)^(?=diff --git )", diff):
        match = re.match(r"diff --git a/(\S+) ", part)
        if match:
            yield match[1], re.sub(r"(?m)^index .*\n", "", part)


def manifests_of(diff: str) -> str:
    """Return what a diff changes in manifests."""
    return "".join(text for path, text in files_of(diff) if not path.startswith(".phase2/"))


def test_no_stage_breaks_a_design_rule(steps: Steps) -> None:
    assert steps.held == [0] * 4


def test_every_command_answers_in_full(steps: Steps) -> None:
    assert steps.codes == [0] * 12


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_changes_in_the_manifests_what_was_reviewed(stage: str, steps: Steps) -> None:
    shown = manifests_of(steps.diffs[stage])

    assert shown == (GOLDEN / f"{stage}.diff").read_text(encoding="utf-8")


def test_prepare_writes_what_vault_must_hold(steps: Steps) -> None:
    made = {path for path, _ in files_of(steps.diffs["prepare"]) if path.startswith(".phase2/vault/")}

    assert made == {
        ".phase2/vault/apply.sh",
        ".phase2/vault/main.tf",
        ".phase2/vault/policies/buzz-default.hcl",
        ".phase2/vault/policies/monitoring-kube-prometheus-stack-grafana.hcl",
        ".phase2/vault/policies/multica-default.hcl",
    }


@pytest.mark.parametrize("stage", ["inject", "release", "retire"])
def test_vaults_side_stays_as_prepare_wrote_it(stage: str, steps: Steps) -> None:
    assert not [path for path, _ in files_of(steps.diffs[stage]) if path.startswith(".phase2/vault/")]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_notes_the_way_back(stage: str, steps: Steps) -> None:
    noted = {path for path, _ in files_of(steps.diffs[stage]) if path.startswith(".phase2/journal/")}

    assert noted == {f".phase2/journal/{name.replace('/', '.')}.{stage}.journal" for name in NAMES}


@pytest.mark.parametrize("stage", STAGES)
def test_a_second_run_changes_nothing(stage: str, steps: Steps) -> None:
    assert steps.again[stage] == ""


def test_each_step_back_gives_the_tree_of_the_step_before(steps: Steps) -> None:
    assert steps.trees[4:] == list(reversed(steps.trees[:5]))


def test_the_way_back_ends_at_the_very_bytes_of_the_start(steps: Steps) -> None:
    start = {
        path.relative_to(PROJECT / "examples" / "tazlab"): path.read_bytes()
        for path in (PROJECT / "examples" / "tazlab").rglob("*")
        if path.is_file()
    }
    now = {
        path.relative_to(steps.root): path.read_bytes()
        for path in steps.root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(steps.root).parts
    }

    assert now == start
