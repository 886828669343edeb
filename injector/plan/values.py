"""The template that replaces one key of a Secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from injector.location import Location
from injector.model import Extract, Remote, SecretKey, SecretSource
from injector.plan.login import USER, find_login
from injector.plan.parts import FIELDS, part_of_key
from injector.rules.naming import Part
from injector.templates import Engine, Field, Refusal, Whole, translate, translate_value

REDACTED: Final = "<redacted>"
_DSN: Final = (
    '{{ if regexMatch "^[A-Za-z][A-Za-z0-9+.-]*://" .old }}'
    '{{ regexFind "^[A-Za-z][A-Za-z0-9+.-]*://" .old }}{{ .user | urlquery }}:{{ .password | urlquery }}@'
    '{{ regexReplaceAll "^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?" .old "" }}'
    '{{ else }}{{ fail "the value in Vault is no URL, so the login in it cannot be replaced" }}{{ end }}'
)
"""A connection string that stands in KV as a whole keeps its host, port, database and options: only the login is new.

Without ``${1}``: Flux would take it for a variable of its own and put nothing there.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A key's template.

    Attributes:
        comment: what a reviewer should know of it; empty for nothing.
        parts: what of the issued credential it holds; nothing for mere configuration.
    """

    template: str
    comment: str = ""
    parts: frozenset[Part] = frozenset()


def render_key(
    key: SecretKey, source: SecretSource, *, engine: str, path: str, environment: tuple[str, ...]
) -> Rendered | Refusal:
    """Return the template of a moved key.

    Args:
        key: a key of the Secret.
        source: the ExternalSecret that makes it.
        engine: what issues the credential.
        path: the Vault path that issues it.
        environment: variables by which consumers read the key.
    """
    fields = FIELDS.get(engine.partition("/")[0])
    if fields is None:
        message = "asks for a request with parameters that only a person knows; write its template by hand"
        return Refusal(f"engine {engine}", message, key.location)
    if REDACTED in key.template:
        return Refusal("literal secret", "stands in the template itself; move it to Vault first", key.location)
    if key.template and not _is_bare(key.template, key.variables):
        return _from_template(key, source, fields, engine=engine, path=path)
    if key.template and len(key.variables) == 1:
        remote = dict(source.variables).get(key.variables[0])
        key = SecretKey(name=key.name, remotes=(remote,) if remote else key.remotes, location=key.location)
    return _from_value(key, fields, path, environment)


def render_user(engine: str, path: str, location: Location) -> Rendered | Refusal:
    """Return the template of a user name that goes with a login."""
    field = FIELDS[engine.partition("/")[0]][Part.USER]
    made = translate_value(Field(path=path, prop=field, engine=Engine.ISSUING, location=location), location=location)
    return made if isinstance(made, Refusal) else Rendered(template=made.text, parts=frozenset({Part.USER}))


def render_configuration(key: SecretKey, source: SecretSource) -> Rendered | Refusal:
    """Return the template of a key that is no credential and moves along, because its Secret goes as a whole."""
    if REDACTED in key.template:
        return Refusal("literal secret", "stands in the template itself; move it to Vault first", key.location)
    if key.template:
        made = translate(key.template, _kv_fields(source), location=key.location, whole=_wholes(source))
    elif len(key.remotes) == 1:
        made = translate_value(_kv(key.remotes[0]), location=key.location)
    else:
        return Refusal(f"key {key.name}", "its value is known only to the operator; name it under data", key.location)
    return made if isinstance(made, Refusal) else Rendered(template=made.text)


def _is_bare(template: str, variables: tuple[str, ...]) -> bool:
    """Tell a template that hands one variable through."""
    return len(variables) == 1 and template.strip("{}- ") == f".{variables[0]}" and template.count("{{") == 1


def _from_template(
    key: SecretKey, source: SecretSource, fields: Mapping[Part, str], *, engine: str, path: str
) -> Rendered | Refusal:
    login = find_login(key, dict(source.variables), engine)
    if isinstance(login, Refusal):
        return login
    variables = _kv_fields(source)
    for name, part in login.parts.items():
        field = fields.get(part)
        if field is None:
            return Refusal(f"variable {name}", f"is a {part} that the engine does not issue", key.location)
        variables[name] = Field(path=path, prop=field, engine=Engine.ISSUING, location=key.location)
    made = translate(login.template, variables, location=key.location, whole=_wholes(source))
    if isinstance(made, Refusal):
        return made
    rest = sorted(set(made.variables) - set(login.parts))
    notes = [f"{', '.join(rest)} still from KV"] if rest else []
    if USER in login.parts:
        notes.insert(0, "the user name that stood in the template is the login's own now")
    return Rendered(template=made.text, comment="; ".join(notes), parts=frozenset(login.parts.values()))


def _from_value(
    key: SecretKey, fields: Mapping[Part, str], path: str, environment: tuple[str, ...]
) -> Rendered | Refusal:
    part = part_of_key(key, environment)
    if part is Part.DSN:
        return _from_dsn(key, path)
    field = fields.get(part)
    if field is None:
        message = f"is a {part} by its names, which the engine does not issue; say in a SecretMigration of your own what it holds"
        return Refusal(f"key {key.name}", message, key.location)
    decoding = "Base64" if field == "private_key_data" else ""
    made = translate_value(
        Field(path=path, prop=field, engine=Engine.ISSUING, decoding=decoding, location=key.location),
        location=key.location,
    )
    return made if isinstance(made, Refusal) else Rendered(template=made.text, parts=frozenset({part}))


def _from_dsn(key: SecretKey, path: str) -> Rendered | Refusal:
    if len(key.remotes) != 1 or not key.remotes[0].kv:
        message = "is a connection string whose parts are not known; give it a template with user and password"
        return Refusal(f"key {key.name}", message, key.location)
    variables = {
        "old": _kv(key.remotes[0]),
        "user": Field(path=path, prop="username", engine=Engine.ISSUING, location=key.location),
        "password": Field(path=path, prop="password", engine=Engine.ISSUING, location=key.location),
    }
    made = translate(_DSN, variables, location=key.location)
    if isinstance(made, Refusal):
        return made
    comment = f"host, port, database and options are those of the connection string at {key.remotes[0].path}; only the login is new"
    return Rendered(template=made.text, comment=comment, parts=frozenset({Part.USER, Part.PASSWORD}))


def _kv_fields(source: SecretSource) -> dict[str, Field]:
    return {name: _kv(remote) for name, remote in source.variables}


def _kv(remote: Remote, location: Location | None = None) -> Field:
    return Field(
        path=remote.path,
        prop=remote.prop,
        engine=Engine.KV_V1 if remote.kv == "v1" else Engine.KV_V2,
        version=remote.version,
        decoding=remote.decoding,
        metadata=remote.metadata,
        location=location or remote.location,
    )


def _wholes(source: SecretSource) -> tuple[Whole, ...]:
    return tuple(_whole(one) for one in source.extracts)


def _whole(one: Extract) -> Whole:
    remote = one.remote
    return Whole(
        path=remote.path,
        prop=remote.prop,
        engine=Engine.KV_V1 if remote.kv == "v1" else Engine.KV_V2,
        version=remote.version,
        decoding=remote.decoding,
        metadata=remote.metadata,
        conversion=one.conversion,
        is_rewritten=one.is_rewritten,
        location=remote.location,
    )
