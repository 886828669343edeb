"""Environment of a container: literals as evidence, references as uses of Secrets.

Pods write a list of ``{name, value | valueFrom}``; charts also write mappings and several short forms, which
say the same thing and are read here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from injector.inventory.consumers_reader import Named, Reader, Use
from injector.location import Location
from injector.manifests.document import items, mapping, text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import How

REDACTED: Final = "<redacted>"
MAX_ENTRIES: Final = 200
"""Literal variables that are kept per container; more say nothing more about what it talks to."""
_MAX_LITERAL: Final = 500

_SECRET_NAME: Final = re.compile(
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key|credentials?|salt|cookie)s?"
    r"(?:_?\d+)?\Z",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(r"(?:\$\([A-Za-z0-9_]+\)|\$\{[A-Za-z0-9_]+\}|true|false)\Z", re.IGNORECASE)
"""References to other variables, and switches."""
_PATHS: Final = frozenset({"GOOGLE_APPLICATION_CREDENTIALS"})
"""Variables that sound secret and hold a path.

Source: https://cloud.google.com/docs/authentication/application-default-credentials
"""
_VARIABLE: Final = re.compile(r"[-._A-Za-z0-9]+\Z")


@dataclass(slots=True)
class Environment:
    """What is known of a container's environment.

    Attributes:
        literals: name -> value as it is written: to be read through `shown` only.
        places: name -> the line of its value.
        names: every name in order, as keys of a mapping (an ordered set).
    """

    literals: dict[str, str] = field(default_factory=dict)
    places: dict[str, Location] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, value: str, at: Location) -> None:
        """Take a literal."""
        self.names[name] = None
        if len(self.literals) < MAX_ENTRIES:
            self.literals[name] = value
            self.places[name] = at

    def shown(self, reader: Reader) -> dict[str, str]:
        """Return the literals without secret values; only containers that read a Secret ask for them."""
        return {name: safe_literal(name, value, reader) for name, value in self.literals.items()}


def safe_literal(name: str, value: str, reader: Reader) -> str:
    """Return a literal without what is, or looks like, a secret value."""
    if not value or _HARMLESS.match(value) or (name in _PATHS and value.startswith("/")):
        return value
    if _SECRET_NAME.search(name):
        return REDACTED
    return reader.redact(value)[:_MAX_LITERAL]


def read_env(value: Value, reader: Reader, environment: Environment) -> list[Use]:
    """Read ``env``.

    Args:
        value: a list of ``{name, value}`` or ``{name, valueFrom}``, or a mapping from name to a value, to
            ``{value}``, ``{valueFrom}``, ``{secretKeyRef}`` or (grafana's ``envValueFrom``) the same.
        reader: whose environment it is.
        environment: takes the literals and the names.

    Returns:
        A use for every variable that a Secret's key fills.
    """
    uses: list[Use] = []
    if isinstance(value, Map):
        for name, item in value.items():
            _read_item(name, item, value.at(name), reader, environment, uses)
        return uses
    for entry in items(value):
        if not isinstance(entry, Map):
            continue
        name = text(entry.get("name"))
        if name:
            _read_variable(name, entry, reader, environment, uses)
        elif len(entry) == 1:
            # bjw-s app-template v1: a list of one-key mappings.
            [(name, item)] = entry.items()
            _read_item(name, item, entry.at(name), reader, environment, uses)
    return uses


def _read_item(name: str, item: Value, at: Location, reader: Reader, environment: Environment, uses: list[Use]) -> None:
    if isinstance(item, Map):
        _read_variable(name, item, reader, environment, uses)
    elif not isinstance(item, Seq) and _VARIABLE.match(name):
        environment.add(name, text(item), at)


def _read_variable(name: str, item: Map, reader: Reader, environment: Environment, uses: list[Use]) -> None:
    source = item.get("valueFrom")
    reference = source if isinstance(source, Map) else item
    named = _secret_key(reference, reader)
    if named is not None:
        environment.names[name] = None
        uses.append(Use(named, How.ENV, env=name))
        return
    config = mapping(reference, "configMapKeyRef")
    if config:
        environment.names[name] = None
        data, key = _config_map(text(config.get("name")), reader), text(config.get("key"))
        if data.get(key) is not None:
            environment.add(name, text(data[key]), _place_in(data, key, reader))
    elif "value" in item:
        environment.add(name, text(item["value"]), item.at("value"))
    elif source is not None:
        environment.names[name] = None


def _secret_key(reference: Map, reader: Reader) -> Named | None:
    """Read ``secretKeyRef``, and the short forms that charts have for it."""
    for key in ("secretKeyRef", "secretRef"):
        body = reference.get(key)
        if isinstance(body, Map):
            return reader.named(body, name_key="name" if "name" in body else "secretName")
    if "secretName" in reference and ("secretKey" in reference or "key" in reference):
        named = reader.named(reference, name_key="secretName")
        key = text(reference.get("secretKey")) or text(reference.get("key"))
        return Named(named.secret, named.location, key, named.is_optional, named.namespace) if named else None
    return None


def _config_map(name: str, reader: Reader) -> Mapping[str, Value]:
    if not name or reader.config_maps is None:
        return {}
    namespace = reader.namespace or reader.ref.namespace
    return reader.config_maps(namespace, name) or {}


def _place_in(data: Mapping[str, Value], key: str, reader: Reader) -> Location:
    return data.at(key) if isinstance(data, Map) else reader.origin.location


def read_env_from(value: Value, reader: Reader, environment: Environment) -> list[Use]:
    """Read ``envFrom``: references, and the short forms ``{secret: name}`` and ``{configMap: name}``."""
    if isinstance(value, Map):
        # A mapping of entries (charts), or one entry where the list was forgotten.
        is_entry = any(key in value for key in _ENTRY_KEYS)
        return _read_entry(value, reader, environment) if is_entry else _read_entries(value, reader, environment)
    return [use for entry in items(value) if isinstance(entry, Map) for use in _read_entry(entry, reader, environment)]


_ENTRY_KEYS: Final = ("secretRef", "secret", "configMapRef", "configMap", "secretName")


def _read_entries(value: Map, reader: Reader, environment: Environment) -> list[Use]:
    uses = []
    for entry in value.values():
        if isinstance(entry, Map):
            uses += _read_entry(entry, reader, environment)
    return uses


def _read_entry(entry: Map, reader: Reader, environment: Environment) -> list[Use]:
    prefix = text(entry.get("prefix"))
    reference = entry.get("secretRef")
    if not isinstance(reference, Map):
        reference = entry.get("secret")
    named: Named | None = None
    if isinstance(reference, Map):
        named = reader.named(reference)
    else:
        for key in ("secretRef", "secret", "secretName"):
            if reader.name_of(entry.get(key)):
                named = Named(
                    reader.name_of(entry.get(key)),
                    entry.at(key),
                    is_optional=entry.get("optional") is True,
                )
                break
    if named is not None:
        return [Use(named, How.ENV_FROM, env=prefix)]
    config = entry.get("configMapRef", entry.get("configMap"))
    name = text(config)
    if isinstance(config, Map):
        # bjw-s app-template: an identifier names a ConfigMap of the chart itself.
        name = text(config.get("name")) or text(config.get("identifier"))
    data = _config_map(name, reader)
    for key, value in data.items():
        environment.add(prefix + key, text(value), _place_in(data, key, reader))
    return []
