"""The root directory of the lab's containers: busybox, a user table, and Vault where wanted.

No registry can be reached, so this stands for hashicorp/vault and for every application image.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab import debian
from tests.lab.process import run_once

#: The vault image's user: uid 100, home /home/vault. Source: hashicorp/vault Dockerfile.
USERS = "root:x:0:0:root:/root:/bin/sh\nvault:x:100:1000::/home/vault:/bin/sh\n"


def create_root(root: Path) -> None:
    """Make a root directory with a shell and the usual small programs."""
    for folder in ("bin", "etc", "dev", "proc", "tmp", "home/vault", "root"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    busybox = debian.get_debian_program(debian.BUSYBOX)
    shutil.copy2(busybox, root / "bin" / "busybox")
    for applet in run_once([str(busybox), "--list"]).split():
        link = root / "bin" / applet
        if not link.is_symlink() and applet != "busybox":
            link.symlink_to("busybox")
    (root / "etc" / "passwd").write_text(USERS, encoding="ascii")
    (root / "etc" / "group").write_text("root:x:0:\nvault:x:1000:\n", encoding="ascii")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
