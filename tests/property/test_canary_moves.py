"""No command that moves a secret carries on a planted one: not to the screen, not into a file that it makes."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from injector.cli.main import main
from injector.cli.planning import render_changes
from injector.config.load import parse_config
from injector.migration.model import Stage
from injector.migration.write import write_migration
from injector.report.planjson import build_plan_document, render_json
from injector.stages.journal import FOLDER
from injector.stages.preview import preview
from injector.stages.run import apply_stage
from tests.canary import CANARY, has_canary
from tests.property.moving_secrets import DECIDED, MANIFESTS, moving
from tests.property.test_canary import ENCODED, SECRET, SHAPES
from tests.property.test_plans import scene_of, written
from tests.unit.inventory.trees import grow

STAGES = [stage.value for stage in Stage]
NAMES = ["shop/db", "shop/grafana-db", "shop/mixed", "shop/nightly-db"]


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.autocrlf=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, check=True)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "a step")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    grow(tmp_path / "tree", moving(SECRET))
    git(tmp_path / "tree", "init", "--quiet")
    commit(tmp_path / "tree")
    return tmp_path / "tree"


def new_files(root: Path) -> Iterator[Path]:
    """Yield the files that were not there before anything moved."""
    old = {*MANIFESTS, "phase2.yaml"}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(".git/") and name not in old:
            yield path


def leaks(root: Path) -> list[str]:
    """Return the new files that hold a planted value."""
    return [
        str(path) for path in new_files(root) if has_canary(path.read_bytes()) or ENCODED.encode() in path.read_bytes()
    ]


def test_the_tree_really_moves(root: Path) -> None:
    scene, _, _ = scene_of(moving(SECRET), parse_config(DECIDED.encode(), "phase2.yaml"))

    assert [f"{one.migration.namespace}/{one.migration.name}" for one in scene.plan.proposals] == NAMES
    assert not scene.plan.undecided
    assert all(
        CANARY in path.read_text() for path in root.glob("*.yaml") if path.name not in ("phase2.yaml", "store.yaml")
    )


@pytest.mark.parametrize("inline", [(), ("--inline-annotations",)], ids=["webhook", "inline"])
def test_no_stage_carries_a_secret_on(inline: tuple[str, ...], root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stage in STAGES:
        chosen = inline if stage == "inject" else ()
        codes = [
            main(["apply", str(root), "--stage", stage, *chosen]),
            main(["apply", str(root), "--stage", stage, *chosen, "-o", "json"]),
            main(["apply", str(root), "--stage", stage, *chosen, "--write", "--yes", "-vv"]),
            main(["apply", str(root), "--stage", stage, *chosen, "--write", "--yes", "--log-format", "json"]),
        ]
        commit(root)
        out, err = capsys.readouterr()
        assert codes == [0] * 4, err
        assert ENCODED not in out + err
        assert leaks(root) == []
    assert len(list((root / FOLDER).iterdir())) == len(STAGES) * len(NAMES)

    for _ in STAGES:
        codes = [main(["rollback", str(root)]), main(["rollback", str(root), "--write", "--yes"])]
        commit(root)
        out, err = capsys.readouterr()
        assert codes == [0] * 2, err
        assert ENCODED not in out + err
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == moving(SECRET)


@pytest.mark.parametrize("form", ["diff", "yaml", "json", "dir"])
@pytest.mark.parametrize("is_broken", [False, True], ids=["whole", "broken"])
def test_no_plan_carries_a_secret_on(
    form: str,
    is_broken: bool,  # noqa: FBT001
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = grow(tmp_path / "tree", moving(SECRET, is_broken=is_broken))

    code = main(["plan", str(root), "-o", form, "--output-file", str(tmp_path / "made"), "-vv"])

    out, err = capsys.readouterr()
    made = [path for path in (tmp_path / "made", *(tmp_path / "made").rglob("*")) if path.is_file()]
    assert code == (2 if is_broken else 0), err
    assert made
    assert not [path for path in made if has_canary(path.read_bytes()) or ENCODED in path.read_text()]
    assert ENCODED not in out + err


def test_inject_tells_no_secret_beside_the_pod_that_it_was_given(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod itself comes out as it went in, its literals with it."""
    for stage in ("prepare", "inject"):
        main(["apply", str(root), "--stage", stage, "--write", "--yes"])
        commit(root)
    policies = root.parent / "policies"
    policies.mkdir()
    for path in root.glob("*.secretmigration.yaml"):
        (policies / path.name).write_bytes(path.read_bytes())
    printed = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", printed)

    code = main(
        ["inject", "-f", f"{root}/web.yaml", "--policy-dir", str(policies), "--namespace", "shop", "-o", "json"]
    )

    out, err = capsys.readouterr()
    assert code == 0
    assert b"vault.hashicorp.com/agent-inject" in printed.buffer.getvalue()
    assert ENCODED not in out + err


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "--only", "shop/nobody"),
        ("apply", "--stage", "release"),
        ("rollback",),
        ("vault", "plan", "--login", "token"),
        ("plan", "--config", "web.yaml"),
    ],
    ids=" ".join,
)
def test_no_error_tells_a_secret(
    command: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = grow(tmp_path / "tree", moving(SECRET, is_broken=True))
    monkeypatch.setenv("VAULT_ADDR", f"http://user:{SECRET}@127.0.0.1:1")
    monkeypatch.setenv("VAULT_TOKEN", SECRET)
    monkeypatch.chdir(root)

    code = main([*command, "-vv"])

    out, err = capsys.readouterr()
    assert code == 2
    assert err
    assert ENCODED not in out + err


def test_a_bug_in_a_plan_tells_no_secret(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise KeyError(f"no key {SECRET}")

    monkeypatch.setattr("injector.cli.plan.render_changes", fail)

    code = main(["plan", str(root), "-vv"])

    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert "KeyError" in err


def test_what_only_git_may_keep_is_not_taken_out_where_there_is_no_git(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = grow(tmp_path / "tree", moving(SECRET))
    prepared = main(["apply", str(root), "--stage", "prepare", "--write", "--yes"])
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    code = main(["apply", str(root), "--stage", "inject", "--write", "--yes"])

    _, err = capsys.readouterr()
    assert [prepared, code] == [0, 2]
    assert "a line that the stage takes out may hold a secret, so that only git shall keep it" in err
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SHAPES)
def test_no_shape_of_a_secret_is_carried_on(secret: str) -> None:
    decided = parse_config(DECIDED.encode(), "phase2.yaml")
    contents = moving(secret)
    old = frozenset(contents)
    scene, workspace, _ = scene_of(contents, decided)
    seen = preview(scene, workspace)
    document = build_plan_document(scene.plan, scene.plan.proposals, seen.refused, decided)
    texts = [render_json(document), *(write_migration(one.migration, one.comments) for one in scene.plan.proposals)]
    for stage in Stage:
        scene, workspace, _ = scene_of(contents, decided)
        texts.append(render_changes(apply_stage(stage, scene, workspace).workspace.delta()))
        contents = written(contents, apply_stage(stage, *scene_of(contents, decided)[:2]))
        texts += [data.decode() for path, data in contents.items() if path not in old]

    assert not [text for text in texts if has_canary(text)]
