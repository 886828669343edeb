"""What a value is by its names and surroundings: its kind, the system it logs in to, the engine that issues it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from injector.config.model import Config
from injector.inventory.linking import Secret
from injector.inventory.vaultpath import is_issued
from injector.knowledge import words as w
from injector.knowledge.apps import app_names
from injector.location import Location
from injector.model import How, SourceKind
from injector.rules.naming import judge_name
from injector.rules.readers import is_client, names_of
from injector.rules.systems import NO_SYSTEM, System, iter_siblings, resolve_system
from injector.rules.units import Unit


@dataclass(frozen=True, slots=True)
class Nature:
    """What a value is, whoever reads it.

    Attributes:
        kind: kebab-case word such as ``database-login`` or ``api-token``.
        engine: the secrets engine that issues this kind (``database/postgresql``), empty when none does.
        system: the system it logs in to.
    """

    kind: str
    engine: str = ""
    system: System = NO_SYSTEM


_NOT_AWS: Final = re.compile(
    r"https?://(?!(?:[\w.-]*\.)?amazonaws\.com)[\w.${}-]+|(?:^|\.)(?:r2\.cloudflarestorage|backblazeb2|wasabisys|digitaloceanspaces)\.com"
)
_ENDPOINT: Final = re.compile(
    r"(?i)\A[^a-z]*(?:region_?)?endpoint(?:_?url)?\Z|repository|s3.*url"
    r"|(?:aws|s3|bucket|stor(?:e|age)|object|backup|minio|litestream|restic|blob).*endpoint"
)
"""Variables that name the endpoint of a store of objects; there are endpoints of much else."""
_PORT: Final = re.compile(r":\d+/?\Z")
_SSH_CLIENT: Final = re.compile(r"(?i)(?:ssh|sftp|bastion|jump|tunnel)_?(?:host|user|port|server|target)")
_SSH_TOOLS: Final = frozenset(
    {"ansible", "semaphore", "autossh", "sshfs", "rundeck", "awx", "sftp-client", "sshtunnel"}
)
_TYPES: Final = {
    "kubernetes.io/tls": "tls-certificate",
    "kubernetes.io/dockerconfigjson": "registry",
    "kubernetes.io/dockercfg": "registry",
    "kubernetes.io/ssh-auth": "ssh-key",
    "kubernetes.io/service-account-token": "service-account-token",
}
"""Types of Secrets that say what is in them. Source: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types"""
_FILE_OF: Final = {"GOOGLE_APPLICATION_CREDENTIALS": "gcp", "AWS_SHARED_CREDENTIALS_FILE": "aws"}
"""Variables that name a file of credentials."""
_ENGINES: Final = {
    "gcp": Nature("gcp-service-account", "gcp"),
    "azure": Nature("azure-service-principal", "azure"),
    "consul-token": Nature("consul-token", "consul"),
    "nomad-token": Nature("nomad-token", "nomad"),
    "terraform-token": Nature("terraform-token", "terraform"),
    "service-account-token": Nature("service-account-token", "kubernetes"),
}
"""What a name's kind is issued by, when nothing else is asked."""
_LOGIN_KINDS: Final = {"rabbitmq": "rabbitmq-login", "ldap": "ldap-bind"}
_OTHER: Final = "other"
"""What phase2.yaml calls a system without an engine."""
_PRIVATE: Final = Nature("private-certificate", "pki")
_ISSUED_KINDS: Final = {
    "database": Nature("database-login", "database"), "aws": Nature("aws-access-key", "aws"),
    "gcp": _ENGINES["gcp"], "azure": _ENGINES["azure"], "rabbitmq": Nature("rabbitmq-login", "rabbitmq"),
    "pki": _PRIVATE, "consul": _ENGINES["consul-token"], "nomad": _ENGINES["nomad-token"],
    "kubernetes": _ENGINES["service-account-token"], "terraform": _ENGINES["terraform-token"],
    "ldap": Nature("ldap-bind", "ldap"), "ssh": Nature("ssh-key", "ssh"),
}  # fmt: skip
"""First word of a mount that issues credentials -> what it issues; mounts are called after their engine."""


def nature_of(unit: Unit, secret: Secret, config: Config) -> Nature:
    """Return what a value is, by its names, its siblings and its readers' surroundings."""
    issued = _issued(unit, secret)
    if issued:
        return issued
    kind = unit.hint.kind
    if kind == "configuration" or (unit.remotes and all(one.store.provider == "fake" for one in unit.remotes)):
        return Nature("configuration")
    kind = _by_named_file(unit) or _by_type(secret, kind) or kind
    if kind in ("aws", "s3-compatible"):
        is_foreign = (kind == "s3-compatible" and not _is_at_amazon(unit, secret)) or is_foreign_store(unit, secret)
        return Nature("s3-compatible") if is_foreign else Nature("aws-access-key", "aws")
    if kind in _ENGINES:
        return _ENGINES[kind]
    if kind == "ssh-key":
        return _ssh(unit, secret)
    if kind == "tls-certificate" or _is_key_of_certificate(unit, secret):
        return _PRIVATE if _is_private(unit, secret) else Nature("tls-certificate")
    if kind != "login":
        return Nature(kind)
    found = resolve_system(unit, secret, config)
    system = found.name
    if system in w.DATABASES:
        return Nature("database-login", f"database/{system}" if system != "sql" else "database", found)
    if system in _LOGIN_KINDS:
        return Nature(_LOGIN_KINDS[system], system, found)
    return Nature("unsupported-login" if system == _OTHER else "login")


def kind_of_engine(engine: str) -> str:
    """Return what an engine issues: ``database/mysql`` -> ``database-login``."""
    return _ISSUED_KINDS[engine.partition("/")[0]].kind


def _issued(unit: Unit, secret: Secret) -> Nature | None:
    """Tell what an engine issues already, to an operator that keeps it in a Secret."""
    kinds = {source.kind for source in secret.sources}
    if kinds == {SourceKind.VAULT_PKI_SECRET}:
        return _PRIVATE
    is_generated = bool(unit.remotes) and all(one.store.kind == "VaultDynamicSecret" for one in unit.remotes)
    if kinds != {SourceKind.VAULT_DYNAMIC_SECRET} and not is_generated:
        return None
    for remote in unit.remotes:
        if not is_issued(remote.path):
            continue
        engine = next((word for word in w.words(remote.path) if word in _ISSUED_KINDS), "")
        system = next((w.SYSTEMS[word] for word in w.words(remote.path) if word in w.SYSTEMS), "")
        system = system or (unit.hint.system if engine == "database" and unit.hint.system != "sql" else "")
        if system in w.DATABASES:
            return Nature("database-login", f"database/{system}", System(system))
        if engine:
            return _ISSUED_KINDS[engine]
    return None


def _by_type(secret: Secret, kind: str) -> str:
    """Return the kind that a Secret's type says, for what its names leave open."""
    if kind not in ("unknown", "login", "api-token"):
        return ""
    return next((_TYPES[one.secret_type] for one in secret.sources if one.secret_type in _TYPES), "")


def _by_named_file(unit: Unit) -> str:
    """Return the kind of a file that a variable of its reader points at."""
    for one in unit.consumers:
        if one.how is How.VOLUME and one.container and one.path:
            for variable, kind in _FILE_OF.items():
                value = one.container.env.get(variable, "")
                if value.startswith(one.path) and (value.endswith(f"/{unit.key.name}") or value == one.path):
                    return kind
    return ""


def _ssh(unit: Unit, secret: Secret) -> Nature:
    """Tell a key that logs in to hosts from one that fetches from Git; most keys in a cluster are for Git."""
    have = set(w.words(secret.name)) | {word for one in unit.remotes for word in w.words(one.path)}
    readers = {name for one in unit.consumers for text in (*names_of(one), one.ref.name) for name in app_names(text)}
    if have & w.GIT_HOSTS or any("git" in name or name in ("renovate", "flux") for name in readers):
        return Nature("git")
    names = [name for source in secret.sources for name in (key.name for key in source.keys)]
    names += [name for one in unit.consumers if one.container for name in one.container.env]
    if readers & _SSH_TOOLS or any(_SSH_CLIENT.search(name) for name in names):
        return Nature("ssh-key", "ssh")
    return Nature("ssh-key")


def _is_key_of_certificate(unit: Unit, secret: Secret) -> bool:
    """Tell ``EDGE_KEY`` that stands beside ``EDGE_CERT``."""
    own = w.words(unit.label)
    if own[-1:] != ("key",) or len(own) < 2:  # noqa: PLR2004 - two words: a bare "key" is anything's
        return False
    beside = {w.words(key.name) for source in secret.sources for key in source.keys}
    return any((*own[:-1], word) in beside for word in ("cert", "crt", "certificate"))


def _is_private(unit: Unit, secret: Secret) -> bool:
    """Tell a certificate of a private authority: its own root stands beside it, and only workloads read it."""
    names = {key.name.lower() for source in secret.sources for key in source.keys}
    has_root = bool(names & {"ca.crt", "ca.pem", "ca-cert", "ca_cert", "cacert", "root.crt", "ca"})
    has_key = any(w.words(name)[-1:] == ("key",) or name.endswith((".key", "key.pem")) for name in names)
    is_authority = bool(set(w.words(secret.name)) & {"ca", "root", "issuer", "trust", "anchor", "wildcard", "public"})
    is_made = any(source.kind is SourceKind.OPERATOR for source in secret.sources)
    only_workloads = bool(unit.consumers) and all(is_client(one) for one in unit.consumers)
    return has_root and has_key and only_workloads and not is_authority and not is_made


def is_foreign_store(unit: Unit, secret: Secret) -> bool:
    """Tell keys of a store that is not AWS, or that a backup reads."""
    have = set(w.words(secret.name)) | {word for one in unit.remotes for word in w.words(one.path)}
    if have & (w.BACKUP | (w.OBJECT_STORE - w.OWN_STORE)):
        return True
    if any(not w.OPERATOR_LABELS.isdisjoint(source.secret_labels) for source in secret.sources):
        return True
    paths = {word for one in unit.consumers if one.how is How.HELM_VALUES for word in w.words(one.path)}
    if paths & (w.BACKUP | (w.OBJECT_STORE - w.OWN_STORE)):
        return True
    if "endpoint" in unit.key.template and "amazonaws.com" not in unit.key.template:
        return True  # a configuration file that names another endpoint is one of an S3-compatible store
    if not unit.consumers and any(judge_name(name).is_superuser for name in _names(secret)):
        return True  # keys beside a database's superuser are those of its backups
    for source in secret.sources:
        for key in source.keys:
            names = w.words(key.name)
            if _NOT_AWS.search(key.template) and (set(names) & {"endpoint", "url", "repository", "host", "conf"}):
                return True
            if set(names) & ((w.BACKUP | w.OBJECT_STORE) - w.OWN_STORE) and "region" not in names:
                return True
            if "endpoint" in names and set(names) & ({"aws"} | w.OWN_STORE) and "amazonaws" not in key.template:
                return True  # nobody names Amazon's own endpoint
    if foreign_endpoint(unit):
        return True
    return any(not is_client(one) for one in unit.consumers) and not any(is_client(one) for one in unit.consumers)


def foreign_endpoint(unit: Unit) -> tuple[str, Location] | None:
    """Return what tells, in words and with its line, that a reader is sent to a store that is not AWS."""
    for name, value, reader, at in iter_siblings(unit, _ENDPOINT):
        is_host = _NOT_AWS.search(value) or _PORT.search(value) or ("." in value and "{{" not in value)
        if "amazonaws" not in value and is_host:
            return f"{name} of {reader.ref} names another store", at
    return None


def _is_at_amazon(unit: Unit, secret: Secret) -> bool:
    """Tell keys called S3's whose endpoint is Amazon's own."""
    literal = (key.template for source in secret.sources for key in source.keys)
    return any(
        "amazonaws.com" in value for value in (*literal, *(value for _, value, *_ in iter_siblings(unit, _ENDPOINT)))
    )


def _names(secret: Secret) -> Iterator[str]:
    for source in secret.sources:
        for key in source.keys:
            yield key.name
            yield from (remote.prop or remote.path.rpartition("/")[2] for remote in key.remotes)
