"""Start one program: death signal, private mounts, user, then exec. Run as a script, alone.

The lab starts every program through this file as ``python -I -S sandbox.py SPEC.json``; it must
import nothing but the standard library, so that it costs about 20 ms. Three things cannot be had
from ``subprocess`` safely in a process with threads:

* ``PR_SET_PDEATHSIG``: the program dies with the lab, also when that is killed with -9. The
  signal comes when the *thread* that forked ends (prctl(2)), which is why the lab forks from one
  thread that never ends (``process.py``), and it is forgotten when the user changes, which is
  why it is set a second time here.
* a private mount namespace: vault-k8s and external-secrets read their token from a fixed path
  (client-go rest.InClusterConfig), and the host's own path must not be written to.
* a root directory made of busybox and vault only, for the containers of the pod runner.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: object) -> None:
    if getattr(_libc, name)(*args) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{name}: {os.strerror(errno)}", str(args[1] if args[1:] else ""))


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None)


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _call("unshare", CLONE_NEWNS)
    else:
        # Without root, a user namespace in which we look like root gives the right to mount.
        _call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _mount("none", "/", "none", MS_REC | MS_PRIVATE)


def _apply(mount: dict[str, Any], root: str) -> None:
    target = Path(root + mount["target"])
    if mount["kind"] == "tmpfs":
        target.mkdir(parents=True, exist_ok=True)
        _mount("tmpfs", str(target), "tmpfs", 0)
        return
    source = Path(mount["source"])
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(str(source), str(target), "none", MS_BIND | MS_REC)
    if mount.get("readonly"):
        _mount("none", str(target), "none", MS_REMOUNT | MS_BIND | MS_RDONLY)


def _die_with_parent(number: int) -> None:
    _call("prctl", PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0)


def main() -> None:
    """Read the spec, become the program."""
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    number = int(spec["death_signal"])
    _die_with_parent(number)
    # The parent may have died before the line above; then nobody would ever send the signal.
    if os.getppid() != spec["parent"]:
        sys.exit("sandbox: the lab is gone already")
    root = spec["root"] or ""
    if spec["mounts"] or root:
        _enter_namespace()
        for mount in spec["mounts"]:
            _apply(mount, root)
    if root:
        os.chroot(root)
    if spec["user"] and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(spec["user"]["gid"])
        os.setuid(spec["user"]["uid"])
        _die_with_parent(number)
    os.chdir(spec["cwd"])
    # Python ignores SIGPIPE, and an ignored signal stays ignored over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.umask(0o022)
    try:
        os.execve(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606 - its purpose
    except OSError as err:
        sys.exit(f"sandbox: {spec['argv'][0]}: {err.strerror}")


if __name__ == "__main__":
    main()
