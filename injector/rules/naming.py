"""From the words of a name to what it may be: a kind of credential, a system, and which part of a login.

A name is the weakest evidence. What is found here is only the start; `injector.classify` asks the consumer, its
siblings and the store before it believes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from injector.knowledge import words as w


class Part(StrEnum):
    """Which part of a credential a key is."""

    USER = "user"
    PASSWORD = "password"  # noqa: S105 - the word, not one
    DSN = "dsn"
    SECRET = "secret"  # noqa: S105 - a value that stands alone: a token, a key
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Hint:
    """What a name tells.

    Attributes:
        kind: ``login`` (of `system`), ``aws``, ``gcp``, ``azure``, ``vault-token`` and the like for what an engine
            may issue, else a static kind such as ``api-token``; ``configuration``; ``unknown``.
        system: ``postgresql`` ... of a login; ``sql`` for a database that is not named; empty when unknown.
        is_superuser: the name says root, superuser or replication.
        is_provisioning: input of a role-provisioning init container (``INIT_POSTGRES_*``).
    """

    kind: str
    part: Part
    system: str = ""
    is_superuser: bool = False
    is_provisioning: bool = False


UNKNOWN: Final = Hint("unknown", Part.SECRET)
BROKER: Final = "broker"
"""System of a queue's URL that may be RabbitMQ's or Redis'."""
_SSH_FILES: Final = frozenset({("id", "rsa"), ("id", "ed25519"), ("id", "ecdsa")})
_KEY_ENDS: Final = frozenset({("app", "key"), ("app", "secret"), ("private", "key"), ("password", "secret")})
_PUBLIC: Final = frozenset({"pub", "public"})
_STATIC_FIRST: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (frozenset({"webhook", "webhooks"}), "webhook-url"),
    (w.MAIL, "smtp"),
    (frozenset({"dockerconfigjson", "dockerconfig", "regcred", "dockercfg", "pullsecret", "imagepull"}), "registry"),
)


@lru_cache(maxsize=65536)
def judge_name(name: str) -> Hint:
    """Return what one name tells, by itself."""
    words = w.words(name)
    if words[:2] == ("data", "source"):
        # postgres_exporter and mysqld_exporter call a DSN DATA_SOURCE_NAME.
        words = ("datasource", *("dsn" if word == "name" else word for word in words[2:]))
    return judge_words(words)


@lru_cache(maxsize=65536)
def judge_words(words: tuple[str, ...]) -> Hint:
    """Return what a row of words tells; the first rule that fits counts."""
    if not words:
        return UNKNOWN
    have = frozenset(words)
    if have & w.DUMMY:
        return Hint("configuration", Part.CONFIG)
    part = _part(words, have)
    for named, kind in _STATIC_FIRST:
        if have & named:
            return Hint("configuration" if part is Part.CONFIG and kind == "smtp" else kind, part)
    cloud = _cloud(words, have) or _platform(words, have)
    if cloud:
        return cloud
    system = _system(words)
    if system == "ldap" and _is_generic(words):
        system = ""  # a directory's own database
    static = _static_kind(words, have, has_system=bool(system), part=part)
    if static:
        return static
    if not system and _is_generic(words) and part is not Part.SECRET:
        system = "sql"
    if part is Part.CONFIG:
        return Hint("configuration", part, system)
    if part in (Part.USER, Part.PASSWORD, Part.DSN):
        if part is Part.DSN and not system:
            system = _system_of_dsn(have)
            return Hint("login", part, system) if system else Hint("configuration", Part.CONFIG)
        return Hint("login", part, system, *_privilege(words, have))
    if words[-1] in w.SYSTEMS and len(words) > 1:
        return Hint("login", Part.DSN, system)  # PAPERLESS_REDIS: all that is needed to reach it
    return Hint("api-token" if have & (w.TOKEN | {"key", "secret"}) else "unknown", part, system)


def _system(words: tuple[str, ...]) -> str:
    if words[0] == "es" and len(words) > 1:
        return "elasticsearch"
    return next((w.SYSTEMS[word] for word in words if word in w.SYSTEMS), "")


def _is_generic(words: tuple[str, ...]) -> bool:
    """Tell a name that says "database" and not which."""
    return not w.GENERIC_DATABASE.isdisjoint(words)


def _system_of_dsn(have: frozenset[str]) -> str:
    if have & {"dsn", "jdbc", "direct", "datasource", "connstr", "connectionstring"} or _is_connection(have):
        return "sql"
    return BROKER if "broker" in have else ""


def _is_connection(have: frozenset[str]) -> bool:
    """Tell .NET's ``ConnectionStrings__Default``, Airflow's ``connection`` and everybody's connection string."""
    return have == {"connection"} or ("connection" in have and not have.isdisjoint({"string", "strings"}))


def _privilege(words: tuple[str, ...], have: frozenset[str]) -> tuple[bool, bool]:
    is_admin = any(
        own in ("admin", "administrator") and (before in w.SYSTEMS or before in w.GENERIC_DATABASE)
        for before, own in pairwise(words)
    )
    is_super = is_admin or bool(have & (w.SUPERUSER | w.REPLICATION))
    return is_super, words[0] == "init" and len(words) > 2  # noqa: PLR2004 - INIT_POSTGRES_PASS


def _part(words: tuple[str, ...], have: frozenset[str]) -> Part:
    last = words[-1]
    if last in w.PASSWORD or (have & w.PASSWORD and last not in w.CONFIGURATION | w.HOST):
        return Part.PASSWORD
    if last in w.USER or (last == "name" and len(words) > 1 and words[-2] in w.USER | {"superuser", "defaultuser"}):
        return Part.USER
    if last in w.DSN or "connstr" in have or _is_connection(have):
        return Part.DSN
    if last == "datasource" and len(words) > 1:
        return Part.DSN
    if words[-2:] in (("access", "key"), ("secret", "key"), ("api", "key")):
        return Part.SECRET
    if last in w.HOST | w.CONFIGURATION | w.DATABASE_NAME or (last in w.GENERIC_DATABASE and len(words) > 1):
        return Part.CONFIG
    if have & {"url", "uri", "dsn"} and (_system(words) or _is_generic(words)):
        return Part.DSN  # POSTGRES_URL_NON_POOLING
    return Part.SECRET


def _cloud(words: tuple[str, ...], have: frozenset[str]) -> Hint | None:
    """AWS, S3, Google and Azure keys; which store they go to is asked later."""
    is_access_key = (
        have >= {"access", "key"}
        or have >= {"access", "secret"}
        or (have >= {"secret", "key"} and have & w.OBJECT_STORE)
    )
    if "aws" in have and (have & {"access", "secret", "key", "credentials", "session"}) and "region" not in have:
        return Hint("aws", Part.USER if words[-1] == "id" else Part.PASSWORD)
    if have & w.OBJECT_STORE:
        if is_access_key or have & (w.PASSWORD | {"secret", "key", "credentials", "keyid", "accesskey"}):
            return Hint("s3-compatible", Part.USER if words[-1] in ("id", "keyid") else Part.PASSWORD)
        return Hint("configuration", Part.CONFIG) if words[-1] in w.CONFIGURATION | w.HOST else None
    if (
        is_access_key
        and not have & w.ENCRYPTION
        and (words[-1] == "id" or words[0] == "access" or words[-3:] == ("secret", "access", "key"))
    ):
        return Hint("aws", Part.USER if words[-1] == "id" else Part.PASSWORD)
    if _is_google(have):
        return Hint("gcp", Part.SECRET)
    if have & {"azure"} and have & {"storage", "blob", "servicebus", "eventhub", "cosmos"}:
        is_key = have & (w.DSN | {"key", "string", "token", "sas"})
        return Hint("api-token", Part.SECRET) if is_key else Hint("configuration", Part.CONFIG)
    if have & {"azure", "arm"} and have & {"client", "tenant", "subscription"} and not have & (w.OAUTH | w.ENTRA):
        return Hint("azure", Part.PASSWORD if words[-1] in ("secret", "password") else Part.USER)
    return None


def _is_google(have: frozenset[str]) -> bool:
    """Tell a service account's key file; ``service-account.json`` is what Google's console calls it."""
    if have & {"wif", "federation"} or have >= {"workload", "identity"}:
        return False  # no key is in it: the pod's own token is
    if have & {"client", "maps", "token"} or have & w.KUBERNETES or have & w.ENCRYPTION:
        return False
    is_google = bool(have & {"gcp", "google", "gcloud", "firebase", "gcs", "bigquery"})
    if is_google and have & {"credentials", "json", "sa", "account", "adminsdk"}:
        return True
    return have >= {"service", "account", "json"} or have >= {"serviceaccount", "json"}


def _platform(words: tuple[str, ...], have: frozenset[str]) -> Hint | None:
    """Keys to what workloads are run and reached with: ssh, Kubernetes, Terraform, Consul, Nomad, Vault."""
    is_token = bool(have & w.TOKEN)
    if "kubeconfig" in have or have >= {"kube", "config"}:
        return Hint("kubeconfig", Part.SECRET)
    if is_token and (have & w.KUBERNETES or have >= {"service", "account"} or "serviceaccount" in have):
        return Hint("service-account-token", Part.SECRET)
    if is_token and (have & w.TERRAFORM or words[0] == "tf"):
        return Hint("terraform-token", Part.SECRET)
    if is_token and have & {"consul", "nomad"}:
        return Hint("consul-token" if "consul" in have else "nomad-token", Part.SECRET)
    if have & w.VAULT and (is_token or have >= {"secret", "id"} or have >= {"role", "id"}):
        return Hint("vault-token", Part.SECRET)
    is_ssh_key = "ssh" in have and not have & (w.PASSWORD | w.USER | w.HOST | w.CONFIGURATION)
    if (is_ssh_key or words[:2] in _SSH_FILES) and not have & (_PUBLIC | {"known", "knownhosts", "authorized"}):
        return Hint("git" if have & w.GIT_HOSTS else "ssh-key", Part.SECRET)
    return None


def _is_without_engine(have: frozenset[str], part: Part, *, has_system: bool, is_login: bool) -> bool:
    """Tell a login to a system that no engine serves, also one that is called a database."""
    if part not in (Part.USER, Part.PASSWORD, Part.DSN) or has_system:
        return False
    if is_login:
        return bool(have & w.NO_ENGINE_DATABASES)
    return bool(have & w.NO_ENGINE) and part is not Part.DSN


def _static_kind(words: tuple[str, ...], have: frozenset[str], *, has_system: bool, part: Part) -> Hint | None:
    """Kinds that no engine issues."""
    last = words[-1]
    if (have & w.OAUTH and not have & {"server"}) or have >= {"client", "secret"} or (have >= {"client", "id"}):
        is_config = part in (Part.CONFIG, Part.DSN) and not have & {"secret", "id"}
        return Hint("configuration" if is_config else "oauth-client", Part.CONFIG if is_config else part)
    if have & _PUBLIC and have & {"key", "jwt", "cosign", "rsa"}:
        return Hint("configuration", Part.CONFIG)
    if have & (w.BACKUP | {"cipher", "encryption"}) and have & w.PASSWORD and not has_system:
        return Hint("encryption-key", part)
    is_login = has_system or _is_generic(words)
    if have & w.ERROR_TRACKERS and part is Part.DSN:
        return Hint("api-token", Part.SECRET)
    if _is_without_engine(have, part, has_system=has_system, is_login=is_login):
        return Hint("unsupported-login", part)
    if have & w.ADMIN and part in (Part.USER, Part.PASSWORD) and not is_login:
        return Hint("password", part)
    if (
        have & w.ENCRYPTION
        and (have & {"key", "secret", "token", "salt", "seed"} or last in w.ENCRYPTION)
        and not (is_login and part in (Part.USER, Part.PASSWORD, Part.DSN))
    ):
        return Hint("encryption-key", part)
    if have >= {"secret", "key"} or (words[-2:] in _KEY_ENDS and not is_login):
        return Hint("encryption-key", Part.SECRET)
    if have & w.CERTIFICATE and part is Part.SECRET and (last in w.CERTIFICATE or last == "key"):
        return Hint("tls-certificate", part)
    if have & {"ssh", "knownhosts", "deploykey"} or (have & w.GIT and part is not Part.CONFIG):
        return Hint("git", part)
    if have & w.REGISTRY and part in (Part.USER, Part.PASSWORD):
        return Hint("registry", part)
    if have & w.TOKEN or have >= {"api", "key"} or have >= {"license", "key"}:
        return Hint("api-token", Part.SECRET)
    return None
