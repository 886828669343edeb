"""Which keys of Helm values mean what: environment, volumes, mounts, Secrets and the keys of Secrets.

Charts agree on nothing but habits; those of several hundred public charts are in these tables. Sources are named
where a habit is one chart's alone.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from injector.inventory.consumers_names import Role, normal, role_of
from injector.inventory.consumers_reader import Reader
from injector.manifests.yamldoc import Map, Seq


class Part(Enum):
    """What a key of Helm values holds."""

    OTHER = auto()
    ENV = auto()
    ENV_FROM = auto()
    ENV_SECRET = auto()
    """Secrets whose keys become variables: ``envFromSecrets``, drone's ``extraSecretNamesForEnvFrom``."""
    VOLUMES = auto()
    MOUNTS = auto()
    SECRET_MOUNTS = auto()
    """Secrets with the path they are mounted at, in one entry (grafana ``extraSecretMounts``)."""
    PERSISTENCE = auto()
    ANNOTATIONS = auto()
    SECRET = auto()
    """By its `Role`."""
    SKIP = auto()


_ENV_FROM: Final = re.compile(r"[a-z0-9]*envs?from(?:sources?)?\Z")
_ENV_SECRET: Final = re.compile(
    r"[a-z0-9]*?env(?:s|vars?|ironment|ironmentvars)?(?:from)?(?:existing)?secrets?(?:names?|refs?)?\Z"
    r"|(?:extra|additional)?secrets?env(?:s|ironment)?(?:vars?|variables)?\Z|[a-z0-9]*secretnamesforenvfrom\Z"
)
_ENV: Final = re.compile(
    r"[a-z0-9]*?env(?:s|vars?|varslist|ironment|ironments|ironmentvars?|ironmentvariables|valuefrom|list|map)?\Z"
)
_MOUNTS: Final = re.compile(r"[a-z0-9]*volumemounts?\Z")
_VOLUMES: Final = re.compile(r"[a-z0-9]*volumes?(?:spec)?\Z")
_SECRET_MOUNTS: Final = re.compile(r"[a-z0-9]*secretmounts?\Z|(?:extra|additional)?secretvolumes?\Z")
_SKIP: Final = frozenset(
    {"externalsecret", "externalsecrets", "envrendersecret", "dashboards", "rbac", "networkpolicy", "crds",
     "sealedsecret", "sealedsecrets", "rules", "additionalprometheusrules", "additionalprometheusrulesmap"}
)  # fmt: skip
"""Values from which a chart *makes* objects: they read nothing (``envRenderSecret`` holds values: grafana)."""


_EXACT: Final = {
    "annotations": Part.ANNOTATIONS,
    "ingressannotations": Part.ANNOTATIONS,
    "persistence": Part.PERSISTENCE,
    "secretmappings": Part.ENV_SECRET,  # kafka-ui: envs.secretMappings
    **dict.fromkeys(_SKIP, Part.SKIP),
}
_PATTERNS: Final = (
    ("env", _ENV_SECRET, Part.ENV_SECRET),
    ("env", _ENV_FROM, Part.ENV_FROM),
    ("env", _ENV, Part.ENV),
    ("secret", _SECRET_MOUNTS, Part.SECRET_MOUNTS),
    ("volume", _MOUNTS, Part.MOUNTS),
    ("volume", _VOLUMES, Part.VOLUMES),
)
"""(word that must be in the name, pattern, part), in the order in which they are tried."""


@lru_cache(maxsize=32768)
def part_of(key: str) -> Part:
    """Return what a key of Helm values holds, by its name."""
    name = normal(key)
    if name in _EXACT:
        return _EXACT[name]
    for word, pattern, part in _PATTERNS:
        if word in name and pattern.match(name):
            return part
    match role_of(key):
        case Role.SKIP:
            return Part.SKIP
        case Role.OTHER:
            return Part.OTHER
        case _:
            return Part.SECRET


_KEY_FIELD: Final = re.compile(
    r"[a-z0-9]*(?:user(?:name)?|password|passwd|token|url|uri|host(?:name)?|port|database|db(?:name)?|dsn|clientid"
    r"|clientsecret|connectionstring|accesskeyid|secretaccesskey|email|login|server|endpoint|accesskey|bucket"
    r"|region)(?:secret)?key\Z"
)
_KEY_MATERIAL: Final = re.compile(r"(?:secretaccesskey|accesskey|secretaccess|hostkey)\Z")
_KEY_MAPS: Final = frozenset({"secretkeys", "existingsecretkeys", "keys", "keymapping", "keymap", "secretkeynames"})
_GENERIC: Final = frozenset(
    {"existingsecret", "existingsecretname", "secretname", "secret", "secretref", "existingsecretref",
     "credentialssecret", "passwordsecret", "passwordsecretname", "authsecret", "credentialssecretname", "name"}
)  # fmt: skip
"""Names of fields whose keys stand beside them without repeating the field's name."""


def keys_beside(node: Map, key: str, reader: Reader) -> list[str]:
    """Return the Secret keys that stand beside the field that names a Secret, in the order of the file.

    Charts write ``existingSecretPasswordKey``, ``userKey`` and ``passwordKey``, or ``secretKeys:
    {adminPasswordKey: …}`` beside ``existingSecret``.

    Args:
        node: the mapping in which the field stands.
        key: the field.
        reader: tells keys from key material.

    Returns:
        The keys, each once; empty when nothing is said, which means all of them.
    """
    base = key.removesuffix("Name")
    own = reader.key_of(node.get(f"{base}Key"))
    if own and normal(key) not in _GENERIC:
        return [own]
    is_generic = normal(key) in _GENERIC
    found: dict[str, None] = {own: None} if own else {}
    for name, value in node.items():
        if name == key:
            continue
        if isinstance(value, str) and _names_key(name, base, is_generic=is_generic):
            found[reader.key_of(value)] = None
        elif is_generic and isinstance(value, (Map, Seq)):
            for one in _keys_in(name, value):
                found[reader.key_of(one)] = None
    found.pop("", None)
    return list(found)


def _names_key(name: str, base: str, *, is_generic: bool) -> bool:
    flat = normal(name)
    if flat.startswith(normal(base)) and flat.endswith("key") and len(flat) > len(base):
        return True
    if not is_generic:
        return False
    return flat == "key" or (_KEY_FIELD.match(flat) is not None and not _KEY_MATERIAL.match(flat))


def _keys_in(name: str, value: Map | Seq) -> list[str]:
    if normal(name) in _KEY_MAPS:
        entries = value.values() if isinstance(value, Map) else value
        return [entry for entry in entries if isinstance(entry, str)]
    if isinstance(value, Map):
        # vaultwarden: smtp: {existingSecret, username: {existingSecretKey}, password: {existingSecretKey}}
        inner = value.get("existingSecretKey")
        return [inner] if isinstance(inner, str) and "existingSecret" not in value else []
    return []
