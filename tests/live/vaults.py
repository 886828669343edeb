"""Migrations, Vaults and what they hold, for the tests of the Vault side; no assertion in here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from injector.config.load import parse_config
from injector.config.model import AuthMethod, Config
from injector.migration.model import (
    Auth,
    ContainerReads,
    Delivery,
    MovedCredential,
    Read,
    RenderedFile,
    SecretMigration,
    Stage,
    Workload,
)
from injector.model import ObjectRef
from injector.vault.client import VaultClient
from injector.vault.engines import form_of
from injector.vault.live import Changes, carry_out, compare
from injector.vault.login import Address, Login
from injector.vault.objects import VaultPlan
from tests.lab.lab import Lab
from tests.lab.programs import get_binary
from tests.lab.vault import VaultServer

ENGINES: Mapping[str, str] = {
    "database/postgresql": "database/creds/{name}",
    "database/mongodb": "database/creds/{name}",
    "aws": "aws/creds/{name}",
    "consul": "consul/creds/{name}",
    "kubernetes": "kubernetes/creds/{name}",
    "ldap": "ldap/creds/{name}",
    "nomad": "nomad/creds/{name}",
    "pki": "pki/issue/{name}",
    "rabbitmq": "rabbitmq/creds/{name}",
    "ssh": "ssh/sign/{name}",
    "terraform": "terraform/creds/{name}",
}
"""Engine -> a path that issues. Not here: azure and gcp ask their cloud when a role is written."""

MOUNTS = ("aws", "consul", "database", "kubernetes", "ldap", "nomad", "pki", "rabbitmq", "ssh", "terraform")
_FOLDERS = ("roles", "role")

EVERY_ENGINE = """
vault:
  auth: {{method: {method}, audience: vault, boundIssuer: "{issuer}"}}
engineRoles:
  - engine: database/postgresql
    connection: lab
    owner: shop
    ttl: 90m
    maxTtl: 48h
  - engine: database/mongodb
    connection: mongo
    grants: ['{{"db": "shop", "roles": [{{"role": "readWrite"}}]}}']
  - engine: aws
    parameters: {{credential_type: assumed_role, role_arns: "arn:aws:iam::123456789012:role/a,arn:aws:iam::123456789012:role/b"}}
  - {{engine: consul, parameters: {{consul_policies: "b,a"}}}}
  - {{engine: kubernetes, parameters: {{allowed_kubernetes_namespaces: "shop", service_account_name: web}}}}
  - engine: ldap
    parameters:
      creation_ldif: "dn: cn={{{{.Username}}}},ou=x\\nobjectClass: person\\ncn: {{{{.Username}}}}\\nsn: x"
      deletion_ldif: "dn: cn={{{{.Username}}}},ou=x\\nchangetype: delete"
  - {{engine: nomad, parameters: {{policies: reader, type: client}}}}
  - {{engine: pki, parameters: {{allowed_domains: "a.example,b.example", allow_subdomains: "true", key_type: ec, key_bits: "256"}}}}
  - engine: rabbitmq
    parameters: {{tags: management, vhosts: '{{"/": {{"read": ".*", "write": ".*"}}}}'}}
  - {{engine: ssh, parameters: {{key_type: ca, allow_user_certificates: "true", allowed_users: deploy}}}}
  - {{engine: terraform, parameters: {{user_id: user-1}}}}
"""


def every_engine(method: AuthMethod, issuer: str = "https://10.0.0.1:6443,https://kubernetes.default.svc") -> Config:
    """A configuration that decides a role of every engine."""
    return parse_config(EVERY_ENGINE.format(method=method, issuer=issuer).encode())


def migration(
    namespace: str,
    name: str,
    *,
    account: str = "web",
    engine: str = "database/postgresql",
    path: str = "",
    method: AuthMethod = AuthMethod.JWT,
) -> SecretMigration:
    """A SecretMigration of one credential and one workload."""
    path = path or ENGINES[engine].format(name=f"{namespace}-{name}")
    asked = "".join(f' "{field}=shop.example"' for field in form_of(engine).asks)
    return SecretMigration(
        namespace=namespace,
        name=name,
        source=ObjectRef("ExternalSecret", namespace, name),
        secret=name,
        stage=Stage.PREPARE,
        auth=Auth(method=method, mount=method.value),
        credentials=(MovedCredential(name="login", keys=("login",), engine=engine, path=path),),
        files=(
            RenderedFile(key="login", template=f'{{{{ with secret "{path}"{asked} }}}}{{{{ .Data }}}}{{{{ end }}}}'),
        ),
        workloads=(
            Workload(
                kind="Deployment",
                name=account,
                service_account=account,
                role=f"{namespace}-{account}",
                containers=(
                    ContainerReads(name="app", reads=(Read(key="login", delivery=Delivery.FILE, path="/etc/login"),)),
                ),
            ),
        ),
    )


_STARTED: dict[str, VaultServer] = {}
"""Lab -> its Vault of `get_empty`: one start takes seconds, emptying it does not."""


def get_empty(lab: Lab) -> VaultServer:
    """A Vault of this lab with engines and auth methods mounted, and nothing in them."""
    vault = _STARTED.get(lab.id)
    if vault is None:
        vault = _STARTED[lab.id] = lab.start_vault("vault-empty")
        for mount in MOUNTS:
            vault.write(f"sys/mounts/{mount}", {"type": mount})
        for method in AuthMethod:
            vault.write(f"sys/auth/{method}", {"type": method.value})
        public = lab.certs.token_public_key.read_text(encoding="ascii")
        vault.write("auth/jwt/config", {"jwt_validation_pubkeys": [public]})
    clear(vault)
    return vault


def clear(vault: VaultServer) -> None:
    """Delete all that `held` finds."""
    for path in held(vault):
        vault.client.delete(path)


def client(vault: VaultServer, token: str = "") -> VaultClient:
    """Our client, with the root token unless another is given."""
    return VaultClient(Address(url=vault.address), Login(secret=token or vault.token))


def apply(vault: VaultServer, plan: VaultPlan, *, is_adopting: bool = False) -> Changes:
    """Make a plan true by the API; the changes that this took."""
    port = client(vault)
    changes = compare(port, plan, is_adopting=is_adopting)
    list(carry_out(port, changes))
    return changes


def run_script(vault: VaultServer, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the real ``vault`` program on PATH."""
    environment = {
        "PATH": f"{get_binary('vault').parent}{os.pathsep}{os.defpath}",
        "VAULT_ADDR": vault.address,
        "VAULT_TOKEN": vault.token,
        "HOME": "/nonexistent",
        **variables,
    }
    return subprocess.run(
        ["sh", "-s"], input=script, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def held(vault: VaultServer) -> dict[str, Any]:
    """Everything that a Vault of `get_empty` holds in policies and roles: API path -> data."""
    found: dict[str, Any] = {}
    for name in vault.list("sys/policies/acl"):
        if name not in ("root", "default"):
            found[f"sys/policies/acl/{name}"] = vault.read(f"sys/policies/acl/{name}")
    folders = [f"auth/{method}/role" for method in AuthMethod]
    folders += [f"{mount}/{folder}" for mount in MOUNTS for folder in _FOLDERS]
    for folder in folders:
        for name in _names(vault, folder):
            found[f"{folder}/{name}"] = vault.read(f"{folder}/{name}")
    return found


def _names(vault: VaultServer, folder: str) -> Sequence[str]:
    answer = vault.client.adapter.request("list", f"/v1/{folder}", raise_exception=False)
    if not isinstance(answer, dict):
        return ()
    return tuple((answer.get("data") or {}).get("keys") or ())


def read_terraform(text: str) -> dict[str, dict[str, Any]]:
    """What the resources of a Terraform file would write: API path -> data.

    By what the provider's pages say of each resource; the provider itself is not asked.
    """
    import hcl2  # noqa: PLC0415 - half a second, which only these tests shall pay

    found: dict[str, dict[str, Any]] = {}
    for block in hcl2.loads(text)["resource"]:
        for kind, labelled in block.items():
            for raw in labelled.values():
                if "terraform_data" in kind:
                    continue
                data = {key: _plain(value) for key, value in raw.items() if key not in ("__is_block__", "depends_on")}
                path, written = _resource(_plain(kind), data)
                found[path] = written
    return found


def _resource(kind: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    match kind:
        case "vault_policy":
            return f"sys/policies/acl/{data.pop('name')}", data
        case "vault_database_secret_backend_role":
            return f"{data.pop('backend')}/roles/{data.pop('name')}", data
        case "vault_jwt_auth_backend_role" | "vault_kubernetes_auth_backend_role":
            return f"auth/{data.pop('backend')}/role/{data.pop('role_name')}", data
        case "vault_generic_endpoint":
            return data["path"], json.loads(data["data_json"])
        case _:
            raise ValueError(kind)


def _plain(value: Any) -> Any:
    """A value of the parser without the quotes and escapes that it keeps."""
    match value:
        case str():
            return json.loads(value).replace("$${", "${").replace("%%{", "%{") if value.startswith('"') else value
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {_plain(key): _plain(one) for key, one in value.items() if key != "__is_block__"}
        case _:
            return value


def ask(vault: VaultServer, token: str, verb: str, path: str, body: Mapping[str, object] | None = None) -> int:
    """Status of one plain request."""
    return requests.request(
        verb, f"{vault.address}/v1/{path}", json=body, headers={"X-Vault-Token": token}, timeout=20
    ).status_code


def audit(vault: VaultServer, file: Path) -> None:
    """Let a Vault write down every request."""
    vault.write("sys/audit/requests", {"type": "file", "options": {"file_path": str(file)}})
