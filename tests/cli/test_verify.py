"""``phase2 verify``: formats, exit codes, files, and that no value is ever printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from injector.cli.verify import VerifyFormat
from tests.canary import CANARY, has_canary
from tests.cli.conftest import Run

SECRET = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: web, namespace: shop}}
stringData: {{password: {CANARY}Zq8w}}
"""
MERGING = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: web, namespace: shop}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {creationPolicy: Merge}
  data: [{secretKey: token, remoteRef: {key: shop/web}}]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "apps").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_clean_tree_is_answered_with_nothing(run: Run, place: Path) -> None:
    (place / "apps" / "web.yaml").write_text(SECRET.replace(f"{CANARY}Zq8w", "''"))

    ran = run("verify")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "1 files: 0 denied, 0 warned about\n"


@pytest.mark.parametrize("output", list(VerifyFormat))
def test_no_format_shows_a_value_or_a_line_that_breaks_a_rule(run: Run, place: Path, output: VerifyFormat) -> None:
    (place / "apps" / "web.yaml").write_text(SECRET)
    (place / "note.md").write_text(f"it is {CANARY}Zq8w\n")
    (place / "phase2.yaml").write_text(f"verify: {{forbidden: [{{name: leaked, text: {CANARY}}}]}}\n")

    ran = run("verify", "-o", output, "-vv")

    assert ran.code == 1
    assert "inline-secret" in ran.out
    assert "forbidden-text" in ran.out
    assert "leaked stands here" in ran.out
    assert not has_canary(ran.out + ran.err)


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [
        (SECRET, (), 1),
        (SECRET, ("--fail-on", "never"), 0),
        (SECRET, ("--fail-on", "warn"), 1),
        (MERGING, (), 0),
        (MERGING, ("--fail-on", "warn"), 1),
        (MERGING, ("--fail-on", "deny,warn"), 1),
        ("a: [", (), 2),
        ("a: [", ("--allow-unreadable",), 0),
        (f"{SECRET}---\na: [", (), 2),
        (f"{SECRET}---\na: [", ("--allow-unreadable",), 1),
    ],
)
def test_the_exit_code_says_how_it_stands(run: Run, place: Path, text: str, flags: tuple[str, ...], code: int) -> None:
    (place / "apps" / "web.yaml").write_text(text)

    assert run("verify", "apps/web.yaml", *flags).code == code


def test_levels_and_bars_come_from_the_configuration(run: Run, place: Path) -> None:
    (place / "apps" / "web.yaml").write_text(MERGING)
    (place / "phase2.yaml").write_text(
        "verify: {rules: {creation-policy: deny}}\ndefaults: {verify: {fail-on: [never], output: json}}\n"
    )

    ran = run("verify")

    assert ran.code == 0
    assert json.loads(ran.out)["summary"]["deny"] == 1
    assert run("verify", "--fail-on", "deny").code == 1


def test_globs_start_at_the_configuration_wherever_the_tree_begins(run: Run, place: Path) -> None:
    (place / "apps" / "web.yaml").write_text(f"# longhorn\n{SECRET}")
    (place / "phase2.yaml").write_text(
        "verify:\n  allow: [{path: apps/web.yaml, reason: a demo}]\n"
        "  forbidden: [{name: word, text: longhorn, paths: [apps/*]}]\n"
    )

    for path, shown in ((".", "apps/web.yaml:1"), ("apps", "web.yaml:1"), ("apps/web.yaml", "web.yaml:1")):
        ran = run("verify", path, "--no-headers", "-q")

        assert [line.split()[1:3] for line in ran.out.splitlines()] == [["forbidden-text", shown]]


ENTRIES = """\
verify:
  allow:
    - {path: apps/web.yaml, reason: a demo}
    - {path: aps/*, reason: a slip}
  shared:
    - {namespace: shop, name: web, reason: dex writes beside it}
    - {namespace: shoop, reason: a slip}
  forbidden:
    - {name: word, text: longhorn, paths: [apps/*]}
    - {name: slip, text: longhorn, paths: [aps/*]}
    - {name: switched-off, text: longhorn, paths: [aps/*], level: 'off'}
"""


def test_an_entry_that_decides_nothing_is_told(run: Run, place: Path) -> None:
    (place / "apps" / "web.yaml").write_text(f"{SECRET}---\n{MERGING}")
    (place / "phase2.yaml").write_text(ENTRIES)

    ran = run("verify")

    told = [line for line in ran.err.splitlines() if "decides nothing" in line]
    assert [line.split()[2] for line in told] == [f"phase2.yaml:{number}:" for number in (4, 7, 10)]
    assert "decides nothing" not in run("verify", "apps").err


def test_sarif_names_files_from_the_repository_on(run: Run, place: Path) -> None:
    (place / "apps" / "web.yaml").write_text(SECRET)

    ran = run("verify", "apps", "-o", "sarif", "--fail-on", "never", "--output-file", "out.sarif")

    assert (ran.code, ran.out) == (0, "")
    [result] = json.loads((place / "out.sarif").read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "apps/web.yaml"
    assert run("verify", "apps/web.yaml", "-o", "sarif").out == (place / "out.sarif").read_text()


def test_a_stream_is_held_to_the_rules_too(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del place
    (tmp_path / "stream").write_text(SECRET)
    with (tmp_path / "stream").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        ran = run("verify", "-")

    assert ran.code == 1
    assert "<stdin>:4" in ran.out


def test_a_wrong_word_is_met_with_a_guess(run: Run) -> None:
    ran = run("verify", "--fail-on", "denied")

    assert ran.code == 2
    assert "did you mean 'deny'?" in ran.err


def test_design_rules_are_listed_and_shown_with_the_others(run: Run) -> None:
    assert "inline-secret" in run("rules", "list", "-o", "name").out.splitlines()
    assert "verify.allow" in run("rules", "show", "inline-secret").out


def test_the_schema_of_the_document_is_printed(run: Run) -> None:
    assert json.loads(run("schema", "verify").out)["properties"]["kind"] == {"const": "Verification"}
