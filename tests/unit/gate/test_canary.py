"""The gate against printed secrets, proved by a run of pytest inside of pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canary import has_canary

PROJECT = Path(__file__).resolve().parents[3]
TESTS = """
import logging, subprocess, sys
import pytest
WORD = "c4n" + "4ry-x"

@pytest.fixture
def prepared():
    print(WORD)

def test_print(): print(WORD)
def test_upper_case(): print(WORD.upper())
def test_stderr(): print(WORD, file=sys.stderr)
def test_log(): logging.warning(WORD)
def test_setup(prepared): pass
def test_read_back(capsys):
    print(WORD)
    capsys.readouterr()
def test_child(capfd):
    subprocess.run([sys.executable, "-c", f"print({WORD!r})"], check=True)
    capfd.readouterr()
def test_clean(capsys):
    print("fine")
    capsys.readouterr()
"""


def test_a_test_that_prints_a_planted_secret_fails(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    pytester.makeconftest('pytest_plugins = ["tests.canary"]')
    pytester.makepyfile(TESTS)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rA", "--no-header", "--show-capture=no")

    lines = [line.split(" - ")[0] for line in result.outlines if line.startswith(("PASSED", "FAILED", "ERROR "))]
    names = sorted({(line.split()[0], line.rpartition("::")[2]) for line in lines})
    assert names == [
        ("ERROR", "test_setup"),
        ("FAILED", "test_child"),
        ("FAILED", "test_log"),
        ("FAILED", "test_print"),
        ("FAILED", "test_read_back"),
        ("FAILED", "test_stderr"),
        ("FAILED", "test_upper_case"),
        ("PASSED", "test_clean"),
    ]


def test_no_expected_document_holds_a_planted_value() -> None:
    golden = [path for path in (PROJECT / "tests" / "golden").rglob("*") if path.is_file() and path.suffix != ".py"]
    expected = [path for path in (PROJECT / "tests" / "data").rglob("expected*") if path.is_file()]

    assert [str(path) for path in [*golden, *expected] if has_canary(path.read_bytes())] == []
