"""Roles of azure and gcp, which ask their cloud when they are written, so that no Vault of a lab can hold them.

That each writer writes the same is held here, as far as a shell with a program that only remembers, Terraform's parsed
file and a Vault in memory can tell. That Azure and Google take such roles is not.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from injector.config.load import parse_config
from injector.vault.build import build_vault_plan
from injector.vault.hcl import render_script
from injector.vault.live import carry_out, compare
from injector.vault.terraform import render_terraform
from tests.live import vaults
from tests.unit.vault.fake import MOUNTS, FakeVault
from tests.unit.vault.test_hcl import REMEMBER, run

SCOPE = "/subscriptions/11111111-2222-3333-4444-555555555555"
CLOUDS = {
    "azure": (
        "azure/creds/{name}",
        f"""{{parameters: {{azure_roles: '[{{"role_name": "Reader", "scope": "{SCOPE}"}}]', tags: "team:shop,phase2"}}}}""",
        {
            "azure_roles": f'[{{"role_name": "Reader", "scope": "{SCOPE}"}}]',
            "tags": ["team:shop", "phase2"],
            "ttl": 3600,
            "max_ttl": 86400,
        },
    ),
    "gcp": (
        "gcp/roleset/{name}/key",
        '{parameters: {project: shop, secret_type: service_account_key, bindings: \'resource "//x/projects/shop" '
        '{ roles = ["roles/viewer"] }\'}}',
        {
            "bindings": 'resource "//x/projects/shop" { roles = ["roles/viewer"] }',
            "project": "shop",
            "secret_type": "service_account_key",
        },
    ),
}


@pytest.mark.parametrize("engine", sorted(CLOUDS))
def test_three_writers_write_the_same_role(engine: str, tmp_path: Path) -> None:
    path, decision, expected = CLOUDS[engine]
    migration = vaults.migration("shop", "own", engine=engine, path=path.format(name="shop-own"))
    config = parse_config(f"vault: {{auth: {{method: jwt, audience: vault}}}}\nengineRoles: [{decision}]\n".encode())
    plan = build_vault_plan([migration], config)
    (role,) = plan.engine_roles
    vault = FakeVault(mounts=(*MOUNTS, engine))

    done = run(tmp_path, render_script(plan), REMEMBER)
    list(carry_out(vault, compare(vault, plan)))
    by_terraform = vaults.read_terraform(render_terraform(plan))

    assert not plan.undecided
    assert done.returncode == 0
    calls = {file.read_text(): file.with_suffix(".stdin") for file in (tmp_path / "out").glob("*.args")}
    by_script = json.loads(calls[f"write\n{role.path}\n-\n"].read_text(encoding="utf-8"))
    assert by_script == vault.held[role.path] == by_terraform[role.path] == expected
    assert not compare(vault, plan).pending
