"""The template that replaces one key of a Secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from injector.location import Location
from injector.model import Remote, SecretKey, SecretSource
from injector.plan.login import USER, find_login
from injector.plan.parts import (
    AUTHORITY,
    CERTIFICATE,
    FIELDS,
    field_of,
    named_fields,
    names_of,
    part_of_key,
)
from injector.redact import REDACTED
from injector.rules.naming import Part
from injector.rules.translation import is_bare, wholes_of
from injector.templates import Engine, Field, Refusal, translate, translate_value

_DSN: Final = (
    '{{ if regexMatch "^[A-Za-z][A-Za-z0-9+.-]*://" .old }}'
    '{{ regexFind "^[A-Za-z][A-Za-z0-9+.-]*://" .old }}{{ .user | urlquery }}:{{ .password | urlquery }}@'
    '{{ regexReplaceAll "^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?" .old "" }}'
    '{{ else }}{{ fail "the value in Vault is no URL, so the login in it cannot be replaced" }}{{ end }}'
)
"""A connection string that stands in KV as a whole keeps its host, port, database and options: only the login is new.

Without ``${1}``: Flux would take it for a variable of its own and put nothing there.
"""


_CHAIN: Final = '{{{{ range (index {data} "ca_chain") }}}}{{{{ if ne . {data}.{own} }}}}{{{{ "\\n" }}}}{{{{ . }}}}{{{{ end }}}}{{{{ end }}}}'
"""The certificates above one: who trusts the root only must get those between. An engine that has none gives no list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """What issues a credential, and how it is asked.

    Attributes:
        engine: ``<engine>`` or ``<engine>/<system>``.
        path: the Vault path.
        request: what is sent along, where the engine is asked by a write.
    """

    engine: str
    path: str
    request: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return the engine without the system."""
        return self.engine.partition("/")[0]

    def field(self, prop: str, location: Location, *, decoding: str = "") -> Field:
        """Return where a template finds one field of what is issued."""
        return Field(
            path=self.path,
            prop=prop,
            engine=Engine.ISSUING,
            decoding=decoding,
            parameters=tuple(sorted(self.request.items())),
            location=location,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A key's template.

    Attributes:
        comment: what a reviewer should know of it; empty for nothing.
        fields: what of the issued credential it holds; nothing for mere configuration.
    """

    template: str
    comment: str = ""
    fields: frozenset[str] = frozenset()


def render_key(
    key: SecretKey, source: SecretSource, *, issuing: Issuing, environment: tuple[str, ...]
) -> Rendered | Refusal:
    """Return the template of a moved key.

    Args:
        key: a key of the Secret, whose template has an equivalent (`injector.rules.translation.find_refusal`).
        source: the ExternalSecret that makes it.
        issuing: what issues the credential; of an engine that `FIELDS` has.
        environment: variables by which consumers read the key.
    """
    if key.template and not is_bare(key):
        return _from_template(key, source, issuing)
    if key.template and len(key.variables) == 1:
        remote = dict(source.variables).get(key.variables[0])
        key = SecretKey(name=key.name, remotes=(remote,) if remote else key.remotes, location=key.location)
    return _from_value(key, issuing, environment)


def render_user(issuing: Issuing, key: SecretKey) -> Rendered | Refusal:
    """Return the template of a user name that goes with a login."""
    prop = field_of(issuing.kind, names_of(key, ())) or FIELDS[issuing.kind][Part.USER]
    made = translate_value(issuing.field(prop, key.location), location=key.location)
    return made if isinstance(made, Refusal) else Rendered(template=made.text, fields=frozenset({prop}))


def render_configuration(key: SecretKey, source: SecretSource) -> Rendered | Refusal:
    """Return the template of a key that is no credential and moves along, because its Secret goes as a whole."""
    if REDACTED in key.template:
        return Refusal("literal secret", "stands in the template itself; move it to Vault first", key.location)
    if key.template:
        made = translate(key.template, _kv_fields(source), location=key.location, whole=wholes_of(source))
    elif len(key.remotes) == 1:
        made = translate_value(_kv(key.remotes[0]), location=key.location)
    else:
        return Refusal(f"key {key.name}", "its value is known only to the operator; name it under data", key.location)
    return made if isinstance(made, Refusal) else Rendered(template=made.text)


def _from_template(key: SecretKey, source: SecretSource, issuing: Issuing) -> Rendered | Refusal:
    found = named_fields(issuing.kind, key.variables)
    template, notes = key.template, []
    if Part.USER in FIELDS[issuing.kind]:
        others = replace(key, variables=tuple(name for name in key.variables if name not in found))
        login = find_login(others, dict(source.variables), issuing.engine)
        if isinstance(login, Refusal):
            return login
        template = login.template
        found = {name: FIELDS[issuing.kind][part] for name, part in login.parts.items()} | found
        if USER in login.parts:
            notes.append("the user name that stood in the template is the login's own now")
    elif not found:
        message = "names no variable that is what the engine issues; say in a SecretMigration of your own what it holds"
        return Refusal(f"template of {key.name}", message, key.location)
    variables = _kv_fields(source) | {name: issuing.field(prop, key.location) for name, prop in found.items()}
    made = translate(template, variables, location=key.location, whole=wholes_of(source))
    if isinstance(made, Refusal):
        return made
    rest = sorted(set(made.variables) - set(found))
    if rest:
        notes.append(f"{', '.join(rest)} still from KV")
    return Rendered(template=made.text, comment="; ".join(notes), fields=frozenset(found.values()))


def _from_value(key: SecretKey, issuing: Issuing, environment: tuple[str, ...]) -> Rendered | Refusal:
    prop, part = field_of(issuing.kind, names_of(key, environment)), Part.SECRET
    if not prop:
        part = part_of_key(key, environment)
        if part is Part.DSN and Part.USER in FIELDS[issuing.kind]:
            return _from_dsn(key, issuing)
        prop = FIELDS[issuing.kind].get(part, "")
    if not prop:
        known = "none of certificate, key and authority" if issuing.kind == "pki" else f"a {part}"
        message = f"is {known} by its names, which the engine does not issue; say in a SecretMigration of your own what it holds"
        return Refusal(f"key {key.name}", message, key.location)
    decoding = "Base64" if prop == "private_key_data" else ""
    made = translate_value(issuing.field(prop, key.location, decoding=decoding), location=key.location)
    if isinstance(made, Refusal):
        return made
    if prop in (CERTIFICATE, AUTHORITY):
        return Rendered(
            template=_with_chain(made.text, prop),
            comment="with the certificates above it, as far as the engine knows them",
            fields=frozenset({prop}),
        )
    return Rendered(template=made.text, fields=frozenset({prop}))


def _with_chain(template: str, prop: str) -> str:
    value = f"{{{{ $s1.Data.{prop} }}}}"
    return template.replace(value, value + _CHAIN.format(data="$s1.Data", own=prop))


def _from_dsn(key: SecretKey, issuing: Issuing) -> Rendered | Refusal:
    if len(key.remotes) != 1 or not key.remotes[0].kv:
        message = "is a connection string whose parts are not known; give it a template with user and password"
        return Refusal(f"key {key.name}", message, key.location)
    fields = FIELDS[issuing.kind]
    variables = {
        "old": _kv(key.remotes[0]),
        "user": issuing.field(fields[Part.USER], key.location),
        "password": issuing.field(fields[Part.PASSWORD], key.location),
    }
    made = translate(_DSN, variables, location=key.location)
    if isinstance(made, Refusal):
        return made
    comment = f"host, port, database and options are those of the connection string at {key.remotes[0].path}; only the login is new"
    return Rendered(template=made.text, comment=comment, fields=frozenset({fields[Part.USER], fields[Part.PASSWORD]}))


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
