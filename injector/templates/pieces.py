"""The parts of a Vault Agent template around the body: reading secrets, and values as ESO would hand them over.

What ESO does to a value of Vault before a template sees it is written as small templates of our own, so that the text
which people review stays short: text as it is, numbers as written, objects as JSON, null as nothing, and a missing key
as an error.

Sources: external-secrets pkg/provider/vault/client_get.go and pkg/utils/utils.go (GetByteValue)@v0.19.2; gjson's
``Result.String``; consul-template template/funcs.go@v0.41.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote as percent_encode

from injector.location import Location
from injector.templates.functions import YAML
from injector.templates.refusal import RefusedError
from injector.templates.strings import quote

VALUE: Final = "phase2-value"
FIELD: Final = "phase2-field"
PATH: Final = "phase2-path"
JSON: Final = "phase2-json"

_BODIES: Final = {
    VALUE: (
        '{{ if sprig_has (sprig_kindOf .) (sprig_list "map" "slice" "float64") }}{{ toJSON . }}'
        '{{ else if ne (sprig_kindOf .) "invalid" }}{{ . }}{{ end }}'
    ),
    FIELD: (
        "{{ if not (sprig_hasKey (index . 0) (index . 1)) }}"
        '{{ sprig_fail (printf "no key %q in this secret" (index . 1)) }}{{ end }}'
        '{{ template "phase2-value" (index (index . 0) (index . 1)) }}'
    ),
    PATH: (
        "{{ $at := index . 0 }}{{ $path := index . 1 }}{{ if sprig_hasKey $at $path }}"
        '{{ template "phase2-value" (index $at $path) }}{{ else }}{{ range $key := sprig_splitList "." $path }}'
        '{{ if and (sprig_kindIs "map" $at) (sprig_hasKey $at $key) }}{{ $at = index $at $key }}'
        '{{ else if and (sprig_kindIs "slice" $at) (sprig_regexMatch "^[0-9]{1,9}$" $key) (lt (parseInt $key) (len $at)) }}'
        "{{ $at = index $at (parseInt $key) }}"
        '{{ else }}{{ sprig_fail (printf "no key %q in this secret" $path) }}{{ end }}{{ end }}'
        '{{ if and (eq (sprig_typeOf $at) "json.Number") (not (sprig_regexMatch "^-?[0-9]+$" (print $at))) }}'
        '{{ toJSON (parseFloat (print $at)) }}{{ else }}{{ template "phase2-value" $at }}{{ end }}{{ end }}'
    ),
    JSON: (
        '{{ if sprig_kindIs "map" . }}{ {{- $more := false }}{{ range $k, $v := . }}{{ if $more }},{{ end }}'
        '{{ toJSON (print $k) }}:{{ template "phase2-json" $v }}{{ $more = true }}{{ end -}} }'
        '{{ else if sprig_kindIs "slice" . }}[{{ range $i, $v := . }}{{ if $i }},{{ end }}'
        '{{ template "phase2-json" $v }}{{ end }}]{{ else }}{{ toJSON . }}{{ end }}'
    ),
    YAML: (
        '{{ if sprig_kindIs "invalid" . }}{}{{ else if sprig_kindIs "map" . }}{{ template "phase2-json" . }}'
        '{{ else }}{{ sprig_fail "no YAML mapping" }}{{ end }}'
    ),
}
"""The templates of ours. ``phase2-json`` is here because yaml.v2 yields maps that Go's JSON does not write."""

_NEEDS: Final = {FIELD: (VALUE,), PATH: (VALUE,), YAML: (JSON,)}


class Engine(StrEnum):
    """How Vault answers at a path."""

    KV_V2 = "kv-v2"
    KV_V1 = "kv-v1"
    ISSUING = "issuing"
    """An engine that issues credentials (``database/creds/app``)."""


ISSUED_TEXTS: Final = frozenset(
    {
        *("username", "password", "access_key", "secret_key", "token"),
        *("certificate", "private_key", "issuing_ca", "service_account_token"),
    }
)
"""Fields of issued credentials that are always there and always text.

Source: https://developer.hashicorp.com/vault/api-docs/secret/databases#generate-credentials, and the same page of aws,
rabbitmq, ldap, consul, pki, kubernetes. What is missing here is read with the usual care.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where the value of one template variable comes from.

    Attributes:
        path: the request path without version, such as ``secret/data/app`` or ``database/creds/app``.
        prop: ``remoteRef.property``, or the field of an issued credential; empty for the whole secret as JSON.
        version: of a KV v2 secret, empty for the latest.
        decoding: ``remoteRef.decodingStrategy``; empty is ``None``.
        metadata: ``remoteRef.metadataPolicy``; empty is ``None``.
        is_extracted: it comes from ``dataFrom.extract``, where numbers take a turn through JSON.
        parameters: what is sent along, for engines that are asked by a write (``pki/issue/app``, ``kubernetes/creds/app``).
        location: the line that names it, for refusals.
    """

    path: str
    prop: str = ""
    engine: Engine = Engine.KV_V2
    version: str = ""
    decoding: str = ""
    metadata: str = ""
    is_extracted: bool = False
    parameters: tuple[tuple[str, str], ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A ``dataFrom.extract``: every key of a secret becomes a variable.

    Attributes:
        prop: empty, or the object inside the secret whose keys count.
        conversion: ``conversionStrategy``; empty is ``Default``.
        is_rewritten: ``dataFrom.rewrite`` changes the names.
        location: the line that names it, for refusals.
    """

    path: str
    prop: str = ""
    engine: Engine = Engine.KV_V2
    version: str = ""
    decoding: str = ""
    metadata: str = ""
    conversion: str = ""
    is_rewritten: bool = False
    location: Location | None = None


_OPERATORS: Final = re.compile(r"[|#*?\\\"\x00-\x1f]|(?:^|\.)(?:[@!\[{.]|$)")
"""What is no plain name to gjson, which ESO asks when a property is no key."""
_DECODERS: Final = {"": "", "None": "", "Base64": "base64Decode", "Base64URL": "base64URLDecode"}
_VERSION: Final = re.compile(r"[0-9]{1,18}\Z")


class Secrets:
    """Collects what is read, and gives each distinct read a variable (``$s1``)."""

    def __init__(self) -> None:
        self._queries: dict[str, str] = {}
        self._paths: dict[str, None] = {}
        self.needs: dict[str, None] = {}

    @property
    def queries(self) -> tuple[tuple[str, str], ...]:
        """Return (variable, arguments of ``secret``) in order of first use."""
        return tuple((variable, query) for query, variable in self._queries.items())

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the request paths, for a policy; without repetition, in order."""
        return tuple(self._paths)

    def value_of(self, field: Field) -> str:
        """Return the operand that yields a field's value as text; raises as `pipeline_of`."""
        value = self.pipeline_of(field)
        return value if " " not in value else f"({value})"

    def pipeline_of(self, field: Field) -> str:
        """Return the pipeline that yields a field's value as text.

        Raises:
            RefusedError: it can't be read as ESO would.
        """
        decoder = _find_decoder(field)
        data = self._data(field)
        if field.engine is Engine.ISSUING and field.prop in ISSUED_TEXTS:
            value = f"{data}.{field.prop}"
        elif not field.prop:
            value = f"toJSON {data}"
        else:
            _check_property(field)
            base = f"(parseJSON (toJSON {data}))" if field.is_extracted else data
            value = f"executeTemplate {quote(self._template(field.prop))} (sprig_list {base} {quote(field.prop)})"
        return f"{value} | {decoder}" if decoder else value

    def map_of(self, whole: Whole) -> tuple[str, str]:
        """Return the operand that yields all values of a ``dataFrom.extract``, and the one that makes a text of ``$v``."""
        if whole.is_rewritten:
            message = "its names are only known in the cluster; name the keys in data"
            raise RefusedError("dataFrom.rewrite", message, location=whole.location)
        if whole.conversion not in ("", "Default", "None"):
            message = "has no equivalent in Vault Agent; name the keys in data"
            raise RefusedError(f"conversionStrategy {whole.conversion}", message, location=whole.location)
        decoder = _find_decoder(whole)
        data = self._data(whole)
        if whole.prop:
            _check_property(whole)
            name = quote(self._template(whole.prop))
            data = f"(executeTemplate {name} (sprig_list {data} {quote(whole.prop)}))"
        else:
            data = f"(toJSON {data})"
        self.needs[VALUE] = None
        text = f'executeTemplate "{VALUE}" $v' + (f" | {decoder}" if decoder else "")
        return f"parseJSON {data}", f"({text})"

    def _template(self, prop: str) -> str:
        name = PATH if "." in prop else FIELD
        self.needs[name] = None
        return name

    def _data(self, source: Field | Whole) -> str:
        if source.metadata not in ("", "None"):
            message = "reads the metadata of a secret; write these values into the secret"
            raise RefusedError(f"metadataPolicy {source.metadata}", message, location=source.location)
        if not source.path.strip("/"):
            raise RefusedError("remoteRef.key", "is empty", location=source.location)
        variable = self._queries.setdefault(_arguments(source), f"$s{len(self._queries) + 1}")
        self._paths[source.path.strip("/")] = None
        return f"{variable}.Data.data" if source.engine is Engine.KV_V2 else f"{variable}.Data"


def _arguments(source: Field | Whole) -> str:
    """Return what ``secret`` is called with."""
    if isinstance(source, Field) and source.parameters:  # a write, whose path is taken as it is
        return " ".join(
            [quote(source.path.strip("/")), *(quote(f"{name}={value}") for name, value in source.parameters)]
        )
    query = encode_path(source.path)
    if source.version and source.engine is Engine.KV_V2:
        if not _VERSION.match(source.version):
            raise RefusedError("remoteRef.version", "is no number", location=source.location)
        query += f"?version={source.version}"
    return quote(query)


def _check_property(source: Field | Whole) -> None:
    if _OPERATORS.search(source.prop):
        message = f"{source.prop!a} may be a query (gjson), which Vault Agent can't run; name a plain key"
        raise RefusedError("remoteRef.property", message, location=source.location)


def _find_decoder(source: Field | Whole) -> str:
    decoder = _DECODERS.get(source.decoding)
    if decoder is None:
        message = "Vault Agent can't try one encoding after the other; name Base64, Base64URL or None"
        raise RefusedError(f"decodingStrategy {source.decoding}", message, location=source.location)
    return decoder


def encode_path(path: str) -> str:
    """Return a request path as consul-template's ``secret`` wants it, which parses it as a URL.

    Source: consul-template dependency/vault_read.go (NewVaultReadQuery)@v0.41.1.
    """
    return percent_encode(path.strip("/"), safe="/", errors="surrogateescape")


def our_templates(needs: Iterable[str]) -> list[tuple[str, str]]:
    """Return (name, body) of our own templates that are needed, each before those that run it."""
    wanted: dict[str, None] = {}
    for name in needs:
        wanted.update(dict.fromkeys((*_NEEDS.get(name, ()), name)))
    return [(name, _BODIES[name]) for name in _BODIES if name in wanted]
