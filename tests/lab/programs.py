"""Which programs the lab runs, in which version, and where each is found.

The versions stand in ``tools/<module>/go.mod`` and nowhere else. A binary is looked for on PATH
and in KUBEBUILDER_ASSETS first (when the program can say its version, and says exactly the
pinned one), then in the cache that ``build.py`` fills.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError, LevelUnavailableError

TOOLS = Path(__file__).with_name("tools")

#: Without them the API server calls itself v0.0.0-master+$Format, and clients that parse the
#: version complain.
_KUBERNETES_STAMP = (
    "-X k8s.io/component-base/version.gitVersion={version}"
    " -X k8s.io/component-base/version.gitMajor={major}"
    " -X k8s.io/component-base/version.gitMinor={minor}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoProgram:
    """A binary that is built from a pinned Go module."""

    name: str
    folder: str
    """Folder of the tools module below ``tools/``."""
    module: str
    package: str
    stamp: str = ""
    """Linker flags with ``{version}``, ``{major}`` and ``{minor}``."""
    version_args: tuple[str, ...] = ()
    """Arguments that make it print its version; empty: it cannot, so only the cache counts."""
    memory_mb: int = 2000
    """What the Go linker and compilers need at their worst moment; measured, rounded up."""
    minutes: float = 1
    """Cold build on two cores; the longest are started first."""
    files: tuple[str, ...] = ()
    """Files of the module's source that the lab needs beside the binary."""

    @property
    def version(self) -> str:
        """The pinned version, from go.mod."""
        return _pinned_version(TOOLS / self.folder / "go.mod", self.module)

    @property
    def key(self) -> str:
        """Name of its folder in the cache: the version and a digest of all that it is built of."""
        digest = hashlib.sha256(self.linker_flags.encode())
        for name in ("go.mod", "go.sum"):
            digest.update((TOOLS / self.folder / name).read_bytes())
        return f"{self.name}@{self.version}-{digest.hexdigest()[:12]}"

    @property
    def linker_flags(self) -> str:
        """Arguments of ``-ldflags``."""
        major, minor = self.version.lstrip("v").split(".")[:2]
        stamp = self.stamp.format(version=self.version, major=major, minor=minor)
        return f"-s -w {stamp}".strip()


def _kubernetes(name: str, minutes: float) -> GoProgram:
    version_args = ("version", "--client") if name == "kubectl" else ("--version",)
    return GoProgram(
        name=name,
        folder="kubernetes",
        module="k8s.io/kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        stamp=_KUBERNETES_STAMP,
        version_args=version_args,
        memory_mb=2500,
        minutes=minutes,
    )


PROGRAMS: tuple[GoProgram, ...] = (
    GoProgram(
        name="etcd",
        folder="etcd",
        module="go.etcd.io/etcd/server/v3",
        package="go.etcd.io/etcd/server/v3",
        version_args=("--version",),
        memory_mb=1500,
    ),
    _kubernetes("kube-apiserver", 4),
    _kubernetes("kube-controller-manager", 1),
    _kubernetes("kube-scheduler", 0.5),
    _kubernetes("kubelet", 1.5),
    _kubernetes("kubectl", 0.5),
    GoProgram(
        name="vault",
        folder="vault",
        module="github.com/hashicorp/vault",
        package="github.com/hashicorp/vault",
        version_args=("version",),
        memory_mb=5000,
        minutes=7.5,
    ),
    GoProgram(
        name="vault-k8s",
        folder="vault-k8s",
        module="github.com/hashicorp/vault-k8s",
        package="github.com/hashicorp/vault-k8s",
        minutes=2.5,
    ),
    GoProgram(
        name="external-secrets",
        folder="external-secrets",
        module="github.com/external-secrets/external-secrets",
        package="github.com/external-secrets/external-secrets",
        memory_mb=4000,
        minutes=4.7,
        files=("deploy/crds/bundle.yaml",),
    ),
)

_BY_NAME = {program.name: program for program in PROGRAMS}


def get_program(name: str) -> GoProgram:
    """The program of that name.

    Raises:
        LabError: There is none.
    """
    if name not in _BY_NAME:
        msg = f"no program is called {name!r}; choose from {', '.join(sorted(_BY_NAME))}"
        raise LabError(msg)
    return _BY_NAME[name]


def cache_root() -> Path:
    """Where built binaries are kept: ``$XDG_CACHE_HOME/vault-phase2/lab``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "vault-phase2" / "lab"


def find_binary(program: GoProgram) -> Path | None:
    """A binary of exactly the pinned version, or None."""
    cached = cache_root() / program.key / program.name
    # The cache is asked first here only because it answers without starting a process; what is
    # on PATH has the same version and wins nothing but the time to build.
    if cached.is_file():
        return cached
    return _find_installed(program) if program.version_args else None


def get_binary(name: str) -> Path:
    """Path of a program's binary.

    Raises:
        LevelUnavailableError: It was not built yet.
    """
    program = get_program(name)
    path = find_binary(program)
    if path is None:
        msg = f"{name} {program.version} is not built; run: python -m tests.lab build"
        raise LevelUnavailableError(msg)
    return path


def get_file(name: str, file: str) -> Path:
    """Path of a file that came with a program's source (``GoProgram.files``)."""
    get_binary(name)
    return cache_root() / get_program(name).key / Path(file).name


@functools.cache
def _find_installed(program: GoProgram) -> Path | None:
    folders = [os.environ.get("KUBEBUILDER_ASSETS", ""), os.environ.get("PATH", "")]
    for folder in filter(None, folders):
        found = shutil.which(program.name, path=folder)
        if found and _says_version(Path(found), program):
            return Path(found)
    return None


def _says_version(path: Path, program: GoProgram) -> bool:
    try:
        done = subprocess.run(
            [str(path), *program.version_args],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    # Whole words: v1.34.2 is neither v1.34.21 nor v1.34.2-gke.1.
    wanted = re.escape(program.version.lstrip("v"))
    return re.search(rf"(?<![\w.])v?{wanted}(?![\w.+-])", done.stdout) is not None


@functools.cache
def _pinned_version(go_mod: Path, module: str) -> str:
    pattern = rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)"
    found = re.search(pattern, go_mod.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        msg = f"{go_mod}: does not require {module}; restore the file"
        raise LabError(msg)
    return found.group(1)
