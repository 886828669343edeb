"""What somebody gets who installs the distribution."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from injector._version import __version__
from tests.packaging.conftest import REPOSITORY, Installed

pytestmark = pytest.mark.packaging

MANIFEST = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: shop-db, namespace: shop}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  data:
    - {secretKey: DB_PASSWORD, remoteRef: {key: shop/postgres, property: password}}
"""


def test_wheel_holds_every_file_of_its_packages(wheel: Path) -> None:
    """Modules, and what is no module: py.typed, schemas, tables."""
    wanted = {
        path.relative_to(REPOSITORY).as_posix()
        for package in ("injector", "webhook")
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    found = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert found == wanted
    assert {"injector/py.typed", "injector/report/report.schema.json", "injector/config/phase2.schema.json"} <= found


@pytest.mark.parametrize("program", ["phase2", "kubectl-phase2"])
def test_program_says_its_version(installed: Installed, program: str) -> None:
    done = installed.run(program, "--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert __version__ in done.stdout


def test_kubectl_finds_its_plugin(installed: Installed) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on PATH")

    done = installed.run("kubectl", "phase2", "version", "-o", "json")

    assert json.loads(done.stdout)["version"] == __version__


def test_program_judges_a_tree(installed: Installed) -> None:
    (installed.folder / "tree").mkdir()
    (installed.folder / "tree" / "secret.yaml").write_text(MANIFEST, encoding="utf-8")

    done = installed.run("phase2", "classify", "tree", "-o", "json")

    report = json.loads(done.stdout)
    assert [one["name"] for one in report["items"] + report["orphans"]] == ["shop-db"]
    assert done.returncode == 0


def test_library_is_typed_for_its_users(installed: Installed) -> None:
    """mypy, which sees only what was installed, accepts a program that uses the public names."""
    user = installed.folder / "user.py"
    shutil.copy(REPOSITORY / "tests" / "packaging" / "typed_user.py", user)

    done = installed.run("python", "-m", "mypy", "--strict", "--no-incremental", user)

    assert done.stdout.splitlines()[-1:] == ["Success: no issues found in 1 source file"], done.stdout


def test_types_are_checked_for_its_users(installed: Installed) -> None:
    """Without py.typed mypy would take everything for Any, and the test above could not fail."""
    wrong = installed.folder / "wrong.py"
    wrong.write_text("import injector\n\nverdict: int = injector.classify\n", encoding="utf-8")

    done = installed.run("python", "-m", "mypy", "--strict", "--no-incremental", wrong)

    assert "Incompatible types in assignment" in done.stdout
