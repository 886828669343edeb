"""Charts' own ways of turning Secrets into variables, beyond ``env`` and ``envFrom``."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from injector.inventory.consumers_reader import Named, Reader, Use, is_plausible_name
from injector.manifests.document import text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import How


def variables_in(value: Seq) -> bool:
    """Tell whether a list is one of variables, whatever it is called: ``{name, valueFrom}``."""
    return any(isinstance(item, Map) and "name" in item and isinstance(item.get("valueFrom"), Map) for item in value)


def secret_env_uses(node: Map, key: str, value: Value, reader: Reader) -> list[Use]:
    """Read a field that names the Secrets whose keys become variables.

    Args:
        node: the mapping in which the field stands.
        key: the field (``extraEnvVarsSecret``, ``envFromSecrets``, ``envSecrets`` …).
        value: a name; a list of names or of ``{name, prefix, optional}``; or a mapping from variable to
            ``{name, key}``.
        reader: the release.
    """
    if isinstance(value, str):
        secret = reader.name_of(value)
        return [Use(Named(secret, node.at(key)), How.ENV_FROM)] if is_plausible_name(secret) else []
    if isinstance(value, Map):
        return _from_mapping(value, reader)
    uses = []
    for index, item in enumerate(value if isinstance(value, Seq) else ()):
        if isinstance(item, Map):
            uses += _from_entry(item, reader)
        elif isinstance(item, str) and is_plausible_name(reader.name_of(item)) and isinstance(value, Seq):
            uses.append(Use(Named(reader.name_of(item), value.at(index)), How.ENV_FROM))
    return uses


def _from_mapping(value: Map, reader: Reader) -> list[Use]:
    if isinstance(value.get("name"), str):
        return _from_entry(value, reader)
    keys = value.get("keys")
    if isinstance(value.get("secretName"), str) and isinstance(keys, Map):
        # {secretName, keys: {VARIABLE: key}}
        named = reader.named(value, name_key="secretName")
        pairs = [(name, reader.key_of(key)) for name, key in keys.items()]
        return [Use(replace(named, key=key), How.ENV, env=name) for name, key in pairs if named and key]
    uses = []
    for name, item in value.items():
        if isinstance(item, Map):
            use = _variable(name, item, reader)
            if use is not None:
                uses.append(use)
    return uses


def _from_entry(item: Map, reader: Reader) -> list[Use]:
    variable = text(item.get("name")) or text(item.get("envName"))
    if "secretName" in item or "secretRef" in item or "secretKeyRef" in item:
        use = _variable(variable, item, reader)
        return [use] if use is not None else []
    named = reader.named(item)
    if named is None:
        return []
    if named.key:
        return [Use(named, How.ENV, env=text(item.get("env")) or text(item.get("envName")))]
    return [Use(named, How.ENV_FROM, env=text(item.get("prefix")))]


def _variable(name: str, item: Map, reader: Reader) -> Use | None:
    inner = item.get("secretKeyRef", item.get("secretRef"))
    body = inner if isinstance(inner, Map) else item
    # `name` is the variable's own where another field names the Secret.
    name_key = next((one for one in _NAMING if isinstance(body.get(one), str)), "")
    named = reader.named(body, name_key=name_key) if name_key else None
    if named is None:
        return None
    key = named.key or reader.key_of(body.get("secretKey", body.get("keyName")))
    return Use(replace(named, key=key), How.ENV if key else How.ENV_FROM, env=name if key else "")


_NAMING: Final = ("secretName", "secretRef", "secret", "name")
