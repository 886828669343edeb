"""Which system a login is for, when its own name does not say: its surroundings do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from injector.config.model import App, AppRole, Config
from injector.inventory.linking import Secret
from injector.knowledge import words as w
from injector.knowledge.apps import database_of
from injector.model import How
from injector.rules.naming import Part, judge_name
from injector.rules.readers import app_of, names_of
from injector.rules.units import Unit

_SCHEME: Final = re.compile(r"(?:jdbc:)?([a-z][a-z0-9+]*)://", re.IGNORECASE)
_TELLING: Final = re.compile(
    r"(?i)db|database|sql|pg|datasource|dsn|host|url|storage|type|dialect|client|addr|port|server"
)
_NO_SQL: Final = frozenset({"redis", "ldap", "rabbitmq", "influxdb", "elasticsearch"})
"""Nobody calls these just "the database"."""
_LONGEST_HOST: Final = 120


def resolve_system(unit: Unit, secret: Secret, config: Config) -> str:
    """Return the system of a login: what its name says, else its surroundings; empty when nothing tells."""
    system = unit.hint.system
    if system and system != "sql":
        return system
    is_database = system == "sql"
    found = _from_siblings(unit, is_database=is_database) or _from_secret(unit, secret, is_database=is_database)
    if found:
        return found
    said = next((app.system for one in unit.consumers if (app := app_of(one, config)) and _is_client(app)), "")
    if said:
        return said
    return _from_app(unit, secret) if is_database else _from_values_path(unit)


def _is_client(app: App) -> bool:
    return app.role in (None, AppRole.CLIENT)


def iter_siblings(unit: Unit, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield the literal variables of the unit's readers whose names match."""
    for one in unit.consumers:
        if one.container:
            for name in sorted(one.container.env):
                if pattern.search(name):
                    yield name, one.container.env[name]


def _from_siblings(unit: Unit, *, is_database: bool) -> str:
    """Ask the variables beside it: those about the same thing first, any other only for a database without a name."""
    own = [stem for name in (unit.evidence, unit.label, *_environment(unit)) if (stem := w.stem(name))]
    other = ""
    for name, value in iter_siblings(unit, _TELLING):
        found = _system_in(value)
        if not found:
            continue
        stem = w.stem(name)
        if any(stem == mine or (stem and stem < mine) for mine in own) or (not own and not stem):
            return found
        if is_database and found not in _NO_SQL and not other:
            other = found
    return other


def _environment(unit: Unit) -> Iterator[str]:
    yield from (one.env for one in unit.consumers if one.env and one.how is How.ENV)


def _from_secret(unit: Unit, secret: Secret, *, is_database: bool) -> str:
    """Ask the other keys of the Secret; one about something else tells nothing."""
    own = w.stem(unit.label)
    for source in secret.sources:
        for key in source.keys:
            stem = w.stem(key.name)
            if own and stem and not is_database and not (stem & own):
                continue
            hint = judge_name(key.name)
            if hint.part is Part.SECRET:
                continue
            found = hint.system if hint.system != "sql" else ""
            if not found and hint.part in (Part.CONFIG, Part.DSN):
                found = _system_in(key.template)
            if found and not (found in _NO_SQL and (is_database or found in ("ldap", "redis"))):
                return found
    return ""


def _from_app(unit: Unit, secret: Secret) -> str:
    for one in unit.consumers:
        for name in (*names_of(one), one.ref.name):
            if database_of(name):
                return database_of(name)
    return database_of(secret.name) or "sql"


def _from_values_path(unit: Unit) -> str:
    for one in unit.consumers:
        if one.how is How.HELM_VALUES:
            have = w.words(one.path)
            system = next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
            if system or set(have) & w.GENERIC_DATABASE:
                return system or "sql"
    return ""


def _system_in(value: str) -> str:
    """Return the system that a value names: a scheme, a port, or a host's name."""
    match = _SCHEME.search(value)
    if match and match[1].lower() in w.SCHEMES:
        return w.SCHEMES[match[1].lower()]
    text = value.strip().lower()
    if text in w.PORTS:
        return w.PORTS[text]
    port = text.rpartition(":")[2]
    if port in w.PORTS and port != text:
        return w.PORTS[port]
    if len(text) < _LONGEST_HOST:
        return next((w.SYSTEMS[word] for word in w.words(text) if word in w.SYSTEMS and w.SYSTEMS[word] != "ldap"), "")
    return ""
