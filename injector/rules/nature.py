"""What a value is by its names and surroundings: its kind, the system it logs in to, the engine that issues it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from injector.inventory.linking import Secret
from injector.knowledge import words as w
from injector.knowledge.apps import lookup
from injector.model import How
from injector.rules.naming import Part, judge_name
from injector.rules.readers import is_client
from injector.rules.units import Unit

_NOT_AWS: Final = re.compile(
    r"https?://(?!(?:[\w.-]*\.)?amazonaws\.com)[\w.${}-]+|(?:^|\.)(?:r2\.cloudflarestorage|backblazeb2|wasabisys|digitaloceanspaces)\.com"
)
_SCHEME: Final = re.compile(r"(?:jdbc:)?([a-z][a-z0-9+]*)://", re.IGNORECASE)
_TOKEN_ENGINES: Final = {"consul-token": "consul", "nomad-token": "nomad"}
_CLOUD_KINDS: Final = {"gcp": "gcp-service-account", "azure": "azure-service-principal"}
_LOGIN_KINDS: Final = {"rabbitmq": "rabbitmq-login", "ldap": "ldap-bind"}


@dataclass(frozen=True, slots=True)
class Nature:
    """What a value is, whoever reads it.

    Attributes:
        kind: kebab-case word such as ``database-login`` or ``api-token``.
        engine: the secrets engine that issues this kind (``database/postgresql``), empty when none does.
        system: the system it logs in to, empty when nothing tells.
    """

    kind: str
    engine: str = ""
    system: str = ""


def nature_of(unit: Unit, secret: Secret) -> Nature:
    """Return what a value is, by its names, its siblings and its readers' surroundings."""
    kind = unit.hint.kind
    if kind in _TOKEN_ENGINES:
        return Nature(kind, _TOKEN_ENGINES[kind])
    if kind in ("aws", "s3-compatible"):
        is_foreign = kind == "s3-compatible" or is_foreign_store(unit, secret)
        return Nature("s3-compatible") if is_foreign else Nature("aws-access-key", "aws")
    if kind in _CLOUD_KINDS:
        return Nature(_CLOUD_KINDS[kind], kind)
    if kind != "login":
        return Nature(kind)
    system = resolve_system(unit, secret)
    if system in w.DATABASES:
        return Nature("database-login", f"database/{system}" if system != "sql" else "database", system)
    if system in _LOGIN_KINDS:
        return Nature(_LOGIN_KINDS[system], system, system)
    return Nature("login")


def is_foreign_store(unit: Unit, secret: Secret) -> bool:
    """Tell keys of a store that is not AWS, or that a backup reads."""
    have = set(w.words(secret.name)) | {word for one in unit.remotes for word in w.words(one.path)}
    if have & (w.BACKUP | (w.OBJECT_STORE - {"bucket"})):
        return True
    if "endpoint" in unit.key.template:
        return True  # a configuration file that names an endpoint is one of an S3-compatible store
    if not unit.consumers and any(judge_name(name).is_superuser for name in _names(secret)):
        return True  # keys beside a database's superuser are those of its backups
    for source in secret.sources:
        for key in source.keys:
            names = w.words(key.name)
            if _NOT_AWS.search(key.template) and (set(names) & {"endpoint", "url", "repository", "host", "conf"}):
                return True
            if set(names) & ((w.BACKUP | w.OBJECT_STORE) - {"bucket"}) and "region" not in names:
                return True
    for _, value in _siblings(unit, r"(?i)endpoint|repository|s3.*url"):
        if _NOT_AWS.search(value) or (value and "amazonaws" not in value and "{{" not in value and "." in value):
            return True
    return any(not is_client(one) for one in unit.consumers) and not any(is_client(one) for one in unit.consumers)


def _names(secret: Secret) -> Iterator[str]:
    for source in secret.sources:
        for key in source.keys:
            yield key.name
            yield from (remote.prop or remote.path.rpartition("/")[2] for remote in key.remotes)


def _siblings(unit: Unit, pattern: str) -> Iterator[tuple[str, str]]:
    wanted = re.compile(pattern)
    for one in unit.consumers:
        if one.container:
            for name in sorted(one.container.env):
                if wanted.search(name):
                    yield name, one.container.env[name]


def resolve_system(unit: Unit, secret: Secret) -> str:
    """Return the system of a login: what its name says, else its surroundings; empty when nothing tells."""
    system = unit.hint.system
    if system and system != "sql":
        return system
    for _, value in _siblings(unit, r"(?i)db|database|sql|pg|datasource|dsn|host|url|storage"):
        found = _system_in(value)
        if found:
            return found
    for source in secret.sources:
        for key in source.keys:
            hint = judge_name(key.name)
            if hint.system not in ("", "sql", "ldap", "redis") and (hint.part is not Part.SECRET):
                return hint.system
            found = _system_in(key.template) if hint.part is Part.CONFIG or hint.part is Part.DSN else ""
            if found and system:
                return found
    if not system:
        return _by_values_path(unit)
    for one in unit.consumers:
        for name in (one.chart, one.container.image if one.container else "", one.ref.name):
            if name and lookup("database", name):
                return lookup("database", name)
    return lookup("database", secret.name) or system


def _by_values_path(unit: Unit) -> str:
    for one in unit.consumers:
        if one.how is How.HELM_VALUES:
            have = w.words(one.path)
            system = next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
            if system or set(have) & w.GENERIC_DATABASE:
                return system or "sql"
    return ""


def _system_in(value: str) -> str:
    match = _SCHEME.search(value)
    if match and match[1].lower() in w.SCHEMES:
        return w.SCHEMES[match[1].lower()]
    text = value.strip().lower()
    if text in w.PORTS:
        return w.PORTS[text]
    port = text.rpartition(":")[2]
    if port in w.PORTS and port != text:
        return w.PORTS[port]
    if len(text) < 120:  # noqa: PLR2004 - longer is no host name
        return next((w.SYSTEMS[word] for word in w.words(text) if word in w.SYSTEMS and w.SYSTEMS[word] != "ldap"), "")
    return ""
