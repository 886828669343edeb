"""The image of the Dockerfile, on a node: as nobody, with a root that cannot be written to, and without a shell."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from injector._version import __version__
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.product import build_image
from tests.lab.waiting import wait_until
from tests.live.test_node import current

SHELLS = {"sh", "bash", "dash", "busybox", "perl", "apt", "dpkg"}
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
SETUID = 0o6000


def restricted_pod(image: str, namespace: str, name: str, *args: str) -> Object:
    """A pod as the strictest namespaces want it."""
    container = {
        "name": "phase2",
        "image": image,
        "args": list(args),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def run(lab: Lab, image: str, namespace: str, *args: str) -> tuple[int, str]:
    """Run the image's command in a restricted namespace; how it ended, and what it printed."""
    lab.kube.merge("v1", "Namespace", namespace, {"metadata": {"labels": RESTRICTED}})
    name = "run"
    lab.kube.create(restricted_pod(image, namespace, name, *args))

    def ended() -> Object | None:
        statuses = current(lab, namespace, name)["status"].get("containerStatuses", [])
        found: Object | None = statuses[0]["state"].get("terminated") if statuses else None
        return found

    code = wait_until(ended, what="the container ends", timeout_s=90)["exitCode"]
    (log,) = (lab.launcher.logs / "pods").glob(f"{namespace}_{name}_*/phase2/*.log")
    lines = log.read_text(encoding="utf-8").splitlines()
    return int(code), "\n".join(line.split(" ", 3)[3] for line in lines)


def image_of(archive: Path) -> tuple[Object, dict[str, tarfile.TarInfo]]:
    """The configuration of an image, and every file of its layers by its path."""
    with tarfile.open(archive) as outer:
        read = {one.name: one for one in outer}
        handle = outer.extractfile(read["manifest.json"])
        assert handle is not None
        (manifest,) = json.load(handle)
        config = outer.extractfile(read[manifest["Config"]])
        assert config is not None
        files: dict[str, tarfile.TarInfo] = {}
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(read[name])) as layer:
                files.update({one.name.removeprefix("./"): one for one in layer})
        made: Object = json.load(config)["config"]
    return made, files


def test_image_has_no_shell_no_package_manager_and_no_way_to_root(product_image: str) -> None:
    config, files = image_of(build_image())

    programs = {Path(name).name for name, one in files.items() if not one.isdir() and "bin" in Path(name).parts}

    assert product_image
    assert config["User"] == "65532:65532"
    assert "python3.11" in programs or any(one.startswith("python3") for one in programs)
    assert programs & SHELLS == set()
    assert not [name for name, one in files.items() if one.isreg() and one.mode & SETUID]
    assert not [name for name, one in files.items() if one.isreg() and "opt/phase2" in name and one.uid != 0]


def test_it_runs_in_a_restricted_namespace_with_a_root_that_cannot_be_written_to(
    lab_node: Lab, product_image: str, namespace: str
) -> None:
    code, printed = run(lab_node, product_image, namespace, "--version")

    assert code == 0
    assert __version__ in printed


def test_it_says_what_is_wrong_where_no_policy_is(lab_node: Lab, product_image: str, namespace: str) -> None:
    """The webhook's parts are in the image too; an input error of theirs has exit code 2."""
    code, printed = run(lab_node, product_image, namespace, "webhook", "--policy-dir=/nothing", "--check")

    assert code == 2
    assert "/nothing" in printed
