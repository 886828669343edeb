"""The native rendering against `kubectl kustomize`, object by object.

Left out of the comparison: null fields (the API server takes them for absent; kustomize keeps a written ``null``
and drops an empty one) and the values of Secrets (ours are never kept).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from injector.manifests.files import KUSTOMIZATION_NAMES, Files, find_files
from injector.manifests.kustomize import build
from injector.manifests.yamldoc import Map, Parsed, Seq, Value, iter_documents

REPOSITORY = Path(__file__).resolve().parents[2]
KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH")

Plain = object
TREES = {
    "cases": REPOSITORY / "tests" / "data" / "kustomize",
    "examples": REPOSITORY / "examples",
    "corpus": REPOSITORY.parent / "shared" / "corpus",
}
COMPARED = frozenset(
    {
        "ExternalSecret", "ClusterExternalSecret", "SecretStore", "ClusterSecretStore", "PushSecret", "Secret",
        "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "HelmRelease", "Ingress", "ConfigMap",
        "ServiceAccount", "RoleBinding", "Role", "ClusterRoleBinding", "Service", "Kustomization", "Foo",
    }
)  # fmt: skip


def folders_of(root: Path) -> list[Path]:
    found = [path for name in KUSTOMIZATION_NAMES for path in root.rglob(name)]
    return sorted({path.parent for path in found})


def places() -> list[object]:
    return [
        pytest.param(folder, id=f"{name}:{folder.relative_to(root)}")
        for name, root in TREES.items()
        if root.is_dir()
        for folder in folders_of(root)
    ]


def run_kubectl(folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = [KUBECTL or "kubectl", "kustomize", "--load-restrictor", "LoadRestrictionsNone", str(folder)]
    for _ in range(3):  # sandboxes fail now and then with EFAULT when threads start processes
        with contextlib.suppress(OSError):
            return subprocess.run(command, capture_output=True, check=False, timeout=60)
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def rendered() -> Iterator[dict[Path, Future[subprocess.CompletedProcess[bytes]]]]:
    """Start every rendering at once on two threads: most of the time is kubectl's start."""
    with ThreadPoolExecutor(2) as pool:
        yield {
            folder: pool.submit(run_kubectl, folder)
            for root in TREES.values()
            if root.is_dir()
            for folder in folders_of(root)
        }


def plain(value: Value, *, is_secret: bool = False) -> Plain:
    if isinstance(value, Map):
        return {
            key: sorted(item) if is_secret and key in ("data", "stringData") and isinstance(item, Map) else plain(item)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, Seq):
        return [plain(item) for item in value]
    return value


def identity(body: Map) -> tuple[Value, ...]:
    metadata = body.get("metadata")
    names = (metadata.get("namespace"), metadata.get("name")) if isinstance(metadata, Map) else (None, None)
    return (body.get("apiVersion"), body.get("kind"), *names)


def objects(bodies: list[Map]) -> dict[tuple[Value, ...], Plain]:
    return {
        identity(body): plain(body, is_secret=body.get("kind") == "Secret")
        for body in bodies
        if body.get("kind") in COMPARED
    }


def documents(stream: bytes) -> list[Map]:
    parsed = [one for _, one in iter_documents(stream, "kubectl")]
    return [one.value for one in parsed if isinstance(one, Parsed) and isinstance(one.value, Map)]


@pytest.mark.parametrize("folder", places())
def test_objects_are_those_of_kubectl(
    folder: Path, rendered: dict[Path, Future[subprocess.CompletedProcess[bytes]]]
) -> None:
    """A build that kubectl refuses must say why here too."""
    answer = rendered[folder].result()
    root = next(root for root in TREES.values() if folder.is_relative_to(root))
    files = Files(root)
    made = build(files, os.path.relpath(folder, root))
    if answer.returncode:
        assert root != TREES["cases"], answer.stderr.decode()
        assert made.diagnostics or any(path in files.diagnostics for path in made.reached)
        return

    assert objects([one.body for one in made.resources]) == objects(documents(answer.stdout))


@pytest.mark.skipif(not TREES["corpus"].is_dir(), reason="the corpus is not here")
def test_corpus_without_its_missing_entries_is_that_of_kubectl(tmp_path: Path) -> None:
    """The corpus is an extract, so kustomize refuses most of it; without the dead entries it does not."""
    copy = tmp_path / "corpus"
    shutil.copytree(TREES["corpus"], copy, symlinks=True)
    copy.chmod(0o755)
    for folder in folders_of(copy):
        _drop_missing(folder)
    folders = folders_of(copy)
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(folders, pool.map(run_kubectl, folders), strict=True))
    accepted = {folder: answer.stdout for folder, answer in answers.items() if not answer.returncode}
    files = Files(copy, tuple(find_files(copy)))

    for folder, stdout in accepted.items():
        made = build(files, os.path.relpath(folder, copy))
        assert objects([one.body for one in made.resources]) == objects(documents(stdout)), folder
    assert len(accepted) > len(folders) // 2


def _drop_missing(folder: Path) -> None:
    for name in KUSTOMIZATION_NAMES:
        path = folder / name
        if not path.is_file():
            continue
        kept = []
        for line in path.read_text().splitlines():
            entry = line.strip().removeprefix("- ")
            is_path = line.lstrip().startswith("- ") and ":" not in entry and " " not in entry
            if not is_path or (folder / entry).is_file() or _is_kustomization(folder / entry):
                kept.append(line)
        folder.chmod(0o755)
        path.chmod(0o644)
        path.write_text("\n".join(kept) + "\n")


def _is_kustomization(folder: Path) -> bool:
    return any((folder / name).is_file() for name in KUSTOMIZATION_NAMES)
