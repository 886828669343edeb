"""Creation and revocation statements of the database engine's plugins.

What a login may do is a person's decision and never invented: a role without an owner and without grants can log in
and do nothing, and is told as undecided. Forms: https://developer.hashicorp.com/vault/docs/secrets/databases and the
plugins' pages below it (``{{name}}``, ``{{username}}``, ``{{password}}``, ``{{expiration}}`` are Vault's).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from injector.config.model import EngineRole as Decision


@dataclass(frozen=True, slots=True)
class Statements:
    """What a role at the database engine runs.

    Attributes:
        missing: in words, what a person must decide; empty when nothing.
    """

    creation: tuple[str, ...]
    revocation: tuple[str, ...]
    missing: str = ""


def build_statements(system: str, decision: Decision | None) -> Statements:
    """Return the statements of a role at a database.

    Args:
        system: as in ``database/<system>``.
        decision: what the user said of it.
    """
    made = _FORMS.get(system, _unknown)(decision or Decision())
    if decision and decision.revocation:
        return Statements(made.creation, decision.revocation, made.missing)
    return made


_NO_GRANTS: Final = "what the login may do: give grants (or an owner) for it"
_NO_GRANTS_ONLY: Final = "what the login may do: give grants for it"


def _postgresql(decision: Decision) -> Statements:
    login = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    creation: tuple[str, ...] = (f"{login};", *decision.grants)
    # DROP OWNED also takes back what was granted; without it DROP ROLE refuses.
    ending = ['DROP OWNED BY "{{name}}";', 'DROP ROLE "{{name}}";']
    if decision.owner:
        owner = _quoted(decision.owner)
        # Objects that a migration creates must outlive the login: it acts as the owner from its first statement on.
        creation = (
            f"{login} IN ROLE {owner} INHERIT;",
            f'ALTER ROLE "{{{{name}}}}" SET ROLE {owner};',
            *decision.grants,
        )
        # What it made after a RESET ROLE goes to the owner too.
        ending.insert(0, f'REASSIGN OWNED BY "{{{{name}}}}" TO {owner};')
    # One block, which the plugin runs as it is: a login that somebody dropped by hand must not fail its revocation for
    # ever. Who is no superuser must be a member of the login to drop what it owns.
    revocation = (
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{{name}}') THEN "
        f'GRANT "{{{{name}}}}" TO CURRENT_USER; {" ".join(ending)} END IF; END $$;'
    )
    return Statements(creation, (revocation,), "" if decision.owner or decision.grants else _NO_GRANTS)


def _mysql(decision: Decision) -> Statements:
    creation = ("CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}';", *decision.grants)
    # Takes its privileges too; a REVOKE before it, as the plugin has by default, fails when the user is gone already.
    revocation = ("DROP USER IF EXISTS '{{name}}'@'%';",)
    return Statements(creation, revocation, "" if decision.grants else _NO_GRANTS_ONLY)


def _mssql(decision: Decision) -> Statements:
    # https://developer.hashicorp.com/vault/docs/secrets/databases/mssql#setup
    creation = (
        "CREATE LOGIN [{{name}}] WITH PASSWORD = '{{password}}';",
        "CREATE USER [{{name}}] FOR LOGIN [{{name}}];",
        *decision.grants,
    )
    # The plugin drops login and user itself when there is no statement.
    return Statements(creation, (), "" if decision.grants else _NO_GRANTS_ONLY)


def _cassandra(decision: Decision) -> Statements:
    # https://developer.hashicorp.com/vault/docs/secrets/databases/cassandra#setup
    creation = ("CREATE USER '{{username}}' WITH PASSWORD '{{password}}' NOSUPERUSER;", *decision.grants)
    return Statements(creation, ("DROP USER '{{username}}';",), "" if decision.grants else _NO_GRANTS_ONLY)


def _influxdb(decision: Decision) -> Statements:
    # https://developer.hashicorp.com/vault/docs/secrets/databases/influxdb#setup
    creation = ("CREATE USER \"{{username}}\" WITH PASSWORD '{{password}}';", *decision.grants)
    return Statements(creation, ('DROP USER "{{username}}";',), "" if decision.grants else _NO_GRANTS_ONLY)


def _oracle(decision: Decision) -> Statements:
    # https://developer.hashicorp.com/vault/docs/secrets/databases/oracle#setup
    creation = (
        'CREATE USER {{username}} IDENTIFIED BY "{{password}}"',
        # Both: the plugin's own revocation takes both back, and fails on one that was never granted.
        "GRANT CONNECT TO {{username}}",
        "GRANT CREATE SESSION TO {{username}}",
        *decision.grants,
    )
    return Statements(creation, (), "" if decision.grants else _NO_GRANTS_ONLY)


def _snowflake(decision: Decision) -> Statements:
    # https://developer.hashicorp.com/vault/docs/secrets/databases/snowflake#setup
    creation = ("CREATE USER {{name}} PASSWORD = '{{password}}' DAYS_TO_EXPIRY = {{expiration}};", *decision.grants)
    return Statements(creation, ("DROP USER IF EXISTS {{name}};",), "" if decision.grants else _NO_GRANTS_ONLY)


def _mongodb(decision: Decision) -> Statements:
    # https://developer.hashicorp.com/vault/docs/secrets/databases/mongodb#setup
    missing = 'what the login may do: give one grant as JSON, as {"db": "shop", "roles": [{"role": "readWrite"}]}'
    # The user is made in this database. Without saying so again the plugin looks for it in admin, finds none, and leaves
    # it behind without an error (plugins/database/mongodb/mongodb.go, DeleteUser).
    database = _database_of(decision.grants[0]) if decision.grants else ""
    revocation = (json.dumps({"db": database}),) if database not in ("", "admin") else ()
    return Statements(decision.grants, revocation, "" if decision.grants else missing)


def _database_of(grant: str) -> str:
    try:
        read = json.loads(grant)
    except ValueError:
        return ""
    return str(read.get("db", "")) if isinstance(read, dict) else ""


def _document(what: str) -> Callable[[Decision], Statements]:
    """Databases whose only statement is a JSON document of rights.

    Source: redis, elasticdb and couchbase below https://developer.hashicorp.com/vault/docs/secrets/databases.
    """

    def made(decision: Decision) -> Statements:
        return Statements(decision.grants, (), "" if decision.grants else what)

    return made


def _unknown(decision: Decision) -> Statements:
    missing = "" if decision.grants else "which database it is and how a login is made: give its engine and grants"
    return Statements(decision.grants, (), missing)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_FORMS: Final[dict[str, Callable[[Decision], Statements]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mssql": _mssql,
    "cassandra": _cassandra,
    "influxdb": _influxdb,
    "oracle": _oracle,
    "snowflake": _snowflake,
    "mongodb": _mongodb,
    "redis": _document('what the login may do: give one grant as JSON of ACL rules, as ["~*", "+@read"]'),
    "elasticsearch": _document('what the login may do: give one grant as JSON, as {"elasticsearch_roles": ["shop"]}'),
    "couchbase": _document(
        'what the login may do: give one grant as JSON, as {"roles": [{"role": "bucket_full_access"}]}'
    ),
}
"""System -> its form. A test holds it complete over `injector.knowledge.engines.DATABASE_SYSTEMS`."""
