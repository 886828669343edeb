"""Level agent: Vault, PostgreSQL, the injector and the operator, joined to the control plane."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab import eso, injector
from tests.lab.certs import Certificates
from tests.lab.controlplane import ISSUER, ControlPlane
from tests.lab.incluster import bind
from tests.lab.ports import PortPool
from tests.lab.postgres import SUPERUSER, PostgresServer
from tests.lab.process import Launcher
from tests.lab.vault import VaultServer

#: Name of the database connection in Vault; roles are below ``database/roles``.
CONNECTION = "lab"


class AgentServices:
    """What level agent adds."""

    def __init__(
        self,
        launcher: Launcher,
        ports: PortPool,
        certs: Certificates,
        plane: ControlPlane,
        data: Path,
    ) -> None:
        self._launcher = launcher
        self._ports = ports
        self._certs = certs
        self._plane = plane
        self._data = data
        self.vault = VaultServer(launcher, ports, data, "vault")
        self.postgres = PostgresServer(launcher, ports, data)
        self.injector = injector.Injector(plane, ports, certs)

    def start(self) -> None:
        """Start everything, side by side where nothing depends on the other."""
        with ThreadPoolExecutor(3) as pool:
            jobs = [
                pool.submit(self.vault.start_dev),
                pool.submit(self.postgres.start),
                pool.submit(eso.install_crds, self._plane),
            ]
            for job in jobs:
                job.result()
        self._plane.restart_controllers()
        self._join_vault()
        with ThreadPoolExecutor(2) as pool:
            address = self.vault.address
            webhook = pool.submit(self.injector.start, self._launcher, self._data, address)
            operator = pool.submit(eso.start_operator, self._launcher, self._plane, self._ports, self._data, address)
            webhook.result()
            operator.result()

    def create_database_role(self, name: str, *, ttl: str = "1h", max_ttl: str = "24h") -> None:
        """A role that makes PostgreSQL logins, and a policy of its name that may read it."""
        self.vault.write(
            f"database/roles/{name}",
            {
                "db_name": CONNECTION,
                "default_ttl": ttl,
                "max_ttl": max_ttl,
                "creation_statements": [
                    ("CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'")
                ],
                "revocation_statements": ['DROP ROLE IF EXISTS "{{name}}"'],
            },
        )
        rule = f'path "database/creds/{name}" {{ capabilities = ["read"] }}'
        self.vault.write(f"sys/policies/acl/{name}", {"policy": rule})

    def create_auth_roles(self, name: str, namespace: str, account: str, policies: list[str]) -> None:
        """Let a service account log in as role ``name`` by auth/jwt and by auth/kubernetes."""
        common = {"token_policies": policies, "token_ttl": "1h"}
        self.vault.write(
            f"auth/kubernetes/role/{name}",
            {
                "bound_service_account_names": [account],
                "bound_service_account_namespaces": [namespace],
                **common,
            },
        )
        self.vault.write(
            f"auth/jwt/role/{name}",
            {
                "role_type": "jwt",
                "user_claim": "sub",
                "bound_subject": f"system:serviceaccount:{namespace}:{account}",
                "bound_audiences": [ISSUER],
                **common,
            },
        )

    def leases(self, role: str) -> list[str]:
        """Ids of the leases that a database role has now."""
        return self.vault.list(f"sys/leases/lookup/database/creds/{role}")

    def _join_vault(self) -> None:
        vault, cluster = self.vault, self._plane.cluster
        vault.write("sys/auth/jwt", {"type": "jwt"})
        public = self._certs.token_public_key.read_text(encoding="ascii")
        vault.write("auth/jwt/config", {"jwt_validation_pubkeys": [public]})
        cluster.create_namespace("vault-server")
        bind(self._plane, "system:auth-delegator", "vault-server", "default")
        vault.write("sys/auth/kubernetes", {"type": "kubernetes"})
        vault.write(
            "auth/kubernetes/config",
            {
                "kubernetes_host": cluster.server,
                "kubernetes_ca_cert": cluster.ca.read_text(encoding="ascii"),
                "token_reviewer_jwt": cluster.request_token("vault-server", "default", seconds=48 * 3600),
                "disable_local_ca_jwt": True,
            },
        )
        rule = 'path "secret/*" { capabilities = ["read", "list"] }'
        vault.write(f"sys/policies/acl/{eso.VAULT_ROLE}", {"policy": rule})
        self.create_auth_roles(eso.VAULT_ROLE, eso.NAMESPACE, eso.ACCOUNT, [eso.VAULT_ROLE])
        vault.write("sys/mounts/database", {"type": "database"})
        url = f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.postgres.port}"
        vault.write(
            f"database/config/{CONNECTION}",
            {
                "plugin_name": "postgresql-database-plugin",
                "connection_url": f"{url}/postgres?sslmode=disable",
                "username": SUPERUSER,
                "password": self.postgres.password,
                "allowed_roles": ["*"],
            },
        )
