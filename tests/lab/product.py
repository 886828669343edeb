"""The product's own image, built from its Dockerfile by buildah: on bases made of Debian packages, since no registry is asked.

BASE is what mmdebstrap makes of this machine's own Debian; RUNTIME is its Python and nothing else: no shell, no package
manager. Both are made once and kept in the lab's cache; the image is made anew when one of its files changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import platform
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import debian
from tests.lab.errors import LevelUnavailableError
from tests.lab.process import run_once
from tests.lab.programs import cache_root

REPOSITORY = Path(__file__).parents[2]
#: As containerd knows what deploy/base calls phase2:0.1.0.
IMAGE = "docker.io/library/phase2:0.1.0"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
#: What Python needs at run time; a program that is not named here is not in RUNTIME.
KEPT = ("etc", "lib", "lib64", "tmp", "usr/bin/python3", "usr/lib", "usr/lib64", "usr/share/ca-certificates", "var/tmp")
FOLDERS = ("dev", "proc", "sys", "usr", "usr/bin", "usr/share", "var")
_SOURCES = (
    "Dockerfile",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "requirements/build.txt",
    "requirements/webhook.txt",
)
_MINUTES = 60.0


def build_image() -> Path:
    """Build the image where something has changed, and return it as a docker-archive.

    Raises:
        LevelUnavailableError: Debian packages are missing, or this is no Debian.
        LabError: A step failed; with what it printed.
    """
    debian.require_programs(debian.IMAGE_PROGRAMS)
    folder = cache_root() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder / "lock"):
        base = _make_base(folder)
        key = _digest_sources(base.name)
        archive = folder / f"phase2-{key}.tar"
        if not archive.is_file():
            for old in folder.glob("phase2-*.tar"):
                old.unlink()
            _build(folder, base, archive)
        return archive


def is_in_runtime(name: str) -> bool:
    """True for a file of BASE that RUNTIME has too; a program in ``usr/bin`` only when Python is it."""
    return name in FOLDERS or any(name == one or name.startswith((f"{one}/", f"{one}.")) for one in KEPT)


def _make_base(folder: Path) -> Path:
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    key = hashlib.sha256(" ".join((codename, *PACKAGES)).encode()).hexdigest()[:12]
    base = folder / f"base-{key}.tar"
    if not base.is_file():
        partial = folder / "base.partial.tar"
        options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
        mmdebstrap = str(debian.get_debian_program(debian.MMDEBSTRAP))
        argv = [mmdebstrap, "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", *options]
        # a mirror may be a snapshot of some day
        argv += ['--aptopt=Acquire::Check-Valid-Until "false"', codename, str(partial), _find_mirror(codename)]
        run_once(argv, timeout_s=15 * _MINUTES)
        partial.rename(base)
    return base


def _find_mirror(codename: str) -> str:
    """A line of sources.list: where this machine itself has its packages from.

    Raises:
        LevelUnavailableError: It has none of that name.
    """
    told = run_once(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    )
    for line in told.splitlines():
        uri, _, rest = line.partition(" ")
        if rest == f"{codename} main":
            return f"deb {uri} {codename} main"
    msg = f"apt knows no source of {codename} main; name one in /etc/apt/sources.list"
    raise LevelUnavailableError(msg)


def _build(folder: Path, base: Path, archive: Path) -> None:
    buildah = [str(debian.get_debian_program(debian.BUILDAH)), "--root", str(folder / "store"), "--runroot"]
    buildah.append(str(folder / "run"))
    key = base.stem.removeprefix("base-")
    kept = hashlib.sha256(" ".join(KEPT).encode()).hexdigest()[:12]
    names = {"base": f"localhost/phase2-base:{key}", "runtime": f"localhost/phase2-runtime:{key}-{kept}"}
    known = run_once([*buildah, "images", "--format", "{{.Name}}:{{.Tag}}"]).split()
    if names["base"] not in known:
        _import(buildah, base, names["base"])
    if names["runtime"] not in known:
        runtime = folder / "runtime.partial.tar"
        _write_runtime(base, runtime)
        _import(buildah, runtime, names["runtime"])
        runtime.unlink()
    argv = [*buildah, "bud", "--isolation", "chroot", "--pull-never", "--tag", "localhost/phase2:new"]
    argv += ["--build-arg", f"BASE={names['base']}", "--build-arg", f"RUNTIME={names['runtime']}"]
    # pip must reach the index as it does on this machine
    for shared in ("/etc/pip.conf", "/etc/ssl/certs", "/usr/local/share/ca-certificates"):
        if Path(shared).exists():
            argv += ["--volume", f"{shared}:{shared}:ro"]
    run_once([*argv, str(REPOSITORY)], timeout_s=10 * _MINUTES)
    partial = archive.with_name("phase2.partial.tar")
    partial.unlink(missing_ok=True)
    run_once([*buildah, "push", "localhost/phase2:new", f"docker-archive:{partial}:{IMAGE}"], timeout_s=5 * _MINUTES)
    run_once([*buildah, "rmi", "localhost/phase2:new"])
    partial.rename(archive)


def _import(buildah: list[str], tar: Path, name: str) -> None:
    container = run_once([*buildah, "from", "scratch"]).strip()
    run_once([*buildah, "add", "--quiet", container, str(tar), "/"], timeout_s=5 * _MINUTES)
    run_once([*buildah, "commit", "--quiet", "--rm", container, name], timeout_s=5 * _MINUTES)


def _write_runtime(base: Path, runtime: Path) -> None:
    with tarfile.open(base) as source, tarfile.open(runtime, "w") as target:
        for member in source:
            if is_in_runtime(member.name.removeprefix("./").rstrip("/")):
                target.addfile(member, source.extractfile(member) if member.isreg() else None)


def _digest_sources(base: str) -> str:
    digest = hashlib.sha256(" ".join((base, *KEPT)).encode())
    files = [REPOSITORY / name for name in _SOURCES]
    for package in ("injector", "webhook"):
        files += sorted(one for one in (REPOSITORY / package).rglob("*") if one.is_file() and one.suffix != ".pyc")
    for file in files:
        digest.update(f"{file.relative_to(REPOSITORY)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _exclusive(lock: Path) -> Iterator[None]:
    # two test runs may build at the same time
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
