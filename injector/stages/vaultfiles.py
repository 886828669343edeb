"""Vault's side of a plan as files of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from injector.config.model import Config
from injector.migration.model import SecretMigration
from injector.stages.workspace import Workspace
from injector.vault.build import build_vault_plan
from injector.vault.hcl import render_files
from injector.vault.terraform import render_terraform

FOLDER: Final = ".phase2/vault"


def vault_files(migrations: Sequence[SecretMigration], config: Config) -> dict[str, bytes]:
    """Return path -> bytes of what Vault must hold for these migrations; nothing for none."""
    if not migrations:
        return {}
    plan = build_vault_plan(migrations, config)
    files = {**render_files(plan), "main.tf": render_terraform(plan)}
    return {f"{FOLDER}/{name}": text.encode() for name, text in files.items()}


def put_vault_files(workspace: Workspace, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Write the files of `after`, and remove those that only `before` had."""
    for path in sorted({*before, *after}):
        workspace.put(path, after.get(path))
