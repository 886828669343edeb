"""Components in Helm values: what would become a container, with what is known of it.

Values do not say which container a field ends in. A component is the nearest mapping around it that looks like
one: it has an image, an environment, replicas. What stands beside a Secret's name in the component tells what it
is for, so its literals are kept as evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from injector.inventory.consumers_names import Role, normal, role_of
from injector.inventory.consumers_reader import Reader, Use
from injector.inventory.helmvalues_names import Part, part_of
from injector.inventory.podspec import command_of
from injector.inventory.podspec_env import MAX_ENTRIES, Environment, safe_literal
from injector.manifests.document import mapping, text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import ContainerFacts, PodFacts

_MARKS: Final = frozenset(
    {"image", "env", "envFrom", "extraEnv", "extraEnvs", "extraEnvVars", "extraEnvFrom", "extraEnvVarsSecret",
     "envFromSecret", "envFromSecrets", "envValueFrom", "envVars", "environment", "replicas", "replicaCount",
     "podAnnotations", "podLabels", "volumeMounts", "extraVolumeMounts", "grafana.ini", "serviceAccount",
     "extraContainers", "sidecars", "envSecrets", "additionalConfigFromEnvs"}
)  # fmt: skip
_SERVER: Final = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|valkey|rabbitmq|minio|elasticsearch|opensearch|kafka|memcached"
    r"|influxdb|cassandra|clickhouse|dragonfly)(?:-?ha|-?cluster|-?db)?\Z"
)
"""Sub-charts that are servers of their own: the parent's image is not theirs."""
_SERVER_MARKS: Final = frozenset(
    {"auth", "primary", "master", "architecture", "persistence", "replica", "readReplicas"}
)
_EVIDENCE: Final = re.compile(
    r"(?:host|hosts|hostname|port|type|user|username|name|database|db|dbname|url|uri|dsn|endpoint|bucket|region|driver"
    r"|dialect|engine|adapter|scheme|address|addr|server|provider|backend|storage|sslmode|ssl|vendor|client|connection"
    r")\Z"
)
_SWITCH: Final = re.compile(r"(?:enabled|external|create|deploy|install)\Z")
_SYSTEM: Final = re.compile(
    r"database|postgres|pgsql|psql|mysql|mariadb|mongo|redis|valkey|rabbit|amqp|s3|minio|elastic|opensearch|ldap|(?<![a-z])db"
)
_LAST_WORD: Final = re.compile(r"(?:[_.\-]|(?<=[a-z0-9])(?=[A-Z]))")
_MAX_LITERAL: Final = 300
_MAX_LEVELS: Final = 5
_SHARED: Final = re.compile(r"(?:global|common|shared|config\w*|settings|databases?|db|external[A-Z]\w*|\w*\.ini)\Z")
"""Values beside the components that are meant for all of them; so is what is called like the chart."""
_CONTEXTS: Final = ("containerSecurityContext", "securityContext", "podSecurityContext")
"""What charts call a container's and its pod's security context (Bitnami's common chart; ``helm create``)."""
_CONTAINERS: Final = re.compile(r"containers?\Z|sidecars?\Z")
_NO_EVIDENCE: Final = frozenset({Part.ENV, Part.ENV_FROM, Part.VOLUMES, Part.MOUNTS, Part.SKIP, Part.ANNOTATIONS})


@dataclass(slots=True, eq=False)
class Scope:
    """A component of a release.

    Attributes:
        node: its values.
        path: keys that lead to it.
        name: what its container would be called.
        parent: the component around it; its image counts where none is named.
        environment: literals and names found so far.
        uses: what it reads, in the order it was found.
        pod: facts of its pod, where the values say all that there is to say; else None.
        pod_contexts: mappings around it that may hold its pod's ``securityContext``, the nearest first.
    """

    node: Map
    path: tuple[str, ...]
    name: str
    is_init: bool = False
    parent: Scope | None = None
    environment: Environment = field(default_factory=Environment)
    uses: list[Use] = field(default_factory=list)
    pod: PodFacts | None = None
    pod_contexts: tuple[Map, ...] = ()

    def facts(self, reader: Reader) -> ContainerFacts:
        """Return what is known of the container, with the evidence beside it."""
        known = Environment(self.environment.shown(reader), dict(self.environment.places))
        _flatten(self.node, "", known, reader, 0)
        self._add_surroundings(known, reader)
        return ContainerFacts(
            name=self.name,
            image=self.image(),
            is_init=self.is_init,
            env=known.literals,
            env_at=known.places,
            env_names=tuple(self.environment.names),
            command=command_of(self.node, reader),
            has_command=bool(self.node.get("command")),
            run_as_user=self._identity("runAsUser"),
            run_as_group=self._identity("runAsGroup"),
            place=self.path,
        )

    def _identity(self, key: str) -> int | None:
        """Return a number of the security context that the values set: the container's own before the pod's."""
        for body in (self.node, *self.pod_contexts):
            for name in _CONTEXTS:
                value = mapping(body, name).get(key)
                if isinstance(value, int) and not isinstance(value, bool):
                    return value
        return None

    def _add_surroundings(self, known: Environment, reader: Reader) -> None:
        inner, outer = self, self.parent
        # What is a container of its own does not share its neighbours' variables.
        is_shared = not any(_CONTAINERS.search(normal(part)) for part in self.path)
        while outer is not None:
            for name, literal in outer.environment.literals.items() if is_shared else ():
                if name not in known.literals:
                    known.add(name, safe_literal(name, literal, reader), outer.environment.places[name])
            for key, value in outer.node.items():
                is_meant = _SHARED.match(key) is not None or key == outer.name
                if is_meant and isinstance(value, Map) and value is not inner.node:
                    _flatten(value, f"{key}/", known, reader, 1)
            inner, outer = outer, outer.parent

    def image(self) -> str:
        """Return the image that is named here or, for what is no server of its own, around here."""
        own = image_of(self.node) or image_of(mapping(self.node, "global"))
        if own or self.parent is None or (self.path and _SERVER.match(self.path[-1].lower())):
            return own
        return self.parent.image()


def is_component(node: Map, key: str) -> bool:
    """Tell whether a mapping looks like what becomes a container or a pod; ``global`` is part of what is around."""
    if key == "global":
        return False
    is_server = is_server_name(key) and not _SERVER_MARKS.isdisjoint(node) and not _is_off(node)
    return is_server or not _MARKS.isdisjoint(node)


def is_server_name(key: str) -> bool:
    """Tell a sub-chart that is a server of its own, when it is switched on."""
    return _SERVER.match(key.lower()) is not None


def _is_off(node: Map) -> bool:
    return any(node.get(switch) is False for switch in ("enabled", "deploy", "create", "install"))


def is_init_path(path: tuple[str, ...]) -> bool:
    """Tell whether a path leads into init containers."""
    return any("initcontainer" in normal(part) for part in path)


def image_of(node: Map) -> str:
    """Return an ``image`` as text: a string, or its registry, repository and tag; empty for a chart's default."""
    image = node.get("image")
    if isinstance(image, str):
        tag = text(node.get("tag")) or text(node.get("imageTag"))
        return f"{image}:{tag}" if tag and ":" not in image.rpartition("/")[2] else image
    if not isinstance(image, Map):
        return ""
    repository = text(image.get("repository")) or text(image.get("name"))
    if not repository:
        return ""
    registry = text(image.get("registry"))
    tag = text(image.get("tag"))
    prefix = f"{registry}/" if registry and not repository.startswith(f"{registry}/") else ""
    return f"{prefix}{repository}:{tag}" if tag else f"{prefix}{repository}"


@lru_cache(maxsize=16384)
def _is_evidence(key: str, prefix: str) -> bool:
    word = _LAST_WORD.split(key)[-1].lower()
    if _SWITCH.match(word):
        # `postgresql.enabled: false` says that the database is elsewhere; other switches say nothing.
        return _SYSTEM.search(f"{prefix}{key}".lower()) is not None
    return _EVIDENCE.match(word) is not None


def _flatten(node: Map, prefix: str, known: Environment, reader: Reader, level: int) -> None:
    """Add the scalars below `node` that tell whom it talks to, as ``grafana.ini/database.host``."""
    for key, value in node.items():
        if len(known.literals) >= MAX_ENTRIES:
            return
        if isinstance(value, Map):
            if level < _MAX_LEVELS and _may_tell(key, value):
                deeper = f"{prefix}{key}." if level else f"{key}/"
                _flatten(value, deeper, known, reader, level + 1)
        elif (
            (prefix or key != "name")
            and _is_evidence(key, prefix)
            and not isinstance(value, Seq)
            and role_of(key) in _PLAIN
        ):
            shown = _literal(value)
            if shown and f"{prefix}{key}" not in known.literals:
                known.add(f"{prefix}{key}", safe_literal(key, shown, reader), node.at(key))


def _may_tell(key: str, value: Map) -> bool:
    if key == "image" or part_of(key) in _NO_EVIDENCE or is_component(value, key):
        return False
    # References, and what is mounted: their names are names of objects.
    is_mount = value.get("type") in ("secret", "configMap", "persistentVolumeClaim", "custom")
    return not (is_mount or "key" in value or role_of(key) is Role.NAME)


_PLAIN: Final = (Role.OTHER, Role.SELECTOR)


def _literal(value: Value) -> str:
    shown = text(value)
    return shown if len(shown) <= _MAX_LITERAL and "\n" not in shown else ""
