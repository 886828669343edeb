"""The program as a process, with real terminals, pipes and signals."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "injector.cli"]
MANIFEST = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app, namespace: web}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - secretKey: POSTGRES_PASSWORD
      remoteRef: {key: apps/web, property: password}
"""


@dataclass(frozen=True)
class Shown:
    """What came out of the two streams."""

    code: int
    out: str
    err: str


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    file = tmp_path / "app.yaml"
    file.write_text(MANIFEST, encoding="utf-8")
    return str(file)


def environment(**more: str) -> dict[str, str]:
    ours = {
        name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    return ours | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm"} | more


def show(*arguments: str, terminals: str, **more: str) -> Shown:
    """Run the program with ``out``, ``err`` or both of its streams at a terminal, the other at a pipe."""
    ends = {name: pty.openpty() if name in terminals else os.pipe() for name in ("out", "err")}
    texts: dict[str, str] = {}
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=ends["out"][1],
        stderr=ends["err"][1],
        env=environment(**more),
    )
    readers = [threading.Thread(target=_drain, args=(name, end[0], texts)) for name, end in ends.items()]
    for end in ends.values():
        os.close(end[1])
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    return Shown(process.wait(), texts["out"].replace("\r\n", "\n"), texts["err"].replace("\r\n", "\n"))


def _drain(name: str, end: int, texts: dict[str, str]) -> None:
    data = b""
    try:
        while chunk := os.read(end, 65536):
            data += chunk
    except OSError:
        pass  # a terminal whose other end is closed says EIO where a pipe says end of file
    os.close(end)
    texts[name] = data.decode()


def test_progress_is_drawn_on_a_terminal_of_stderr_and_taken_away(manifest: str) -> None:
    shown = show("classify", manifest, "-o", "name", terminals="err")

    assert (shown.code, shown.out) == (0, "ExternalSecret/web/app\n")
    assert "\r\x1b[Kreading " in shown.err
    assert shown.err.endswith("\r\x1b[K")


def test_progress_is_not_drawn_in_a_pipeline_of_ci(manifest: str) -> None:
    shown = show("classify", manifest, "-o", "name", terminals="err", CI="true")

    assert (shown.code, shown.out, shown.err) == (0, "ExternalSecret/web/app\n", "")


def test_terminal_of_stdout_gets_colour_and_stderr_no_progress(manifest: str) -> None:
    shown = show("classify", manifest, terminals="out")

    assert "\x1b[32mdynamic-capable\x1b[0m (1)" in shown.out
    assert "\x1b" not in shown.err
    assert shown.err.startswith("1 items: ")


def test_terminal_that_wants_no_colour_gets_none(manifest: str) -> None:
    assert "\x1b" not in show("classify", manifest, terminals="out", NO_COLOR="1").out


def test_json_on_a_terminal_is_the_same_bytes_as_in_a_pipe(manifest: str) -> None:
    on_terminal = show("classify", manifest, "-o", "json", terminals="out err", FORCE_COLOR="1")
    in_pipe = show("classify", manifest, "-o", "json", terminals="")

    assert on_terminal.out == in_pipe.out
    assert on_terminal.out.startswith("{\n")


def test_interrupt_is_130_without_a_trace(manifest: str, tmp_path: Path) -> None:
    fifo = tmp_path / "config"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*PROGRAM, "classify", manifest, "--config", str(fifo)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    writing = os.open(fifo, os.O_WRONLY)  # waits until the program reads its configuration, and is ready to be stopped

    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    os.close(writing)

    assert (process.returncode, out, err) == (130, b"", b"")


def test_reader_that_goes_away_is_141_without_a_word(manifest: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [*PROGRAM, "classify", manifest, "-o", "json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (141, b"")
