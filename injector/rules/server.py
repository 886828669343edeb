"""Rules about the other side: a server's own passwords, superusers, and people's logins to tools."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from injector.knowledge import words as w
from injector.model import Confidence
from injector.rules.example import external_secret, manifests, workload
from injector.rules.naming import Part
from injector.rules.readers import is_web_tool, server_reader
from injector.rules.rule import Answer, Case, NearMiss, VerdictRule, stays

_SUPERUSER_LOGIN: Final = re.compile(r"://(?:postgres|root|sa|admin):|\b(?:superuser|postgres):[^/\s]*@")
_SUPERUSER_SECRET: Final = re.compile(
    r"(?:-pguser-postgres|-superuser|-root|-es-elastic-user)\Z"
    r"|\A(?:postgres|standby)\..+\.credentials\.postgresql\.acid\.zalan\.do\Z"
)
"""How operators call a superuser's Secret: Crunchy's, CloudNativePG, MariaDB's, Elastic's and Zalando's."""
_OWN: Final = "server-own"


def _server(case: Case) -> Answer:
    config = case.context.config
    label = next(
        (one for source in case.secret.sources for one in source.secret_labels if one in w.OPERATOR_LABELS), ""
    )
    if label and not case.clients and case.nature.kind in ("database-login", "login"):
        return stays(
            f"label {label} tells that an operator of databases reads it", case.unit.location, Confidence.HIGH, _OWN
        )
    server = next((one for one in (*case.clients, *case.others) if server_reader(one, config)), None)
    if server is None or _is_of_another(server_reader(server, config), case.nature.system.name):
        return None
    message = f"{server.ref} is the {server_reader(server, config)} server itself"
    client = next((one for one in case.clients if not server_reader(one, config)), None)
    if client:
        return NearMiss(f"{message}, but {client.ref} reads it as well", server.location)
    return stays(message, server.location, Confidence.HIGH, _OWN)


def _is_of_another(server: str, system: str) -> bool:
    """Tell that a server is a client itself: of the database that it keeps its own data in."""
    return system in w.DATABASES and server not in w.DATABASES


@lru_cache(maxsize=256)
def _logs_in_as_superuser(template: str) -> bool:
    return bool(_SUPERUSER_LOGIN.search(template))  # asked once for every variable of a template


def _superuser(case: Case) -> Answer:
    if not case.nature.system.name:
        return None
    sure = Confidence.HIGH if case.unit.strength > 1 else Confidence.MEDIUM  # a name alone never gives more
    if case.unit.hint.is_superuser and case.unit.hint.part is not Part.USER:
        return stays(f"{case.what} names a superuser", case.unit.location, sure, _OWN)
    if _logs_in_as_superuser(case.unit.key.template):
        return stays("its template logs in as a superuser", case.unit.location, Confidence.HIGH, _OWN)
    if _SUPERUSER_SECRET.search(case.secret.name):
        return stays(f"Secret {case.secret.name} is a superuser's", case.unit.location, sure, _OWN)
    return None


def _web_tool(case: Case) -> Answer:
    tool = (
        next((one for one in case.clients if is_web_tool(one, case.context.config)), None)
        if case.nature.system.name
        else None
    )
    if tool is None:
        return None
    message = f"{tool.ref} is a tool by which people look into databases"
    return stays(message, tool.location, Confidence.HIGH, _OWN)


RULES: Final = (
    VerdictRule(
        id="server-own-password",
        statement="A server's own root, superuser or bootstrap password stays static.",
        remedy="Give its clients logins of their own: those can be dynamic.",
        example=manifests(
            external_secret("shop/pg", {"POSTGRES_PASSWORD": "shop/pg#password"}),
            workload("shop/pg", "postgres:17", env_from="pg", kind="StatefulSet"),
        ),
        decide=_server,
    ),
    VerdictRule(
        id="web-login",
        statement="What people log in with, to a tool or through one, stays static.",
        remedy="Nothing to do: it stays with the External Secrets Operator.",
        example=manifests(
            external_secret("shop/pgweb", {"PGWEB_DATABASE_URL": "shop/pgweb#url"}),
            workload("shop/pgweb", "sosedoff/pgweb:0.16", env_from="pgweb"),
        ),
        decide=_web_tool,
    ),
    VerdictRule(
        id="superuser-login",
        statement="A superuser's login stays static: it is what makes other logins.",
        remedy="Give the app a login of its own; Vault itself may need this one to make them.",
        example=manifests(
            external_secret("shop/admin", {"MYSQL_ROOT_PASSWORD": "shop/mysql#root"}),
            workload("shop/admin", "ghcr.io/acme/admin:2.0", env_from="admin"),
        ),
        decide=_superuser,
    ),
)
