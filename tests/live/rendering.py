"""Runs templates through the real engines: ESO's by the operator, Vault Agent's by ``vault agent``; no assertion in here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from tests.lab import eso
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.process import Command, Program
from tests.lab.programs import get_binary
from tests.lab.waiting import wait_until
from tests.live.workloads import unique
from tests.unit.templates.cases import SECRET, Case, Source

KEY = "out"
"""Key of the Secret that a template is for."""
STORE_V1 = "kv1"


def write_secrets(lab: Lab, prefix: str, cases: Sequence[Case]) -> None:
    """Put everything that the cases read into Vault, below a folder of the test's own."""
    vault = lab.services.vault
    if f"{STORE_V1}/" not in vault.read("sys/mounts"):
        vault.write(f"sys/mounts/{STORE_V1}", {"type": "kv", "options": {"version": "1"}})
    for case in cases:
        for name, versions in case.secrets.items():
            path = quote(case.path_of(f"{prefix}/{case.name}", name))
            for values in versions:
                is_v2 = path.startswith("secret/")
                vault.write(path, {"data": values} if is_v2 else values)


def render_by_eso(lab: Lab, namespace: str, cases: Sequence[Case]) -> dict[str, bytes]:
    """What the operator makes of each case; a case that it can't render is missing."""
    _create_store_v1(lab, namespace)
    wanted = [_external_secret(namespace, case) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lab.kube.create, wanted))

    def reasons() -> dict[str, str] | None:
        found = {}
        for one in lab.kube.list(eso.API, "ExternalSecret", namespace):
            for condition in one.get("status", {}).get("conditions", []):
                if condition["type"] == "Ready":
                    found[one["metadata"]["name"]] = condition["reason"]
        return found if len(found) == len(wanted) else None

    synced = wait_until(reasons, what="the operator looked at every ExternalSecret", timeout_s=120, interval_s=1)
    secrets = {one["metadata"]["name"]: one.get("data", {}) for one in lab.kube.list("v1", "Secret", namespace)}
    return {
        case.name: base64.b64decode(secrets[case.name][_key_of(case)])
        for case in cases
        if synced[case.name] == "SecretSynced"
    }


def run_agent(
    lab: Lab, folder: Path, templates: Mapping[str, str], *, vault_token: str = "", **options: object
) -> Program:
    """Let ``vault agent`` render templates once, by a configuration like the injector's, and wait for its end.

    The files are in `folder`, named as the templates. Without a token of its own the agent has the root token.
    """
    token = folder / ".token"
    token.write_text(vault_token or lab.services.vault.token, encoding="ascii")
    config = {
        "exit_after_auth": True,
        "pid_file": str(folder / ".pid"),
        "vault": {"address": lab.services.vault.address, "retry": {"num_retries": 1}},
        "auto_auth": {"method": [{"type": "token_file", "config": {"token_file_path": str(token)}}]},
        "template_config": {"exit_on_retry_failure": True},
        "template": [
            {"contents": text, "destination": str(folder / name), "error_on_missing_key": True, **options}
            for name, text in templates.items()
        ],
    }
    file = folder / ".agent.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    argv = [str(get_binary("vault")), "agent", f"-config={file}"]
    env = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    program = lab.launcher.start(Command(name=unique("agent"), argv=argv, env=env))
    program.wait_for_exit(120)
    return program


def _key_of(case: Case) -> str:
    return KEY if case.template is not None else next(iter(case.data))


def _external_secret(namespace: str, case: Case) -> Object:
    kind, name = ("SecretStore", STORE_V1) if case.engine == "kv-v1" else ("ClusterSecretStore", eso.STORE)

    def remote_ref(source: Source) -> Object:
        return {"key": f"{namespace}/{case.name}/{source.secret}", **source.remote_ref}

    data = {name: remote_ref(source) for name, source in case.data.items()}
    if not data and not case.extract:  # an ExternalSecret must fetch something
        data = {"any": remote_ref(Source(secret=SECRET, prop="any"))}
    target: Object = {"name": case.name}
    if case.template is not None:
        target["template"] = {"data": {KEY: case.template}}
    return {
        "apiVersion": eso.API,
        "kind": "ExternalSecret",
        "metadata": {"name": case.name, "namespace": namespace},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": kind, "name": name},
            "target": target,
            "data": [{"secretKey": name, "remoteRef": ref} for name, ref in data.items()],
            "dataFrom": [{"extract": remote_ref(source)} for source in case.extract],
        },
    }


def _create_store_v1(lab: Lab, namespace: str) -> None:
    token = base64.b64encode(lab.services.vault.token.encode()).decode()
    meta = {"name": STORE_V1, "namespace": namespace}
    lab.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"token": token}})
    vault = {
        "server": lab.services.vault.address,
        "path": STORE_V1,
        "version": "v1",
        "auth": {"tokenSecretRef": {"name": STORE_V1, "key": "token"}},
    }
    lab.kube.create(
        {"apiVersion": eso.API, "kind": "SecretStore", "metadata": meta, "spec": {"provider": {"vault": vault}}}
    )
