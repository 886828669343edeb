"""What the webhook will write on a workload's pods, as far as the migrations alone tell: for people, before any pod is made."""

from __future__ import annotations

from collections.abc import Sequence

from injector.config.model import Config
from injector.migration.model import Read, SecretMigration, Workload
from injector.pod.annotate import Identity, build_annotations
from injector.pod.model import Settings
from injector.pod.names import annotation
from injector.pod.rewire import FOLDER, File


def settings_of(config: Config) -> Settings:
    """Return how pods are mutated by what the user decided."""
    vault = config.vault
    return Settings(
        label_prefix=config.label_prefix,
        audience=vault.auth.audience if vault.auth else "",
        service=vault.address,
        vault_namespace=vault.namespace,
    )


def expect_annotations(chosen: Sequence[tuple[SecretMigration, Workload]], settings: Settings) -> dict[str, str]:
    """Return the injector's annotations for pods of one workload.

    Args:
        chosen: the migrations that the pods obey, each with the workload as it describes it; at least one.
        settings: how pods are mutated.
    """
    files = [file for migration, workload in chosen for file in _files(migration, workload)]
    names = {one.name for _, workload in chosen for one in workload.containers if not one.is_init and one.name != "*"}
    identity = next(
        (Identity(one.run_as_user, one.run_as_group) for _, one in chosen if one.run_as_user is not None), Identity()
    )
    made = build_annotations(
        files,
        {migration.secret: migration for migration, _ in chosen},
        [workload for _, workload in chosen],
        sorted(names),
        identity,
        settings,
    )
    if not names:  # a chart hides what its container is called: without the annotation all containers get the files
        del made[annotation("agent-inject-containers")]
    return made


def _files(migration: SecretMigration, workload: Workload) -> list[File]:
    return [file for container in workload.containers for read in container.reads for file in _of_read(migration, read)]


def _of_read(migration: SecretMigration, read: Read) -> list[File]:
    folder = read.path.rstrip("/") or f"{FOLDER}/{migration.secret}"
    if read.key == "*":
        return [File(migration.secret, key, f"{folder}/{key}", read.mode) for key in migration.keys]
    path = f"{FOLDER}/{migration.secret}/{read.key}" if read.is_single or not read.path else read.path
    return [File(migration.secret, read.key, path, read.mode)]
