"""What the tokens of the roles that phase2 makes may do, who gets them, and what the agent needs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from injector.config.load import parse_config
from injector.config.model import AuthMethod
from injector.vault.build import build_vault_plan
from injector.vault.objects import AGENT_RULES
from tests.lab.controlplane import ISSUER
from tests.lab.lab import Lab
from tests.lab.podrunner import SIDECAR
from tests.lab.waiting import wait_until
from tests.live import vaults
from tests.live.workloads import deployment, unique, vault_annotations, wait_for_pod

Asked: TypeAlias = tuple[str, str, Mapping[str, object] | None]
"""Verb, path, body."""


class Shop:
    """Two workloads of a namespace in the lab's Vault, applied by our client."""

    def __init__(self, lab: Lab, namespace: str, method: AuthMethod) -> None:
        self.lab, self.namespace, self.method = lab, namespace, method
        self.vault = lab.services.vault
        for account in ("web", "worker"):
            lab.kube.create(
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}}
            )
        self.migrations = [
            vaults.migration(namespace, "db", account="web", method=method),
            vaults.migration(namespace, "jobs", account="worker", method=method),
            vaults.migration(namespace, "kv", account="web", path=f"secret/data/{namespace}/app", method=method),
        ]
        grants = """["GRANT pg_monitor TO \\"{{name}}\\";"]"""
        self.config = parse_config(
            f"vault: {{auth: {{method: {method}, audience: vault, boundIssuer: {ISSUER}}}}}\n"
            f"engineRoles: [{{connection: lab, grants: {grants}}}]\n".encode()
        )
        # Its third migration reads KV only: no role issues what stands there, which is a question for a person.
        self.plan = build_vault_plan(self.migrations, self.config)
        self.vault.write(f"secret/data/{namespace}/app", {"data": {"host": "db"}})
        self.vault.write(f"secret/data/{namespace}/other", {"data": {"host": "db"}})
        vaults.apply(self.vault, self.plan)

    def jwt(self, account: str, audience: str = "vault", namespace: str = "") -> str:
        """A real token of a ServiceAccount."""
        return self.lab.kube.request_token(namespace or self.namespace, account, audiences=(audience,))

    def log_in(self, account: str) -> str:
        """A Vault token by the real login."""
        answer = self.vault.write(
            f"auth/{self.method}/login", {"role": f"{self.namespace}-{account}", "jwt": self.jwt(account)}
        )
        return str(answer["auth"]["client_token"])


@pytest.mark.parametrize("method", list(AuthMethod))
def test_token_of_a_role_reads_its_paths_and_nothing_else(lab_agent: Lab, namespace: str, method: AuthMethod) -> None:
    shop = Shop(lab_agent, namespace, method)
    web, worker = shop.log_in("web"), shop.log_in("worker")
    lease = shop.vault.client.adapter.request("get", f"/v1/database/creds/{namespace}-db", raise_exception=True)[
        "lease_id"
    ]
    allowed: tuple[Asked, ...] = (
        ("GET", f"database/creds/{namespace}-db", None),
        ("GET", f"secret/data/{namespace}/app", None),
        ("POST", "auth/token/renew-self", {}),
        ("POST", "sys/leases/renew", {"lease_id": lease}),
    )
    refused: tuple[Asked, ...] = (
        ("GET", "auth/token/lookup-self", None),
        ("GET", f"database/creds/{namespace}-jobs", None),
        ("GET", "database/creds/other", None),
        ("GET", f"database/roles/{namespace}-db", None),
        ("POST", f"database/roles/{namespace}-db", {"db_name": "lab"}),
        ("DELETE", f"database/roles/{namespace}-db", None),
        ("LIST", "database/roles", None),
        ("GET", "database/config/lab", None),
        ("POST", "database/rotate-root/lab", {}),
        ("GET", f"secret/data/{namespace}/other", None),
        ("GET", f"secret/data/{namespace}/app/below", None),
        ("POST", f"secret/data/{namespace}/app", {"data": {}}),
        ("DELETE", f"secret/data/{namespace}/app", None),
        ("GET", f"secret/metadata/{namespace}/app", None),
        ("LIST", f"secret/metadata/{namespace}", None),
        ("GET", f"sys/policies/acl/{namespace}-web", None),
        ("POST", f"sys/policies/acl/{namespace}-web", {"policy": ""}),
        ("LIST", "sys/policies/acl", None),
        ("GET", "sys/mounts", None),
        ("GET", "sys/auth", None),
        ("GET", "sys/audit", None),
        ("POST", "sys/leases/lookup", {"lease_id": lease}),
        ("POST", "sys/leases/revoke", {"lease_id": lease}),
        ("LIST", f"sys/leases/lookup/database/creds/{namespace}-db", None),
        ("POST", "sys/seal", {}),
        ("GET", f"auth/{method}/role/{namespace}-web", None),
        ("POST", f"auth/{method}/role/{namespace}-web", {"token_policies": ["root"]}),
        ("POST", "auth/token/create", {}),
        ("LIST", "auth/token/accessors", None),
        ("GET", "cubbyhole/x", None),
        ("POST", "sys/wrapping/wrap", {"a": "b"}),
        ("LIST", "identity/entity/id", None),
    )

    got = {(verb, path): vaults.ask(shop.vault, web, verb, path, body) for verb, path, body in (*allowed, *refused)}

    assert got == {
        **{(verb, path): 200 for verb, path, _ in allowed},
        **{(verb, path): 403 for verb, path, _ in refused},
    }
    assert vaults.ask(shop.vault, worker, "GET", f"database/creds/{namespace}-jobs") == 200
    assert vaults.ask(shop.vault, worker, "GET", f"database/creds/{namespace}-db") == 403
    assert vaults.ask(shop.vault, web, "POST", "auth/token/revoke-self") == 204


@pytest.mark.parametrize("method", list(AuthMethod))
def test_nobody_else_logs_in_as_a_role(lab_agent: Lab, namespace: str, method: AuthMethod) -> None:
    """Neither another account, nor the same one of another namespace, nor a token for somebody else than Vault."""
    shop = Shop(lab_agent, namespace, method)
    elsewhere = f"{namespace}-b"
    lab_agent.kube.create_namespace(elsewhere)
    lab_agent.kube.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": elsewhere}}
    )
    tokens = {
        "itself": shop.jwt("web"),
        "another account": shop.jwt("worker"),
        "another namespace": shop.jwt("web", namespace=elsewhere),
        "another audience": shop.jwt("web", "https://kubernetes.default.svc"),
    }

    got = {
        who: vaults.ask(shop.vault, "", "POST", f"auth/{method}/login", {"role": f"{namespace}-web", "jwt": token})
        == 200
        for who, token in tokens.items()
    }

    assert got == {who: who == "itself" for who in tokens}
    lab_agent.kube.delete("v1", "Namespace", elsewhere)


def test_whole_issuer_string_is_asked_for(lab_agent: Lab, namespace: str) -> None:
    """A role bound to two issuers as one text refuses a token of one of them, as Vault compares the whole."""
    shop = Shop(lab_agent, namespace, AuthMethod.JWT)
    role = shop.plan.auth_roles[0]
    login = {"role": role.name, "jwt": shop.jwt("web")}

    alone = vaults.ask(shop.vault, "", "POST", "auth/jwt/login", login)
    both = replace(role, bound_issuer=f"https://10.0.0.1:6443,{ISSUER}")
    shop.vault.write(role.path, both.parameters)
    whole = vaults.ask(shop.vault, "", "POST", "auth/jwt/login", login)
    shop.vault.write(role.path, {**both.parameters, "bound_claims": {"iss": both.bound_issuer.split(",")}})
    split = vaults.ask(shop.vault, "", "POST", "auth/jwt/login", login)

    assert (alone, whole, split) == (200, 400, 200)


# -- what the agent needs ---------------------------------------------------------------------------


def requests_of(log: Path, policy: str) -> set[tuple[str, str, bool]]:
    """What tokens of a policy asked for: (operation, path, whether it was refused)."""
    found = set()
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["type"] == "response" and policy in entry.get("auth", {}).get("policies", ()):
            request = entry["request"]
            if not request["path"].endswith("/login"):
                found.add((request["operation"], request["path"], "permission denied" in entry.get("error", "")))
    return found


@pytest.mark.parametrize("is_whole", [True, False])
def test_agent_asks_for_its_paths_its_token_and_its_leases(lab_agent: Lab, namespace: str, is_whole: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """With exactly these rules nothing is refused; without them it renews nothing and gives nothing back."""
    vault = lab_agent.services.vault
    name = unique("app")
    one = vaults.migration(namespace, name, account="default", method=AuthMethod.KUBERNETES)
    grants = """["GRANT pg_monitor TO \\"{{name}}\\";"]"""
    config = parse_config(f"engineRoles: [{{connection: lab, ttl: 6s, maxTtl: 60s, grants: {grants}}}]".encode())
    plan = build_vault_plan([one], config)
    role = plan.auth_roles[0].name
    vaults.apply(vault, replace(plan, auth_roles=(replace(plan.auth_roles[0], token_ttl_s=6, token_max_ttl_s=60),)))
    path = one.credentials[0].path
    if not is_whole:
        vault.write(plan.policies[0].path, {"policy": f'path "{path}" {{ capabilities = ["read"] }}'})
    log = lab_agent.state / f"audit-{secrets.token_hex(4)}.log"
    vaults.audit(vault, log)
    notes = vault_annotations(role, agent_pre_populate="false", agent_revoke_on_shutdown="true")
    notes = {key: value.replace(f"database/creds/{role}", path) for key, value in notes.items()}
    lab_agent.kube.create(deployment(namespace, name, notes))
    pod = wait_for_pod(lab_agent, namespace, name)
    own = {("read", path, False)}
    renewals = {("update", "auth/token/renew-self", not is_whole), ("update", "sys/leases/renew", not is_whole)}

    with lab_agent.run_pod(namespace, pod["metadata"]["name"]) as run:
        run.start(SIDECAR)
        run.read("/vault/secrets/db")
        wait_until(lambda: requests_of(log, role) >= renewals, what="the agent renewed token and lease", timeout_s=30)
        if is_whole:
            run.run_pre_stop()

    revocation = {("update", "auth/token/revoke-self", False)} if is_whole else set()
    asked = requests_of(log, role)
    vault.client.sys.disable_audit_device("requests")
    # Every token may ask this of a path that it may read: no policy has to say so.
    preflight = {("read", f"sys/internal/ui/mounts/{path}", False)}
    assert asked == own | renewals | revocation | preflight
    assert {path for _, path, _ in renewals | revocation} <= {path for path, _ in AGENT_RULES}
    assert is_whole == (not any(is_refused for _, _, is_refused in asked))
