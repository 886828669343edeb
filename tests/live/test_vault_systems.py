"""What phase2 lets Vault run at MariaDB, Redis and RabbitMQ, run by the real Vault against the real servers.

PostgreSQL's statements are run wherever the lab's tests log in. MongoDB, MSSQL, Elasticsearch, Cassandra, Couchbase,
InfluxDB, Oracle and Snowflake are not at hand: their statements have their sources beside them.
"""

from __future__ import annotations

import hvac

from injector.config.load import parse_config
from injector.vault.build import build_vault_plan
from tests.lab.lab import Lab
from tests.lab.systems import ADMIN
from tests.lab.waiting import wait_until
from tests.live import vaults
from tests.live.workloads import unique


class Issued:
    """A credential that a role of ours issued to a token with the policy of ours."""

    def __init__(self, lab: Lab, engine: str, decision: str, mount: str = "database") -> None:
        self._vault, name = lab.services.vault, unique("app")
        path = f"{mount}/creds/shop-{name}"
        migration = vaults.migration("shop", name, engine=engine, path=path, account=name)
        config = parse_config(
            f"vault: {{auth: {{method: jwt, audience: vault}}}}\nengineRoles: [{decision}]\n".encode()
        )
        plan = build_vault_plan([migration], config)
        assert not plan.undecided
        vaults.apply(self._vault, plan)
        made = self._vault.write("auth/token/create", {"policies": [plan.policies[0].name]})
        answer = hvac.Client(url=self._vault.address, token=made["auth"]["client_token"]).read(path)
        self._lease = str(answer["lease_id"])
        self.login = (str(answer["data"]["username"]), str(answer["data"]["password"]))

    def revoke(self) -> None:
        """End it, as the end of its lease does."""
        self._vault.write("sys/leases/revoke", {"lease_id": self._lease, "sync": True})


def connect(lab: Lab, plugin: str, **data: object) -> str:
    """The name of a new connection of the database engine that every role may use."""
    name = unique("connection")
    lab.services.vault.write(
        f"database/config/{name}", {"plugin_name": f"{plugin}-database-plugin", "allowed_roles": ["*"], **data}
    )
    return name


def connect_mariadb(lab: Lab) -> str:
    """The name of a new connection to MariaDB."""
    server = lab.systems.mariadb
    url = f"{{{{username}}}}:{{{{password}}}}@tcp(127.0.0.1:{server.port})/"
    return connect(lab, "mysql", connection_url=url, username=ADMIN, password=server.password)


def test_login_to_mariadb_may_what_was_granted_until_its_lease_ends(lab_systems: Lab) -> None:
    server, schema = lab_systems.systems.mariadb, unique("shop").replace("-", "_")
    admin = (ADMIN, server.password)
    server.ask(*admin, f"CREATE DATABASE {schema}; CREATE TABLE {schema}.cart (id INT); CREATE DATABASE {schema}_b")
    connection = connect_mariadb(lab_systems)
    decision = f"""{{connection: {connection}, grants: ["GRANT SELECT, INSERT ON {schema}.* TO '{{{{name}}}}'@'%'"]}}"""

    issued = Issued(lab_systems, "database/mysql", decision)
    own = issued.login

    assert server.ask(*own, "INSERT INTO cart VALUES (7); SELECT id FROM cart", database=schema) == "7"
    assert "denied" in server.ask(*own, "DROP TABLE cart", database=schema)
    assert "denied" in server.ask(*own, "SELECT 1", database=f"{schema}_b")
    assert "denied" in server.ask(*own, "CREATE USER 'x'@'%'")
    issued.revoke()
    assert "Access denied" in server.ask(*own, "SELECT 1")
    assert own[0] not in server.ask(*admin, "SELECT user FROM mysql.user")


def test_login_to_mariadb_that_somebody_dropped_by_hand_is_revoked_all_the_same(lab_systems: Lab) -> None:
    server = lab_systems.systems.mariadb
    connection = connect_mariadb(lab_systems)
    decision = f"""{{connection: {connection}, grants: ["GRANT USAGE ON *.* TO '{{{{name}}}}'@'%'"]}}"""
    issued = Issued(lab_systems, "database/mysql", decision)

    server.ask(ADMIN, server.password, f"DROP USER '{issued.login[0]}'@'%'")
    issued.revoke()

    assert "Access denied" in server.ask(*issued.login, "SELECT 1")


def test_login_to_redis_may_what_was_granted_until_its_lease_ends(lab_systems: Lab) -> None:
    server = lab_systems.systems.redis
    connection = connect(
        lab_systems,
        "redis",
        host="127.0.0.1",
        port=server.port,
        username="default",
        password=server.password,
        tls=False,
    )
    decision = f"""{{connection: {connection}, grants: ['["~shop:*", "+@read", "+@write", "-@dangerous"]']}}"""

    issued = Issued(lab_systems, "database/redis", decision)
    own = issued.login

    assert server.ask(*own, "SET", "shop:cart", "7") == "OK"
    assert server.ask(*own, "GET", "shop:cart") == "7"
    assert "NOPERM" in server.ask(*own, "GET", "other")
    assert "NOPERM" in server.ask(*own, "FLUSHALL")
    assert "NOPERM" in server.ask(*own, "ACL", "LIST")
    issued.revoke()
    assert "WRONGPASS" in server.ask(*own, "GET", "shop:cart")


def test_login_to_rabbitmq_may_what_was_granted_until_its_lease_ends(lab_systems: Lab) -> None:
    server, vault, mount = lab_systems.systems.rabbitmq, lab_systems.services.vault, unique("rabbitmq")
    vault.write(f"sys/mounts/{mount}", {"type": "rabbitmq"})
    vault.write(
        f"{mount}/config/connection",
        {"connection_uri": server.address, "username": ADMIN, "password": server.password},
    )
    rights = '{"/": {"configure": "^shop-", "write": "^shop-", "read": "^shop-"}}'
    decision = f"{{engine: rabbitmq, parameters: {{tags: management, vhosts: '{rights}'}}}}"

    issued = Issued(lab_systems, "rabbitmq", decision, mount)
    own = issued.login

    assert server.ask(*own, "PUT", "queues/%2F/shop-orders", {}) == 201
    assert server.ask(*own, "GET", "queues/%2F/shop-orders") == 200
    assert server.ask(*own, "PUT", "queues/%2F/other", {}) == 401
    assert server.ask(*own, "GET", "users") == 401
    issued.revoke()
    # The server keeps what it knows of a login for a moment.
    wait_until(lambda: server.ask(*own, "GET", "whoami") == 401, what="the login is refused", timeout_s=30)
