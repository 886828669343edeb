"""The programs of a lab: started so that they cannot outlive it, with a log file each.

Three nets, because each has a hole: an orderly ``stop``; the death signal that ``sandbox.py``
asks the kernel for (does not reach grandchildren such as containerd's shims); and the reaper
process, which waits for the lab's end and then kills whatever still carries the lab's mark.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.lab.errors import LabError
from tests.lab.waiting import wait_until

#: Environment variable by which the reaper recognises the processes of a lab.
MARK = "PHASE2_LAB_ID"

SANDBOX = Path(__file__).with_name("sandbox.py")
REAPER = Path(__file__).with_name("reaper.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mount that only one program sees."""

    target: str
    source: str = ""
    """Empty: a tmpfs."""
    readonly: bool = False

    def as_spec(self) -> dict[str, object]:
        """The form that ``sandbox.py`` reads."""
        kind = "bind" if self.source else "tmpfs"
        return {
            "kind": kind,
            "source": self.source,
            "target": self.target,
            "readonly": self.readonly,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Numeric identity of a program; has no effect when the lab does not run as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program and the surroundings it is started in."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    """The whole environment: nothing is inherited, so that no KUBECONFIG or proxy leaks in."""
    mounts: Sequence[Mount] = ()
    user: User | None = None
    root: str = ""
    """Directory that becomes ``/``; empty for the host's."""
    cwd: str = "/"
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL


class Program:
    """A started program."""

    def __init__(self, command: Command, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.command = command
        self.log = log
        self._popen = popen

    @property
    def name(self) -> str:
        """The name its log file bears too."""
        return self.command.name

    @property
    def pid(self) -> int:
        """Process id on the host."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._popen.poll()

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        return tail(self.log, lines)

    def check_alive(self) -> None:
        """Raise when the program ended although nobody asked it to.

        Raises:
            LabError: With the tail of its log.
        """
        if self.exit_code is not None:
            msg = f"{self.name} ended with {self.exit_code}; see {self.log}:\n{self.tail()}"
            raise LabError(msg)

    def wait_for_exit(self, timeout_s: float = 30) -> int:
        """Its exit code, once it ended by itself.

        Raises:
            LabError: It still runs at the deadline.
        """
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired as err:
            msg = f"{self.name} still runs after {timeout_s:g} s; see {self.log}:\n{self.tail()}"
            raise LabError(msg) from err

    def signal(self, number: signal.Signals) -> None:
        """Send a signal unless it has ended."""
        if self.exit_code is None:
            self._popen.send_signal(number)

    def stop(self, timeout_s: float = 5) -> int:
        """End it by its own stop signal, by SIGKILL when that takes too long."""
        self.signal(self.command.stop_signal)
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()


class Launcher:
    """Starts programs for one lab and ends them, last started first."""

    def __init__(self, lab_id: str, state: Path, data: Path) -> None:
        self.lab_id = lab_id
        self.logs = state / "logs"
        self._run = state / "run"
        for folder in (self.logs, self._run):
            folder.mkdir(parents=True, exist_ok=True)
        self._run.chmod(0o700)
        self.programs: list[Program] = []
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[Command, Future[Program]] | None]
        self._jobs = queue.SimpleQueue()
        # PR_SET_PDEATHSIG watches the forking *thread*: all forks happen in this one, which ends
        # with the process. Programs started from a worker thread would die when that ends.
        threading.Thread(target=self._fork_for_ever, name="lab-forks", daemon=True).start()
        self._reaper = self._start_reaper(data)

    def start(self, command: Command) -> Program:
        """Start a program; it is running, not necessarily ready, when this returns."""
        done: Future[Program] = Future()
        self._jobs.put((command, done))
        program = done.result()
        with self._lock:
            self.programs.append(program)
        return program

    def stop(self, program: Program) -> None:
        """End one program and forget it; its log stays."""
        program.stop()
        with self._lock, contextlib.suppress(ValueError):
            self.programs.remove(program)

    def close(self) -> None:
        """End everything, by the reaper too."""
        with self._lock:
            doomed = list(reversed(self.programs))
            self.programs.clear()
        for program in doomed:
            program.stop()
        self._jobs.put(None)
        if self._reaper.stdin:
            self._reaper.stdin.close()
        self._reaper.wait(60)

    def _fork_for_ever(self) -> None:
        while (job := self._jobs.get()) is not None:
            command, done = job
            try:
                done.set_result(self._fork(command))
            except OSError as err:
                done.set_exception(err)

    def _fork(self, command: Command) -> Program:
        spec = self._run / f"{command.name}.json"
        spec.touch(mode=0o600)
        spec.write_text(json.dumps(self._spec(command), indent=1), encoding="utf-8")
        log = self.logs / f"{command.name}.log"
        with log.open("ab") as sink:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SANDBOX), str(spec)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={MARK: self.lab_id},
                # Ctrl-C in a terminal reaches the whole foreground group; the lab wants to end
                # its programs itself, in order.
                start_new_session=True,
            )
        return Program(command, popen, log)

    def _spec(self, command: Command) -> dict[str, object]:
        user = command.user
        return {
            "parent": os.getpid(),
            "argv": list(command.argv),
            "env": {**command.env, MARK: self.lab_id},
            "mounts": [mount.as_spec() for mount in command.mounts],
            "user": {"uid": user.uid, "gid": user.gid} if user else None,
            "root": command.root,
            "cwd": command.cwd,
            "death_signal": int(command.death_signal),
        }

    def _start_reaper(self, data: Path) -> subprocess.Popen[bytes]:
        with (self.logs / "reaper.log").open("ab") as sink:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(REAPER), str(os.getpid()), self.lab_id, str(data)],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,
            )


def wait_ready(program: Program, is_ready: Callable[[], object], *, timeout_s: float = 60) -> None:
    """Wait for a started program, giving up at once when it ends.

    Args:
        program: What was started.
        is_ready: A callable without arguments; an OSError from it counts as "not yet".
        timeout_s: Deadline in seconds.

    Raises:
        LabError: The program ended, or the deadline passed; with the tail of its log.
    """

    def probe() -> bool:
        program.check_alive()
        try:
            return bool(is_ready())
        except OSError:
            return False

    try:
        wait_until(probe, what=f"{program.name} is ready", timeout_s=timeout_s)
    except LabError as err:
        if program.exit_code is not None:
            raise
        msg = f"{err}; see {program.log}:\n{program.tail()}"
        raise LabError(msg) from err


def tail(log: Path, lines: int = 20, *, since: int = 0) -> str:
    """The last lines of a log, none older than byte ``since``."""
    try:
        with log.open("rb") as source:
            return _last_lines(source, lines, since)
    except FileNotFoundError:
        return ""


def _last_lines(source: IO[bytes], lines: int, since: int) -> str:
    size = source.seek(0, os.SEEK_END)
    # 400 bytes a line is generous; the rare longer ones only mean fewer lines.
    source.seek(max(since, size - lines * 400))
    text = source.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-lines:])


def run_once(
    argv: Sequence[str],
    *,
    timeout_s: float = 60,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
) -> str:
    """Output of a short program.

    Raises:
        LabError: It failed or took too long; with what it printed.
    """
    as_root = os.geteuid() == 0
    started = time.monotonic()
    try:
        done = subprocess.run(
            list(argv),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(env) if env is not None else None,
            cwd="/",
            user=user.uid if user and as_root else None,
            group=user.gid if user and as_root else None,
            extra_groups=[] if user and as_root else None,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as err:
        msg = f"{argv[0]}: no end after {time.monotonic() - started:.0f} s"
        raise LabError(msg) from err
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        msg = f"{' '.join(argv)}: exit {done.returncode}:\n{text[-2000:]}"
        raise LabError(msg)
    return text
