"""Streams, signals and bugs: what the exit code is when things go wrong outside of the answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from injector.cli.answer import Note
from injector.cli.configuring import Configured
from injector.cli.console import Console, is_terminal, terminal_width, wants_color
from injector.cli.main import main
from injector.cli.options import LogFormat
from injector.cli.reading import Reading
from injector.config.model import DEFAULT
from tests.cli.conftest import Run, Tree
from tests.unit.report import factory as make

REPOSITORY = Path(__file__).parents[2]
READING = Reading(
    config=Configured(DEFAULT),
    allow_unreadable=False,
    jobs=None,
    no_progress=False,
    quiet=False,
    verbose=0,
    log_format=LogFormat.TEXT,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "injector.cli", *arguments]


def test_bug_is_two_without_a_traceback_and_without_the_exceptions_text(run: Run, tree: Tree) -> None:
    tree.failure = KeyError("text of a file")

    ran = run("classify")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "KeyError: this is a bug of phase2; run it again with -vv" in ran.err
    assert "text of a file" not in ran.err


def test_bug_tells_where_with_vv_and_still_not_the_exceptions_text(run: Run, tree: Tree) -> None:
    tree.failure = KeyError("text of a file")

    ran = run("classify", "-vv")

    assert 'File "' in ran.err
    assert "text of a file" not in ran.err


def test_interrupt_is_130_without_a_word(run: Run, tree: Tree) -> None:
    tree.failure = KeyboardInterrupt()

    ran = run("classify")

    assert (ran.code, ran.out, ran.err) == (130, "", "")


def test_abort_of_a_prompt_is_130_too(run: Run, tree: Tree) -> None:
    tree.failure = click.Abort()

    assert run("classify").code == 130


def test_other_failure_of_the_parser_is_one_line(run: Run, tree: Tree) -> None:
    tree.failure = click.ClickException("no")

    ran = run("classify")

    assert (ran.code, ran.err) == (2, "phase2: error: no\n")


def test_closed_pipe_is_141_and_silent() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(program("rules", "list"), stdout=writing, stderr=subprocess.PIPE, cwd=REPOSITORY, check=False)
    os.close(writing)

    assert done.returncode == 141
    assert done.stderr == b""


def test_closed_pipe_in_process_is_141(run: Run, tree: Tree) -> None:
    tree.failure = BrokenPipeError()

    assert run("classify").code == 141


def test_process_ends_with_the_exit_code_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: [\n", encoding="utf-8")
    (tmp_path / "fine.yaml").write_text("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n", encoding="utf-8")

    def end(*arguments: str) -> int:
        return subprocess.run(
            program("classify", "--jobs", "1", *arguments), cwd=REPOSITORY, capture_output=True, check=False
        ).returncode

    assert end(str(tmp_path / "fine.yaml")) == 0
    assert end(str(tmp_path)) == 2
    assert end("--nonsense") == 2


def test_closed_stdout_is_two_and_said(run: Run, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    del tree
    monkeypatch.setattr("sys.stdout", None)

    ran = run("classify")

    assert ran.code == 2
    assert "<stdout>: it is closed" in ran.err


def test_full_disk_behind_stdout_is_two_and_said(tree: Tree) -> None:
    del tree
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")

    with full.open("wb") as stdout:
        done = subprocess.run(
            program("rules", "list"), stdout=stdout, stderr=subprocess.PIPE, cwd=REPOSITORY, check=False
        )

    assert done.returncode == 2
    assert b"<stdout>: cannot be written: No space left on device" in done.stderr


def test_closed_stderr_changes_nothing(run: Run, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.report = make.report(make.item())
    monkeypatch.setattr("sys.stderr", None)

    assert run("classify").code == 0


def test_progress_is_one_line_that_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    console = Console(has_progress=True)

    console.progress("reading", 1, 10)
    console.progress("reading", 2, 10)  # too soon to be drawn
    console.write(Note("warning", "x"))

    assert stderr.getvalue() == "\r\x1b[Kreading 1/10\r\x1b[Kphase2: warning: x\n"


@pytest.mark.parametrize(
    ("changes", "environment", "is_tty", "expected"),
    [
        ({}, {}, True, True),
        ({}, {}, False, False),
        ({}, {"CI": "true"}, True, False),
        ({"no_progress": True}, {}, True, False),
        ({"quiet": True}, {}, True, False),
        ({"log_format": LogFormat.JSON}, {}, True, False),
    ],
)
def test_progress_is_for_people_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    environment: dict[str, str],
    *,
    is_tty: bool,
    expected: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", Terminal() if is_tty else io.StringIO())
    flags = {name: changes.get(name, getattr(READING, name)) for name in Reading.__dataclass_fields__}
    console = Console()

    Reading(**flags).configure(console)  # type: ignore[arg-type]

    assert console.has_progress is expected


def test_colour_is_for_terminals_that_have_any() -> None:
    assert wants_color("auto", {}, is_tty=True)
    assert not wants_color("auto", {"TERM": "dumb"}, is_tty=True)
    assert not wants_color("auto", {}, is_tty=False)


def test_width_is_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "93")
    assert terminal_width() == 93

    monkeypatch.delenv("COLUMNS")
    assert terminal_width() is None  # a terminal that has no file descriptor

    monkeypatch.setattr(Terminal, "fileno", lambda _self: 1, raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda _fd: os.terminal_size((71, 20)))
    assert terminal_width() == 71

    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert terminal_width() is None


def test_closed_stream_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()

    assert not is_terminal(closed)
    assert not is_terminal(None)


def test_stream_on_stdin_is_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = b"""apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app, namespace: web}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - secretKey: POSTGRES_PASSWORD
      remoteRef: {key: apps/web, property: password}
"""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(manifest)))

    ran = run("classify", "-", "-o", "name")

    assert (ran.code, ran.out) == (0, "ExternalSecret/web/app\n")


def test_start_does_not_load_the_library() -> None:
    code = (
        "import sys; from injector.cli.main import main; main(['--version']);"
        "print([one for one in ('yaml', 'orjson', 'injector.classify', 'injector.model', 'multiprocessing') if one in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_main_takes_the_processs_own_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["phase2", "--version"])

    assert main() == 0
    assert capsys.readouterr().out.startswith("phase2 ")


def test_name_of_a_file_forges_no_line_and_reaches_no_terminal(run: Run, tree: Tree) -> None:
    tree.report = make.report(unreadable=(make.diagnostic(path="a\x1b[31m\nphase2: error: b.yaml"),))

    ran = run("classify")

    assert "\x1b" not in ran.err
    assert "phase2: warning: a\\x1b[31m\\nphase2: error: b.yaml:3: " in ran.err
