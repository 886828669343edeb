"""Clean up after a lab, however it ended. Run as a script: ``reaper.py PARENT LAB_ID DATA``.

Waits until its stdin closes (orderly end) or the lab's process is gone (also by kill -9), then
kills every process that carries the lab's mark or sits in one of its containers, undoes its mounts
and removes its data directory. Log files are elsewhere and stay. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

#: Orderly programs get this long between SIGTERM and SIGKILL.
GRACE_S = 2.0


def marked_processes(lab_id: str) -> set[int]:
    """Pids whose environment names the lab; ours is never among them."""
    mark = f"PHASE2_LAB_ID={lab_id}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # OSError: it ended meanwhile, or belongs to somebody else.
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    return found - {os.getpid()}


def container_ids(data: Path) -> set[str]:
    """Ids of the containers that the lab's containerd knows."""
    return {path.name for path in data.glob("node/run/io.containerd.runtime.v2.task/k8s.io/*")}


def container_processes(containers: set[str]) -> set[int]:
    """Pids inside the lab's containers, which carry no mark and outlive their shim."""
    ids = [container.encode() for container in containers]
    found = set()
    for entry in Path("/proc").iterdir() if ids else ():
        with contextlib.suppress(OSError):
            # containerd names a container's cgroup after its id, by default below /k8s.io
            cgroups = (entry / "cgroup").read_bytes() if entry.name.isdigit() else b""
            if any(container in cgroups for container in ids):
                found.add(int(entry.name))
    return found


def remove_cgroups(ids: set[str]) -> None:
    """Remove the empty cgroups of ended containers."""
    for container in ids:
        # cgroup v2 has one tree, v1 one per controller, one level down
        for pattern in (f"k8s.io/{container}", f"*/k8s.io/{container}"):
            for folder in Path("/sys/fs/cgroup").glob(pattern):
                with contextlib.suppress(OSError):
                    folder.rmdir()


def kill_all(lab_id: str, containers: set[str]) -> None:
    """SIGTERM, then SIGKILL, until nobody is left or ten seconds have passed."""
    started = time.monotonic()
    while doomed := marked_processes(lab_id) | container_processes(containers):
        age = time.monotonic() - started
        for pid in doomed:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM if age < GRACE_S else signal.SIGKILL)
        if age > GRACE_S + 10:
            sys.stdout.write(f"reaper: these would not die: {sorted(doomed)}\n")
            return
        time.sleep(0.1)


def unmount_all(data: Path) -> None:
    """Undo every mount below the data directory, the deepest first."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    ours = [mount for mount in mounts if mount == str(data) or mount.startswith(f"{data}/")]
    for mount in sorted(ours, key=len, reverse=True):
        # Lazily: a process that is just dying may still hold it.
        subprocess.run(["umount", "--lazy", mount], check=False)


def sweep(lab_id: str, data: Path) -> None:
    """Remove every trace of a lab but its logs; harmless when there is none."""
    # read first: a shim that ends in order removes its container's folder
    containers = container_ids(data)
    kill_all(lab_id, containers)
    unmount_all(data)
    remove_cgroups(containers)
    bridge = f"p2-{lab_id[:8]}"
    if Path("/sys/class/net", bridge).exists():
        subprocess.run(["ip", "link", "delete", bridge], check=False)
    shutil.rmtree(data, ignore_errors=True)


def main() -> None:
    """Wait for the end, then sweep."""
    parent, lab_id, data = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    poller = select.poll()
    poller.register(0, select.POLLIN | select.POLLHUP)
    # The pid file descriptor: a forked copy of the lab's process could keep the pipe open.
    with contextlib.suppress(ProcessLookupError):
        poller.register(os.pidfd_open(parent), select.POLLIN)
        if os.getppid() == parent:
            poller.poll()
    sweep(lab_id, data)


if __name__ == "__main__":
    main()
