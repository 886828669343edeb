"""From a Secret's keys to the single values in them: what is judged.

A key is mostly one value. A key that a template makes may hold a DSN, or a whole configuration file with several
credentials; then every variable in it is a unit of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from injector.inventory.linking import Secret
from injector.knowledge import words as w
from injector.location import Location
from injector.model import Consumer, How, Remote, SecretKey, SourceKind
from injector.rules.naming import UNKNOWN, Hint, Part, judge_name, judge_words

_SCHEME: Final = re.compile(r"(?<![\w+])(?:jdbc:)?([a-z][a-z0-9+]{0,30})://", re.IGNORECASE)
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_ACTION: Final = re.compile(r"\{\{[^{}]*\}\}")
_HOST: Final = re.compile(r"[\w.-]+")
_GO_MYSQL: Final = re.compile(r"@tcp\(")
_KEYWORDS: Final = re.compile(
    r"(?i)(?:host|server)\s*=.*(?:password|pwd)\s*=|(?:password|pwd)\s*=.*(?:host|server)\s*=", re.DOTALL
)
_SERVER_IN: Final = re.compile(r"(?i)(?<![a-z])(?:host|server|data source)\s*=\s*(?:tcp:)?([^;,\s]*)(?:,(\d+))?")
_PORT_IN: Final = re.compile(r"(?i)(?<![a-z])port\s*=\s*(\d+)")
_SQL_SERVER: Final = re.compile(r"(?i)initial catalog\s*=|trustservercertificate\s*=|integrated security\s*=")
"""Words of SQL Server's connection strings alone. Source: learn.microsoft.com, SqlConnection.ConnectionString."""
_VARIABLE: Final = re.compile(r"\{\{-?[^{}]*?(?:\.|\")(\w[\w-]*)\"?[^{}]*\}\}")
_MAX_DSN: Final = 2000
"""Characters of a line that are searched for a DSN's password: the search tries every start with every end."""
_PASSWORD_IN: Final = re.compile(
    r"(?i)://[^/@]*?(?::[^/@]*|\{\{[^@]*)@|(?:password|passwd|pwd)\s*=|://\s*\{\{[^{}]*\}\}\s*(?:\Z|[\"'?])|@\s*tcp"
)
"""In a DSN: ``user:password@``, one variable that is both, a ``password=`` parameter, or a variable that is the rest."""
_BARE: Final = w.DSN | {"string", "key"}
_REFERENCE: Final = frozenset({"existing", "secret", "name", "ref", "key", "external"})
"""Words of a field that names a Secret."""
_NO_PASSWORD: Final = Hint("configuration", Part.CONFIG)
_LEFT: Final = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """One value to judge.

    Attributes:
        key: the Secret key it stands in.
        hint: what its names tell, the most telling first.
        evidence: in words, what `hint` rests on.
        strength: 2 when a DSN's scheme or a consumer's variable tells, 1 for a name, 0 for nothing.
    """

    key: SecretKey
    label: str
    hint: Hint
    evidence: str
    location: Location
    strength: int
    remotes: tuple[Remote, ...]
    consumers: tuple[Consumer, ...]


def split_units(secret: Secret) -> list[Unit]:
    """Return the units of a Secret, in the order of its keys."""
    units: list[Unit] = []
    for key in _known_keys(secret):
        consumers = tuple(one for one in secret.consumers if one.key in ("", key.name))
        if key.template and not _is_bare(key.template):
            units.extend(_from_template(key, secret, consumers))
        else:
            units.append(_from_names(key, secret, consumers))
    return _pair_store_keys(units)


def _pair_store_keys(units: list[Unit]) -> list[Unit]:
    """Tell the secret key that belongs to an access key from one that signs or encrypts."""
    access = {_name_of_pair(one): one.hint.kind for one in units if _is_half(one, "access")}
    return [
        replace(one, hint=Hint(access[_name_of_pair(one)], Part.PASSWORD))
        if one.hint.kind == "encryption-key" and _is_half(one, "secret") and _name_of_pair(one) in access
        else one
        for one in units
    ]


def _is_half(unit: Unit, which: str) -> bool:
    """Tell ``SHOP_ACCESS_KEY`` or ``SHOP_SECRET_KEY``, and no ``SECRET_ACCESS_KEY``."""
    words = w.words(unit.evidence)
    words = words[:-1] if words[-1:] == ("id",) else words
    return words[-2:] == (which, "key") and (which == "secret" or unit.hint.kind in ("aws", "s3-compatible"))


def _name_of_pair(unit: Unit) -> tuple[str, ...]:
    return tuple(word for word in w.words(unit.evidence) if word not in ("access", "secret", "key", "id"))


def _known_keys(secret: Secret) -> Iterator[SecretKey]:
    """Yield the keys; where a ``*`` leaves them unknown, those that consumers name."""
    keys = {key.name: key for source in reversed(secret.sources) for key in source.keys}
    external = (SourceKind.EXTERNAL_SECRET, SourceKind.CLUSTER_EXTERNAL_SECRET)
    if not any(source.kind in external for source in secret.sources) and all(one.key for one in secret.consumers):
        # An operator writes every form of a login; only what somebody reads is a credential in use.
        keys = {
            name: key for name, key in keys.items() if name == "*" or any(one.key == name for one in secret.consumers)
        }
    star = keys.pop("*", None)
    if star is None and keys:
        yield from (keys[name] for name in sorted(keys))
        return
    named = sorted({one.key for one in secret.consumers if one.key} - set(keys))
    for name in named:
        at = next(one.location for one in secret.consumers if one.key == name)
        remotes = tuple(replace(remote, prop=remote.prop or name) for remote in star.remotes) if star else ()
        yield SecretKey(name=name, remotes=remotes, location=at)
    yield from (keys[name] for name in sorted(keys))
    if not named and not keys:
        # Nothing tells a key, as for a Secret that nobody in the tree makes and a pod reads whole: it is judged as one.
        yield star or SecretKey(name="*", location=secret.sources[0].origin.location)


def _is_bare(template: str) -> bool:
    """Tell a template that is one variable and nothing else."""
    text = template.strip()
    return text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1


def _from_template(key: SecretKey, secret: Secret, consumers: tuple[Consumer, ...]) -> Iterator[Unit]:
    text = key.template
    if "{{" not in text and "://" not in text:
        hint = judge_name(key.name)
        if hint.part in (Part.CONFIG, Part.USER) or hint.kind == "unknown" or w.STAND_INS.issuperset(w.words(text)):
            yield _unit(
                key,
                key.name,
                Hint("configuration", Part.CONFIG, hint.system),
                f"{key.name} (text in Git)",
                1,
                consumers,
            )
        else:
            yield _from_names(key, secret, consumers)
        return
    if _KEYWORDS.search(text) and "\n" not in text.strip():
        yield _unit(
            key,
            key.name,
            Hint("login", Part.DSN, _system_of_keywords(text)),
            f"{key.name} (by its template a connection string)",
            2,
            consumers,
        )
        return
    for line in text.splitlines():
        if "{{" in line or "://" in line:
            yield from _from_line(key, line, secret, consumers)


def _system_of_keywords(text: str) -> str:
    """Return the system of ``Server=...;Password=...``; many libraries say ``Server``, PostgreSQL's say ``Host``."""
    if _SQL_SERVER.search(text):
        return "mssql"
    server, port = _SERVER_IN.search(text), _PORT_IN.search(text)
    by_port = w.PORTS.get((server and server[2]) or (port and port[1]) or "", "")
    by_name = (w.SYSTEMS[word] for word in w.words(_ACTION.sub("", server[1]) if server else "") if word in w.SYSTEMS)
    is_libpq = server is not None and server[0].lower().startswith("host")
    return by_port or next(by_name, "postgresql" if is_libpq else "sql")


def _from_line(key: SecretKey, line: str, secret: Secret, consumers: tuple[Consumer, ...]) -> Iterator[Unit]:
    if line.strip().startswith(("#", "//")):
        return
    for match in _SCHEME.finditer(line):
        system = w.SCHEMES.get(match[1].lower(), "")
        if system and ("{{" in line or "@" in line):
            if not _PASSWORD_IN.search(line[match.start() : match.start() + _MAX_DSN]):
                yield _unit(key, key.name, _NO_PASSWORD, f"{key.name} (without a password)", 1, consumers)
                return
            is_super = bool(set(w.words(line)) & {"superuser", "root"} and "://postgres:" in line)
            hint = Hint("login", Part.DSN, system, is_super)
            yield _unit(key, key.name, hint, f"{key.name} (by its template a {match[1]}:// DSN)", 2, consumers)
            return
    host = _host_of_web_login(line)
    if host:
        # Elasticsearch and InfluxDB are reached by http as well: then the host says so.
        system = next((w.SYSTEMS[word] for word in w.words(host) if word in w.SYSTEMS), "")
        hint = Hint("login" if system else "unsupported-login", Part.DSN, system)
        yield _unit(key, key.name, hint, f"{key.name} (by its template a web address with a login)", 2, consumers)
        return
    if _GO_MYSQL.search(line):
        yield _unit(
            key, key.name, Hint("login", Part.DSN, "mysql"), f"{key.name} (by its template a MySQL DSN)", 2, consumers
        )
        return
    left = " ".join(_LEFT.findall(line.partition("{{")[0]))
    is_file = "\n" in key.template.strip()
    for match in _VARIABLE.finditer(line):
        names = [left, match[1]] if is_file else [key.name, match[1]]
        hint, evidence, strength = _best(names, secret)
        if hint.kind != "configuration" or not is_file:
            yield _unit(key, match[1], hint, evidence, strength, consumers)


def _host_of_web_login(line: str) -> str:
    """Return the host of a web address with a login that variables make, empty for anything else."""
    start = _WEB.search(line)
    if not start:
        return ""
    user, at, rest = line[start.end() :].partition("@")
    plain = _ACTION.sub("", user)
    host = _HOST.match(rest) if at and plain != user and not set(plain) & set("/ \t'\"") else None
    return host[0] if host else ""


def _from_names(key: SecretKey, secret: Secret, consumers: tuple[Consumer, ...]) -> Unit:
    readers = sorted((one for one in consumers if one.env and one.how is How.ENV), key=_is_init)
    environment = [one.env for one in readers]  # what the app calls it tells more than what prepares the app does
    remotes = [remote.prop for remote in key.remotes if remote.prop not in ("", "value")]
    tails = [remote.path.rpartition("/")[2] for remote in key.remotes]
    names = [*environment, key.name, *key.variables, *remotes]
    hint, evidence, strength = _best([*names, *tails], secret)
    if (key.name == "*" and hint.kind == "unknown") or _is_bare_dsn(names):
        wide = _from_secret_name(secret)
        wide = wide if wide[0].kind == "login" else (_from_values(consumers) or wide)
        if wide[0].kind == "login" or key.name == "*":
            hint, evidence, strength = wide
    if key.name == "*" and not strength and (called := _called_certificate(secret)):
        hint, evidence = Hint("tls-certificate", Part.SECRET), called
    if hint.kind == "login" and any(judge_name(name).is_superuser for name in (*key.variables, *remotes)):
        hint = replace(hint, is_superuser=True)
    return _unit(key, key.name, hint, evidence, 2 if evidence in environment else strength, consumers)


def _is_bare_dsn(names: Iterable[str]) -> bool:
    """Tell ``uri`` and ``connection``, which say nothing of what they lead to."""
    return all(_BARE.issuperset(w.words(name)) for name in names if name)


def _from_values(readers: Iterable[Consumer]) -> tuple[Hint, str, int] | None:
    """Ask the field of a chart's values: ``database.existingSecret``, airflow's ``data.metadataSecretName``."""
    for one in readers:
        words = [word for word in w.words(one.path) if word not in _REFERENCE] if one.how is How.HELM_VALUES else []
        hint = judge_words((*words, "url")) if words else UNKNOWN
        if hint.kind == "login" and hint.system:
            return hint, one.path, 1
        if words[-2:] == ["result", "backend"] or words[-1:] == ["metadata"]:
            return Hint("login", Part.DSN, "sql"), one.path, 1
    return None


def _is_init(consumer: Consumer) -> bool:
    return consumer.container is not None and consumer.container.is_init


def _best(names: Iterable[str], secret: Secret) -> tuple[Hint, str, int]:
    """Return the first name that tells more than that there is something."""
    seen: list[tuple[Hint, str]] = []
    for name in names:
        if name and name != "*":
            hint = judge_name(name)
            seen.append((hint, name))
            if hint.kind != "unknown" and not (hint.kind == "login" and not hint.system):
                return hint, name, 1
    for hint, name in seen:
        wide = judge_words((*w.words(secret.name), *w.words(name)))
        if wide.kind not in ("unknown", "configuration") and (wide.kind != "login" or wide.system):
            return wide, f"{secret.name}/{name}", 1
        if hint.kind == "login":
            return hint, name, 1
    if not seen:
        return _from_secret_name(secret)
    return seen[0][0], seen[0][1], 0


def _called_certificate(secret: Secret) -> str:
    """Return what calls a Secret that is read whole a certificate: its name, or where it is mounted; empty for nothing.

    ``db-client-shop-tls`` is no login, although it leads to a database.
    """
    places = [one.path for one in secret.consumers if one.how is How.VOLUME and not one.key]
    return next((one for one in (secret.name, *places) if not w.CERTIFICATE.isdisjoint(w.words(one)[-1:])), "")


def _from_secret_name(secret: Secret) -> tuple[Hint, str, int]:
    paths = [remote.path for source in secret.sources for key in source.keys for remote in key.remotes]
    for name in (secret.name, *paths):
        have = w.words(name.rpartition("/data/")[2] or name)
        system = next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
        if not system and set(have) & w.GENERIC_DATABASE:
            system = "sql"
        if system and not set(have) & (w.BACKUP | w.ADMIN):
            return Hint("login", Part.DSN, system), name, 0
    return UNKNOWN, "", 0


def _unit(
    key: SecretKey, label: str, hint: Hint, evidence: str, strength: int, consumers: tuple[Consumer, ...]
) -> Unit:
    used = [remote for remote in key.remotes if label in (key.name, remote.prop)] or list(key.remotes)
    return Unit(key, label, hint, evidence, key.location, strength, tuple(used), consumers)
