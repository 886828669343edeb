"""The lab for people: ``python -m tests.lab build|up|env|down``."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import threading
import time
from pathlib import Path

from tests.lab.build import build_programs
from tests.lab.errors import LabError
from tests.lab.lab import Lab, Level
from tests.lab.waiting import wait_until

LEVELS = {level.label: level for level in Level}


def state_root() -> Path:
    """Where ``up`` keeps its labs."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "vault-phase2" / "lab"


def up(name: str, level: Level) -> None:
    """Run a lab in the foreground until Ctrl-C or ``down``."""
    started = time.monotonic()
    state = state_root() / name
    record = state / "lab.json"
    if _running(record) is not None:
        msg = f"a lab called {name!r} runs already; use it, end it by `down`, or choose --name"
        raise LabError(msg)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: end.set())
    with Lab(state) as lab:
        lab.raise_to(level)
        text = json.dumps({"pid": os.getpid(), "environment": lab.environment()}, indent=1)
        record.touch(mode=0o600)
        record.write_text(text, encoding="utf-8")
        seconds = time.monotonic() - started
        sys.stderr.write(f"lab: {level.label} is ready after {seconds:.1f} s; Ctrl-C ends it\n")
        sys.stderr.write('lab: in another terminal: eval "$(python -m tests.lab env)"\n')
        try:
            end.wait()
        finally:
            record.unlink(missing_ok=True)


def down(name: str) -> None:
    """End a lab that ``up`` runs in another terminal."""
    record = state_root() / name / "lab.json"
    pid = _running(record)
    if pid is None:
        sys.stderr.write(f"lab: {name!r} does not run\n")
        return
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not _command_line(pid), what=f"lab {name!r} has ended", timeout_s=60)


def env(name: str) -> None:
    """Print the variables of a running lab for a shell's eval."""
    record = state_root() / name / "lab.json"
    if _running(record) is None:
        msg = f"no lab called {name!r} runs; start one: python -m tests.lab up"
        raise LabError(msg)
    variables = json.loads(record.read_text(encoding="utf-8"))["environment"]
    for key, value in sorted(variables.items()):
        sys.stdout.write(f"export {key}={shlex.quote(value)}\n")


def _running(record: Path) -> int | None:
    try:
        pid = int(json.loads(record.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError):
        return None
    # the number may have been given to another process since
    return pid if b"tests.lab" in _command_line(pid) else None


def _command_line(pid: int) -> bytes:
    """Empty for a process that ended, also when its parent has not looked yet."""
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return b""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser("build", help="build what is missing into the cache")
    build.add_argument("names", nargs="*", metavar="NAME")
    start = verbs.add_parser("up", help="run a lab until Ctrl-C or down")
    start.add_argument("--level", choices=sorted(LEVELS), default="agent")
    for verb in (
        start,
        verbs.add_parser("down", help="end a lab"),
        verbs.add_parser("env", help="print its variables"),
    ):
        verb.add_argument("--name", default="default", help="for several labs at once")
    return parser


def main() -> int:
    """Exit code 0, or 2 when the lab could not do what was asked."""
    arguments = _parser().parse_args()
    try:
        match arguments.verb:
            case "build":
                build_programs(arguments.names)
            case "up":
                up(arguments.name, LEVELS[arguments.level])
            case "down":
                down(arguments.name)
            case _:
                env(arguments.name)
    except LabError as err:
        sys.stderr.write(f"lab: error: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
