"""Container images made here, since no registry can be reached: docker-archive tars for containerd."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tests.lab.injector import AGENT_IMAGE
from tests.lab.programs import get_binary
from tests.lab.rootfs import create_root

#: Shell and small programs; for applications and for the pause container.
BUSYBOX_IMAGE = "phase2.lab/busybox:lab"


def write_images(folder: Path) -> Path:
    """An archive with both images; Vault's is busybox plus one layer."""
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "root"
    create_root(root)
    base = folder / "base.tar"
    with tarfile.open(base, "w") as layer:
        layer.add(root, arcname=".")
    vault = folder / "vault.tar"
    with tarfile.open(vault, "w") as layer:
        layer.add(get_binary("vault").resolve(), arcname="bin/vault")
    archive = folder / "images.tar"
    with tarfile.open(archive, "w") as out:
        for layer_file in (base, vault):
            out.add(layer_file, arcname=layer_file.name)
        manifest = [
            _add_image(out, BUSYBOX_IMAGE, [base]),
            _add_image(out, AGENT_IMAGE, [base, vault]),
        ]
        _add_bytes(out, "manifest.json", json.dumps(manifest).encode())
    return archive


def _add_image(out: tarfile.TarFile, name: str, layers: list[Path]) -> dict[str, object]:
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": ["PATH=/bin"],
            # what the pause container runs; everything else names its own command
            "Cmd": ["/bin/sleep", "2147483647"],
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(p)}" for p in layers]},
    }
    text = json.dumps(config).encode()
    file = f"{hashlib.sha256(text).hexdigest()}.json"
    _add_bytes(out, file, text)
    return {"Config": file, "RepoTags": [name], "Layers": [p.name for p in layers]}


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _add_bytes(out: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    out.addfile(member, io.BytesIO(content))
