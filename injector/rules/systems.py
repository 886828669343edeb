"""Which system a login is for, when its own name does not say: its surroundings do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from injector.config.model import AppRole, Config
from injector.inventory.linking import Secret
from injector.knowledge import words as w
from injector.knowledge.apps import database_of, is_exporter
from injector.location import Location
from injector.model import NOWHERE, Consumer, How
from injector.rules.naming import BROKER, Part, judge_name
from injector.rules.readers import app_of, names_of
from injector.rules.units import Unit

_SCHEME: Final = re.compile(r"(?:jdbc:)?([a-z][a-z0-9+]{0,30})://", re.IGNORECASE)
_TELLING: Final = re.compile(
    r"(?i)db|database|sql|pg|datasource|dsn|host|url|storage|type|dialect|client|addr|port|server"
)
_NO_SQL: Final = frozenset({"redis", "ldap", "rabbitmq", "influxdb", "elasticsearch"})
"""Nobody calls these just "the database"."""
_OPERATORS: Final = {"Cluster": "postgresql"}
"""Kinds of operators whose name does not say what they run: CloudNativePG's."""
_SETTING: Final = re.compile(r"([^=:]{1,120})[=:]\s*[\"']?([^\"'\s]{1,400})")
"""A line ``name=value`` or ``name: value`` of a configuration file."""
_MOST_LINES: Final = 500
_LONGEST_HOST: Final = 120
_ANY: Final = re.compile("")


@dataclass(frozen=True, slots=True)
class System:
    """A system, and what tells it beside the login's own name.

    Attributes:
        name: ``postgresql``; ``sql`` for a database that is not known more exactly; empty when nothing tells.
        why: in words, empty when the login's own name tells.
        location: the line of the evidence.
    """

    name: str
    why: str = ""
    location: Location = NOWHERE


NO_SYSTEM: Final = System("")


def resolve_system(unit: Unit, secret: Secret, config: Config) -> System:
    """Return the system of a login: what its name says, else what its surroundings do."""
    made = _from_operator(unit, secret)
    system = unit.hint.system
    if made:
        return made
    if system == BROKER:
        return _broker(unit, secret)
    if system and system != "sql":
        return System(system)
    by_path = _from_values_path(unit) if not system else None
    is_database = system == "sql" or (by_path is not None and by_path.name == "sql")
    return (
        _from_siblings(unit, is_database=is_database)
        or (_from_file(unit) if is_database else None)
        or _from_path(unit, is_database=is_database)
        or _from_secret(unit, secret, is_database=is_database)
        or _from_user(unit, config)
        or (_from_app(unit, secret) if is_database else _from_exporter(unit))
        or by_path
        or System(system)
    )


def _from_user(unit: Unit, config: Config) -> System | None:
    for one in unit.consumers:
        app = app_of(one, config)
        if app and app.system and app.role in (None, AppRole.CLIENT):
            return System(app.system, f"{config.path} says what {one.ref} logs in to", app.location)
    return None


def iter_siblings(unit: Unit, pattern: re.Pattern[str]) -> Iterator[tuple[str, str, Consumer, Location]]:
    """Yield the literal variables of the unit's readers whose names match: name, value, reader, its line."""
    for one in unit.consumers:
        if one.container:
            for name in sorted(one.container.env):
                if pattern.search(name):
                    yield name, one.container.env[name], one, one.container.env_at.get(name, one.location)


def _from_siblings(unit: Unit, *, is_database: bool) -> System | None:
    """Ask the variables beside it: those about the same thing first, any other only for a database without a name."""
    own = [stem for name in (unit.evidence, unit.label, *_environment(unit)) if (stem := w.stem(name))]
    other: System | None = None
    for name, value, reader, at in iter_siblings(unit, _TELLING):
        system = _system_in(value)
        if not system:
            continue
        found = System(system, f"{name} of {reader.ref} tells that it is {system}", at)
        stem = w.stem(name)
        if any(stem == mine or (stem and stem < mine) for mine in own) or (not own and not stem):
            return found
        if is_database and system not in _NO_SQL and not other:
            other = found
    return other


def _environment(unit: Unit) -> Iterator[str]:
    yield from (one.env for one in unit.consumers if one.env and one.how is How.ENV)


def _from_secret(unit: Unit, secret: Secret, *, is_database: bool) -> System | None:
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
            found = hint.system if hint.system not in ("sql", BROKER) else ""
            if not found and hint.part in (Part.CONFIG, Part.DSN):
                found = _system_in(key.template)
            if found and not (found in _NO_SQL and (is_database or found in ("ldap", "redis"))):
                return System(found, f"key {key.name} tells that it is {found}", key.location)
    return None


def _from_file(unit: Unit) -> System | None:
    """Ask the other lines of the configuration file that a template makes, when they speak of one database only."""
    lines = unit.key.template.strip().splitlines()
    pairs = (_SETTING.match(line) for line in lines[:_MOST_LINES]) if len(lines) > 1 else ()
    found = {_system_in(pair[2]) for pair in pairs if pair and _TELLING.search(pair[1])} - _NO_SQL - {""}
    if len(found) != 1:
        return None
    system = found.pop()
    return System(system, f"{unit.key.name} tells elsewhere that it is {system}", unit.location)


def _from_operator(unit: Unit, secret: Secret) -> System | None:
    """Ask the object that made an operator write the Secret."""
    for source in secret.sources:
        if source.via:
            kind = source.via.kind
            have = w.words(kind)
            system = _OPERATORS.get(kind) or next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
            if system:
                return System(system, f"{source.via} makes it, and is {system}", unit.location)
    return None


def _from_path(unit: Unit, *, is_database: bool) -> System | None:
    """Ask the ends of the remote paths: a folder further up is as often a namespace's name."""
    for remote in unit.remotes:
        ends = remote.path.rstrip("/").split("/")[-2:]
        for have in (w.words(end) for end in reversed(ends)):
            found = next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
            if found and not (is_database and found in _NO_SQL) and not set(have) & (w.BACKUP | w.ADMIN):
                return System(found, f"path {remote.path} tells that it is {found}", unit.location)
        if not is_database and set(w.words(ends[-1])) & w.GENERIC_DATABASE:
            return System("sql", f"path {remote.path} tells that it is a database", unit.location)
    return None


def _broker(unit: Unit, secret: Secret) -> System:
    """Ask what else the reader and the Secret speak of; Celery and its like take either."""
    beside = [(key.name, key.location) for source in secret.sources for key in source.keys]
    beside += [(f"{name} {value}", at) for name, value, _, at in iter_siblings(unit, _ANY)]
    found: dict[str, tuple[str, Location]] = {}
    for text, location in beside:
        found.setdefault(judge_name(text).system or _system_in(text), (text.partition(" ")[0], location))
    for system in ("redis", "rabbitmq"):
        if system in found:
            name, location = found[system]
            return System(system, f"{name} tells that the broker is {system}", location)
    return System("redis")


def _from_app(unit: Unit, secret: Secret) -> System | None:
    for one in unit.consumers:
        for name in (*names_of(one), one.ref.name):
            system = database_of(name) or next((w.SYSTEMS[word] for word in w.words(name) if word in w.SYSTEMS), "")
            if system and system not in _NO_SQL:
                return System(system, f"{name} is mostly run with {system}", one.location)
    system = database_of(secret.name)
    return System(system, f"{secret.name} is mostly run with {system}", unit.location) if system else None


def _from_exporter(unit: Unit) -> System | None:
    """Ask a chart that is called after the server that it watches or saves."""
    for one in unit.consumers:
        for name in (name for name in names_of(one) if is_exporter(name)):
            system = next((w.SYSTEMS[word] for word in w.words(name.rpartition("/")[2]) if word in w.SYSTEMS), "")
            if system:
                return System(system, f"{name} is for {system}", one.location)
    return None


def _from_values_path(unit: Unit) -> System | None:
    for one in unit.consumers:
        if one.how is How.HELM_VALUES:
            have = w.words(one.path)
            if w.stem(unit.label) - set(have):
                continue  # the Secret holds something else for the chart as well
            system = next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
            if system or set(have) & w.GENERIC_DATABASE:
                return System(system or "sql", f"chart values {one.path} tell that it is a database", one.location)
    return None


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
