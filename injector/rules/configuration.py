"""Rules about what is no secret at all, or none that anybody logs in with."""

from __future__ import annotations

from typing import Final

from injector.model import Confidence, Consumer
from injector.rules.example import external_secret, manifests, workload
from injector.rules.naming import judge_name
from injector.rules.readers import is_init, is_provisioner
from injector.rules.rule import Answer, Case, NearMiss, VerdictRule, stays


def _configuration(case: Case) -> Answer:
    return stays(f"{case.unit.label} is configuration", case.unit.location, Confidence.MEDIUM)


def _provisioning(case: Case) -> Answer:
    hint = case.unit.hint
    maker = next((one for one in case.clients if is_provisioner(one)), None)
    if not hint.is_provisioning and not (maker and case.nature.system.name):
        return None
    kind = "server-own" if hint.is_superuser else "provisioning-input"
    if maker:
        message, where = f"{case.what} feeds {maker.ref}, which makes roles in the database", maker.location
    else:
        message, where = f"{case.what} feeds an init container that makes roles", case.unit.location
    app = next((one for one in case.clients if _logs_in(one, case)), None)
    if app and not hint.is_provisioning and maker and not maker.key:
        return None  # it takes the whole Secret along
    if app:
        return NearMiss(f"{message}, but {app.ref} logs in with it as well", app.location)
    is_seen = maker is not None or any(is_init(one) for one in case.clients)
    return stays(message, where, Confidence.HIGH if is_seen else Confidence.MEDIUM, kind)


def _logs_in(reader: Consumer, case: Case) -> bool:
    """Tell whether the app itself uses a value.

    A value that is called as provisioning's is the app's only when the app names the key; one that is not, whenever the
    app reads it: the usual Secret feeds both containers by ``envFrom``.
    """
    if is_init(reader) or is_provisioner(reader):
        return False
    if not case.unit.hint.is_provisioning:
        return True
    return reader.key == case.unit.key.name and not judge_name(reader.env).is_provisioning


RULES: Final = (
    VerdictRule(
        id="configuration",
        statement="Hosts, ports and names are no credential.",
        remedy="Nothing to do: what moves takes them along from wherever they stand.",
        example=external_secret("shop/web", {"DB_HOST": "shop/web#host", "DB_PORT": "shop/web#port"}),
        decide=_configuration,
        kinds=frozenset({"configuration"}),
    ),
    VerdictRule(
        id="provisioning-input",
        statement="Input of a role-provisioning init container stays static.",
        remedy="When the app moves, its role is made by Vault and the init container can go.",
        example=manifests(
            external_secret("shop/web-init", {"INIT_POSTGRES_PASS": "shop/web#password"}),
            workload("shop/web", "ghcr.io/home-operations/postgres-init:17", env_from="web-init", is_init=True),
        ),
        decide=_provisioning,
    ),
)
