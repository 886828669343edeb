"""What phase2 makes in Vault, by each of its writers, and what the tokens of its roles may do."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest

from injector.config.load import parse_config
from injector.config.model import AuthMethod
from injector.vault.build import build_vault_plan
from injector.vault.comparing import differing_fields
from injector.vault.hcl import render_policy, render_script
from injector.vault.live import Action, carry_out, compare, compare_destruction
from injector.vault.objects import AGENT_RULES, VaultPlan
from injector.vault.terraform import render_terraform
from tests.lab.controlplane import ISSUER
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.podrunner import SIDECAR
from tests.lab.vault import VaultServer
from tests.lab.waiting import wait_until
from tests.live import vaults
from tests.live.workloads import deployment, unique, vault_annotations, wait_for_pod


@pytest.fixture
def empty(lab_agent: Lab) -> VaultServer:
    """A Vault with mounts and nothing in them."""
    return vaults.get_empty(lab_agent)


def every_role(method: AuthMethod) -> VaultPlan:
    """A role of every engine that can be had without its system, of two workloads that share one of them."""
    migrations = [
        vaults.migration(
            "shop",
            engine.replace("/", "-"),
            account="worker" if engine == "aws" else "web",
            engine=engine,
            method=method,
        )
        for engine in vaults.ENGINES
    ]
    shared = vaults.migration(
        "shop", "shared", account="worker", path="database/creds/shop-database-postgresql", method=method
    )
    return build_vault_plan([*migrations, shared], vaults.every_engine(method))


def planned(plan: VaultPlan) -> dict[str, tuple[str, dict[str, Any]]]:
    """API path -> kind of role and data, as the model has it."""
    found: dict[str, tuple[str, dict[str, Any]]] = {
        one.path: ("policy", {"policy": render_policy(one)}) for one in plan.policies
    }
    found |= {one.path: (one.engine.partition("/")[0], dict(one.parameters)) for one in plan.engine_roles}
    found |= {one.path: (f"auth/{one.method}", one.parameters) for one in plan.auth_roles}
    return found


# -- one model, three writers ---------------------------------------------------------------------


@pytest.mark.parametrize("method", list(AuthMethod))
def test_writers_leave_the_same_in_an_empty_vault(empty: VaultServer, method: AuthMethod) -> None:
    """The script by the real program, our client, and what Terraform's resources say."""
    plan = every_role(method)
    model = planned(plan)

    done = vaults.run_script(empty, render_script(plan))
    by_script = vaults.held(empty)
    vaults.clear(empty)
    emptied = vaults.held(empty)
    vaults.apply(empty, plan)
    by_client = vaults.held(empty)
    vaults.clear(empty)
    for path, data in vaults.read_terraform(render_terraform(plan)).items():
        empty.write(path, data)
    by_terraform = vaults.held(empty)

    assert not plan.undecided
    assert done.returncode == 0, done.stderr
    assert emptied == {}
    assert by_client == by_script
    assert by_terraform == by_script
    assert sorted(by_script) == sorted(model)
    assert {path: differing_fields(data, by_script[path], kind) for path, (kind, data) in model.items()} == {
        path: {} for path in model
    }


def test_terraform_says_field_by_field_what_the_model_says() -> None:
    """Its HCL is parsed, not applied: the provider is not part of the lab."""
    for method in AuthMethod:
        plan = every_role(method)

        assert vaults.read_terraform(render_terraform(plan)) == {
            path: data for path, (_, data) in planned(plan).items()
        }


def test_script_can_be_run_again_and_our_client_then_finds_nothing_to_do(empty: VaultServer) -> None:
    plan = every_role(AuthMethod.JWT)
    vaults.run_script(empty, render_script(plan))

    again = vaults.run_script(empty, render_script(plan))
    changes = compare(vaults.client(empty), plan)

    assert again.returncode == 0, again.stderr
    assert not changes.pending
    assert not changes.refused


def test_second_apply_changes_nothing(empty: VaultServer) -> None:
    plan = every_role(AuthMethod.JWT)

    first, second = vaults.apply(empty, plan), vaults.apply(empty, plan)

    assert {one.action for one in first.steps} == {Action.CREATE}
    assert {one.action for one in second.steps} == {Action.UNCHANGED}
    assert len(second.steps) == len(first.steps)


def test_what_somebody_changed_by_hand_is_seen_and_put_right(empty: VaultServer) -> None:
    """Also in fields that the plan says nothing of: some of them let more people in."""
    plan = every_role(AuthMethod.KUBERNETES)
    vaults.apply(empty, plan)
    before = vaults.held(empty)
    web = "auth/kubernetes/role/shop-web"
    empty.write(web, {"bound_service_account_namespace_selector": '{"matchLabels": {"a": "b"}}', "token_period": 60})
    empty.write(
        "database/roles/shop-database-postgresql", {"creation_statements": ["SELECT 1"], "renew_statements": ["x"]}
    )

    changes = vaults.apply(empty, plan)

    assert {one.path: one.action for one in changes.pending} == {
        web: Action.UPDATE,
        "database/roles/shop-database-postgresql": Action.UPDATE,
    }
    assert vaults.held(empty) == before


# -- nothing of anybody else's ----------------------------------------------------------------------


FOREIGN = (
    ("sys/policies/acl/shop-web", {"policy": 'path "secret/*" { capabilities = ["read"] }'}),
    (
        "auth/jwt/role/shop-web",
        {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["x"], "token_policies": ["x"]},
    ),
    ("database/roles/shop-db", {"db_name": "theirs", "creation_statements": ["SELECT 1"]}),
)


@pytest.mark.parametrize(("path", "data"), FOREIGN)
def test_what_is_somebody_elses_is_refused_unless_adopted(empty: VaultServer, path: str, data: Object) -> None:
    plan = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))
    empty.write(path, data)
    before = vaults.held(empty)

    refused = vaults.apply(empty, plan)
    script = vaults.run_script(empty, render_script(plan))
    untouched = vaults.held(empty)
    adopted = vaults.apply(empty, plan, is_adopting=True)

    assert [one.path for one in refused.refused] == [path]
    assert script.returncode == 1
    assert f"{path}: is there and was not made by phase2" in script.stderr
    assert untouched == before
    assert [one.path for one in adopted.steps if one.is_adopted] == [path]
    assert not compare(vaults.client(empty), plan).pending


def test_engine_that_is_not_mounted_is_told(empty: VaultServer) -> None:
    one = vaults.migration("shop", "db", path="nowhere/creds/shop-db")
    changes = vaults.apply(empty, build_vault_plan([one], vaults.every_engine(AuthMethod.JWT)))

    assert [(one.path, one.why.partition(";")[0]) for one in changes.refused] == [
        ("nowhere/roles/shop-db", "nowhere/roles/shop-db: nothing is mounted there")
    ]
    assert vaults.held(empty) == {}


def test_script_takes_over_when_told_to(empty: VaultServer) -> None:
    plan = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))
    for path, data in FOREIGN:
        empty.write(path, data)

    done = vaults.run_script(empty, render_script(plan), ADOPT="yes")

    assert done.returncode == 0
    assert not compare(vaults.client(empty), plan).pending


def test_destruction_leaves_all_that_is_not_ours(empty: VaultServer) -> None:
    for path, data in FOREIGN:
        empty.write(path.replace("shop", "their"), data)
    before = vaults.held(empty)
    plan = every_role(AuthMethod.JWT)
    vaults.apply(empty, plan)
    port = vaults.client(empty)
    names = {name for one in plan.policies for name in one.owner}

    list(carry_out(port, compare_destruction(port, names)))

    assert vaults.held(empty) == before
    assert not compare_destruction(port, names).pending


def test_destruction_of_one_migration_keeps_what_another_needs(empty: VaultServer) -> None:
    config = vaults.every_engine(AuthMethod.JWT)
    web = vaults.migration("shop", "db")
    worker = vaults.migration("shop", "jobs", account="worker", path="database/creds/shop-db")
    vaults.apply(empty, build_vault_plan([web, worker], config))
    port = vaults.client(empty)

    list(carry_out(port, compare_destruction(port, {"shop/db"})))

    assert sorted(vaults.held(empty)) == [
        "auth/jwt/role/shop-worker",
        "database/roles/shop-db",
        "sys/policies/acl/shop-worker",
    ]
    list(carry_out(port, compare_destruction(port, {"shop/jobs"})))
    assert vaults.held(empty) == {}


# -- least privilege --------------------------------------------------------------------------------


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


# -- logins that work -------------------------------------------------------------------------------


class Owned:
    """A database role whose logins act as the owner of the app's tables."""

    def __init__(self, lab: Lab, namespace: str, *, is_superuser: bool) -> None:
        self.lab = lab
        self.postgres, self.vault = lab.services.postgres, lab.services.vault
        self.owner = f"owner_{secrets.token_hex(3)}"
        self.connection = "lab"
        with self.postgres.connect() as connection:
            connection.execute(f'CREATE ROLE "{self.owner}" NOLOGIN')
            connection.execute(f'CREATE SCHEMA "{self.owner}" AUTHORIZATION "{self.owner}"')
            if not is_superuser:
                self._make_admin(connection)
        config = parse_config(f"engineRoles: [{{connection: {self.connection}, owner: {self.owner}}}]".encode())
        one = vaults.migration(namespace, unique("db"), method=AuthMethod.KUBERNETES)
        vaults.apply(self.vault, build_vault_plan([one], config))
        self.path = one.credentials[0].path

    def _make_admin(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        admin, password = f"admin_{secrets.token_hex(3)}", secrets.token_hex(8)
        connection.execute(f"CREATE ROLE \"{admin}\" LOGIN CREATEROLE PASSWORD '{password}'")
        connection.execute(f'GRANT "{self.owner}" TO "{admin}" WITH ADMIN OPTION')
        self.connection = admin
        self.vault.write(
            f"database/config/{admin}",
            {
                "plugin_name": "postgresql-database-plugin",
                "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.postgres.port}/postgres",
                "username": admin,
                "password": password,
                "allowed_roles": ["*"],
            },
        )

    def log_in(self) -> tuple[psycopg.Connection[tuple[object, ...]], str, str]:
        """A connection with new credentials, the login's name and its lease."""
        answer = self.vault.client.read(self.path)
        user, password = answer["data"]["username"], answer["data"]["password"]
        return self.postgres.connect(user, password), user, answer["lease_id"]

    def revoke(self, lease: str) -> None:
        """End a lease at once."""
        self.vault.write("sys/leases/revoke", {"lease_id": lease, "sync": True})

    def traces(self, user: str) -> list[tuple[object, ...]]:
        """What the database still knows of a login."""
        with self.postgres.connect() as connection:
            return connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname = %s UNION ALL "
                "SELECT grantee FROM information_schema.role_table_grants WHERE grantee = %s",
                (user, user),
            ).fetchall()


@pytest.mark.parametrize("is_superuser", [True, False])
def test_logins_of_an_owner_make_and_change_each_others_tables(
    lab_agent: Lab,
    namespace: str,
    is_superuser: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """What an app that runs schema migrations needs; Vault's own login as superuser, and with CREATEROLE only."""
    owned = Owned(lab_agent, namespace, is_superuser=is_superuser)
    schema = owned.owner
    first, user, lease = owned.log_in()
    with first:
        first.execute(f'CREATE TABLE "{schema}".orders (id int)')
        first.execute(f'INSERT INTO "{schema}".orders VALUES (1)')  # noqa: S608 - names of the test itself
        owner = first.execute("SELECT tableowner FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
        first.execute("RESET ROLE")
        first.execute("SELECT set_config('role', 'none', false)")
        first.execute("CREATE TEMP TABLE scratch (id int)")

    owned.revoke(lease)
    second, other, other_lease = owned.log_in()
    with second:
        second.execute(f'ALTER TABLE "{schema}".orders ADD COLUMN note text')
        rows = second.execute(f'SELECT id, note FROM "{schema}".orders').fetchall()  # noqa: S608 - names of the test itself
    owned.revoke(other_lease)

    assert owner == [(schema,)]
    assert rows == [(1, None)]
    assert owned.traces(user) == []
    assert owned.traces(other) == []
    with pytest.raises(psycopg.OperationalError):
        owned.postgres.connect(user, "x")


def test_login_that_somebody_dropped_by_hand_is_revoked_all_the_same(lab_agent: Lab, namespace: str) -> None:
    owned = Owned(lab_agent, namespace, is_superuser=True)
    connection, user, lease = owned.log_in()
    connection.close()
    with owned.postgres.connect() as admin:
        admin.execute(f'DROP OWNED BY "{user}"')
        admin.execute(f'DROP ROLE "{user}"')

    owned.revoke(lease)

    assert owned.vault.list(f"sys/leases/lookup/{owned.path}") == []


def test_login_with_grants_may_do_these_and_leaves_nothing_behind(lab_agent: Lab, namespace: str) -> None:
    postgres, vault = lab_agent.services.postgres, lab_agent.services.vault
    table = f"t_{secrets.token_hex(3)}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE TABLE {table} (id int)")
    grants = f"""["GRANT SELECT ON {table} TO \\"{{{{name}}}}\\";"]"""
    one = vaults.migration(namespace, unique("db"), method=AuthMethod.KUBERNETES)
    plan = build_vault_plan([one], parse_config(f"engineRoles: [{{connection: lab, grants: {grants}}}]".encode()))
    vaults.apply(vault, plan)
    answer = vault.client.read(one.credentials[0].path)
    user, password = answer["data"]["username"], answer["data"]["password"]

    with postgres.connect(user, password) as connection:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of the test itself
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"INSERT INTO {table} VALUES (1)")  # noqa: S608 - names of the test itself
    port = vaults.client(vault)
    list(carry_out(port, compare_destruction(port, plan.policies[0].owner)))
    vault.write("sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True})

    assert rows == []
    assert not postgres.has_role(user)
    assert vault.read(plan.engine_roles[0].path) == {}
