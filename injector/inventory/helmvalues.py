"""Consumers inside the values of a Helm release, found by structure.

A chart is not rendered: what its values say about Secrets is said in habits that charts share. What plainly ends
as a container's variable or volume is one; any other field that names a Secret is `How.HELM_VALUES`, with the
dotted path by which it can be judged (``postgresql.auth.existingSecret`` is the server's own).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from injector.inventory.consumers_embedded import parse_text
from injector.inventory.consumers_names import normal
from injector.inventory.consumers_objects import read_ingress_annotations
from injector.inventory.consumers_reader import MAX_DEPTH, Reader
from injector.inventory.helmvalues_app import has_controllers, iter_containers
from injector.inventory.helmvalues_env import secret_env_uses, variables_in
from injector.inventory.helmvalues_fields import FieldReader
from injector.inventory.helmvalues_mounts import MountBook, add_secret_mounts, read_persistence
from injector.inventory.helmvalues_names import Part, part_of
from injector.inventory.helmvalues_scope import Scope, is_component, is_init_path, is_server_name
from injector.inventory.podspec_env import read_env, read_env_from
from injector.manifests.document import is_object, mapping, text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import Consumer


def read_values(values: Map, reader: Reader) -> tuple[list[Consumer], list[Map]]:
    """Return what a release's values make its workloads read.

    Args:
        values: the merged values; anything may stand in them.
        reader: the release; its `Reader.release` fills ``{{ .Release.Name }}`` in names.

    Returns:
        The consumers, and the whole Kubernetes objects that stand in the values (``extraObjects``), which are
        not read here.
    """
    if not values:
        return [], []
    walk = _ValuesWalk(reader)
    walk.run(values)
    return walk.consumers(), walk.objects


@dataclass(slots=True)
class _ValuesWalk:
    reader: Reader
    direct: list[Consumer] = field(default_factory=list)
    objects: list[Map] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    book: MountBook = field(default_factory=MountBook)
    has_external: bool = False

    def run(self, values: Map) -> None:
        self.has_external = any(key.lower().startswith("external") for key in values)
        name = self.reader.chart or (self.reader.release.name if self.reader.release else "")
        root = self._open(values, (), name, None)
        self._map(values, (), root, 0)
        self.book.settle()

    def consumers(self) -> list[Consumer]:
        found = []
        for scope in self.scopes:
            if scope.uses:
                made = self.reader.consumers(scope.uses, scope.facts(self.reader))
                found += [replace(one, pod=scope.pod) for one in made] if scope.pod else made
        return found + self.direct

    def _open(self, node: Map, path: tuple[str, ...], name: str, parent: Scope | None) -> Scope:
        scope = Scope(node, path, name, is_init=is_init_path(path), parent=parent)
        self.scopes.append(scope)
        return scope

    # -- the walk ---------------------------------------------------------------------------------

    def _visit(self, value: Value, path: tuple[str, ...], scope: Scope, depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        if isinstance(value, Map):
            self._enter(value, path, scope, depth)
        elif isinstance(value, Seq):
            if variables_in(value):
                scope.uses += read_env(value, self.reader, scope.environment)
                return
            for index, item in enumerate(value):
                if isinstance(item, str) and "apiVersion:" in item:
                    item = parse_text(item, value.at(index))  # noqa: PLW2901 - an object as text
                if isinstance(item, (Map, Seq)):
                    self._visit(item, path, scope, depth + 1)

    def _enter(self, node: Map, path: tuple[str, ...], scope: Scope, depth: int) -> None:
        if node.get("enabled") is False and not self._is_elsewhere(node, path[-1]):
            return
        if is_object(node):
            self.objects.append(node)
            return
        if is_component(node, path[-1]):
            scope = self._open(node, path, text(node.get("name")) or path[-1], scope)
        self._map(node, path, scope, depth)

    def _is_elsewhere(self, node: Map, key: str) -> bool:
        """Tell a sub-chart that is off because its server runs elsewhere: some charts name the login there all the same.

        Source: mastodon's and wiki.js' charts; most others have ``externalDatabase``.
        """
        return is_server_name(key) and not is_component(node, key) and not self.has_external

    def _map(self, node: Map, path: tuple[str, ...], scope: Scope, depth: int) -> None:
        done: frozenset[str] = frozenset()
        if has_controllers(node):
            done = self._app_template(node, path, scope, depth)
        fields = FieldReader(self.reader, scope, self.direct, self.book)
        if fields.is_reference(node, path):
            return
        for key, value in node.items():
            if key in done or value is None or isinstance(value, (bool, int, float)):
                continue
            self._field(node, key, (path, scope, depth), fields)

    def _field(self, node: Map, key: str, at: tuple[tuple[str, ...], Scope, int], fields: FieldReader) -> None:
        path, scope, depth = at
        part = part_of(key)
        if part is Part.SKIP:
            return
        value = node[key]
        here = (*path, key)
        if isinstance(value, str) and part in _BLOCKS and "\n" in value:
            # codecentric's charts take lists as text, so that they may be templated.
            value = parse_text(value, node.at(key))
        if part is Part.OTHER or (part is Part.SECRET and not fields.take(node, key, here)):
            if isinstance(value, (Map, Seq)):
                self._visit(value, here, scope, depth + 1)
        elif part is not Part.SECRET:
            self._part(part, value, (here, scope, depth), node)

    def _part(self, part: Part, value: Value, at: tuple[tuple[str, ...], Scope, int], node: Map) -> None:
        path, scope, depth = at
        reader = self.reader
        match part:
            case Part.ENV:
                scope.uses += read_env(value, reader, scope.environment)
                if isinstance(value, Map):
                    self._inside_env(value, path, scope, depth)
            case Part.ENV_FROM:
                scope.uses += read_env_from(value, reader, scope.environment)
            case Part.ENV_SECRET:
                scope.uses += secret_env_uses(node, path[-1], value, reader)
            case Part.VOLUMES:
                self.book.add_volumes(value, scope, reader)
            case Part.MOUNTS:
                self.book.add_mounts(value, scope)
            case Part.SECRET_MOUNTS:
                add_secret_mounts(value, scope, self.book, reader)
            case Part.ANNOTATIONS:
                self.direct += read_ingress_annotations(mapping(value), reader)
            case Part.PERSISTENCE:
                self._persistence(mapping(value), path, (scope, depth), [(("", ""), scope)])

    def _inside_env(self, value: Map, path: tuple[str, ...], scope: Scope, depth: int) -> None:
        """Read what a mapping of variables nests: charts group them, and put ``existingSecret`` beside them."""
        for key, inner in value.items():
            is_variable = isinstance(inner, Map) and not _VARIABLE_FORMS.isdisjoint(inner)
            if isinstance(inner, Map) and part_of(key) is Part.ENV_SECRET:
                scope.uses += secret_env_uses(value, key, inner, self.reader)
            elif isinstance(inner, Map) and not is_variable:
                self._visit(inner, (*path, key), scope, depth + 1)
            elif isinstance(inner, str) and normal(key) in ("existingsecret", "secretname"):
                FieldReader(self.reader, scope, self.direct, self.book).take(value, key, (*path, key))

    # -- the app-template -------------------------------------------------------------------------

    def _app_template(self, values: Map, path: tuple[str, ...], scope: Scope, depth: int) -> frozenset[str]:
        outer = self.reader
        self.reader = _with_own_config_maps(outer, mapping(values, "configMaps"))
        targets = []
        for one in iter_containers(values):
            own = self._open(one.body, (*path, *one.path), one.name, scope)
            own.is_init = one.is_init and one.body.get("restartPolicy") != "Always"
            own.pod, own.pod_contexts = one.pod, one.pod_contexts
            targets.append(((one.controller, one.name), own))
            self._map(one.body, (*path, *one.path), own, depth + 1)
        for name, controller in mapping(values, "controllers").items():
            if isinstance(controller, Map) and controller.get("enabled") is not False:
                for key, value in controller.items():
                    if key not in _CONTROLLER_DONE and isinstance(value, (Map, Seq)):
                        self._visit(value, (*path, "controllers", name, key), scope, depth + 1)
        self._persistence(mapping(values, "persistence"), (*path, "persistence"), (scope, depth), targets)
        self.reader = outer
        return _APP_DONE

    def _persistence(
        self,
        persistence: Map,
        path: tuple[str, ...],
        at: tuple[Scope, int],
        targets: list[tuple[tuple[str, str], Scope]],
    ) -> None:
        scope, depth = at
        known = read_persistence(persistence, self.book, self.reader, targets)
        for key, value in persistence.items():
            if key not in known and isinstance(value, (Map, Seq)):
                self._visit(value, (*path, key), scope, depth + 1)
        if not known:
            fields = FieldReader(self.reader, scope, self.direct, self.book)
            for key, value in persistence.items():
                if isinstance(value, str):
                    fields.take(persistence, key, (*path, key))


_BLOCKS = frozenset(
    {
        Part.ENV,
        Part.ENV_FROM,
        Part.VOLUMES,
        Part.MOUNTS,
        Part.SECRET_MOUNTS,
        Part.OTHER,
        Part.ENV_SECRET,
    }
)
_VARIABLE_FORMS = frozenset({"value", "valueFrom", "secretKeyRef", "configMapKeyRef", "fieldRef", "secretName"})
_CONTROLLER_DONE = frozenset({"containers", "initContainers", "defaultContainerOptions", "enabled", "type"})
_APP_DONE = frozenset({"controllers", "defaultContainerOptions", "persistence", "secrets", "configMaps"})


def _with_own_config_maps(reader: Reader, config_maps: Map) -> Reader:
    """Let ``envFrom`` find the ConfigMaps that the chart makes from the values themselves."""
    if not config_maps:
        return reader

    def find(namespace: str, name: str) -> Mapping[str, Value] | None:
        own = mapping(config_maps, name)
        if own:
            return mapping(own, "data")
        return reader.config_maps(namespace, name) if reader.config_maps is not None else None

    return replace(reader, config_maps=find)
