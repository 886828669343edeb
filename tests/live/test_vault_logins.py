"""Logins at a real PostgreSQL by the statements that phase2 writes into roles."""

from __future__ import annotations

import secrets

import psycopg
import pytest

from injector.config.load import parse_config
from injector.config.model import AuthMethod
from injector.vault.build import build_vault_plan
from injector.vault.live import carry_out, compare_destruction
from tests.lab.lab import Lab
from tests.live import vaults
from tests.live.workloads import unique


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
