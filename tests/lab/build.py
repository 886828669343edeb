"""Build the Go programs of the lab into the cache, several at once where memory allows.

A build is reproducible: ``-mod=readonly`` against the committed go.sum, no cgo, no paths of this
machine in the binary. It takes place beside its final place and is renamed, so that an
interrupted build leaves nothing that looks finished.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.programs import PROGRAMS, TOOLS, GoProgram, cache_root, find_binary, get_program

#: Kept free for the rest of the machine.
RESERVE_MB = 1000


class MemoryBudget:
    """Lets builds start while their worst cases together fit into memory; always at least one."""

    def __init__(self, total_mb: int) -> None:
        self._free = total_mb
        self._running = 0
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, amount_mb: int) -> Iterator[None]:
        """Hold ``amount_mb`` for the duration; waits until it is there."""
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0 or self._free >= amount_mb)
            self._free -= amount_mb
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._free += amount_mb
                self._running -= 1
                self._changed.notify_all()


def build_programs(names: Sequence[str] = ()) -> None:
    """Build what is missing of the named programs, or of all.

    Raises:
        LabError: A name is unknown, Go is missing or a build failed.
    """
    wanted = [get_program(name) for name in names] if names else list(PROGRAMS)
    missing = [program for program in wanted if find_binary(program) is None]
    for program in wanted:
        if program not in missing:
            _say(f"{program.name} {program.version}: {find_binary(program)}")
    if not missing:
        return
    go = get_go()
    missing.sort(key=lambda program: -program.minutes)
    estimate = sum(program.minutes for program in missing)
    _say(f"building {len(missing)} programs; cold this takes about {estimate:.0f} min on 2 cores")
    budget = MemoryBudget(_available_memory_mb() - RESERVE_MB)
    # One worker per core at most: each `go build` is parallel itself, and the second one fills
    # the moments in which the first links on a single core.
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 4)) as pool:
        jobs = {p.name: pool.submit(_build_guarded, p, go, budget) for p in missing}
    failed = [f"{name}: {job.exception()}" for name, job in jobs.items() if job.exception()]
    if failed:
        raise LabError("\n".join(failed))


def get_go() -> str:
    """Path of the go command.

    Raises:
        LabError: Go is not installed.
    """
    go = shutil.which("go")
    if go is None:
        msg = (
            "the go command is not on PATH; install Go 1.25.3 or newer, or put the programs of"
            " the pinned versions on PATH or into KUBEBUILDER_ASSETS"
        )
        raise LabError(msg)
    return go


def _build_guarded(program: GoProgram, go: str, budget: MemoryBudget) -> None:
    with budget.reserve(program.memory_mb), _exclusive(program):
        if find_binary(program) is None:
            _build(program, go)


@contextmanager
def _exclusive(program: GoProgram) -> Iterator[None]:
    # Two test runs may find the same binary missing at the same time.
    cache_root().mkdir(parents=True, exist_ok=True)
    with (cache_root() / f"{program.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(program: GoProgram, go: str) -> None:
    started = time.monotonic()
    _say(f"{program.name} {program.version}: building")
    final = cache_root() / program.key
    partial = final.with_name(f"{final.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    folder = TOOLS / program.folder
    output = str(partial / program.name)
    flags = ["-mod=readonly", "-trimpath", f"-ldflags={program.linker_flags}", "-o", output]
    _run_go([go, "build", *flags, program.package], folder, partial / "build.log")
    if program.files:
        listed = _run_go(
            [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", program.module],
            folder,
            partial / "list.log",
        )
        source = Path(listed.strip().splitlines()[-1])
        for file in program.files:
            # copyfile, not copy: files of the module cache are read-only
            shutil.copyfile(source / file, partial / Path(file).name)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    _say(f"{program.name} {program.version}: built in {time.monotonic() - started:.0f} s")


def _run_go(argv: list[str], folder: Path, log: Path) -> str:
    # GOWORK and GOFLAGS of a developer must not change what is built.
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
    with log.open("wb") as sink:
        done = subprocess.run(argv, cwd=folder, env=env, stdout=sink, stderr=subprocess.STDOUT, check=False)
    text = log.read_text(encoding="utf-8", errors="replace")
    if done.returncode != 0:
        msg = f"{' '.join(argv[:2])} in {folder} failed; the end of {log}:\n{text[-2000:]}"
        raise LabError(msg)
    return text


def _available_memory_mb() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 2 * RESERVE_MB


def _say(text: str) -> None:
    sys.stderr.write(f"lab: {text}\n")
    sys.stderr.flush()
