"""What surrounds a credential: whether it is bootstrap, whom its reader is, where its keys go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from injector.inventory.facts import Inventory
from injector.inventory.linking import Secret
from injector.knowledge import words as w
from injector.knowledge.apps import (
    BOOTSTRAP_NAMESPACES,
    CLIENT_COMMANDS,
    WEB_TOOLS,
    app_names,
    is_infrastructure,
    lookup,
    server_of,
)
from injector.model import WORKLOAD_WAYS, Consumer, How, Reason
from injector.rules.naming import Part, judge_name
from injector.rules.units import Unit

_NOT_AWS: Final = re.compile(
    r"https?://(?!(?:[\w.-]*\.)?amazonaws\.com)[\w.${}-]+|(?:^|\.)(?:r2\.cloudflarestorage|backblazeb2|wasabisys|digitaloceanspaces)\.com"
)
_ENDPOINT: Final = re.compile(
    r"(?i)(?:s3|aws|minio|bucket|storage|endpoint|repository|r2|b2).*(?:endpoint|url|host|server|repository)|^endpoint|RESTIC_REPOSITORY"
)
_SCHEME: Final = re.compile(r"(?:jdbc:)?([a-z][a-z0-9+]*)://", re.IGNORECASE)
_SUPERUSER_LOGIN: Final = re.compile(r"://(?:postgres|root|sa|admin):|\b(?:superuser|postgres):[^/\s]*@")
_READS_LIKE_A_DATABASE: Final = frozenset(
    {"type", "kind", "driver", "adapter", "engine", "dialect", "connection", "vendor", "backend", "client"}
)


@dataclass(frozen=True, slots=True)
class Context:
    """What of a tree as a whole bears on single credentials.

    Attributes:
        before_store: roots that must be ready before the store of Vault is: what runs there is bootstrap.
        store_logins: (namespace, name) of the Secrets that stores log in with; namespace may be empty.
    """

    before_store: frozenset[str]
    store_logins: frozenset[tuple[str, str]]

    @staticmethod
    def of(inventory: Inventory) -> Context:
        """Gather the context of an inventory."""
        store_roots = {store.origin.root for store in inventory.deployed.stores if store.provider == "vault"}
        before: set[str] = set()
        waiting = [
            own for root in sorted(store_roots & set(inventory.roots)) for own in inventory.roots[root].depends_on
        ]
        while waiting:
            own = waiting.pop()
            if own not in before and own in inventory.roots and own not in store_roots:
                before.add(own)
                waiting.extend(inventory.roots[own].depends_on)
        facts = (*inventory.deployed.consumers, *inventory.orphaned.consumers)
        logins = {(one.secret_namespace or one.ref.namespace, one.secret) for one in facts if one.how is How.STORE_AUTH}
        return Context(frozenset(before), frozenset(logins))


def is_client(consumer: Consumer) -> bool:
    """Tell a container of a workload from a reader that needs the Secret object."""
    return consumer.how in WORKLOAD_WAYS


def is_bootstrap(secret: Secret, consumers: Iterable[Consumer], context: Context) -> Reason | None:
    """Tell why a credential is bootstrap or infrastructure, None when it is neither."""
    at = secret.sources[0].origin.location
    if (secret.namespace, secret.name) in context.store_logins or ("", secret.name) in context.store_logins:
        return Reason("bootstrap", "a secret store logs in with it", at)
    if secret.namespace in BOOTSTRAP_NAMESPACES:
        return Reason("bootstrap", f"namespace {secret.namespace} holds infrastructure", at)
    readers = [one for one in consumers if is_client(one)]
    for one in readers:
        names = [one.chart, one.container.image if one.container else ""]
        if all(is_infrastructure(name) for name in names if name) and any(names):
            return Reason("bootstrap", f"{one.ref} ({names[0] or names[1]}) is infrastructure", one.location)
    if readers and all(one.origin.root in context.before_store for one in readers):
        first = readers[0]
        return Reason("bootstrap", f"{first.ref} must be ready before the store of Vault is", first.location)
    return None


def server_reader(consumer: Consumer) -> str:
    """Return the system whose server the consumer is, empty for a client."""
    container = consumer.container
    if container and container.image:
        if CLIENT_COMMANDS.search(container.command):
            return ""
        system = server_of(container.image)
        if system and not container.is_init:
            return system
        if not consumer.chart:
            return ""
    field = consumer.path.split(".")[0].lower() if consumer.how is How.HELM_VALUES else ""
    if consumer.chart and server_of(consumer.chart):
        return server_of(consumer.chart)
    if field and server_of(field) and not field.startswith("external"):
        return server_of(field)
    return ""


def is_web_tool(consumer: Consumer) -> bool:
    """Tell a tool by which people look into databases."""
    names = [consumer.chart, consumer.container.image if consumer.container else "", consumer.ref.name]
    return any(one in WEB_TOOLS for name in names if name for one in app_names(name))


def superuser_of(secret: Secret, unit: Unit) -> str:
    """Return in words why a login is a superuser's though its own name does not say so, else nothing."""
    for one in unit.consumers:
        if is_client(one) and is_web_tool(one):
            return f"{one.ref} is a tool by which people look into databases"
    if _SUPERUSER_LOGIN.search(unit.key.template):
        return "its template logs in as a superuser"
    if secret.name.endswith(("-pguser-postgres", "-superuser", "-root")):
        return f"Secret {secret.name} is a superuser's"
    return ""


def is_foreign_store(unit: Unit, secret: Secret) -> bool:
    """Tell keys of a store that is not AWS, or that a backup reads."""
    have = set(w.words(secret.name)) | {word for one in unit.remotes for word in w.words(one.path)}
    if have & (w.BACKUP | (w.OBJECT_STORE - {"bucket"})):
        return True
    if "endpoint" in unit.key.template:
        return True  # a configuration file that names an endpoint is one of an S3-compatible store
    if not unit.consumers and any(judge_name(name).is_superuser for name in _names(secret)):
        return True  # keys beside a database's superuser are those of its backups
    for source in secret.sources:
        for key in source.keys:
            names = w.words(key.name)
            if _NOT_AWS.search(key.template) and (set(names) & {"endpoint", "url", "repository", "host", "conf"}):
                return True
            if set(names) & ((w.BACKUP | w.OBJECT_STORE) - {"bucket"}) and "region" not in names:
                return True
    for _, value in _siblings(unit, r"(?i)endpoint|repository|s3.*url"):
        if _NOT_AWS.search(value) or (value and "amazonaws" not in value and "{{" not in value and "." in value):
            return True
    return any(not is_client(one) for one in unit.consumers) and not any(is_client(one) for one in unit.consumers)


def _names(secret: Secret) -> Iterator[str]:
    for source in secret.sources:
        for key in source.keys:
            yield key.name
            yield from (remote.prop or remote.path.rpartition("/")[2] for remote in key.remotes)


def _siblings(unit: Unit, pattern: str) -> Iterator[tuple[str, str]]:
    wanted = re.compile(pattern)
    for one in unit.consumers:
        if one.container:
            for name in sorted(one.container.env):
                if wanted.search(name):
                    yield name, one.container.env[name]


def resolve_system(unit: Unit, secret: Secret, context: Context) -> str:  # noqa: ARG001 - one signature for all
    """Return the system of a login: what its name says, else its surroundings; empty when nothing tells."""
    system = unit.hint.system
    if system and system != "sql":
        return system
    for _, value in _siblings(unit, r"(?i)db|database|sql|pg|datasource|dsn|host|url|storage"):
        found = _system_in(value)
        if found:
            return found
    for source in secret.sources:
        for key in source.keys:
            hint = judge_name(key.name)
            if hint.system not in ("", "sql", "ldap", "redis") and (hint.part is not Part.SECRET):
                return hint.system
            found = _system_in(key.template) if hint.part is Part.CONFIG or hint.part is Part.DSN else ""
            if found and system:
                return found
    if not system:
        return _by_values_path(unit)
    for one in unit.consumers:
        for name in (one.chart, one.container.image if one.container else "", one.ref.name):
            if name and lookup("database", name):
                return lookup("database", name)
    return lookup("database", secret.name) or system


def _by_values_path(unit: Unit) -> str:
    for one in unit.consumers:
        if one.how is How.HELM_VALUES:
            have = w.words(one.path)
            system = next((w.SYSTEMS[word] for word in have if word in w.SYSTEMS), "")
            if system or set(have) & w.GENERIC_DATABASE:
                return system or "sql"
    return ""


def _system_in(value: str) -> str:
    match = _SCHEME.search(value)
    if match and match[1].lower() in w.SCHEMES:
        return w.SCHEMES[match[1].lower()]
    text = value.strip().lower()
    if text in w.PORTS:
        return w.PORTS[text]
    port = text.rpartition(":")[2]
    if port in w.PORTS and port != text:
        return w.PORTS[port]
    if len(text) < 120:  # noqa: PLR2004 - longer is no host name
        return next((w.SYSTEMS[word] for word in w.words(text) if word in w.SYSTEMS and w.SYSTEMS[word] != "ldap"), "")
    return ""
