"""Clean up after a lab, however it ended. Run as a script: ``reaper.py PARENT LAB_ID DATA``.

Waits until its stdin closes (orderly end) or the lab's process is gone (also by kill -9), then
kills every process that carries the lab's mark or sits in one of its cgroups, undoes its mounts
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


def cgroup_folders(lab_id: str) -> list[Path]:
    """Cgroups that kubelet and containerd made for the lab's pods, innermost first."""
    # cgroup v2 has one tree, v1 one per controller, one level down.
    mounts = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]
    roots = {mount / f"phase2-{lab_id}" for mount in mounts}
    folders = [folder for root in roots for folder in (root, *root.rglob("*")) if folder.is_dir()]
    return sorted(folders, key=lambda folder: -len(folder.parts))


def cgroup_processes(lab_id: str) -> set[int]:
    """Pids inside the lab's cgroups: the containers of its pods."""
    found: set[int] = set()
    for folder in cgroup_folders(lab_id):
        with contextlib.suppress(OSError):
            found |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
    return found


def kill_all(lab_id: str) -> None:
    """SIGTERM, then SIGKILL, until nobody is left or ten seconds have passed."""
    started = time.monotonic()
    while doomed := marked_processes(lab_id) | cgroup_processes(lab_id):
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
        subprocess.run(["umount", "--lazy", mount], check=False)  # noqa: S607 - in /bin or /usr/bin


def sweep(lab_id: str, data: Path) -> None:
    """Remove every trace of a lab but its logs; harmless when there is none."""
    kill_all(lab_id)
    unmount_all(data)
    for folder in cgroup_folders(lab_id):
        with contextlib.suppress(OSError):
            folder.rmdir()
    bridge = f"p2-{lab_id[:8]}"
    if Path("/sys/class/net", bridge).exists():
        subprocess.run(["ip", "link", "delete", bridge], check=False)  # noqa: S607 - as above
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
