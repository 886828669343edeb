"""The annotations that make the real injector do its work. Only those that versions 1.6 and 1.7 both know."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from injector.config.model import AuthMethod
from injector.migration.model import Mode, RotationAction, SecretMigration, Workload
from injector.pod.model import Settings
from injector.pod.names import annotation, suffix_of
from injector.pod.rewire import FOLDER, File

MAX_CONFIG: Final = 131_058
"""The kernel takes no longer environment string: the agent's container could not start (docs/ground-truth.md)."""
TOKEN_VOLUME: Final = "phase2-vault-token"
TOKEN_FOLDER: Final = "/var/run/secrets/vault.hashicorp.com/serviceaccount"
"""Where the injector mounts the volume that ``agent-service-account-token-volume-name`` names (agent.go@v1.6.2)."""
POD_TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_CONFIG_FRAME: Final = 4096
"""Room for what the injector writes around the templates: auth, listener, sinks."""


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom the agent runs; None for the injector's own default (100 and 1000)."""

    user: int | None = None
    group: int | None = None


def build_annotations(
    files: Iterable[File],
    migrations: Mapping[str, SecretMigration],
    workloads: Sequence[Workload],
    containers: Sequence[str],
    identity: Identity,
    settings: Settings,
) -> dict[str, str]:
    """Return a pod's annotations for the injector.

    Args:
        files: what is rendered.
        migrations: Secret -> the migration that decides for it.
        workloads: of these migrations, the ones that this pod is of; they agree on role and auth.
        containers: names of the containers that get the files.
        identity: as whom the agent runs.
        settings: where Vault is, and for whom tokens are made.
    """
    first = next(iter(migrations.values()))
    made: dict[str, str] = {
        "agent-inject": "true",
        "role": workloads[0].role,
        "auth-type": first.auth.method.value,
        "auth-path": f"auth/{first.auth.mount}",
        "agent-inject-containers": ",".join(containers),
    }
    if settings.audience:
        made["agent-service-account-token-volume-name"] = TOKEN_VOLUME
    if first.auth.method is AuthMethod.JWT:
        # vault-k8s #660: the jwt method wants `path`, which the injector never sets, and by default the agent tries to delete
        # the token from a read-only mount at every read.
        made["auth-config-path"] = f"{TOKEN_FOLDER}/token" if settings.audience else POD_TOKEN
        made["auth-config-remove-jwt-after-reading"] = "false"
    if settings.service:
        made["service"] = settings.service
    if settings.vault_namespace:
        made["namespace"] = settings.vault_namespace
    rendered = sorted(set(files))
    for file in rendered:
        made.update(_file(file, migrations[file.secret]))
    made.update(_running(workloads, identity, rendered))
    return {annotation(name): made[name] for name in sorted(made)}


def _file(file: File, migration: SecretMigration) -> dict[str, str]:
    template = next(one.template for one in migration.files if one.key == file.key)
    folder, _, name = file.path.rpartition("/")
    is_default = file.path.startswith(f"{FOLDER}/")
    suffix = suffix_of(file.secret, file.key, "" if file.path == f"{FOLDER}/{file.secret}/{file.key}" else file.path)
    credential = next(one for one in migration.credentials if file.key in one.keys)
    made = {
        f"agent-inject-secret-{suffix}": credential.path,
        f"agent-inject-template-{suffix}": template,
        f"agent-inject-file-{suffix}": file.path.removeprefix(f"{FOLDER}/") if is_default else name,
        # ESO fails on a missing key, the agent would render nothing.
        f"error-on-missing-key-{suffix}": "true",
    }
    if not is_default:
        made[f"secret-volume-path-{suffix}"] = folder or "/"
    if file.mode:
        made[f"agent-inject-perms-{suffix}"] = file.mode
    return made


def _running(workloads: Sequence[Workload], identity: Identity, files: Sequence[File]) -> dict[str, str]:
    """Return how the agent runs: as whom, in which mode, and what it does when a credential changes."""
    made: dict[str, str] = {}
    if any(one.init_first for one in workloads):
        made["agent-init-first"] = "true"
    if identity.user is not None:
        made["agent-run-as-user"] = str(identity.user)
    if identity.group is not None:
        made["agent-run-as-group"] = str(identity.group)
    modes = {one.mode for one in workloads}
    if Mode.NATIVE_SIDECAR in modes:
        made.update(_native(files))
    elif Mode.INIT in modes:
        made["agent-pre-populate-only"] = "true"
    else:
        made.update(_signals(workloads, files))
    return made


def _signals(workloads: Sequence[Workload], files: Sequence[File]) -> dict[str, str]:
    made: dict[str, str] = {}
    for workload in workloads:
        rotation = workload.rotation
        if rotation.action in (RotationAction.SIGNAL, RotationAction.RESTART) and rotation.signal and rotation.process:
            made["agent-share-process-namespace"] = "true"
            # It also runs in the init container, where the app is not there yet, and a failing command ends the agent.
            command = f"/bin/sh -c 'pkill -{rotation.signal} -x {rotation.process} || true'"
            for file in files:
                path = "" if file.path == f"{FOLDER}/{file.secret}/{file.key}" else file.path
                made[f"agent-inject-command-{suffix_of(file.secret, file.key, path)}"] = command
    return made


def _native(files: Sequence[File]) -> dict[str, str]:
    """Return what makes the init container a native sidecar: one agent, one lease, and a Job completes.

    Works with kubelet 1.29 and newer (docs/ground-truth.md); the injector has no annotation of its own for it.
    """
    probe = " && ".join(f"test -f {shlex.quote(file.path)}" for file in files)  # a path is what the pod mounts
    run = (
        'echo ${VAULT_CONFIG?} | base64 -d | sed \'s/"exit_after_auth":true/"exit_after_auth":false/\' '
        "> /home/vault/config.json && vault agent -config=/home/vault/config.json"
    )
    patch = [
        {"op": "add", "path": "/restartPolicy", "value": "Always"},
        {"op": "replace", "path": "/args/0", "value": run},
        {
            "op": "add",
            "path": "/startupProbe",
            "value": {"exec": {"command": ["/bin/sh", "-c", probe]}, "periodSeconds": 1, "failureThreshold": 120},
        },
    ]
    return {
        "agent-pre-populate-only": "true",
        "agent-init-first": "true",
        "agent-init-json-patch": json.dumps(patch, separators=(",", ":")),
    }


def config_size(annotations: Mapping[str, str]) -> int:
    """Return about how long the agent's configuration gets as base64: templates as JSON, and what stands around them."""
    prefix = annotation("agent-inject-template-")
    templates = [value for name, value in annotations.items() if name.startswith(prefix)]
    size = sum(len(json.dumps(one)) + 200 for one in templates) + _CONFIG_FRAME
    return len(base64.b64encode(b"x" * size))
