"""Programs that come as Debian packages, and what to install when one is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LevelUnavailableError

#: Debian puts these beside PATH: daemons in sbin, PostgreSQL's by version, CNI plugins in lib.
EXTRA_FOLDERS = ("/usr/sbin", "/sbin", "/usr/lib/cni", "/opt/cni/bin")
#: The server itself; its namesake on PATH changes the user and folders to Debian's own.
RABBITMQ_FOLDER = "/usr/lib/rabbitmq/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianProgram:
    """A program and the package that has it."""

    name: str
    package: str


POSTGRES = DebianProgram(name="postgres", package="postgresql")
INITDB = DebianProgram(name="initdb", package="postgresql")
BUSYBOX = DebianProgram(name="busybox", package="busybox-static")
CONTAINERD = DebianProgram(name="containerd", package="containerd")
CONTAINERD_SHIM = DebianProgram(name="containerd-shim-runc-v2", package="containerd")
CTR = DebianProgram(name="ctr", package="containerd")
RUNC = DebianProgram(name="runc", package="runc")
# not "bridge": iproute2 has a program of that name
CNI = DebianProgram(name="host-local", package="containernetworking-plugins")
IP = DebianProgram(name="ip", package="iproute2")
BUILDAH = DebianProgram(name="buildah", package="buildah")
MMDEBSTRAP = DebianProgram(name="mmdebstrap", package="mmdebstrap")

MARIADB = DebianProgram(name="mariadbd", package="mariadb-server")
MARIADB_INSTALL = DebianProgram(name="mariadb-install-db", package="mariadb-server")
MARIADB_CLIENT = DebianProgram(name="mariadb", package="mariadb-server")
REDIS = DebianProgram(name="redis-server", package="redis-server")
REDIS_CLIENT = DebianProgram(name="redis-cli", package="redis-server")
RABBITMQ = DebianProgram(name="rabbitmq-server", package="rabbitmq-server")
EPMD = DebianProgram(name="epmd", package="rabbitmq-server")

AGENT_PROGRAMS = (POSTGRES, INITDB, BUSYBOX)
IMAGE_PROGRAMS = (BUILDAH, MMDEBSTRAP)
NODE_PROGRAMS = (CONTAINERD, CONTAINERD_SHIM, CTR, RUNC, CNI, IP)
SYSTEM_PROGRAMS = (MARIADB, MARIADB_INSTALL, MARIADB_CLIENT, REDIS, REDIS_CLIENT, RABBITMQ, EPMD)


def find_program(program: DebianProgram) -> Path | None:
    """Where a program is installed, or None."""
    # newest PostgreSQL first: "15" < "9.6" as text, so compare as numbers
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: [int(part) for part in folder.parent.name.split(".") if part.isdigit()],
        reverse=True,
    )
    folders = [os.environ.get("PATH", os.defpath), *map(str, versions), *EXTRA_FOLDERS]
    found = shutil.which(program.name, path=os.pathsep.join(folders))
    # Through the link: PostgreSQL looks for its own files beside the path it was started by.
    return Path(found).resolve() if found and program.package == "postgresql" else (Path(found) if found else None)


def get_debian_program(program: DebianProgram) -> Path:
    """Path of an installed program.

    Raises:
        LevelUnavailableError: Its package is missing.
    """
    require_programs([program])
    found = find_program(program)
    assert found is not None, "require_programs has just seen it"
    return found


def require_programs(programs: Iterable[DebianProgram]) -> None:
    """Nothing, when all are installed.

    Raises:
        LevelUnavailableError: Naming every missing package at once.
    """
    missing = sorted({p.package for p in programs if find_program(p) is None})
    if missing:
        msg = f"Debian packages are missing; run: apt-get install {' '.join(missing)}"
        raise LevelUnavailableError(msg)
